"""What a person would do without a doctor: rules and models, tuned on design, and how they compare.

Each rule gives a training a number, higher where it looks worse; a limit on it makes an alarm. All
limits and weights come from design cases, and the doctor is compared on cases that none has seen.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import binomtest
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from gan_doctor.clinic.cases import OBJECTIVES
from gan_doctor.clinic.outcomes import Reference
from gan_doctor.clinic.running import Course
from gan_doctor.core import FloatArray, Run
from gan_doctor.training import TrainConfig

DOCTOR = "the doctor"
_LAST = 0.1  # of the budget, over which a training is summed up
_AT = 0.15  # of the budget, at which an early distance is taken
_UNDER = (20, 100, 500)  # steps for which D's loss must stay under a limit
_FLAT = (0.1, 0.2, 0.4)  # shares of the budget in which a distance must not get better
_DRAWN, _RESAMPLED = 0, 2_000  # seed and number of the bootstrap

Numbers = Mapping[str, float]
Alarms = npt.NDArray[np.bool_]


def numbers(course: Course, run: Run, reference: Reference) -> Numbers:
    """All that the comparators look at, of one training; NaN for what it does not have.

    Args:
        course: By the clinic's instruments.
        run: By the doctor's log.
        reference: Of its data.
    """
    return {
        **{f"d-loss-under-{n}": -_lowest(run, n) for n in _UNDER},
        **{f"plateau-{share}": -_gain(course, share) for share in _FLAT},
        "early-distance": -_early_quality(course, reference),
        **{f"run/{name}": _late(run, name) for name in _FEATURES},
        **{f"setup/{name}": value for name, value in _settings(course.case.config()).items()},
    }


def _lowest(run: Run, n: int) -> float:
    """The lowest limit under which D's loss stays for n steps; not finite counts as very low."""
    loss = run.get("loss/d")
    if loss is None or len(loss) < n:
        return math.nan
    values = np.where(np.isfinite(loss.values), loss.values, -1e9)
    return float(np.lib.stride_tricks.sliding_window_view(values, n).max(1).min())


def _gain(course: Course, share: float) -> float:
    """By how much the log of the distance has fallen below its best before, at the end."""
    logs = np.log([max(look.frechet, 1e-12) for look in course.looks])
    n = round(share * 100)
    if len(logs) <= n or not np.isfinite(logs).all():
        return -1e3
    return float(logs[:-n].min() - logs[-n:].min())


def _early_quality(course: Course, reference: Reference) -> float:
    steps = np.array([look.step for look in course.looks])
    near = np.abs(steps / course.steps - _AT) <= 0.011
    quality = reference.quality(course)[near]
    return float(np.median(quality)) if np.isfinite(quality).any() else -1.0


_FEATURES = ("loss/d", "loss/g", "gradient/g", "auroc", "sample/coverage")


def _late(run: Run, name: str) -> float:
    """Mean over the last tenth, of the log where it is a norm."""
    series = run.get(name)
    if series is None:
        return math.nan
    late = series.values[series.steps >= series.steps[-1] - _LAST * (run.budget or run.last_step)]
    late = late[np.isfinite(late)]
    if not len(late):
        return math.nan
    mean = float(late.mean())
    return math.log10(max(mean, 1e-12)) if name.startswith("gradient") else mean


def _settings(config: TrainConfig) -> dict[str, float]:
    """What is known before the first step."""
    return {
        "lr_g": math.log10(config.lr_g),
        "ratio": math.log10(config.lr_d / config.lr_g),
        "capacity": math.log2((config.d_width or config.width) / config.width),
        "width": math.log2(config.width),
        "d_steps": math.log2(config.d_steps),
        "beta1": config.beta1,
        "limited": float(config.data_limit > 0),
        **{f"is {loss}": float(config.loss == loss) for loss in _LOSSES},
        **{f"with {slug}": float(slug in config.tricks) for slug in _TRICKS},
    }


_LOSSES = tuple(dict.fromkeys(str(settings["loss"]) for settings in OBJECTIVES.values()))
_TRICKS = ("spectral-norm", "gradient-penalty", "r1-penalty")

Rule = Callable[[Sequence[Numbers]], FloatArray]


def tuned(design: Sequence[Numbers], failed: Sequence[bool]) -> dict[str, Rule]:
    """The comparators, each the best of its kind on design cases.

    Args:
        design: Of each case that succeeded or failed.
        failed: Which of them failed.
    """
    bad = np.array(failed)
    return {
        "D's loss under a limit": _best([f"d-loss-under-{n}" for n in _UNDER], design, bad),
        "distance on a plateau": _best([f"plateau-{share}" for share in _FLAT], design, bad),
        f"distance at {_AT:.0%}": _one("early-distance"),
        "logistic regression on 5 features": _fitted("run/", design, bad),
        "setup alone": _fitted("setup/", design, bad),
    }


def _one(name: str) -> Rule:
    return lambda cases: np.array([-1e9 if math.isnan(c[name]) else c[name] for c in cases])


def _best(names: Sequence[str], design: Sequence[Numbers], bad: Alarms) -> Rule:
    return max((_one(name) for name in names), key=lambda rule: limit(rule(design), bad)[1])


def _fitted(prefix: str, design: Sequence[Numbers], bad: Alarms) -> Rule:
    every = [name for name in design[0] if name.startswith(prefix)]
    names = [name for name in every if not all(math.isnan(case[name]) for case in design)]

    def table(cases: Sequence[Numbers]) -> FloatArray:
        return np.array([[case[name] for name in names] for case in cases])

    # Losses have no bounds: beyond the middle nine tenths of design they say no more.
    low, high = np.nanquantile(table(design), (0.05, 0.95), axis=0)
    model = make_pipeline(
        SimpleImputer(add_indicator=True),
        StandardScaler(),
        LogisticRegression(max_iter=1000),
    ).fit(np.clip(table(design), low, high), bad)
    return lambda cases: np.asarray(
        model.predict_proba(np.clip(table(cases), low, high))[:, 1], dtype=np.float64
    )


def limit(scores: FloatArray, bad: Alarms) -> tuple[float, float]:
    """The limit at or beyond which alarms have the largest Youden's J, and that J."""
    tried = np.unique(scores)
    found = [youden(scores >= at, bad) for at in tried]
    best = int(np.argmax(found))
    return float(tried[best]), float(found[best])


def youden(alarms: Alarms, bad: Alarms) -> float:
    """Share of the failures with an alarm less that of the successes; NaN without either."""
    if not bad.any() or bad.all():
        return math.nan
    return float(alarms[bad].mean() - alarms[~bad].mean())


@dataclass(frozen=True)
class Compared:
    """A comparator beside the doctor, on the same cases.

    Args:
        name: Of the comparator.
        sensitivity: Share of the failures that it alarms on, at its own limit.
        false_alarms: The same of the successes.
        youden: The difference of both.
        more: (point, low, high) by how much the doctor's Youden's J is larger; 95% of 2,000 paired
            bootstraps over the cases.
        auc: Area under the curve over trainings, by the height of the alarm.
        equal: Sensitivity where it is given as many false alarms as the doctor has, at the limit
            that serves it best.
        only: Failures that at that limit the doctor alone finds, and the comparator alone.
        p: Of McNemar's exact test of these two.
    """

    name: str
    sensitivity: float
    false_alarms: float
    youden: float
    more: tuple[float, float, float]
    auc: float
    equal: float
    only: tuple[int, int]
    p: float


def compared(
    design: tuple[Sequence[Numbers], Sequence[bool]],
    examined: tuple[Sequence[Numbers], Sequence[bool]],
    doctor: Sequence[float],
    ablated: Mapping[str, Sequence[float]],
) -> list[Compared]:
    """The doctor and all comparators on the cases that are examined.

    Args:
        design: Numbers of the cases that succeeded or failed, and which failed.
        examined: The same of those that are examined.
        doctor: How loud the doctor was in each of those, 1 and more for something critical.
        ablated: The same of a doctor that was shown less, by what it was shown.
    """
    bad = np.array(examined[1])
    loud = np.array(doctor)
    heard = loud >= 1
    rows = [_compared(DOCTOR, loud, heard, heard, bad)]
    for name, quieter in ablated.items():
        scores = np.array(quieter)
        rows.append(_compared(name, scores, scores >= 1, heard, bad))
    for name, rule in tuned(*design).items():
        at, _ = limit(rule(design[0]), np.array(design[1]))
        scores = rule(examined[0])
        rows.append(_compared(name, scores, scores >= at, heard, bad))
    silent = np.zeros(len(bad))
    return [
        *rows,
        _compared("never", silent, silent > 0, heard, bad),
        _compared("always", silent, silent == 0, heard, bad),
    ]


def _compared(
    name: str, scores: FloatArray, alarms: Alarms, heard: Alarms, bad: Alarms
) -> Compared:
    fair = heard if name == DOCTOR else _with_alarms(scores, bad, int(heard[~bad].sum()))
    only = int((heard & ~fair)[bad].sum()), int((fair & ~heard)[bad].sum())
    return Compared(
        name,
        float(alarms[bad].mean()),
        float(alarms[~bad].mean()),
        youden(alarms, bad),
        _more(heard, alarms, bad),
        float(roc_auc_score(bad, scores)),
        float(fair[bad].mean()),
        only,
        float(binomtest(only[0], sum(only)).pvalue) if sum(only) else 1.0,
    )


def _with_alarms(scores: FloatArray, bad: Alarms, allowed: int) -> Alarms:
    """Alarms above the lowest limit at which no more than so many successes have one."""
    fine = np.sort(scores[~bad])[::-1]
    at = fine[allowed] if allowed < len(fine) else -np.inf
    return np.asarray(scores > at)


def _more(heard: Alarms, alarms: Alarms, bad: Alarms) -> tuple[float, float, float]:
    random = np.random.default_rng(_DRAWN)
    drawn = [random.integers(len(bad), size=len(bad)) for _ in range(_RESAMPLED)]
    found = [youden(heard[i], bad[i]) - youden(alarms[i], bad[i]) for i in drawn]
    low, high = np.nanquantile(found, (0.025, 0.975))
    return youden(heard, bad) - youden(alarms, bad), float(low), float(high)
