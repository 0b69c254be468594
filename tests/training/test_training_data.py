"""The data sets that are made, or come with scikit-learn."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from gan_doctor.core import ConfigError, UnknownNameError
from gan_doctor.metrics import (
    distances,
    mean_pairwise,
    mixture_quality,
    nearest,
    neighbour_correlation,
    spread,
)
from gan_doctor.training.data import DATA, Dataset, load, ring

MADE = [name for name, kind in DATA.items() if not kind.needs_file]


def random(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("name", MADE)
def test_a_data_set_is_what_its_kind_says(name: str) -> None:
    kind = DATA[name]
    data = load(name, kind.sizes[0])
    assert data.x.dtype == torch.float32
    assert data.x.isfinite().all()
    if kind.kind == "images":
        assert data.sample_shape[1:] == (kind.sizes[0],) * 2
        assert data.x.abs().max() <= 1
        assert data.x.max() - data.x.min() > 1.9
    else:
        assert data.sample_shape == (2,)
    assert data.paired == kind.paired
    assert bool(data.classes) == kind.labelled
    if data.classes:
        assert data.y is not None
        assert data.y.dtype == torch.long
        assert data.y.unique().tolist() == list(range(data.classes))


@pytest.mark.parametrize("name", MADE)
def test_a_data_set_is_the_same_every_time_and_touches_no_random_state(name: str) -> None:
    before = torch.get_rng_state()
    first, second = (load(name, DATA[name].sizes[0]) for _ in range(2))
    assert torch.equal(first.x, second.x)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("name", DATA)
def test_a_kind_says_in_one_sentence_what_it_is(name: str) -> None:
    assert DATA[name].summary.count(". ") == 0
    assert DATA[name].summary.endswith(".")


def test_what_does_not_exist_is_refused_with_what_does() -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'digits'"):
        load("digit", 8)
    with pytest.raises(ConfigError, match="size must be 8 for digits, got 16"):
        load("digits", 16)


@pytest.mark.parametrize(
    ("name", "file"),
    [("mnist", r"an \.npz"), ("stacked-mnist", r"an \.npz"), ("images", "a folder"),
     ("csv", "a CSV")],
)  # fmt: skip
def test_data_from_disk_says_what_file_it_wants(name: str, file: str) -> None:
    with pytest.raises(ConfigError, match=rf"{name} is .* not downloaded: set data_file to {file}"):
        load(name, (*DATA[name].sizes, 8)[0])


def test_the_ring_has_eight_modes_of_equal_weight() -> None:
    points = ring(80_000, random())
    angle = torch.atan2(points[:, 1], points[:, 0]) / (2 * math.pi) * 8
    modes = angle.round().long() % 8
    share = torch.bincount(modes, minlength=8) / len(points)
    assert share.tolist() == pytest.approx([1 / 8] * 8, rel=0.05)


def test_the_modes_of_the_ring_have_the_published_radius_and_width() -> None:
    radius = load("ring").x.norm(dim=1)
    assert radius.mean().item() == pytest.approx(1, abs=1e-3)
    assert radius.std().item() == pytest.approx(0.01, rel=0.05)


def test_the_ring_can_have_other_modes() -> None:
    assert len(ring(1000, random(), modes=5, sd=0.0).unique(dim=0)) == 5


def test_the_grid_is_the_published_one() -> None:
    data = load("grid")
    assert len(data) == 100_000
    assert data.means is not None
    assert sorted(data.means.tolist()) == [[i, j] for i in range(-4, 5, 2) for j in range(-4, 5, 2)]
    assert data.sd == 0.05


@pytest.mark.parametrize("name", ["ring", "grid"])
def test_a_mixture_knows_its_modes(name: str) -> None:
    data = load(name)
    assert data.means is not None
    assert data.y is not None
    offset = data.x - data.means[data.y]
    assert offset.std().item() == pytest.approx(data.sd, rel=0.02)
    quality = mixture_quality(data.x, data.means, data.sd)
    assert quality.modes == data.classes
    assert quality.high_quality.item() == pytest.approx(1 - math.exp(-4.5), abs=2e-3)


def test_the_swiss_roll_is_a_spiral_of_about_unit_size() -> None:
    x = load("swiss-roll").x
    assert ((x.std(0) > 0.8) & (x.std(0) < 1)).all()
    # Its radius is its angle: t (cos t, sin t), but for the noise of 0.25.
    radius, angle = 7.5 * x.norm(dim=1), torch.atan2(x[:, 1], x[:, 0])
    turns = (radius - angle) / (2 * math.pi)
    assert (turns - turns.round()).abs().mean() < 0.05


def test_digits_come_whole_with_their_classes() -> None:
    data = load("digits", 8)
    assert data.x.shape == (1797, 1, 8, 8)
    assert (data.x.min().item(), data.x.max().item()) == (-1, 1)
    assert data.y is not None
    zeros, ones = (data.x[data.y == digit].mean(0)[0] for digit in (0, 1))
    assert zeros[3:5, 3:5].mean() < 0 < ones[3:5, 3:5].mean()  # a ring is empty in the middle


def test_pairs_are_digits_and_their_means_over_two_by_two_pixels() -> None:
    data = load("pairs", 8)
    assert data.y is not None
    assert (data.x.shape, data.y.shape) == ((1797, 1, 8, 8), (1797, 16))
    assert (data.paired, data.classes, data.told) == (True, 0, 16)
    naive = [data.x[5, 0, i : i + 2, j : j + 2].mean() for i in (0, 2, 4, 6) for j in (0, 2, 4, 6)]
    torch.testing.assert_close(data.y[5], torch.stack(naive))


def test_low_diversity_differs_far_less_than_digits_do_and_yet_never_repeats() -> None:
    blobs, digits = load("low-diversity", 16).first(400), load("digits", 8).first(400)
    of_one = [spread(x.flatten(1)) / x[0].numel() for x in (blobs, digits)]
    assert of_one[0] < of_one[1] / 2
    assert nearest(distances(blobs.flatten(1), blobs.flatten(1))).min() > 0


def test_the_blob_moves_by_a_pixel_or_two() -> None:
    blob = (load("low-diversity", 16).x[:, 0] + 1) / 2  # (N, 16, 16) from 0 to 1
    rows = torch.arange(16.0)
    middle = (blob.sum(2) * rows).sum(1) / blob.sum((1, 2))
    assert (middle.min() - 7.5).item() == pytest.approx(-1.5, abs=0.3)
    assert (middle.max() - 7.5).item() == pytest.approx(1.5, abs=0.3)
    brightest = blob.flatten(1).amax(1)
    assert brightest.min() > 0.75


def test_textures_are_close_to_noise_but_each_has_a_direction() -> None:
    x = load("texture", 16).first(500)
    assert neighbour_correlation(x).mean() < 0.4  # 0 for noise, .54 for digits
    down = (x[:, 0, 1:] * x[:, 0, :-1]).mean((1, 2))
    right = (x[:, 0, :, 1:] * x[:, 0, :, :-1]).mean((1, 2))
    assert ((down - right).abs() > 0.05).float().mean() > 0.6
    noise = 0.45 * torch.randn(x.shape, generator=random())
    of_noise = (noise[:, 0, 1:] * noise[:, 0, :-1]).mean((1, 2))
    assert down.std() > 3 * of_noise.std()


def test_textures_do_not_resemble_each_other() -> None:
    x = load("texture", 16).first(200).flatten(1)
    apart = mean_pairwise(distances(x, x))
    assert apart.item() == pytest.approx(math.sqrt(2 * spread(x).item()), rel=0.05)


@pytest.fixture
def labelled() -> Dataset:
    """10 images that hold their own number, in 5 classes."""
    x = torch.arange(10.0).view(10, 1, 1, 1).expand(10, 1, 2, 2) / 10
    return Dataset(x, torch.arange(10) // 2, classes=5)


@pytest.fixture
def stacked(labelled: Dataset) -> Dataset:
    """6 images of three of the others."""
    channels = torch.tensor([[0, 1, 2], [3, 4, 5], [6, 7, 8], [9, 0, 1], [2, 2, 2], [5, 4, 3]])
    return Dataset(labelled.x, torch.arange(6), classes=6, channels=channels)


def test_a_batch_is_rows_and_what_they_are_of(labelled: Dataset) -> None:
    x, y = labelled.batch(torch.tensor([7, 2]))
    assert (10 * x[:, 0, 0, 0]).tolist() == pytest.approx([7, 2])
    assert y is not None
    assert y.tolist() == [3, 1]
    assert Dataset(labelled.x).batch(torch.tensor([7]))[1] is None


def test_stacked_images_are_put_together_from_their_parts(stacked: Dataset) -> None:
    assert (len(stacked), stacked.sample_shape) == (6, (3, 2, 2))
    x, y = stacked.batch(torch.tensor([3, 1]))
    assert x.shape == (2, 3, 2, 2)
    expected = torch.tensor([[0.9, 0.0, 0.1], [0.3, 0.4, 0.5]])
    torch.testing.assert_close(x, expected[:, :, None, None].expand(2, 3, 2, 2))
    assert y is not None
    assert y.tolist() == [3, 1]
    assert stacked.first(100).shape == (6, 3, 2, 2)


@pytest.mark.parametrize("name", ["labelled", "stacked"])
def test_little_data_is_a_seeded_choice_that_keeps_its_labels(
    name: str, request: pytest.FixtureRequest
) -> None:
    whole: Dataset = request.getfixturevalue(name)
    few = whole.limited(4, seed=1)
    assert len(few) == 4
    order = torch.randperm(len(whole), generator=random(1))[:4]
    for ours, expected in zip(few.batch(torch.arange(4)), whole.batch(order), strict=True):
        assert ours is not None
        assert expected is not None
        assert torch.equal(ours, expected)
    assert torch.equal(whole.limited(4, seed=1).first(4), few.first(4))
    others = whole.limited(4, seed=1, rest=True)
    together = torch.cat([few.first(4), others.first(len(whole))])
    assert len(others) == len(whole) - 4
    assert sorted(together.tolist()) == sorted(whole.first(len(whole)).tolist())
    assert not torch.equal(whole.limited(4, seed=2).first(4), few.first(4))
    assert few.classes == whole.classes


@pytest.mark.parametrize("n", [0, 11])
def test_more_data_than_there_is_cannot_be_asked_for(labelled: Dataset, n: int) -> None:
    with pytest.raises(ConfigError, match=rf"from 1 to the 10 samples .* got {n}"):
        labelled.limited(n, seed=0)


@pytest.mark.parametrize("name", ["digits", "pairs", "low-diversity"])
def test_images_can_be_scaled_to_the_wrong_range(name: str) -> None:
    data = load(name, DATA[name].sizes[0])
    unit = data.scaled_to_unit()
    assert (unit.x >= 0).all()
    torch.testing.assert_close(2 * unit.x - 1, data.x)
    assert data.y is unit.y


def test_points_have_no_range_to_scale() -> None:
    with pytest.raises(ConfigError, match=r"Only images .* set data_range to tanh"):
        load("ring").scaled_to_unit()


def test_a_move_takes_all_tensors_along(stacked: Dataset) -> None:
    moved = Dataset(**{**vars(stacked), "means": torch.zeros(2, 2)}).to("meta")
    tensors: list[Tensor | None] = [moved.x, moved.y, moved.means, moved.channels]
    assert all(t is not None and t.device.type == "meta" for t in tensors)
    assert moved.classes == 6
    assert Dataset(stacked.x).to("meta").y is None
