"""Made-up runs: each series is a number, or a function of the step."""

from dataclasses import replace

import numpy as np
import pytest

from gan_doctor.core import (
    Band,
    Event,
    Key,
    Network,
    Objective,
    OptimizerFacts,
    Run,
    Series,
    Setup,
)

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
    "laplacian_variance": 0.74,
    "high_frequency": 0.10,
    "checkerboard": 0.4,
    "value_distance": 0.004,
    "border_distance": 0.001,
    "outside": 0.0,
    "unreached": 0.0,
    "leak/rotation": 0.11,
    "leak/flip": 0.11,
    "leak/translation": 0.03,
    "leak/cutout": 0.0,
}
PIXELS = (
    "neighbour_correlation",
    "laplacian_variance",
    "high_frequency",
    "checkerboard",
    "value_distance",
    "border_distance",
    "outside",
    "unreached",
)
# What a healthy DCGAN on digits shows in its images.
IMAGES = {
    "laplacian_variance": 0.87,
    "high_frequency": 0.10,
    "checkerboard": 0.45,
    "value_distance": 0.08,
    "border_distance": 0.07,
    "outside": 0.0,
    "unreached": 0.0,
    "leak/rotation": 0.2,
    "leak/flip": 0.2,
    "leak/translation": 0.04,
    "leak/cutout": 0.01,
}
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

    def make(shares_at, n=512, seed=0, **values):
        run, random = make_run({}, GOOD | values), np.random.default_rng(seed)
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
def steps_by_adam():
    """Gives a run a G of so many parameters, stepped by Adam."""

    def stepped(run, parameters):
        setup = replace(
            run.setup,
            networks=(Network("g", parameters=int(parameters)),),
            optimizers=(OptimizerFacts("g", kind="Adam"),),
        )
        return replace(run, setup=setup)

    return stepped


@pytest.fixture
def with_setup():
    """Gives a run other facts of its setup."""
    return lambda run, **facts: replace(run, setup=replace(run.setup, **facts))


@pytest.fixture
def good():
    return dict(GOOD)


@pytest.fixture
def images():
    """Good samples that are images, with what is measured of their pixels."""
    return GOOD | IMAGES


@pytest.fixture
def nothing():
    return dict(NOTHING)


def of_quality(quality):
    """Samples that reach that share of the data: a number, or a function of the step."""
    share = quality if callable(quality) else lambda step: quality
    return {
        name: lambda step, null=NULL[name]: null * share(step)
        for name in ("precision", "recall", "coverage")
    }


@pytest.fixture(name="of_quality")
def _of_quality():
    return of_quality


@pytest.fixture
def swings():
    """A value that swings by `height` with a period in steps, under noise; the same every time."""

    def swings(level, height, period=96, noise=0.02, until=np.inf, seed=0):
        drawn = np.random.default_rng(seed).standard_normal(100_000)

        def value(step):
            swing = height * np.sin(2 * np.pi * step / period) if step <= until else 0.0
            return level + swing + noise * drawn[int(step)]

        return value

    return swings


@pytest.fixture
def over_time(make_run, players, swings):
    """Runs whose losses or samples go up and down, or get worse again."""
    still, calm = players(0.9, 0.9), swings(0.9, 0.0)
    wave = {"loss/d": swings(1.0, 0.4, 240, until=900)}
    drawn = np.random.default_rng(1).standard_normal(2000)
    return {
        "swinging": make_run(still | {"logit/real": swings(0.5, 0.3)}, of_quality(0.4)),
        "swinging unseen": make_run({"loss/d": swings(1.0, 0.3)}),
        "swinging at the data": make_run({"loss/d": swings(1.0, 0.3)}, of_quality(0.95)),
        "overshooting": make_run(still | {"gradient/g/cosine": -0.97}, of_quality(0.4)),
        "taking turns": make_run(players(swings(0.38, 0.22, 75), 1.3863), of_quality(0.1)),
        "up and down": make_run(still, of_quality(swings(0.4, 0.3, 72))),
        "a jump": make_run({"loss/d": lambda s: 2.4 if 600 < s <= 606 else calm(s)}),
        "worse": make_run({}, of_quality(lambda s: 0.9 if s < 600 else 0.6)),
        "ruined": make_run({}, of_quality(lambda s: 0.9 if s < 600 else 0.2)),
        "ruined early": make_run({}, of_quality(lambda s: 0.9 if s < 100 else 0.2)),
        "worse than usual": make_run(
            {}, of_quality(lambda s: (0.9 if s < 600 else 0.5) + 0.05 * drawn[int(s)])
        ),
        "a FID that rises": make_run({"metric/fid": lambda s: 20.0 if s < 600 else 30.0}),
        "a FID that doubles": make_run({"metric/fid": lambda s: 20.0 if s < 600 else 50.0}),
        "healthy waves": make_run(wave, of_quality(0.85)),
        "healthy waves, not quite level": make_run(
            {"loss/d": lambda s: 1 + (0.4 if s < 900 else 0.22) * np.sin(2 * np.pi * s / 120)},
            of_quality(0.85),
        ),
    }


@pytest.fixture
def event():
    return lambda step, kind, **detail: Event(step, kind, detail=detail)
