"""Samples that nobody measured are measured afterwards, as a training would have done it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits

import gan_doctor
from gan_doctor.core import Diagnosis, Key, ReadError, Run, Samples, Segment, Series
from gan_doctor.diagnosis import measured as module
from gan_doctor.diagnosis.measured import measured

DIGITS = np.random.default_rng(0).permutation((load_digits().images * 15.9).astype(np.uint8))
REAL, OTHER = DIGITS[:256], DIGITS[256:]
Batch = np.ndarray[Any, Any]


def batch(kind: Any, step: float, images: Batch | Exception, player: str = "") -> Samples:
    def load(images: Batch | Exception, _: str) -> Batch:
        if isinstance(images, Exception):
            raise images
        return images

    return Samples(step, kind, f"{kind}-{step}", player, open=partial(load, images))


def of(*fakes: Batch | Exception, real: Batch | None = None, player: str = "") -> Run:
    reals = REAL[:, None] if real is None else real
    made = [batch("fake", step, images, player) for step, images in enumerate(fakes, start=1)]
    return Run("run", "epoch", samples=(batch("real", 1, reals, player), *made), foreign=True)


def healthy(n: int = 64) -> Iterator[Batch]:
    return (OTHER[i : i + n, None] for i in range(0, len(OTHER) - n, n))


def collapsed() -> Iterator[Batch]:
    rng = np.random.default_rng(0)
    copies = OTHER[:1, None] + rng.normal(0, 3, (10, 64, 8, 8))
    return iter(np.clip(copies, 0, 255).astype(np.uint8)[:, :, None])


def fired(diagnosis: Diagnosis) -> set[str]:
    return {finding.slug for finding in diagnosis.findings}


# From a folder to its diagnosis


def folder(path: Path, batches: list[Batch]) -> Path:
    """Grids over time as torchvision saves them, and a folder of reals."""
    (path / "real").mkdir()
    for i, real in enumerate(REAL[:150]):
        Image.fromarray(real).save(path / "real" / f"{i}.png")
    for epoch, samples in enumerate(batches):
        grid = np.zeros((8 * 10 + 2, 8 * 10 + 2), np.uint8)
        for i, sample in enumerate(samples[:, 0]):
            y, x = 2 + i // 8 * 10, 2 + i % 8 * 10
            grid[y : y + 8, x : x + 8] = sample
        Image.fromarray(grid).convert("RGB").save(path / f"epoch_{epoch}.png")
    return path


def test_a_folder_in_which_the_samples_collapse_is_found_out(tmp_path: Path) -> None:
    good = [next(batches) for batches in [healthy()] for _ in range(4)]
    run = measured(gan_doctor.read(folder(tmp_path, good + list(collapsed())[:4])))
    diagnosis = gan_doctor.diagnose(run)
    collapse = next(f for f in diagnosis.findings if f.slug == "mode-collapse")
    assert (collapse.severity, collapse.onset) == ("critical", 4)
    assert diagnosis.outlook.step == 3
    assert "samples measured at 8 steps, 64 of each, against 150 reals" in run.notes


def test_a_healthy_folder_is_silent(tmp_path: Path) -> None:
    run = measured(gan_doctor.read(folder(tmp_path, list(healthy())[:8])))
    diagnosis = gan_doctor.diagnose(run)
    assert fired(diagnosis) == set()
    status = {verdict.detector: verdict.status for verdict in diagnosis.verdicts}
    assert status["mode-collapse"] == status["mode-dropping"] == "clear"


# What is measured


def test_each_step_stands_beside_the_null_of_the_reals() -> None:
    run = measured(of(*list(healthy())[:3]))
    coverage = run.get("sample/coverage")
    assert coverage is not None
    assert coverage.steps.tolist() == [1, 2, 3]
    assert run.null_at(coverage).min() > 0.5
    assert (coverage.values > 0.5).all()


def test_players_are_measured_each() -> None:
    a, b = of(*list(healthy())[:2], player="A"), of(*list(collapsed())[:2], player="B")
    run = measured(replace(a, samples=(*a.samples, *b.samples)))
    spread = {player: run.get("sample/spread_ratio", player) for player in ("A", "B")}
    assert spread["A"].values.min() > 0.5 > spread["B"].values.max()  # type: ignore[union-attr]
    assert run.null_at(spread["B"]).min() > 0.5  # type: ignore[arg-type]


def test_points_are_measured_as_they_are() -> None:
    points = np.random.default_rng(0).normal(size=(5, 200, 2)).astype(np.float32)
    run = measured(of(points[0], points[1] + 10, real=points[2]))
    assert run.get("sample/coverage").values.tolist()[1] == 0  # type: ignore[union-attr]


def test_colour_and_size_are_made_alike() -> None:
    large = np.repeat(np.repeat(OTHER[:128, None], 2, axis=2), 2, axis=3)
    coloured = np.repeat(OTHER[128:192, None], 3, axis=1)
    assert len(measured(of(large[:64], large[64:], coloured)).get("sample/recall")) == 3  # type: ignore[arg-type]


def test_at_most_64_steps_are_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_STEPS", 3)
    run = measured(of(*list(healthy())[:7]))
    assert run.get("sample/recall").steps.tolist() == [1, 4, 7]  # type: ignore[union-attr]
    assert "samples measured at 3 of 7 steps, 64 of each, against 256 reals" in run.notes


def test_steps_that_do_not_fit_are_left_out_and_counted() -> None:
    fit = list(healthy())[:5]
    gone, broken = OSError("gone"), ReadError("x", "broken")
    run = measured(of(fit[0], fit[1][:5], gone, fit[2], broken, fit[1][:, :, :5], gone))
    assert run.get("sample/recall").steps.tolist() == [1, 4]  # type: ignore[union-attr]
    assert any(note.startswith("5 steps were not measured") for note in run.notes)


# What is not


@pytest.mark.parametrize(
    ("run", "why"),
    [
        (of(*list(healthy(25))[:3]), "there are 25 and 256"),
        (of(*list(healthy())[:3], real=REAL[:100, None]), "there are 64 and 100"),
        (of(*list(healthy())[:3], real=np.repeat(REAL[:40], 10, 0)[:, None]), "64 and 40"),
        (of(OSError("gone")), "gone"),
    ],
)
def test_too_few_samples_say_why_they_are_not_measured(run: Run, why: str) -> None:
    after = measured(run)
    assert after.series == ()
    assert "the samples were not measured" in after.notes[-1]
    assert why in after.notes[-1]


def test_what_has_its_measures_or_lacks_a_side_stays_as_it_is() -> None:
    whole = of(*list(healthy())[:3])
    recorded = replace(whole, series=(Series(Key("sample/recall"), [1.0], [0.5]),))  # type: ignore[arg-type]
    one_sided = replace(whole, samples=whole.samples[1:])
    resumed = replace(whole, segments=(Segment(), Segment(2)))
    for run in (recorded, one_sided, resumed, Run("empty")):
        assert measured(run) is run
