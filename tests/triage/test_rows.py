from __future__ import annotations

from dataclasses import replace

from gan_doctor.triage import FIELDS, groups
from gan_doctor.triage.examine import Examined
from gan_doctor.triage.places import Found, Trace
from gan_doctor.triage.rows import rows

NOW = 10_000.0
QUIET = Trace(1, 1, NOW - 601)
GOING_ON = Examined("a", "continue", step=100, budget=200, wasted=0.0)


def found(path: str, trace: Trace = QUIET) -> Found:
    return Found(path, path, "run-log", trace)


def test_what_needs_a_person_comes_first() -> None:
    examined = {
        found("a"): replace(GOING_ON, ended=True),
        found("b"): GOING_ON,
        found("c"): replace(GOING_ON, outlook="watch"),
        found("d"): Examined("d", error="broken"),
        found("e"): replace(GOING_ON, outlook="change", wasted=0.2),
        found("f"): replace(GOING_ON, outlook="change", wasted=0.9),
        found("g"): replace(GOING_ON, outlook="roll back"),
        found("h"): replace(GOING_ON, outlook="stop", ended=True),
    }
    made = rows(examined, NOW)
    assert [row.found.path for row in made] == list("hgfedcba")
    assert [row.outlook for row in made] == [
        "stop", "roll back", "change", "change", "unread", "watch", "continue", "fine",
    ]  # fmt: skip


def test_the_order_is_that_of_no_dictionary() -> None:
    examined = {found(path): GOING_ON for path in "cab"}
    assert rows(examined, NOW) == rows(dict(reversed(examined.items())), NOW)


def test_a_run_runs_as_long_as_it_is_written_to() -> None:
    states = {
        "finished": (GOING_ON, NOW, True),
        "running": (GOING_ON, NOW - 599, False),
        "stopped": (GOING_ON, NOW - 601, False),
        "unknown": (GOING_ON, None, False),
    }
    for state, (of, written, ended) in states.items():
        (row,) = rows({found("a", Trace(1, 1, written)): replace(of, ended=ended)}, NOW)
        assert row.state == state


def test_runs_of_one_configuration_are_counted_with_the_spread_of_their_best() -> None:
    def run(best: float | None, severity: str = "", measure: str = "metric/fid") -> Examined:
        return replace(GOING_ON, measure=measure, best=best, severity=severity)

    examined = {
        found("a_s1"): run(30.0, "critical"),
        found("a_s2"): run(10.0),
        found("a_s3"): run(12.0, "warning"),
        found("a_s4"): run(0.9, measure="sample/coverage#raw"),
        found("a_s5"): Examined("a", error="broken"),
    }
    (group,) = groups(rows(examined, NOW))
    assert (group.name, group.n, group.critical, group.unread) == ("a", 5, 1, 1)
    assert (group.measure, group.measured) == ("metric/fid", 3)
    assert (group.low, group.middle, group.high) == (10, 12, 30)


def test_configurations_of_one_name_are_told_apart() -> None:
    examined = {
        found("x/a_s1"): replace(GOING_ON, configuration="one"),
        found("y/a_s1"): replace(GOING_ON, configuration="two"),
        found("y/a_s2"): replace(GOING_ON, configuration="two"),
    }
    examined = {replace(run, name="a_s1"): of for run, of in examined.items()}
    named = {row.found.path: row.group for row in rows(examined, NOW)}
    assert named == {"x/a_s1": "a", "y/a_s1": "a (2)", "y/a_s2": "a (2)"}


def test_a_configuration_that_is_all_seed_is_called_after_its_folder() -> None:
    run = replace(found("runs/lr1/seed0"), name="seed0")
    (row,) = rows({run: GOING_ON}, NOW)
    assert row.group == "lr1"


def test_a_plain_row_has_every_field() -> None:
    (row,) = rows({found("a"): GOING_ON}, NOW)
    assert list(row.plain()) == list(FIELDS)
    assert row.plain()["step"] == 100
