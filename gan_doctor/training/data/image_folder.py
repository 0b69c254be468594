"""A folder of the reader's own images."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from gan_doctor.core import ConfigError
from gan_doctor.training.data.dataset import Dataset

# What `data_file` must be.
FOLDER = "a folder of images (png, jpg, webp or bmp), of any sizes, in subfolders if you like"

_ENDINGS = (".png", ".jpg", ".jpeg", ".webp", ".bmp")
_MOST_BYTES = 8 * 2**30  # that the images may fill in memory; our choice


def image_folder(size: int, file: str) -> Dataset:
    """All images of a folder and what lies in it, (N, 3, size, size), in the order of their names.

    Each is resized until it fills the square, and its middle is kept; what is transparent becomes
    white. They are (N, 1, size, size) if all are grey. Subfolders are classes, in the order of
    their names, if there are two or more and every image lies in one.

    Args:
        size: Side of an image.
        file: The folder.

    Raises:
        ConfigError: There is no image, an image cannot be read, they do not fit into memory, or
            the size is none.
    """
    if size < 1:
        raise ConfigError(f"size must be 1 or more for images, got {size}")
    folder = Path(file)
    paths = sorted(p for p in folder.rglob("*") if p.suffix.lower() in _ENDINGS and p.is_file())
    if not paths:
        raise ConfigError(f"{folder} holds no image: set data_file to {FOLDER}")
    needed = len(paths) * 3 * size**2 * 4
    if needed > _MOST_BYTES:
        raise ConfigError(
            f"{len(paths)} images of {size}x{size} fill {needed / 2**30:.0f} GiB of memory, more "
            f"than {_MOST_BYTES / 2**30:.0f}: set a smaller size, or put fewer into {folder}"
        )
    pixels = np.stack([_read(path, size) for path in paths])  # (N, size, size, 3)
    if (pixels == pixels[..., :1]).all():
        pixels = pixels[..., :1]
    x = torch.from_numpy(pixels).permute(0, 3, 1, 2).float().div_(127.5).sub_(1).contiguous()
    y, classes = _classes([path.relative_to(folder) for path in paths])
    return Dataset(x, y, classes)


def _classes(paths: list[Path]) -> tuple[Tensor | None, int]:
    names = sorted({path.parts[0] for path in paths})
    if len(names) < 2 or any(len(path.parts) == 1 for path in paths):
        return None, 0
    return torch.tensor([names.index(path.parts[0]) for path in paths]), len(names)


def _read(path: Path, size: int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """(size, size, 3)."""
    from PIL import Image, ImageOps

    try:
        with warnings.catch_warnings():
            # Pillow warns of an image that is large enough to be an attack; we refuse it.
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path) as image:
                if image.mode.startswith(("I", "F")):
                    raise ValueError("it has more than 8 bits a channel; save it with 8")
                # Cameras turn an image by a note in the file.
                colours = ImageOps.exif_transpose(image).convert("RGBA")
    except (
        OSError, SyntaxError, ValueError, Image.DecompressionBombError,
        Image.DecompressionBombWarning,
    ) as error:  # fmt: skip
        raise ConfigError(
            f"Cannot read {path} as an image ({error}): repair it, or take it out of the folder"
        ) from error
    on_white = Image.alpha_composite(Image.new("RGBA", colours.size, "white"), colours)
    fitted = ImageOps.fit(on_white.convert("RGB"), (size, size), Image.Resampling.BICUBIC)
    return np.asarray(fitted)
