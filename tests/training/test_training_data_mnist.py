"""MNIST as it lies on disk, alone and stacked."""

from __future__ import annotations

import gzip
import os
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from gan_doctor.core import ConfigError
from gan_doctor.training.data import Batches, load

LABELS = np.array([3, 1, 4, 1, 5], np.uint8)


@pytest.fixture
def images() -> np.ndarray:
    drawn = np.random.default_rng(0).integers(0, 256, (5, 28, 28), dtype=np.uint8)
    drawn[0], drawn[1] = 0, 255
    return drawn


def idx(array: np.ndarray) -> bytes:
    header = struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape)
    return header + array.tobytes()


@pytest.fixture(params=["npz", "folder", "packed folder"])
def file(request: pytest.FixtureRequest, images: np.ndarray, tmp_path: Path) -> Path:
    raw = tmp_path / "MNIST" / "raw"
    raw.mkdir(parents=True)
    if request.param == "npz":
        np.savez(tmp_path / "mnist.npz", images=images, labels=LABELS)
        return tmp_path / "mnist.npz"
    for name, array in (("images-idx3", images), ("labels-idx1", LABELS)):
        if request.param == "folder":
            (raw / f"train-{name}-ubyte").write_bytes(idx(array))
        else:
            (raw / f"train-{name}-ubyte.gz").write_bytes(gzip.compress(idx(array)))
    return tmp_path


@pytest.fixture
def npz(images: np.ndarray, tmp_path: Path) -> Callable[..., str]:
    """Writes an .npz with the images, and what else is given."""

    def write(**arrays: object) -> str:
        np.savez(tmp_path / "own.npz", **{"images": images, **arrays})  # type: ignore[arg-type]
        return str(tmp_path / "own.npz")

    return write


def test_digits_and_classes_are_read_from_what_is_on_disk(file: Path, images: np.ndarray) -> None:
    data = load("mnist", 28, str(file))
    back = ((data.x + 1) * 127.5).round().numpy().astype(np.uint8)
    assert np.array_equal(back[:, 0], images)
    assert data.y is not None
    assert data.y.tolist() == LABELS.tolist()
    assert (data.y.dtype, data.classes) == (torch.long, 10)


def test_digits_are_made_smaller_without_leaving_the_range(file: Path) -> None:
    x = load("mnist", 16, str(file)).x
    assert x.shape == (5, 1, 16, 16)
    torch.testing.assert_close(x[0], torch.full((1, 16, 16), -1.0))
    torch.testing.assert_close(x[1], torch.full((1, 16, 16), 1.0))
    assert x.abs().max() <= 1


def test_digits_without_labels_have_no_classes(images: np.ndarray, tmp_path: Path) -> None:
    np.savez(tmp_path / "bare.npz", images=images)
    raw = tmp_path / "MNIST" / "raw"
    raw.mkdir(parents=True)
    (raw / "train-images-idx3-ubyte").write_bytes(idx(images))
    for file in (tmp_path / "bare.npz", tmp_path):
        for name in ("mnist", "stacked-mnist"):
            data = load(name, 28, str(file))
            assert (data.y, data.classes) == (None, 0)


def test_a_file_that_holds_no_images_is_refused_by_name(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.npz"
    for save in (
        lambda: wrong.write_text("no archive"),
        lambda: wrong.write_bytes(b""),
        lambda: np.savez(wrong, labels=np.arange(3)),
        lambda: np.savez(wrong, images=np.zeros((3, 8, 8), np.uint8)),
        lambda: np.savez(wrong, images=np.zeros((0, 28, 28), np.uint8)),
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


@pytest.mark.parametrize(
    "labels",
    [np.arange(4), np.arange(6, 11), np.arange(-1, 4), np.zeros(5), np.zeros((5, 10), np.uint8)],
    ids=["too few", "a ten", "a minus", "no whole numbers", "one-hot"],
)
def test_labels_that_are_no_digits_are_refused(labels: np.ndarray, npz: Callable[..., str]) -> None:
    with pytest.raises(ConfigError, match=r"own\.npz must hold labels \(5,\) from 0 to 9"):
        load("mnist", 28, npz(labels=labels))


def test_a_broken_idx_file_is_refused_by_name(images: np.ndarray, tmp_path: Path) -> None:
    raw = tmp_path / "MNIST" / "raw"
    raw.mkdir(parents=True)
    whole = idx(images)
    broken = {
        "": (whole[:-1], b"\0\0\x0d" + whole[3:], b"\x01" + whole[1:], whole[:6], b""),
        ".gz": (gzip.compress(whole)[:-9], b"no archive", gzip.compress(whole)[:12] + b"xxxxxxx"),
    }
    for ending, contents in broken.items():
        path = raw / f"train-images-idx3-ubyte{ending}"
        for content in contents:
            path.write_bytes(content)
            with pytest.raises(ConfigError, match="ubyte is not a whole idx file"):
                load("mnist", 28, str(tmp_path))
        path.unlink()


@pytest.mark.parametrize("size", [16, 28])
def test_a_stack_is_three_digits_and_its_class_the_number_they_write(
    size: int, npz: Callable[..., str]
) -> None:
    file = npz(labels=LABELS)
    single, data = load("mnist", size, file), load("stacked-mnist", size, file)
    assert (len(data), data.sample_shape, data.classes) == (100_000, (3, size, size), 1000)
    x, y = next(Batches(data, 50, torch.Generator().manual_seed(0)))
    assert y is not None
    for image, number in zip(x, y.tolist(), strict=True):
        rows = [int((single.x[:, 0] == colour).all((1, 2)).nonzero()[0]) for colour in image]
        a, b, c = (int(LABELS[row]) for row in rows)
        assert number == 100 * a + 10 * b + c


def test_stacks_are_put_together_when_they_are_needed(npz: Callable[..., str]) -> None:
    data = load("stacked-mnist", 28, npz(labels=LABELS))
    assert data.channels is not None
    held = sum(t.numel() * t.element_size() for t in (data.x, data.channels) if t is not None)
    assert held < 3e6  # and 941 MB put together


def test_the_real_digits_stack_to_all_thousand_modes() -> None:
    folder = os.environ.get("GAN_DOCTOR_DATA")
    if not folder:
        pytest.skip("GAN_DOCTOR_DATA does not name a directory with mnist10k.npz")
    data = load("stacked-mnist", 16, str(Path(folder) / "mnist10k.npz"))
    assert data.y is not None
    assert len(data.y.unique()) == 1000
