from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields

import pytest
import torch

from gan_doctor.core import ConfigError
from gan_doctor.detectors import known as detectors
from gan_doctor.training import DATA, PRESETS, TrainConfig, Trained, train
from gan_doctor.training.data import ring
from gan_doctor.training.presets import HEALTHY

# Section 6 of the catalogue: what part 4 detects, and what the presets must cover.
CODES = [
    "GD001", "GD101", "GD102", "GD103", "GD104", "GD105", "GD201", "GD202", "GD203", "GD204",
    "GD205", "GD301", "GD302", "GD303", "GD304", "GD305", "GD306", "GD401", "GD402", "GD403",
    "GD404", "GD405", "GD406", "GD501", "GD502", "GD601", "GD602", "GD603", "GD604", "GD605",
    "GD606", "GD607",
]  # fmt: skip


def test_there_is_a_preset_for_each_code_of_the_catalogue() -> None:
    assert sorted({preset.code for preset in PRESETS.values()}) == CODES


def test_a_preset_has_the_name_of_its_detector_where_there_is_one() -> None:
    for slug, kind in detectors().items():
        if kind.code != "GD001":  # whose preset is `healthy`
            assert PRESETS[slug].code == kind.code


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_is_a_small_change_that_says_why(name: str) -> None:
    preset = PRESETS[name]
    assert preset.summary.endswith(".")
    cases = [case for case in (preset.images, preset.points) if case is not None]
    assert cases
    for case in cases:
        assert len(case.sick) <= 4
        assert bool(case.sick) is (name != "healthy")


@pytest.mark.parametrize("name", PRESETS)
def test_the_twin_is_the_same_training_without_the_fault(name: str) -> None:
    sick, twin = TrainConfig.of(name), TrainConfig.of(name, settings={"twin": True})
    case = PRESETS[name].points if twin.data == "ring" else PRESETS[name].images
    assert case is not None
    changed = {
        f.name for f in fields(TrainConfig) if getattr(sick, f.name) != getattr(twin, f.name)
    }
    assert changed - {"twin"} == set(case.sick)
    assert not twin.fault
    assert not twin.allow_conflicts


@pytest.mark.parametrize("twin", [False, True], ids=["sick", "twin"])
@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_trains_at_home(name: str, twin: bool) -> None:
    settings = {"twin": twin, "steps": 2, "width": 8, "latent": 4, "d_width": 8}
    train(TrainConfig.of(name, settings=settings))


def test_a_preset_that_has_no_meaning_for_the_data_says_so() -> None:
    with pytest.raises(ConfigError, match=r"not made for ring.*noise"):
        TrainConfig.of("noise-output", settings={"data": "ring"})
    with pytest.raises(ConfigError, match="pixel-loss cannot be used here"):
        TrainConfig.of("auxiliary-loss-dominates", settings={"data": "digits"})


@pytest.mark.parametrize("data", ["digits", "mnist", "low-diversity", "texture"])
@pytest.mark.parametrize("name", [n for n, p in PRESETS.items() if p.images and p.home == "digits"])
def test_presets_fit_all_images(name: str, data: str) -> None:
    if (
        "projection" in PRESETS[name].changes("digits").get("tricks", {})
        and not DATA[data].labelled
    ):
        pytest.skip("a conditional training needs classes")
    TrainConfig.of(name, settings={"data": data})


@pytest.mark.parametrize("data", HEALTHY)
def test_every_data_set_has_a_healthy_training(data: str) -> None:
    assert data in DATA
    assert TrainConfig.of(settings={"data": data}).data == data


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
