"""The handwritten digits of MNIST, as they lie on the reader's disk."""

from __future__ import annotations

import gzip
import struct
import zipfile
import zlib
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch.nn.functional import interpolate

from gan_doctor.core import ConfigError
from gan_doctor.training.data.dataset import Dataset

# What `data_file` must be.
MNIST = (
    "an .npz with images (N, 28, 28) of uint8 and, if you have them, labels (N,), "
    "or to the folder in which torchvision keeps MNIST/raw"
)

_IMAGES, _LABELS = "train-images-idx3-ubyte", "train-labels-idx1-ubyte"

Bytes = npt.NDArray[np.uint8]


def mnist(size: int, file: str) -> Dataset:
    """Digits (N, 1, size, size), with their classes where the file has them.

    Args:
        size: Side of an image, at most 28.
        file: An .npz with `images` (N, 28, 28) of uint8, and `labels` (N,) if there are any; or the
            folder that holds torchvision's `MNIST/raw`.

    Raises:
        ConfigError: The file is missing or is no such data.
    """
    path = Path(file)
    pixels, labels = _from_idx(path) if path.is_dir() else _from_npz(path)
    if pixels.dtype != np.uint8 or pixels.shape[1:] != (28, 28) or not len(pixels):
        came = f"{pixels.dtype} of shape {pixels.shape}"
        raise ConfigError(f"{path} must hold images (N, 28, 28) of uint8, got {came}")
    images = torch.tensor(pixels).float().unsqueeze(1)  # (N, 1, 28, 28)
    if size != images.shape[-1]:
        images = interpolate(images, (size, size), mode="bilinear", antialias=True)
    images = (images / 127.5 - 1).clamp(-1, 1)
    if labels is None:
        return Dataset(images)
    if labels.shape != (len(pixels),) or labels.dtype.kind not in "iu" or not _digits(labels):
        came = f"{labels.dtype} of shape {labels.shape}"
        raise ConfigError(f"{path} must hold labels ({len(pixels)},) from 0 to 9, got {came}")
    return Dataset(images, torch.tensor(labels.astype(np.int64)), classes=10)


def _digits(labels: npt.NDArray[np.integer]) -> bool:
    return bool(labels.min() >= 0 and labels.max() <= 9)


def _from_npz(path: Path) -> tuple[Bytes, Bytes | None]:
    try:
        with np.load(path, allow_pickle=False) as archive:
            labels = np.asarray(archive["labels"]) if "labels" in archive else None
            return np.asarray(archive["images"]), labels
    except (OSError, EOFError, ValueError, TypeError, KeyError, zipfile.BadZipFile) as error:
        raise ConfigError(
            f"Cannot read images from {path} ({error}): set data_file to {MNIST}"
        ) from error


def _from_idx(folder: Path) -> tuple[Bytes, Bytes | None]:
    raw = folder / "MNIST" / "raw"
    images = _idx(raw / _IMAGES)
    if images is None:
        raise ConfigError(f"{folder} holds no MNIST/raw/{_IMAGES}: set data_file to {MNIST}")
    return images, _idx(raw / _LABELS)


def _idx(path: Path) -> Bytes | None:
    """An idx file as torchvision keeps it, packed or not; None if it is not there.

    Two zeros, 8 for bytes, the number of dimensions, each of them in four bytes, then the data.
    """
    packed = path.with_name(f"{path.name}.gz")
    if not path.is_file() and not packed.is_file():
        return None
    try:
        content = path.read_bytes() if path.is_file() else gzip.decompress(packed.read_bytes())
        zeros, kind, dims = struct.unpack_from(">HBB", content)
        if (zeros, kind) != (0, 8):
            raise ValueError("it does not start as one of bytes does")
        shape = struct.unpack_from(f">{dims}I", content, 4)
        return np.frombuffer(content, np.uint8, offset=4 + 4 * dims).reshape(shape)
    except (OSError, EOFError, ValueError, struct.error, zlib.error) as error:
        raise ConfigError(
            f"{path} is not a whole idx file ({error}): let torchvision fetch it again"
        ) from error
