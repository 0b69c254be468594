"""Made-up runs: each series is a number, or a function of the step."""

from dataclasses import replace

import numpy as np
import pytest

from gan_doctor.core import Band, Event, Key, Objective, Run, Series, Setup

# What real data gives against itself, as measured on digits.
NULL = {
    "precision": 0.88,
    "recall": 0.88,
    "coverage": 0.97,
    "modes": 1.0,
    "spread_ratio": 1.0,
    "copied_pairs": 0.0,
    "neighbour_correlation": 0.73,
    "class_spread_ratio": 1.0,
    "cluster_spread_ratio": 1.0,
    "label_agreement": 0.85,
    "nearest_ratio": 1.0,
}
PIXELS = ("neighbour_correlation",)
GOOD = {"precision": 0.6, "recall": 0.7, "coverage": 0.75, "neighbour_correlation": 0.73}
NOTHING = {"precision": 0.0, "recall": 0.0, "coverage": 0.0, "neighbour_correlation": 0.05}


def series(name, steps, value, features=""):
    values = (
        [value(step) for step in steps] if callable(value) else np.full(len(steps), value, float)
    )
    return Series(Key(name, features=features), steps, values)


def make_run(
    scalars=None,
    samples=None,
    *,
    steps=1200,
    budget=1200,
    check_every=24,
    objective="non-saturating",
    null=None,
    events=(),
    with_bands=True,
):
    """A run of `scalars` at every step and `samples` at every check; None for no samples."""
    every, checks = np.arange(1, steps + 1), np.arange(check_every, steps + 1, check_every)
    made = [series(name, every, value) for name, value in (scalars or {}).items()]
    null, bands = NULL | (null or {}), []
    if samples is not None:
        for name, value in (
            {"modes": 1.0, "spread_ratio": 1.0, "copied_pairs": 0.0} | samples
        ).items():
            features = "" if name in PIXELS else "random-conv"
            made.append(series(f"sample/{name}", checks, value, features))
            mean, key = null[name], made[-1].key
            bands.append(Band(key, 512, mean, 0.01, mean - 0.026, mean + 0.026, check_every))
    return Run(
        "made-up",
        series=tuple(made),
        bands=tuple(bands) if with_bands else (),
        setup=Setup(objective=Objective.of(objective), total_steps=budget),
        events=tuple(events),
    )


def players(auroc, loss, scores_reals_high=True):
    """The series that the Monitor records of D at each step."""
    sign = -1.0 if scores_reals_high else 1.0
    return {
        "auroc": auroc,
        "logit/gradient": sign * 0.3,
        "loss/d/clean": loss,
        "loss/d": loss,
        "loss/g": 2.0,
    }


@pytest.fixture(name="make_run")
def _make_run():
    return make_run


@pytest.fixture(name="players")
def _players():
    return players


@pytest.fixture
def filled(make_run):
    """Makes a run whose fakes fill clusters, from the number of a check to (K,) shares."""

    def make(shares_at, n=512, seed=0):
        run, random = make_run({}, GOOD), np.random.default_rng(seed)
        steps = np.arange(24, 1201, 24)
        drawn = np.array([random.multinomial(n, shares_at(c)) / n for c in range(len(steps))])
        keys = [
            Key("sample/mode_share", features="random-conv", label=k) for k in range(drawn.shape[1])
        ]
        bands = tuple(Band(key, n, 1 / len(keys), 0.01, 0.1, 0.15, 24) for key in keys)
        made = tuple(Series(key, steps, drawn[:, k]) for k, key in enumerate(keys))
        return replace(run, series=run.series + made, bands=run.bands + bands)

    return make


@pytest.fixture
def good():
    return dict(GOOD)


@pytest.fixture
def nothing():
    return dict(NOTHING)


@pytest.fixture
def event():
    return lambda step, kind: Event(step, kind)
