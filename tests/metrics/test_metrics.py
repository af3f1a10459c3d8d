"""/metrics: names by Prometheus' rules, and what is made of them."""

from __future__ import annotations

import json
import re
import subprocess
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import text

from mvsnap.clients.meraki.budget import RequestBudget
from mvsnap.errors import BadConfig
from mvsnap.metrics import Metrics
from mvsnap.runtime.store_metrics import StoreMetrics
from mvsnap.sense.buffer import Batch
from mvsnap.sense.lag import note_batch
from mvsnap.store.sharing.processes import ProcessReport
from mvsnap.texts.wording import Reason
from mvsnap.upstreams import Outcome, Upstream, count_request
from mvsnap.web.context import EXTENSION
from tests.clients.fakes import FakeClock
from tests.servers.processes import require
from tests.web.build import Web

ROOT = Path(__file__).parent.parent.parent
DOCS = ROOT / "docs"
RULES = DOCS / "prometheus-rules.yml"
# Prometheus' own, and the library's.
OTHERS = {"up", "process_resident_memory_bytes", "process_cpu_seconds_total"}


@pytest.fixture
def web(tmp_path: Path) -> Web:
    return Web(tmp_path, clock=FakeClock())


def promtool(*args: str | Path, given: str = "") -> str:
    """Return what promtool says, which is nothing bad."""
    done = subprocess.run(
        [require("promtool", "prometheus"), *args],
        input=given,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def families(web: Web) -> dict[str, Metric]:
    """Return what the process and the store show, by name; without process_*."""
    of_store = StoreMetrics(web.app.extensions[EXTENSION])
    shown = Metrics().text(of_store).decode()
    found = {one.name: one for one in text_string_to_metric_families(shown)}
    return {name: one for name, one in found.items() if name.startswith("mvsnap_")}


def names(web: Web) -> set[str]:
    """Return the names as the page of metrics has them: a counter's with _total."""
    kinds = {name: one.type for name, one in families(web).items()}
    return {f"{n}_total" if kind == "counter" else n for n, kind in kinds.items()}


def samples(web: Web) -> dict[str, float]:
    """Return each sample of the store, as `name{label="value"}`."""
    found = {}
    for family in families(web).values():
        for one in family.samples:
            labels = ",".join(f'{k}="{v}"' for k, v in one.labels.items())
            found[f"{one.name}{{{labels}}}"] = one.value
    return found


def used(expression: str) -> set[str]:
    """Return the metrics that an expression reads; a histogram by its own name."""
    found = set(re.findall(r"\b(?:mvsnap|process)_\w+|\bup\b(?=\{)", expression))
    return {re.sub(r"_(bucket|count|sum)$", "", name) for name in found}


def report(name: str, **more: Any) -> ProcessReport:
    return ProcessReport(
        name,
        "pi",
        "worker",
        "0.1.0",
        "f",
        disk_free_bytes=5,
        disk_total_bytes=9,
        **more,
    )


def test_the_names_keep_prometheus_rules(web: Web) -> None:
    count_request(Upstream.WEBEX, 0.2, 200)
    web.processes.beat(
        report("one", evidence_bytes=3),
        {Upstream.WEBEX: Outcome(worked_s=0.0)},
        monotonic_s=0.0,
        clock=web.clock.now(),
        is_first=True,
    )
    text = web.client().get("/metrics").text
    assert "mvsnap_disk_free_bytes{" in text
    assert promtool("check", "metrics", given=text) == ""


def test_the_page_of_metrics_has_each_of_them_once(web: Web) -> None:
    page = (DOCS / "metrics.md").read_text(encoding="utf-8")
    shown = re.findall(r"^\| `(mvsnap_\w+)` \|", page, re.MULTILINE)
    assert sorted(shown) == sorted(names(web))


def test_the_labels_are_those_of_the_page(web: Web) -> None:
    page = (DOCS / "metrics.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `(mvsnap_\w+)` \| (.*?)\|", page, re.MULTILINE))
    for family in families(web).values():
        for one in family.samples:
            said = set(re.findall(r"`(\w+)`", rows.get(one.name, "")))
            assert one.name not in rows or set(one.labels) == said, one.name


def test_the_rules_are_right_and_fire_when_they_should(web: Web) -> None:
    assert "SUCCESS" in promtool("check", "rules", RULES)
    assert "SUCCESS" in promtool("test", "rules", Path(__file__).parent / "rules.yml")
    (group,) = yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"]
    known = names(web) | OTHERS
    for rule in group["rules"]:
        assert set() < used(rule["expr"]) <= known, rule["alert"]
        assert rule["for"]
        assert rule["annotations"]["summary"]


def test_the_dashboard_asks_for_what_there_is(web: Web) -> None:
    board = json.loads((DOCS / "grafana.json").read_text(encoding="utf-8"))
    assert board["title"] == "mvsnap"
    assert board["schemaVersion"] >= 36
    panels = board["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    known, read = names(web) | OTHERS, set[str]()
    for panel in panels:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        assert panel["type"] == "row" or panel["targets"]
        for target in panel.get("targets", []):
            assert used(target["expr"]) <= known, target["expr"]
            read |= used(target["expr"])
    assert len(read) > 20


def test_the_expressions_of_the_dashboard_are_promql(tmp_path: Path) -> None:
    board = json.loads((DOCS / "grafana.json").read_text(encoding="utf-8"))
    asked = [t["expr"] for p in board["panels"] for t in p.get("targets", [])]
    rules = [
        {"record": f"r:{number}", "expr": expr.replace("$__rate_interval", "5m")}
        for number, expr in enumerate(asked)
    ]
    path = tmp_path / "rules.yml"
    path.write_text(yaml.safe_dump({"groups": [{"name": "all", "rules": rules}]}))
    assert "SUCCESS" in promtool("check", "rules", path)


def test_a_database_that_is_away_costs_one_number_and_not_the_page(web: Web) -> None:
    with web.database.writing() as connection:
        connection.execute(text("ALTER TABLE processes RENAME TO elsewhere"))
    answer = web.client().get("/metrics")
    assert answer.status_code == 200
    assert "mvsnap_store_up 0.0" in answer.text
    assert "mvsnap_jobs_waiting " not in answer.text
    assert "mvsnap_deliveries_total" in answer.text


def test_the_store_is_read_every_few_seconds_at_most(web: Web) -> None:
    def alive() -> bool:
        shown = web.client().get("/metrics").text
        return 'mvsnap_processes{state="alive"} 1.0' in shown

    assert not alive()
    web.processes.beat(
        report("one"), {}, monotonic_s=0, clock=web.clock.now(), is_first=True
    )
    assert not alive()
    assert isinstance(web.clock, FakeClock)
    web.clock.pass_time(3)
    assert alive()


def test_a_service_that_fails_is_down(web: Web) -> None:
    web.processes.beat(
        report("one"),
        {
            Upstream.WEBEX: Outcome(
                failed_s=0, failing_since_s=0, error=Reason("away")
            ),
            Upstream.MERAKI: Outcome(worked_s=0),
        },
        monotonic_s=0,
        clock=web.clock.now(),
        is_first=True,
    )
    found = samples(web)
    assert found['mvsnap_upstream_up{upstream="meraki"}'] == 1
    assert found['mvsnap_upstream_up{upstream="webex"}'] == 0
    assert 'mvsnap_upstream_up{upstream="ixon"}' not in found


@pytest.mark.parametrize(
    ("status", "result"),
    [
        (200, "ok"),
        (302, "ok"),
        (404, "refused"),
        (429, "too_many"),
        (503, "failed"),
        (None, "no_answer"),
    ],
)
def test_requests_are_counted_by_result(status: int | None, result: str) -> None:
    def count() -> float:
        name = "mvsnap_upstream_requests_total"
        labels = {"upstream": "ixon", "result": result}
        return Metrics().registry.get_sample_value(name, labels) or 0

    before = count()
    count_request(Upstream.IXON, 0.1, status)
    assert count() == before + 1


def test_what_is_left_of_a_budget_is_what_may_leave_now() -> None:
    clock = FakeClock()
    budget = RequestBudget(clock, per_s=10, burst=10)
    assert budget.calls_left() == 10
    for _ in range(4):
        budget.acquire()
    assert budget.calls_left() == pytest.approx(6)
    clock.pass_time(timedelta(seconds=0.2).total_seconds())
    assert budget.calls_left() == pytest.approx(8)
    budget.hold(30)
    assert budget.calls_left() == 0


def test_a_folder_for_several_processes_that_cannot_be_made_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path / "file" / "metrics"))
    with pytest.raises(BadConfig, match="PROMETHEUS_MULTIPROC_DIR: .* cannot be made"):
        Metrics()


def test_the_samples_of_the_page_are_settings_of_prometheus(tmp_path: Path) -> None:
    page = (DOCS / "metrics.md").read_text(encoding="utf-8")
    sample = re.findall(
        r"^```yaml\n(rule_files.*?)^```", page, re.MULTILINE | re.DOTALL
    )
    (tmp_path / "key").write_text("a key")
    shown = sample[0].replace("/etc/prometheus/mvsnap-key", str(tmp_path / "key"))
    shown = shown.replace("mvsnap/docs/prometheus-rules.yml", str(RULES))
    path = tmp_path / "prometheus.yml"
    path.write_text(shown)
    assert "SUCCESS" in promtool("check", "config", path)


@pytest.mark.parametrize(
    ("payload", "late_s"),
    [
        (b'{"ts":1714632612000,"counts":{"person":3}}', 2.5),
        (b'{"ts":1714632619000,"counts":{"person":3}}', 0.0),  # a clock that is ahead
        (b"3", None),
        (b'{"ts":-5,"counts":{"person":3}}', None),
        (b'{"audioLevel":-45}', None),
        (b"\xff{", None),
    ],
)
def test_the_last_message_of_a_batch_says_how_late_it_is(
    payload: bytes, late_s: float | None
) -> None:
    metrics, frame = Metrics(), ("a/topic", payload, False, 0)
    frames: Any = [frame, frame]
    note_batch(metrics, Batch(frames, 1, 1_714_632_614_500_000_000))

    def value(name: str) -> float | None:
        return metrics.registry.get_sample_value(f"mvsnap_sense_{name}")

    assert value("messages_total") == 2
    assert value("lag_seconds_count") == (late_s is not None)
    assert value("lag_seconds_sum") == pytest.approx(late_s or 0)
