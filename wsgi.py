"""The web role for gunicorn or uWSGI: `gunicorn wsgi:app`. Starts no thread.

Jobs run in `python -m mvsnap serve --roles worker` beside it. The settings are
config/mvsnap.yaml, or the file that MVSNAP_CONFIG names.
"""

import os
from pathlib import Path

from mvsnap.config.load import DEFAULT_PATH, load
from mvsnap.jobs.engine import ClientEngine
from mvsnap.runtime import Roles, job_service, jobs_url, make_app, open_service
from mvsnap.runtime.process_beat import ProcessBeat, beat_on_requests
from mvsnap.serving.reload import configure_logs

_settings = load(Path(os.environ.get("MVSNAP_CONFIG", DEFAULT_PATH)))
configure_logs(_settings)
_web = Roles(worker=False, sense=False, record=False)
_parts = open_service(_settings, _web).parts
_engine = ClientEngine(jobs_url(_settings), _parts.jobs_pool())
app = make_app(_parts, _engine, job_service(_parts, _engine, None), _settings)
beat_on_requests(app, ProcessBeat(_parts, ["web"], by_itself=False))
