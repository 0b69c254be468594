from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import Any

from syrupy.assertion import SnapshotAssertion

from gan_doctor.core import Diagnosis, Evidence, Verdict
from gan_doctor.report import headline, json_report


def strict(text: bytes) -> Any:
    """The JSON, if it is JSON: Python's reader would take a bare NaN."""

    def refuse(name: str) -> None:
        raise AssertionError(f"{name} is not JSON")

    return json.loads(text, parse_constant=refuse)


def test_whole_report(sick: Diagnosis, snapshot: SnapshotAssertion, monkeypatch: Any) -> None:
    monkeypatch.setattr("gan_doctor.__version__", "0.0.0")
    assert json_report(sick).decode() == snapshot


def test_findings_hold_what_scripts_ask_for(sick: Diagnosis) -> None:
    report = strict(json_report(sick))
    asked = {"code", "slug", "severity", "confidence", "onset", "alarm", "cleared", "cause"}
    asked |= {"player", "message", "evidence", "missing", "remedies"}
    assert report["version"] == 1
    assert report["headline"] == headline(sick)
    assert [f["slug"] for f in report["findings"]] == [f.slug for f in sick.findings]
    assert all(asked <= set(finding) for finding in report["findings"])
    assert report["findings"][0]["remedies"][0]["values"] == {"lr_d": 2e-4, "lr_g": 2e-4}


def test_every_detector_has_its_say(sick: Diagnosis) -> None:
    verdicts = {v["detector"]: v for v in strict(json_report(sick))["verdicts"]}
    assert verdicts["mode-collapse"]["status"] == "not assessed"
    assert verdicts["mode-collapse"]["missing"][0]["how"] == "pass labels= to observe()"
    assert verdicts["non-finite"]["status"] == "clear"


def test_non_finite_numbers_are_strings(sick: Diagnosis) -> None:
    rows = tuple(Evidence("loss/d", "last", x) for x in (math.nan, math.inf, -math.inf))
    remedy = replace(sick.findings[0].remedies[0], values={"clip": math.inf})
    finding = replace(sick.findings[0], evidence=rows, remedies=(remedy,))
    verdict = Verdict("GD101", "non-finite", "fired", (finding,))
    (found,) = strict(json_report(replace(sick, verdicts=(verdict,))))["findings"]
    assert [row["value"] for row in found["evidence"]] == ["NaN", "Infinity", "-Infinity"]
    assert found["remedies"][0]["values"] == {"clip": "Infinity"}


def test_is_json_whatever_the_log_brought(sick: Diagnosis) -> None:
    setup = replace(sick.run.setup, total_steps=10**30, versions={"to\ud800rch": "\udfff"})
    report = strict(json_report(replace(sick, run=replace(sick.run, name="\ud800", setup=setup))))
    assert report["run"]["name"] == r"\ud800"
    assert report["run"]["budget"] == str(10**30)
