"""The one place that builds and starts things, by role: web, worker, sense."""

from mvsnap.runtime.parts import Parts, jobs_url, store_url
from mvsnap.runtime.service import Roles, Service, job_service, listener, make_app
from mvsnap.runtime.start import open_service

__all__ = [
    "Parts",
    "Roles",
    "Service",
    "job_service",
    "jobs_url",
    "listener",
    "make_app",
    "open_service",
    "store_url",
]
