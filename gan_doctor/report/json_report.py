"""The report for machines: one JSON object with a version."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

import gan_doctor
from gan_doctor.core import Diagnosis, Finding, Verdict, to_json
from gan_doctor.report.headline import headline

VERSION = 1


def json_report(diagnosis: Diagnosis) -> bytes:
    """The diagnosis as JSON text, indented, with a line end.

    Non-finite numbers are the strings "NaN", "Infinity" and "-Infinity". A new key may come with
    any release; `version` rises when one goes or changes its meaning.
    """
    run = diagnosis.run
    content = {
        "format": "gan-doctor report",
        "version": VERSION,
        "written_by": gan_doctor.__version__,
        "headline": headline(diagnosis),
        "worst": diagnosis.worst,
        "run": {
            "name": run.name,
            "source": run.source,
            "clock": run.clock,
            "last_step": run.last_step,
            "budget": run.budget,
            "segments": len(run.segments),
            "notes": run.notes,
        },
        "outlook": diagnosis.outlook,
        "progress": diagnosis.progress,
        "best_step": diagnosis.best_step,
        "findings": [finding_json(f) for f in diagnosis.findings],
        "verdicts": [verdict_json(v) for v in diagnosis.verdicts],
        "setup": run.setup,
    }
    return encoded(content)


def encoded(content: Mapping[str, Any]) -> bytes:
    """A report as JSON text, indented, with a line end."""
    return orjson.dumps(
        _encodable(to_json(content)), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
    )


def finding_json(finding: Finding) -> dict[str, Any]:
    """A finding, with what follows from its fields."""
    return {**to_json(finding), "standing": finding.standing}


def verdict_json(verdict: Verdict) -> dict[str, Any]:
    """A verdict without its findings, which stand in a list of their own, in their order."""
    return {
        "code": verdict.code,
        "detector": verdict.detector,
        "status": verdict.status,
        "missing": verdict.missing,
    }


def _encodable(value: Any) -> Any:
    """Plain values that orjson can write: a log may bring a lone surrogate or a huge integer."""
    if isinstance(value, dict):
        return {_encodable(key): _encodable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_encodable(item) for item in value]
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode("utf-8")
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        return str(value)
    return value
