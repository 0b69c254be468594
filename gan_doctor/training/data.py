"""The real data of the reference training, and its endless shuffled batches."""

from __future__ import annotations

import gzip
import math
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn.functional import interpolate

from gan_doctor.core import ConfigError

# What there is, and the sides that its images come in; points of the plane have none.
SIZES: Mapping[str, tuple[int, ...]] = {"ring": (0,), "digits": (8,), "mnist": (16, 28)}

_RING_POINTS = 50_000

_HOW = (
    "set data_file to an .npz with images (N, 28, 28) of uint8, "
    "or to the folder in which torchvision keeps MNIST/raw"
)


def load(name: str, size: int, file: str = "") -> Tensor:
    """A whole data set.

    Args:
        name: `ring`, `digits` or `mnist`.
        size: Side of an image, one of `SIZES[name]`.
        file: For `mnist`: an .npz with `images` (N, 28, 28) of uint8, or the folder that holds
            torchvision's `MNIST/raw`.

    Returns:
        (N, 2) points, or (N, 1, size, size) images in [-1, 1].

    Raises:
        ConfigError: The file is missing or is no such data.
    """
    if name == "ring":
        return ring(_RING_POINTS, torch.Generator().manual_seed(0))
    if name == "digits":
        from sklearn.datasets import load_digits

        return torch.from_numpy(load_digits().images).float().unsqueeze(1) / 8 - 1  # 0 to 16
    images = torch.tensor(_mnist(file)).float().unsqueeze(1)  # (N, 1, 28, 28)
    if size != images.shape[-1]:
        images = interpolate(images, (size, size), mode="bilinear", antialias=True)
    return (images / 127.5 - 1).clamp(-1, 1)


def ring(n: int, generator: torch.Generator, modes: int = 8, sd: float = 0.01) -> Tensor:
    """Points of equal Gaussians on the unit circle (Lin 2018, section 4.1).

    Args:
        n: Number of points.
        generator: Draws them.
        modes: Number of Gaussians; the angles leave the full turn out, or the first would count
            twice.
        sd: Their standard deviation.

    Returns:
        (n, 2).
    """
    angle = torch.randint(modes, (n,), generator=generator) * (2 * math.pi / modes)
    means = torch.stack([angle.cos(), angle.sin()], 1)
    return means + sd * torch.randn(n, 2, generator=generator)


def batches(data: Tensor, batch_size: int, generator: torch.Generator) -> Iterator[Tensor]:
    """Endless batches, shuffled anew at each pass; what fills no batch is left out of the pass.

    Args:
        data: (N, ...).
        batch_size: Samples in a batch.
        generator: Shuffles; on the CPU.

    Raises:
        ConfigError: The data does not fill one batch.
    """
    if len(data) < batch_size:
        raise ConfigError(
            f"A batch of {batch_size} needs as many samples, the data has {len(data)}: "
            "set a smaller batch_size"
        )
    return _endless(data, batch_size, generator)


def _endless(data: Tensor, batch_size: int, generator: torch.Generator) -> Iterator[Tensor]:
    while True:
        order = torch.randperm(len(data), generator=generator).to(data.device)
        for chosen in order.split(batch_size):
            if len(chosen) == batch_size:
                yield data[chosen]


def _mnist(file: str) -> npt.NDArray[np.uint8]:
    """(N, 28, 28) of uint8."""
    if not file:
        raise ConfigError(f"mnist is not downloaded: {_HOW}")
    path = Path(file)
    if path.is_dir():
        images = _idx_images(path)
        if images is None:
            raise ConfigError(f"{path} holds no MNIST/raw/train-images-idx3-ubyte: {_HOW}")
    else:
        images = _npz_images(path)
    if images.dtype != np.uint8 or images.shape[1:] != (28, 28):
        came = f"{images.dtype} of shape {images.shape}"
        raise ConfigError(f"{path} must hold images (N, 28, 28) of uint8, got {came}")
    return images


def _npz_images(path: Path) -> npt.NDArray[np.uint8]:
    try:
        with np.load(path, allow_pickle=False) as archive:
            return np.asarray(archive["images"])
    except (OSError, ValueError, TypeError, KeyError, zipfile.BadZipFile) as error:
        raise ConfigError(f"Cannot read images from {path} ({error}): {_HOW}") from error


def _idx_images(folder: Path) -> npt.NDArray[np.uint8] | None:
    """The training images as torchvision keeps them: 16 bytes of header, then the pixels."""
    raw = folder / "MNIST" / "raw" / "train-images-idx3-ubyte"
    if raw.is_file():
        content = raw.read_bytes()
    elif (packed := raw.with_suffix(".gz")).is_file():
        content = gzip.decompress(packed.read_bytes())
    else:
        return None
    pixels = np.frombuffer(content, np.uint8, offset=16)
    return pixels[: len(pixels) // 784 * 784].reshape(-1, 28, 28)
