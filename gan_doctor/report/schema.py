"""The JSON schema of `gan-doctor report --json`, made from the types that are written."""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from gan_doctor.core import (
    SEVERITIES,
    Finding,
    Outlook,
    Progress,
    Run,
    Setup,
    Verdict,
    dumps,
)
from gan_doctor.core.json_form import NON_FINITE
from gan_doctor.report.json_report import VERSION

Schema = dict[str, Any]

_NUMBER: Schema = {"anyOf": [{"type": "number"}, {"enum": list(NON_FINITE)}]}
# One beyond 64 bits is written in digits.
_WHOLE: Schema = {"anyOf": [{"type": "integer"}, {"type": "string", "pattern": "^-?[0-9]+$"}]}
_SCALARS: Mapping[Any, Schema] = {
    str: {"type": "string"},
    bool: {"type": "boolean"},
    type(None): {"type": "null"},
    float: {"$ref": "#/$defs/Number"},
    int: {"$ref": "#/$defs/Whole"},
    Any: {},
}


def report_schema() -> Schema:
    """The schema of version `json_report.VERSION`, by draft 2020-12.

    What a report holds beyond it is allowed: a new key may come with any release.
    """
    known: Schema = {"Number": _NUMBER, "Whole": _WHOLE}
    run = get_type_hints(Run)
    text, number = {"type": "string"}, _of(float, known)
    content = {
        "format": {"const": "gan-doctor report"},
        "version": {"const": VERSION},
        "written_by": {**text, "description": "The version of gan_doctor."},
        "headline": {**text, "description": "The answer in one line."},
        "worst": {
            "enum": [*SEVERITIES, None],
            "description": "The severity of the worst finding that stands.",
        },
        "run": _object(
            {
                "name": text,
                "source": text,
                "clock": _of(run["clock"], known),
                "last_step": number,
                "budget": _of(int | None, known),
                "segments": _of(int, known),
                "notes": _of(run["notes"], known),
            },
            "The run, without its series.",
        ),
        "outlook": _of(Outlook, known),
        "progress": _of(Progress, known),
        "best_step": _of(Mapping[str, float], known),
        "findings": {
            "type": "array",
            "items": _of(Finding, known),
            "description": "The standing and worst first, consequences right after their cause.",
        },
        "verdicts": {"type": "array", "items": _of(Verdict, known)},
        "setup": _of(Setup, known),
    }
    _as_written(known)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "gan-doctor report",
        **_object(content, "What `gan-doctor report --json` prints."),
        "$defs": dict(sorted(known.items())),
    }


def schema_text() -> str:
    """The schema as JSON text, indented, with a line end."""
    return dumps(report_schema(), indent=True).decode()


def _of(kind: Any, known: Schema) -> Schema:
    """The schema of a type as `core.to_json` writes it; those of our types go to `known`."""
    if kind in _SCALARS:
        return dict(_SCALARS[kind])
    if is_dataclass(kind):
        return _dataclass(kind, known)
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Literal:
        return {"enum": list(arguments)}
    if origin in (Union, types.UnionType):
        return {"anyOf": [_of(one, known) for one in arguments]}
    if origin is tuple:
        return _array(arguments, known)
    if origin is Mapping:
        return {"type": "object", "additionalProperties": _of(arguments[1], known)}
    raise TypeError(f"{kind} has no JSON form that a schema knows")


def _dataclass(kind: Any, known: Schema) -> Schema:
    name = kind.__name__
    if name not in known:
        hints, meanings = get_type_hints(kind), _meanings(kind)
        known[name] = _object(
            {
                field.name: {**_of(hints[field.name], known), **meanings.get(field.name, {})}
                for field in fields(kind)
            },
            (kind.__doc__ or "").partition("\n")[0],
        )
    return {"$ref": f"#/$defs/{name}"}


def _array(arguments: tuple[Any, ...], known: Schema) -> Schema:
    if arguments[1:] == (...,):
        return {"type": "array", "items": _of(arguments[0], known)}
    n = len(arguments)
    items = [_of(one, known) for one in arguments]
    return {"type": "array", "prefixItems": items, "minItems": n, "maxItems": n}


def _object(properties: Schema, description: str) -> Schema:
    described = {"description": description} if description else {}
    return {
        "type": "object",
        **described,
        "properties": properties,
        "required": list(properties),
    }


def _as_written(known: Schema) -> None:
    """Where `json_report` leaves a field out, or adds one."""
    finding, verdict = known["Finding"], known["Verdict"]
    holds = "Whether it still holds at the end of the record."
    finding["properties"]["standing"] = {"type": "boolean", "description": holds}
    finding["required"].append("standing")
    del verdict["properties"]["findings"]
    verdict["required"].remove("findings")


def _meanings(kind: Any) -> dict[str, Schema]:
    """What the docstring of a type says of its arguments."""
    _, _, listed = (kind.__doc__ or "").partition("Args:\n")
    lines = listed.partition("\n\n")[0].splitlines()
    indent = len(lines[0]) - len(lines[0].lstrip()) if lines else 0
    said: dict[str, str] = {}
    name = ""
    for line in lines:
        text = line.strip()
        if len(line) - len(line.lstrip()) == indent:
            name, _, text = text.partition(": ")
        said[name] = f"{said.get(name, '')} {text}".strip()
    return {name: {"description": text} for name, text in said.items() if text}
