"""Which module of tests begins when: those that wait and those that compute take turns.

A camera, a lease and a silence take their time while the processor has nothing to do.
Next to each module that waits, the other workers have some that compute; the last of
all are short, so that no worker is waited for with idle cores.
"""

from __future__ import annotations

from collections.abc import Iterable

# Seconds of a module on a quiet machine, where they are ten or more.
LONG = {
    "tests/recorder/test_truth.py": 250,
    "tests/test_kill.py": 150,
    "tests/runtime/test_openapi.py": 125,
    "tests/recorder/test_clips.py": 105,
    "tests/web/test_every_page.py": 95,
    "tests/test_outages.py": 75,
    "tests/test_service.py": 70,
    "tests/chaos/test_machines_die.py": 65,
    "tests/cli/test_record.py": 65,
    "tests/recorder/test_streams.py": 65,
    "tests/test_takeover.py": 60,
    "tests/wifi/test_truth.py": 60,
    "tests/recorder/test_restart.py": 60,
    "tests/test_clip_flow.py": 60,
    "tests/attacks/test_parse_time.py": 55,
    "tests/sense/test_zone_share.py": 50,
    "tests/jobs/test_s3_copies.py": 45,
    "tests/badges/test_kill.py": 40,
    "tests/recorder/test_faults.py": 36,
    "tests/service/test_wheel.py": 36,
    "tests/test_clock_steps.py": 36,
    "tests/test_recorders.py": 32,
    "tests/test_secrets.py": 32,
    "tests/visitors/test_refresh.py": 30,
    "tests/recorder/test_disks.py": 29,
    "tests/web/test_newer_release.py": 28,
    "tests/sense/test_listener.py": 29,
    "tests/core/test_sense_fuzz.py": 28,
    "tests/runtime/test_organizations.py": 28,
    "tests/test_sense_kill.py": 28,
    "tests/walks/test_admin.py": 28,
    "tests/recorder/test_http_cameras.py": 24,
    "tests/test_answers_kill.py": 24,
    "tests/test_docs_site.py": 24,
    "tests/web/test_accounts.py": 24,
    "tests/simulator/scanning/test_command.py": 23,
    "tests/walks/test_builder.py": 23,
    "tests/test_camera_sources.py": 22,
    "tests/test_sense_roles.py": 22,
    "tests/badges/test_flow.py": 21,
    "tests/walks/test_new_camera.py": 20,
    "tests/test_backlog.py": 19,
    "tests/simulator/scanning/test_truth.py": 18,
    "tests/test_who_is_notified.py": 18,
    "tests/test_answers_in_a_browser.py": 17,
    "tests/alerts/test_flow.py": 16,
    "tests/attacks/test_connections.py": 15,
    "tests/test_stuck_button.py": 14,
    "tests/cli/test_init_cameras.py": 13,
    "tests/wifi/test_kill.py": 13,
    "tests/test_one_budget.py": 12,
    "tests/bot/test_socket.py": 11,
    "tests/recorder/test_history.py": 11,
    "tests/service/test_previous_release.py": 11,
    "tests/test_layers.py": 11,
    "tests/sense/test_sensor_jobs.py": 10,
    "tests/walks/test_newcomer.py": 10,
}
# So much of the long ones begins at once; as much is over before the others are.
AHEAD_S = 300


def in_turns(modules: Iterable[str]) -> list[str]:
    """Return them in the order in which they begin, the long ones longest first.

    At any moment about the same part of both kinds has begun.
    """
    known = list(dict.fromkeys(modules))
    long = sorted((m for m in known if m in LONG), key=lambda m: (-LONG[m], m))
    # By their own names: modules of one room, which are alike, come apart.
    short = sorted(
        (m for m in known if m not in LONG), key=lambda m: (m.rpartition("/")[2], m)
    )
    turns = {m: (n + 0.5) / len(short) for n, m in enumerate(short)}
    begun_s, all_s = 0, sum(LONG[m] for m in long)
    for module in long:
        turns[module] = max(0, begun_s - AHEAD_S) / all_s
        begun_s += LONG[module]
    return sorted(turns, key=turns.__getitem__)
