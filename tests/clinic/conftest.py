"""Courses of trainings, made up look by look."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from gan_doctor.clinic import running
from gan_doctor.clinic.cases import Case
from gan_doctor.clinic.grading import Graded, Said
from gan_doctor.clinic.instruments import Look
from gan_doctor.clinic.oracles import Truth
from gan_doctor.clinic.outcomes import Reference
from gan_doctor.clinic.running import Course

HEALTHY: dict[str, Any] = {
    "precision": 0.7, "coverage": 0.8, "variance": 1.0, "repeated": 0.0, "packed": 1.0,
    "modes": 1.0, "perplexity": 0.95, "moved": 0.05, "ranked": 0.8, "forgotten": 0.02,
    "copied": 0.02, "reach": 5.0, "finite": True,
    "rate_g": 1.0, "rate_d": 1.0, "step_g": 0.02, "step_d": 0.02,
}  # fmt: skip


def falling(share: float) -> float:
    """From 100, as of an untrained G, to 1 at the end."""
    return float(100 ** (1 - share))


@pytest.fixture
def course() -> Callable[..., Course]:
    def make(
        frechet: Callable[[float], float] = falling, cause: str = "none", **values: Any
    ) -> Course:
        """Values are constants, or functions of the share of the budget that is done."""
        looks = []
        for i in range(1, 101):
            now = {n: v(i / 100) if callable(v) else v for n, v in (HEALTHY | values).items()}
            looks.append(Look(40 * i, frechet(i / 100), **now))
        case = Case("digits", "non-saturating", "mlp", cause)
        return Course(case, 4000, 100.0, tuple(looks), 1.0)

    return make


@pytest.fixture
def reference(course: Any) -> Reference:
    return Reference.of([course() for _ in range(10)])


def steady(value: float) -> Callable[[float], float]:
    return lambda share: value


def noisy(scale: float, seed: int = 0) -> Callable[[float], float]:
    """The healthy course under noise of its log."""
    drawn = np.random.default_rng(seed).standard_normal(101)
    return lambda share: falling(share) * math.exp(scale * drawn[round(100 * share)])


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Trainings of 200 steps, with ten looks and five checks."""
    monkeypatch.setattr(running, "LOOKS", 10)
    monkeypatch.setattr(running, "CHECKS", 5)
    whole = Case.config
    monkeypatch.setattr(Case, "config", lambda case, file="": replace(whole(case, file), steps=200))


@pytest.fixture(scope="module")
def digits(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Digits that are none."""
    file = tmp_path_factory.mktemp("digits") / "mnist.npz"
    random = np.random.default_rng(0)
    np.savez(
        file,
        images=random.integers(0, 256, (300, 28, 28), dtype=np.uint8),
        labels=np.arange(300) % 10,
    )
    return str(file)


CASE = Case("digits", "hinge", "dcgan", "lr-d-x20")


def graded_case(
    outcome: Any = "failed",
    onsets: dict[str, float] | None = None,
    critical: dict[float, tuple[str, ...]] | None = None,
    headlines: tuple[str, ...] | None = None,
    action: str = "continue",
    **said: Any,
) -> Graded:
    """A case of 1,000 steps, heard at each 100, with what stood from a step on."""
    heard_at = []
    for step in range(100, 1001, 100):
        now = [codes for begin, codes in (critical or {}).items() if begin <= step]
        codes = now[-1] if now else ()
        heard_at.append(
            Said(
                step,
                codes,
                codes if headlines is None else headlines,
                said.get("warnings", ()),
                action,
                said.get("confidence", float("nan")),
            )
        )
    truth = Truth(outcome, 0.0, onsets if onsets is not None else {}, {})
    return Graded(CASE, 1000, truth, tuple(heard_at), 60.0)
