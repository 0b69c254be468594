"""The loss family from losses alone: it may be unknown, but it must not be wrong."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gan_doctor.core import Objective
from gan_doctor.readers._objective import guessed

N = 300


def softplus(x: Any) -> Any:
    return np.logaddexp(0, x)


def game(apart: np.ndarray[Any, Any], seed: int) -> tuple[Any, Any]:
    """(N, 64) logits on reals and fakes, D ahead by `apart` (N,)."""
    random = np.random.default_rng(seed)
    drift = 0.3 * np.cumsum(random.standard_normal(N)) / np.sqrt(N)
    real, fake = random.standard_normal((2, N, 64)) * (0.1 + 0.5 * np.minimum(apart, 2)[:, None])
    return real + (drift + apart / 2)[:, None], fake + (drift - apart / 2)[:, None]


COURSES = {
    "balanced": np.minimum(np.linspace(0, 2, N), 1.0),
    "D ahead": np.linspace(0, 8, N),
    "D has won": np.minimum(np.linspace(0, 60, N), 20.0),
    "D at chance": np.full(N, 0.02),
}
LOSSES: dict[str, Any] = {
    "non-saturating sum": lambda r, f: (softplus(-r).mean(1) + softplus(f).mean(1),
                                        softplus(-f).mean(1)),
    "non-saturating mean": lambda r, f: ((softplus(-r).mean(1) + softplus(f).mean(1)) / 2,
                                         softplus(-f).mean(1)),
    "minimax sum": lambda r, f: (softplus(-r).mean(1) + softplus(f).mean(1), -softplus(f).mean(1)),
    # Its outputs lie about a half.
    "least-squares sum": lambda r, f: (((r - 0.5) ** 2).mean(1) + ((f + 0.5) ** 2).mean(1),
                                       ((f - 0.5) ** 2).mean(1)),
    "least-squares mean": lambda r, f: ((((r - 0.5) ** 2).mean(1) + ((f + 0.5) ** 2).mean(1)) / 2,
                                        ((f - 0.5) ** 2).mean(1)),
    "hinge sum": lambda r, f: (np.maximum(1 - r, 0).mean(1) + np.maximum(1 + f, 0).mean(1),
                               -f.mean(1)),
    "wasserstein sum": lambda r, f: (f.mean(1) - r.mean(1), -f.mean(1)),
}  # fmt: skip


@pytest.mark.parametrize("course", COURSES)
@pytest.mark.parametrize("family", LOSSES)
def test_a_guess_is_right_or_there_is_none(family: str, course: str) -> None:
    name, _, reduction = family.partition(" ")
    for seed in range(5):
        d, g = LOSSES[family](*game(COURSES[course], seed))
        found = guessed({"loss/d": d, "loss/g": g})
        assert found.family in {None, name}
        assert found.reduction in {None, reduction}


@pytest.mark.parametrize(
    ("family", "course"),
    [
        ("non-saturating sum", "balanced"),
        ("non-saturating mean", "D ahead"),
        ("hinge sum", "D has won"),
        ("wasserstein sum", "D ahead"),
        ("least-squares mean", "D at chance"),
    ],
)
def test_a_family_that_leaves_its_marks_is_told(family: str, course: str) -> None:
    d, g = LOSSES[family](*game(COURSES[course], 0))
    assert guessed({"loss/d": d, "loss/g": g}).family == family.partition(" ")[0]


def test_printed_probabilities_tell_cross_entropy_and_its_scale() -> None:
    r, f = game(COURSES["balanced"], 0)
    share = {
        "score/real": (1 / (1 + np.exp(-r))).mean(1),
        "score/fake": (1 / (1 + np.exp(-f))).mean(1),
    }
    for reduction in ("sum", "mean"):
        d, g = LOSSES[f"non-saturating {reduction}"](r, f)
        found = guessed({"loss/d": d, "loss/g": g, **share})
        assert found == Objective("non-saturating", reduction)  # type: ignore[arg-type]
    logits = {"score/real": r.mean(1), "score/fake": f.mean(1)}
    d, g = LOSSES["wasserstein sum"](r, f)
    assert guessed({"loss/d": d, "loss/g": g, **logits}).family == "wasserstein"


def test_logits_tell_whether_each_side_stands_for_itself() -> None:
    r, f = game(np.linspace(0, 12, N), 0)
    logits = {"score/real": r.mean(1) - 30, "score/fake": f.mean(1) - 30}
    real, fake = softplus(f.mean(1)[:, None] - r).mean(1), softplus(f - r.mean(1)[:, None]).mean(1)
    against = {"loss/d": real + fake, "loss/d/real": real, "loss/d/fake": fake}
    assert guessed(against | logits) == Objective("relativistic-average", "sum")
    real, fake = softplus(-r - 2).mean(1), softplus(f + 2).mean(1)
    apart = {"loss/d": real + fake, "loss/d/real": real, "loss/d/fake": fake}
    shifted = {"score/real": r.mean(1) + 2, "score/fake": f.mean(1) + 2}
    assert guessed(apart | shifted) in (Objective("non-saturating", "sum"), Objective())
    assert guessed({"loss/d": real + fake} | logits) == Objective()


def test_an_accuracy_beside_a_loss_that_no_square_can_be_tells_the_mean_of_keras() -> None:
    printed = {"loss/d": np.array([7.97]), "accuracy/d": np.array([0.5])}
    assert guessed(printed) == Objective("non-saturating", "mean")
    assert guessed(printed | {"loss/d": np.array([0.5])}) == Objective()


def test_little_is_not_enough() -> None:
    assert guessed({}) == Objective()
    assert guessed({"loss/d": np.array([1.386]), "loss/g": np.array([0.69])}) == Objective()
    assert guessed({"loss/d": np.full(50, np.nan)}) == Objective()
    only_d = guessed({"loss/d": np.full(50, 1.386)})
    assert only_d == Objective()


def test_two_log_likelihoods_below_0_are_no_critic() -> None:
    """A known tutorial maximises both."""
    d = np.linspace(-1.38, -0.4, 50)
    assert guessed({"loss/d": d, "loss/g": np.linspace(-0.7, -2.9, 50)}) == Objective()
