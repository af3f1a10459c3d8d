"""Clients of outside services; the only place that calls them over HTTP."""

from mvsnap.clients.requests_import import import_requests

import_requests()
