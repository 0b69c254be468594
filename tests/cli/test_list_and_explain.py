from __future__ import annotations

import json
from typing import Any

import pytest

from gan_doctor.detectors import known as detectors
from gan_doctor.diagnosis.answers import ANSWERS
from gan_doctor.readers import known as readers
from gan_doctor.tricks import known as tricks


@pytest.mark.parametrize(
    ("kind", "slugs"),
    [("detectors", detectors), ("tricks", tricks), ("readers", readers)],
)
def test_lists_all_there_are(command: Any, kind: str, slugs: Any) -> None:
    text, listed = command("list", kind).out, json.loads(command("list", kind, "--json").out)
    assert {row["slug"] for row in listed} == set(slugs())
    assert all(row["slug"] in text for row in listed)
    assert all(row["summary"] for row in listed)


def test_detectors_come_by_code_and_with_their_limits(command: Any) -> None:
    listed = json.loads(command("list", "detectors", "--json").out)
    codes = [row["code"] for row in listed]
    assert codes == sorted(codes)
    assert listed[codes.index("GD301")]["limits"]["collapsed"] == 0.9


def test_tricks_come_in_the_order_in_which_to_try(command: Any) -> None:
    kinds = [row["category"] for row in json.loads(command("list", "tricks", "--json").out)]
    assert kinds == sorted(kinds, key=["tuning", "loss", "architecture"].index)


def test_a_list_of_something_else_is_bad_input(command: Any) -> None:
    answer = command("list", "losses")
    assert answer.code == 2
    assert "detectors" in answer.err


@pytest.mark.parametrize("name", ["mode-collapse", "GD301", "gd301"])
def test_explains_a_detector_by_its_slug_or_code(command: Any, name: str) -> None:
    said = command("explain", name).out
    assert said.startswith("Mode collapse (GD301, mode-collapse)\n")
    assert "Known false alarms:" in said
    assert "collapsed  0.9: " in said  # the name to write into gan-doctor.toml
    assert max(map(len, said.splitlines())) <= 80


@pytest.mark.parametrize("slug", [*detectors(), *tricks(), *ANSWERS])
def test_every_page_can_be_read(command: Any, slug: str) -> None:
    answer = command("explain", slug)
    assert answer.code == 0
    assert "References:" in answer.out


def test_a_wrong_name_is_answered_with_the_right_one(command: Any) -> None:
    answer = command("explain", "mode-colapse")
    assert answer.code == 2
    assert "Did you mean 'mode-collapse'?" in answer.err
