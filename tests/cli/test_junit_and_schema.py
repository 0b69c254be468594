from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from jsonschema import Draft202012Validator

from gan_doctor.report.json_report import VERSION


def outcomes(path: Path) -> dict[str, str]:
    """How often each outcome stands in a file."""
    root = ElementTree.parse(path).getroot()
    return {name: len(root.findall(f".//{name}")) for name in ("testcase", "failure", "skipped")}


def test_the_schema_is_printed_without_a_run(command: Any) -> None:
    answer = command("report", "--schema")
    assert answer.code == 0
    assert json.loads(answer.out)["properties"]["version"] == {"const": VERSION}


def test_what_is_printed_as_json_is_as_the_schema_says(command: Any, sick_log: Path) -> None:
    schema = json.loads(command("report", "--schema").out)
    Draft202012Validator(schema).validate(json.loads(command("report", sick_log, "--json").out))


@pytest.mark.parametrize(("fail_on", "code"), [("warning", 1), ("never", 0)])
def test_report_writes_junit_beside_what_it_prints(
    command: Any, sick_log: Path, tmp_path: Path, fail_on: str, code: int
) -> None:
    answer = command("report", sick_log, "--junit", "out.xml", "--fail-on", fail_on)
    assert answer.code == code
    assert answer.out.startswith("1 problem")
    assert outcomes(tmp_path / "out.xml")["failure"] == code


def test_preflight_writes_junit(command: Any, tmp_path: Path) -> None:
    assert command("preflight", "incompatible-pair", "--junit", "out.xml").code == 1
    assert outcomes(tmp_path / "out.xml")["failure"] == 1


def test_triage_writes_a_test_for_each_run(
    command: Any, sick_log: Path, clear_log: Path, tmp_path: Path
) -> None:
    assert command("triage", sick_log, clear_log, "--junit", "out.xml").code == 1
    assert outcomes(tmp_path / "out.xml") == {"testcase": 2, "failure": 1, "skipped": 0}


def test_a_file_that_cannot_be_written_is_one_line(command: Any, sick_log: Path) -> None:
    answer = command("report", sick_log, "--junit", "no/such/folder.xml")
    assert answer.code == 2
    assert answer.err.count("\n") == 1
