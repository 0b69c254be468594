from __future__ import annotations

import json
import math
from dataclasses import fields

import numpy as np
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gan_doctor.core import (
    Band,
    Diagnosis,
    Event,
    Evidence,
    Finding,
    Key,
    Latent,
    Missing,
    Network,
    Objective,
    OptimizerFacts,
    Outlook,
    Progress,
    ReadError,
    Remedy,
    Run,
    Samples,
    Segment,
    Series,
    Setup,
    Upsampling,
    Verdict,
    dumps,
    from_json,
    to_json,
)
from gan_doctor.core.json_form import number_from_json, number_to_json, plain

RECALL = Key("sample/recall", "A", "random-conv", 3)
OBJECTIVE = Objective("least-squares", "mean", (0.0, 0.9, 1.0), 0.9, 0.05, ("r1", "r2"))
UPSAMPLING = Upsampling("transposed", (4, 4), (2, 2))
NETWORK = Network(
    role="d",
    player="A",
    kind="Discriminator",
    parameters=12_345,
    layers={"Conv2d": 4},
    norms=("BatchNorm2d",),
    spectral_norm=True,
    dropout=0.3,
    output_activation="Sigmoid",
    input_channels=3,
    output_channels=1,
    upsampling=(UPSAMPLING, Upsampling("bilinear", stride=(1.5,))),
    slopes=(0.1, 0.2),
    dtype="bfloat16",
    frozen=0.25,
)
OPTIMIZER = OptimizerFacts("d", "A", "Adam", 2e-4, (0.5, 0.999), 1e-5, 0.9, 12_345, (2e-4, 1e-3))
LATENT = Latent("uniform", (100, 1, 1), 0.01, 0.58, -1.0, 1.0)
SETUP = Setup(
    objective=OBJECTIVE,
    total_steps=1_200,
    networks=(NETWORK, Network("g")),
    optimizers=(OPTIMIZER, OptimizerFacts("g")),
    tricks=("r1-penalty",),
    batch_size=64,
    sample_shape=(1, 16, 16),
    d_steps=1.5,
    discriminator_output="logit",
    versions={"torch": "2.13.0"},
    latent=LATENT,
    real_range=(-1.0, 1.0),
    fake_range=(-math.inf, 0.5),
    dtype="float16",
    amp="float16",
    ema=True,
    labelled=True,
    paired=False,
    objective_inferred=True,
)
BAND = Band(RECALL, 64, 0.9, 0.0, -math.inf, math.inf, 100)
EVENT = Event(
    300, "learning-rate", "A", {"from": 2e-4, "to": math.inf, "groups": (0, 1), "why": None}
)
SAMPLES = Samples(100, "fake", "samples/fake-000000100.npy", "A", open=lambda path: np.zeros(1))
SEGMENT = Segment(300, {"loss/d": 7, "events": 1}, "2026-11-23T01:29:00+00:00")
RUN = Run(
    name="made-up",
    clock="iteration",
    series=(
        Series(RECALL, [1, 2, 3, 4], [0.1, math.nan, math.inf, -math.inf]),
        Series(Key("loss/d"), np.arange(9), np.linspace(0, 1, 9)),
        Series(Key("auroc"), [], []),
    ),
    bands=(BAND,),
    samples=(SAMPLES,),
    setup=SETUP,
    events=(Event(0, "note"), EVENT),
    segments=(Segment(), SEGMENT),
    source="runs/made-up",
    notes=("one line was torn",),
    foreign=True,
)
EVIDENCE = Evidence(str(RECALL), "mean over the window", math.inf, 0.5, (100, 200.5), True, "below")
MISSING = Missing("no series", "D's logits", "call observe")
REMEDY = Remedy(
    slug="ttur",
    title="Two time scales",
    action="Lower lr_d from 0.004 to 0.0004.",
    values={"lr_d": 4e-4, "betas": (0.5, 0.999), "on": True},
    cost=1.05,
    cost_note="none",
    check="AUROC falls below .99 within 500 steps",
    avoid_when="never",
    references=("Heusel 2017",),
    if_not_already=True,
)
FINDING = Finding(
    code="GD301",
    slug="mode-collapse",
    severity="critical",
    message="All fakes are alike since step 400.",
    onset=400,
    alarm=550,
    player="A",
    confidence=0.9,
    cleared=900,
    cause="discriminator-overpowering",
    evidence=(EVIDENCE,),
    missing=(MISSING,),
    remedies=(REMEDY,),
)
VERDICT = Verdict("GD301", "mode-collapse", "fired", (FINDING,), (MISSING,))
OUTLOOK = Outlook("roll back", "Samples were best at step 300.", 300)
PROGRESS = Progress("worse", str(RECALL), -0.1, -0.2, -math.inf)
DIAGNOSIS = Diagnosis(RUN, (VERDICT,), OUTLOOK, PROGRESS, {"raw": 300, "ema": math.inf})

WHOLE = [
    RECALL, RUN.series[0], BAND, OBJECTIVE, UPSAMPLING, NETWORK, OPTIMIZER, LATENT, SETUP, EVENT,
    SAMPLES, SEGMENT, RUN, EVIDENCE, MISSING, REMEDY, FINDING, VERDICT, OUTLOOK, PROGRESS,
    DIAGNOSIS,
]  # fmt: skip
BARE = [
    Key("loss/d"), Objective(), Network("g"), OptimizerFacts("g"), Setup(), Event(0, "note"),
    Samples(0, "real", ""), Segment(), Run("empty"), Evidence("", "", 0), Missing("warm-up", ""),
    Remedy("", "", ""), Progress(), Verdict("GD101", "non-finite", "clear"),
    Diagnosis(Run("empty"), (), Outlook("continue", "")),
]  # fmt: skip


@pytest.mark.parametrize("value", [*WHOLE, *BARE], ids=lambda value: type(value).__name__)
def test_every_type_comes_back_from_its_json_text(value):
    text = dumps(value)
    assert from_json(type(value), orjson.loads(text)) == value


@pytest.mark.parametrize("value", WHOLE, ids=lambda value: type(value).__name__)
def test_the_json_text_is_valid_and_ends_with_a_line(value):
    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is not JSON")

    text = dumps(value)
    assert text.endswith(b"\n")
    assert text.count(b"\n") == 1
    json.loads(text, parse_constant=refuse)
    assert orjson.loads(dumps(value, indent=True)) == orjson.loads(text)


def test_every_field_of_the_whole_examples_differs_from_its_default():
    # Else a field that the JSON form forgets would come back by its default.
    for value in WHOLE:
        for field in fields(value):
            given = getattr(value, field.name)
            assert repr(given) != repr(field.default), (type(value).__name__, field.name)


@given(st.floats())
def test_every_number_survives(number):
    back = number_from_json(orjson.loads(orjson.dumps(number_to_json(number))))
    assert back == number or (math.isnan(back) and math.isnan(number))


@given(st.lists(st.floats()))
def test_every_series_survives(values):
    series = Series(Key("loss/d"), np.arange(len(values)), values)
    assert from_json(Series, orjson.loads(dumps(series))) == series


def test_nan_outside_of_a_series_survives():
    for value in (Evidence("auroc", "mean", math.nan), Event(0, "note", "", {"loss": math.nan})):
        text = dumps(value)
        assert b'"NaN"' in text
        assert dumps(from_json(type(value), orjson.loads(text))) == text


def test_arrays_come_back_read_only():
    series = from_json(Series, to_json(RUN.series[0]))
    assert not series.values.flags.writeable


def test_the_way_to_open_samples_neither_leaves_nor_comes_in():
    assert "open" not in to_json(SAMPLES)
    assert from_json(Samples, {**to_json(SAMPLES), "open": "os.system"}).open is None


def test_a_nesting_of_our_types_is_unfolded():
    assert to_json({"findings": [EVIDENCE], "key": RECALL}) == {
        "findings": [to_json(EVIDENCE)],
        "key": str(RECALL),
    }


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (np.float32(0.5), 0.5),
        (np.int64(3), 3),
        (np.bool_(True), True),
        (np.array([[1, math.nan]]), [[1, "NaN"]]),
        ({1: (2.0, {"a"})}, {"1": [2, ["a"]]}),
        ({"b", "a", "c"}, ["a", "b", "c"]),
        (True, True),
        (None, None),
        (2.5, 2.5),
        (-math.inf, "-Infinity"),
        (type("Device", (), {"__str__": lambda self: "cuda:0"})(), "cuda:0"),
    ],
)
def test_details_become_plain_values(value, expected):
    assert plain(value) == expected


@pytest.mark.parametrize(
    ("kind", "value", "reason"),
    [
        (Event, {"kind": "note"}, "'step' is missing"),
        (Event, {"step": "later", "kind": "note"}, r"'later' is not a number @ \$\.step"),
        (Evidence, {"series": "a", "statistic": "b", "value": None}, "None is not a number"),
        (Evidence, {"series": "a", "statistic": "b", "value": True}, "True is not a number"),
        (Band, {"key": "a@b@c"}, "'a@b@c' is not a series key"),
        (Series, {"key": "a", "steps": [1], "values": [1, 2]}, "as many steps as values"),
        (Setup, {"objective": {"family": "hnge"}}, "hnge"),
        (Setup, {"objective": {"family": "hinge", "smoothing": 3}}, "smoothing must lie in"),
        (Finding, {"severity": "fatal"}, "fatal"),
        (Run, 3, "int"),
        (Key, "", "'' is not a series key"),
    ],
)
def test_json_that_does_not_fit_is_refused_with_place_and_reason(kind, value, reason):
    with pytest.raises(ReadError, match=f"Cannot read a {kind.__name__} from JSON: .*{reason}"):
        from_json(kind, value)
