"""Machines die and freeze while triggers, alarms and crowds flow; then it counts.

    python -m benchmarks.chaos                  # some minutes
    python -m benchmarks.chaos --triggers 1000

Exits with 1 if anything was lost, told twice without saying so, or cannot be opened.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from tests.chaos.faults import Faults
from tests.chaos.run import Counts, run
from tests.chaos.site import Site, site

# Longer than a worker may be silent: its jobs are taken over, and then it goes on.
LONG_S = 80.0
# About what the plan takes: triggers come until its end.
PLAN_S = 250.0


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.chaos",
        description="Kill and freeze machines, and count what is lost.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--triggers", type=int, default=200, help="how many to send")
    parser.add_argument(
        "--alarm-every", type=int, default=4, help="one in so many makes a clip"
    )
    parser.add_argument("--cameras", type=int, default=8, help="in the Dashboard")
    parser.add_argument("--robots", type=int, default=6, help="cameras that record")
    parser.add_argument("--logs", type=Path, help="folder for the machines' logs")
    asked = parser.parse_args()
    with (
        progress_line("starting three machines") as say,
        site(cameras=asked.cameras, robots=asked.robots) as made,
    ):
        found = run(
            made,
            lambda faults: plan(made, faults),
            triggers=asked.triggers,
            per_s=asked.triggers / PLAN_S,
            alarm_every=asked.alarm_every,
            say=say,
        )
        if asked.logs:
            keep_logs(made, asked.logs)
    Console().print(table(found))
    for words in found.wrong:
        sys.stdout.write(f"WRONG: {words}\n")
    sys.exit(bool(found.wrong))


@contextmanager
def progress_line(first: str) -> Iterator[Callable[[str], None]]:
    """Show what happens now and for how long; give what says the next thing."""
    progress = Progress(
        SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn()
    )
    with progress:
        task = progress.add_task(first)

        def say(what: str) -> None:
            progress.console.print(f"[dim]{what}")
            progress.update(task, description=what)

        yield say


def plan(made: Site, faults: Faults) -> None:
    """Each machine in turn, and once each what they share."""
    first, second, third = made.machines
    faults.await_shares()
    faults.rest(10)
    faults.kill(first)
    faults.rest(10)
    faults.replace(first)
    faults.restart_database(away_s=5)
    faults.rest(15)
    faults.freeze(second, LONG_S)
    faults.rest(10)
    faults.restart_bucket(away_s=10)
    faults.rest(15)
    faults.freeze_and_kill(third)
    faults.replace(third)
    faults.rest(10)
    faults.kill(second)
    faults.replace(second)


def table(found: Counts) -> Table:
    made = Table("what", "count", "must be")
    accepted, opened = found.accepted, found.opened
    clips = ", ".join(f"{many} {how}" for how, many in sorted(found.clips.items()))
    rows = [
        ("triggers and alarms accepted", len(accepted.all), ""),
        ("answers to the callers", _answers(found), ""),
        ("slowest to be accepted, repeats included", f"{accepted.slowest_s:.1f} s", ""),
        ("told", len(accepted.all) - len(found.lost), f"{len(accepted.all)}"),
        ("lost", len(found.lost), "0"),
        ("alarms told about their clip", clips, f"{len(accepted.alarms)}"),
        ("crowds raised", found.crowds, ""),
        (
            "crowds found, told",
            f"{found.crowds_found}, {found.crowds_told}",
            "the same",
        ),
        ("repeats that say so", found.repeats, ""),
        ("repeats that do not", len(found.unmarked), "0"),
        ("pictures opened everywhere", opened.pictures, ""),
        ("clips opened everywhere", opened.clips, ""),
        ("wrong or different", len(opened.wrong), "0"),
        ("absent, as their event says", opened.absent, ""),
        ("lost with their machine, as every page says", len(opened.lost), ""),
        ("Meraki's 429", found.too_many, ""),
        ("took, load of the machine", f"{found.took_s:.0f} s, {_load()}", ""),
    ]
    for name, value, must in rows:
        made.add_row(name, str(value), must)
    for one in found.takeovers:
        what = f"{one.what}: {one.names} {one.kind} taken over after"
        made.add_row(what, f"{one.took_s:.0f} s", "<= 60 s")
    return made


def keep_logs(made: Site, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for machine in made.machines:
        (folder / f"{machine.host}.log").write_text(machine.output())
    messages = made.services.clouds.webex.messages
    texts = [f"{m.created} {m.parent_id is None} {m.markdown}" for m in messages]
    (folder / "messages.txt").write_text("\n---\n".join(texts))


def _answers(found: Counts) -> str:
    return ", ".join(
        f"{n} x {what}" for what, n in found.accepted.answers.most_common()
    )


def _load() -> str:
    return " ".join(f"{load:.1f}" for load in os.getloadavg())


if __name__ == "__main__":
    main()
