from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from mvsnap.config.model import Settings
from mvsnap.domain import Change
from mvsnap.runtime import Parts
from mvsnap.store.audit import AuditFilter


@pytest.mark.parametrize(
    ("retention_days", "kept"),
    [(30, ["364 days"]), (400, ["399 days", "364 days"])],
    ids=["for a year", "as long as the events"],
)
def test_the_audit_log_outlives_the_events(
    tmp_path: Path, retention_days: int, kept: list[str]
) -> None:
    storage = {"retention_days": retention_days}
    parts = Parts(Settings.model_validate({"data_dir": tmp_path, "storage": storage}))
    now = parts.clock.now()
    for days in (364, 399, 401):
        at = now - timedelta(days=days)
        parts.audit.add(Change(at, "anna", f"{days} days", "", ""))
    parts.purge()
    lines = parts.audit.lines(AuditFilter(), 9)
    assert sorted(line.change.what for line in lines) == sorted(kept)
    parts.store.close()
