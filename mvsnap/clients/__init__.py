"""Clients of outside services; the only place that calls them over HTTP."""
