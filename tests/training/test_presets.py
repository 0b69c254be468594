from __future__ import annotations

from collections.abc import Mapping

import pytest
import torch

from gan_doctor.core import ConfigError
from gan_doctor.detectors import known as detectors
from gan_doctor.training import PRESETS, TrainConfig, Trained, train
from gan_doctor.training.data import ring


def test_there_is_a_sick_preset_for_each_detector_named_after_it() -> None:
    codes = {kind.code: slug for slug, kind in detectors().items()}
    sick = {preset.code: name for name, preset in PRESETS.items() if preset.code}
    assert sick.items() <= codes.items()
    assert set(sick) >= {"GD101", "GD201", "GD202", "GD203", "GD301", "GD302", "GD401"}


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_is_a_small_change_that_says_why(name: str) -> None:
    preset = PRESETS[name]
    assert preset.summary.endswith(".")
    for changes in (preset.images, preset.ring):
        if changes is not None:
            assert len(changes) <= 4
            assert bool(changes) is bool(preset.code)


def test_a_preset_that_has_no_meaning_for_the_data_says_so() -> None:
    with pytest.raises(ConfigError, match=r"not made for ring.*noise"):
        TrainConfig.of("noise-output", settings={"data": "ring"})


@pytest.mark.parametrize("data", ["digits", "mnist"])
@pytest.mark.parametrize("name", PRESETS)
def test_presets_fit_all_images(name: str, data: str) -> None:
    TrainConfig.of(name, settings={"data": data})


def on_the_ring(name: str, steps: int) -> tuple[Trained, list[Mapping[str, float]]]:
    losses: list[Mapping[str, float]] = []
    config = TrainConfig.of(name, settings={"data": "ring", "steps": steps})
    return train(config, progress=lambda _, both: losses.append(both)), losses


def points(done: Trained) -> torch.Tensor:
    z = torch.randn(2000, done.config.latent, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        return done.generator(z)  # type: ignore[no-any-return]


def modes_reached(x: torch.Tensor) -> int:
    """Modes of the ring that at least 1% of the points lie near."""
    means = ring(8000, torch.Generator().manual_seed(0), sd=0.0).unique(dim=0)
    distance, nearest = torch.cdist(x, means).min(1)
    return int((torch.bincount(nearest[distance < 0.15], minlength=len(means)) > 20).sum())


def test_the_healthy_training_reaches_all_modes_of_the_ring() -> None:
    assert modes_reached(points(on_the_ring("healthy", 1200)[0])) == 8


@pytest.mark.parametrize(
    ("name", "steps", "most"), [("mode-collapse", 1200, 1), ("mode-dropping", 400, 6)]
)
def test_the_sick_ones_miss_modes(name: str, steps: int, most: int) -> None:
    assert modes_reached(points(on_the_ring(name, steps)[0])) <= most


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [("discriminator-overpowering", 0, 0.1), ("discriminator-failing", 1.5, 4)],
)
def test_the_loss_of_d_shows_who_wins(name: str, low: float, high: float) -> None:
    losses: list[float] = []
    config = TrainConfig.of(name, settings={"steps": 100})
    train(config, progress=lambda _, both: losses.append(both["loss_d"]))
    assert all(low <= loss <= high for loss in losses[50:])


def test_the_diverging_training_ends_in_numbers_that_are_none() -> None:
    done, _ = on_the_ring("non-finite", 400)
    assert not all(p.isfinite().all() for p in done.generator.parameters())
