from __future__ import annotations

import copy
import json
import math
from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, ValidationError

from gan_doctor import diagnose
from gan_doctor.core import (
    FAMILIES,
    Diagnosis,
    Evidence,
    Finding,
    Key,
    Missing,
    Network,
    Objective,
    OptimizerFacts,
    Outlook,
    Progress,
    Remedy,
    Run,
    Segment,
    Series,
    Setup,
    Upsampling,
    Verdict,
)
from gan_doctor.core.setup import Latent
from gan_doctor.report import json_report
from gan_doctor.report.json_report import VERSION
from gan_doctor.report.schema import report_schema, schema_text

# Of each version as it was published: gan-doctor report --schema
GOLDEN = Path(__file__).parent / "golden" / f"report-schema-{VERSION}.json"
SCHEMA = report_schema()
EVIL = "[red]\x1b[2J\x00\ud800</script>"

numbers = st.floats()  # NaN and infinities among them
findings = st.builds(
    Finding,
    code=st.text(),
    slug=st.text(),
    severity=st.sampled_from(["info", "warning", "critical"]),
    message=st.text(),
    onset=numbers,
    alarm=numbers,
    cleared=st.none() | numbers,
    evidence=st.lists(
        st.builds(
            Evidence,
            st.text(),
            st.text(),
            numbers,
            st.none() | numbers,
            st.none() | st.tuples(numbers, numbers),
        )
    ).map(tuple),
    missing=st.lists(st.builds(Missing, st.just("warm-up"), st.text())).map(tuple),
    remedies=st.lists(
        st.builds(
            Remedy,
            st.text(),
            st.text(),
            st.text(),
            st.dictionaries(st.text(), numbers | st.integers() | st.booleans() | st.text()),
        )
    ).map(tuple),
)
diagnoses = st.builds(
    Diagnosis,
    st.builds(Run, st.text(), st.sampled_from(["generator_step", "epoch", "kimg", "row"])),
    st.lists(
        st.builds(
            Verdict,
            st.text(),
            st.text(),
            st.sampled_from(["fired", "clear", "not assessed"]),
            st.lists(findings, max_size=2).map(tuple),
        ),
        max_size=3,
    ).map(tuple),
    st.builds(Outlook, st.sampled_from(["stop", "roll back"]), st.text(), st.none() | numbers),
    st.builds(Progress, st.just("worse"), st.text(), st.none() | numbers),
    st.dictionaries(st.text(), numbers),
)


def check(diagnosis: Diagnosis) -> None:
    """Raises where the report of a diagnosis is not what the schema says."""
    Draft202012Validator(SCHEMA).validate(json.loads(json_report(diagnosis)))


def everything_known() -> Setup:
    """A set-up of which every field is set."""
    return Setup(
        objective=Objective("non-saturating", "mean", (0.0, 1.0, 1.0), 0.9, 0.1, ("r1",)),
        total_steps=10**30,
        networks=(
            Network(
                "g",
                "A",
                "Generator",
                10,
                {"Conv2d": 3},
                ("BatchNorm2d",),
                True,
                0.5,
                "Tanh",
                64,
                3,
                (Upsampling("transposed", (4, 4), (2.0, 2.0)), Upsampling("nearest")),
                (0.2,),
                "float16",
                0.25,
            ),
        ),
        optimizers=(
            OptimizerFacts("d", "A", "Adam", math.nan, (0.5, 0.999), 1e-4, 0.9, 10, (1e-4, 2e-4)),
        ),
        tricks=("ema",),
        batch_size=64,
        sample_shape=(3, 32, 32),
        d_steps=math.inf,
        discriminator_output="probability",
        versions={"torch": "2.13"},
        latent=Latent("normal", (100,), 0.0, 1.0, -4.0, 4.0),
        real_range=(-1.0, 1.0),
        fake_range=(0.0, math.nan),
        dtype="float32",
        amp="bfloat16",
        ema=True,
        labelled=False,
        paired=None,
        objective_inferred=True,
    )


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    assert json.loads(schema_text()) == SCHEMA


def test_every_field_that_is_written_is_told_and_explained() -> None:
    known = SCHEMA["$defs"]
    for kind in (Evidence, Finding, Missing, Network, OptimizerFacts, Remedy, Setup, Upsampling):
        properties = known[kind.__name__]["properties"]
        assert {field.name for field in fields(kind)} <= set(properties)
        assert [name for name, told in properties.items() if not told.get("description")] == []


def test_the_report_of_a_sick_and_of_a_healthy_run_validates(
    sick: Diagnosis, healthy: Diagnosis
) -> None:
    check(sick)
    check(healthy)


@pytest.mark.parametrize("family", [None, *FAMILIES])
def test_every_loss_family_validates(sick: Diagnosis, family: str | None) -> None:
    setup = replace(sick.run.setup, objective=Objective.of(family))
    check(replace(sick, run=replace(sick.run, setup=setup)))


def test_a_run_of_which_everything_is_known_validates(sick: Diagnosis) -> None:
    check(replace(sick, run=replace(sick.run, setup=everything_known())))


def test_a_run_of_which_nothing_is_known_validates() -> None:
    check(diagnose(Run("nothing")))


def test_a_resumed_run_that_blew_up_validates() -> None:
    steps = np.arange(1.0, 401)
    loss = np.where(steps > 200, np.nan, 1.0)
    key = Key("loss/d", player="A")
    run = Run(
        EVIL,
        series=(Series(key, steps, loss),),
        segments=(Segment(), Segment(300, {str(key): 300})),
    )
    diagnosis = diagnose(run)
    assert diagnosis.findings
    check(diagnosis)


def test_a_hostile_log_validates(sick: Diagnosis) -> None:
    finding = replace(sick.findings[0], code=EVIL, message=EVIL, player=EVIL, onset=math.inf)
    verdict = Verdict(EVIL, EVIL, "fired", (finding,), (Missing("too short", EVIL, EVIL),))
    run = replace(sick.run, name=EVIL, notes=(EVIL,), source=EVIL)
    check(Diagnosis(run, (verdict,), Outlook("stop", EVIL, math.nan), best_step={EVIL: math.nan}))


@settings(max_examples=50, suppress_health_check=[HealthCheck.too_slow])
@given(diagnoses)
def test_whatever_a_diagnosis_holds_validates(diagnosis: Diagnosis) -> None:
    check(diagnosis)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda report: report.pop("headline"),
        lambda report: report.update(version=VERSION + 1),
        lambda report: report["findings"][0].pop("onset"),
        lambda report: report["findings"][0].pop("standing"),
        lambda report: report["findings"][0].update(severity="fatal"),
        lambda report: report["findings"][0].update(onset="early"),
        lambda report: report["findings"][0]["evidence"][0].update(window=[1, 2, 3]),
        lambda report: report["verdicts"][0].update(status="fine"),
        lambda report: report["run"].update(budget=1.5),
        lambda report: report["setup"].update(networks={}),
    ],
)
def test_what_is_not_a_report_does_not_validate(
    sick: Diagnosis, spoil: Callable[[Any], object]
) -> None:
    report = json.loads(json_report(sick))
    spoil(report)
    with pytest.raises(ValidationError):
        Draft202012Validator(SCHEMA).validate(report)


# A version


def without_descriptions(schema: Any, in_properties: bool = False) -> Any:
    """The schema but for its prose, which may change at any time."""
    if isinstance(schema, dict):
        return {
            name: without_descriptions(part, name in ("properties", "$defs") and not in_properties)
            for name, part in schema.items()
            if in_properties or name != "description"
        }
    return [without_descriptions(part) for part in schema] if isinstance(schema, list) else schema


def broken(old: Any, new: Any, place: str = "") -> Iterator[str]:
    """Where a reader of the old schema would not understand what the new one allows."""
    if not isinstance(old, dict) or not isinstance(new, dict):
        if old != new and not (place.endswith("/required") and set(old) <= set(new)):
            yield place
        return
    for name, part in old.items():
        if name not in new:
            yield f"{place}/{name}"
        else:
            yield from broken(part, new[name], f"{place}/{name}")


def test_no_field_goes_or_changes_while_the_version_stays() -> None:
    old = without_descriptions(json.loads(GOLDEN.read_text(encoding="utf-8")))
    gone = list(broken(old, without_descriptions(SCHEMA)))
    assert gone == [], "raise json_report.VERSION, and keep the golden copies of earlier ones"


def test_the_golden_copy_knows_every_field() -> None:
    old = without_descriptions(json.loads(GOLDEN.read_text(encoding="utf-8")))
    assert without_descriptions(SCHEMA) == old, (
        f"a new field may come: gan-doctor report --schema > {GOLDEN.name}"
    )


@pytest.mark.parametrize(
    ("change", "place"),
    [
        (lambda s: s["properties"].pop("worst"), "/properties/worst"),
        (lambda s: s["$defs"]["Finding"]["properties"].pop("slug"), "/properties/slug"),
        (lambda s: s["$defs"]["Finding"]["required"].remove("slug"), "/Finding/required"),
        (
            lambda s: s["$defs"]["Finding"]["properties"].update(onset={"type": "string"}),
            "/properties/onset/$ref",
        ),
        (
            lambda s: s["$defs"]["Finding"]["properties"]["severity"]["enum"].append("fatal"),
            "/properties/severity/enum",
        ),
    ],
)
def test_a_changed_field_is_seen(change: Callable[[Any], object], place: str) -> None:
    changed = copy.deepcopy(SCHEMA)
    change(changed)
    assert any(found.endswith(place) for found in broken(SCHEMA, changed))


def test_a_new_field_breaks_nothing() -> None:
    changed = copy.deepcopy(SCHEMA)
    changed["$defs"]["Finding"]["properties"]["colour"] = {"type": "string"}
    changed["$defs"]["Finding"]["required"].append("colour")
    assert list(broken(SCHEMA, changed)) == []
