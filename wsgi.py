"""The web role for gunicorn or uWSGI: `gunicorn wsgi:app`. Starts no thread.

Jobs run in `python -m mvsnap serve --roles worker` beside it. The settings are
config/mvsnap.yaml, or the file that MVSNAP_CONFIG names.
"""

import os
from pathlib import Path

from mvsnap import logs
from mvsnap.config.load import DEFAULT_PATH, load
from mvsnap.jobs.engine import ClientEngine
from mvsnap.runtime import Parts, job_service, jobs_url, make_app

_settings = load(Path(os.environ.get("MVSNAP_CONFIG", DEFAULT_PATH)))
logs.configure(_settings.secrets(), ffmpeg_too=_settings.recorder.debug_info)
_parts = Parts(_settings)
_engine = ClientEngine(jobs_url(_settings))
app = make_app(_parts, _engine, job_service(_parts, _engine, None))
