from __future__ import annotations

import gzip
import math
import struct
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import torch

from gan_doctor.core import ConfigError
from gan_doctor.training.data import batches, load, ring


def random(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_the_ring_has_eight_modes_of_equal_weight() -> None:
    points = ring(80_000, random())
    angle = torch.atan2(points[:, 1], points[:, 0]) / (2 * math.pi) * 8
    modes = angle.round().long() % 8
    share = torch.bincount(modes, minlength=8) / len(points)
    assert share.tolist() == pytest.approx([1 / 8] * 8, rel=0.05)


def test_the_modes_of_the_ring_have_the_published_radius_and_width() -> None:
    points = ring(50_000, random())
    radius = points.norm(dim=1)
    assert radius.mean().item() == pytest.approx(1, abs=1e-3)
    assert radius.std().item() == pytest.approx(0.01, rel=0.05)


def test_three_sd_hold_as_many_points_as_the_theory_says() -> None:
    points = ring(50_000, random())
    angles = torch.arange(8) * 2 * math.pi / 8
    means = torch.stack([angles.cos(), angles.sin()], 1)
    near = torch.cdist(points, means).min(1).values < 0.03
    assert near.float().mean().item() == pytest.approx(1 - math.exp(-4.5), abs=2e-3)


def test_digits_come_whole_in_the_range_of_tanh() -> None:
    digits = load("digits", 8)
    assert digits.shape == (1797, 1, 8, 8)
    assert (digits.min().item(), digits.max().item()) == (-1, 1)
    assert digits.dtype == torch.float32


@pytest.fixture
def images() -> np.ndarray:
    drawn = np.random.default_rng(0).integers(0, 256, (5, 28, 28), dtype=np.uint8)
    drawn[0], drawn[1] = 0, 255
    return drawn


def idx(images: np.ndarray) -> bytes:
    return struct.pack(">IIII", 2051, *images.shape) + images.tobytes()


@pytest.fixture(params=["npz", "folder", "packed folder"])
def file(request: pytest.FixtureRequest, images: np.ndarray, tmp_path: Path) -> Path:
    raw = tmp_path / "MNIST" / "raw"
    raw.mkdir(parents=True)
    if request.param == "npz":
        np.savez(tmp_path / "mnist.npz", images=images, labels=np.arange(5))
        return tmp_path / "mnist.npz"
    if request.param == "folder":
        (raw / "train-images-idx3-ubyte").write_bytes(idx(images))
    else:
        (raw / "train-images-idx3-ubyte.gz").write_bytes(gzip.compress(idx(images)))
    return tmp_path


def test_mnist_is_read_from_what_is_on_disk(file: Path, images: np.ndarray) -> None:
    loaded = load("mnist", 28, str(file))
    assert loaded.shape == (5, 1, 28, 28)
    back = ((loaded + 1) * 127.5).round().numpy().astype(np.uint8)
    assert np.array_equal(back[:, 0], images)


def test_mnist_is_made_smaller_without_leaving_the_range(file: Path) -> None:
    loaded = load("mnist", 16, str(file))
    assert loaded.shape == (5, 1, 16, 16)
    torch.testing.assert_close(loaded[0], torch.full((1, 16, 16), -1.0))
    torch.testing.assert_close(loaded[1], torch.full((1, 16, 16), 1.0))
    assert loaded.abs().max() <= 1


def test_mnist_without_a_file_says_what_to_do() -> None:
    with pytest.raises(ConfigError, match=r"not downloaded: set data_file to an \.npz"):
        load("mnist", 16)


def test_a_file_that_holds_no_images_is_refused_by_name(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.npz"
    for save in (
        lambda: wrong.write_text("no archive"),
        lambda: np.savez(wrong, labels=np.arange(3)),
        lambda: np.savez(wrong, images=np.zeros((3, 8, 8), np.uint8)),
        lambda: np.savez(wrong, images=np.zeros((3, 28, 28))),
        lambda: np.savez(wrong, images=np.array([object()])),
    ):
        save()
        with pytest.raises(ConfigError, match=r"wrong\.npz"):
            load("mnist", 28, str(wrong))
    with pytest.raises(ConfigError, match=r"absent\.npz"):
        load("mnist", 28, str(tmp_path / "absent.npz"))
    with pytest.raises(ConfigError, match="holds no MNIST/raw"):
        load("mnist", 28, str(tmp_path))


def test_a_pass_shows_every_sample_once_but_the_rest() -> None:
    data = torch.arange(10.0).unsqueeze(1)
    one_pass = torch.cat(list(islice(batches(data, 3, random()), 3))).flatten()
    assert len(set(one_pass.tolist())) == 9


def test_passes_come_in_different_orders_and_repeat_by_seed() -> None:
    data = torch.arange(8.0).unsqueeze(1)
    first, second = (b.flatten().tolist() for b in islice(batches(data, 8, random(1)), 2))
    assert first != second
    assert next(batches(data, 8, random(1))).flatten().tolist() == first


def test_a_batch_that_the_data_does_not_fill_is_refused_at_once() -> None:
    with pytest.raises(ConfigError, match=r"batch of 64 .* the data has 10"):
        batches(torch.zeros(10, 2), 64, random())
