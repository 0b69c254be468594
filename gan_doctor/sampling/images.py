"""Images on disk and as tensors: which files are images, how one is read, how it is made to fit."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn.functional import interpolate

from gan_doctor.core import ConfigError

ENDINGS = (".png", ".jpg", ".jpeg", ".webp", ".bmp")
_TURNED = (5, 6, 7, 8)  # orientations in a camera's note that swap height and width
_ORIENTATION = 0x0112

Pixels = npt.NDArray[np.uint8]
Size = tuple[int, int]  # height, width


def image_paths(folder: Path) -> list[Path]:
    """All images of a folder and what lies in it, in the order of their names."""
    return sorted(p for p in folder.rglob("*") if p.suffix.lower() in ENDINGS and p.is_file())


def classes_of(paths: Sequence[Path]) -> tuple[Tensor | None, tuple[str, ...]]:
    """The class of each image and the names of the classes: their subfolders.

    There are classes if there are two subfolders or more and every image lies in one.

    Args:
        paths: Relative to the folder.
    """
    names = sorted({path.parts[0] for path in paths})
    if len(names) < 2 or any(len(path.parts) == 1 for path in paths):
        return None, ()
    return torch.tensor([names.index(path.parts[0]) for path in paths]), tuple(names)


def read_image(path: Path, size: Size | None = None) -> Pixels:
    """(H, W, 3) one image, turned as the camera says, what is transparent on white.

    Args:
        path: Of the file.
        size: It is resized until it fills this, and its middle is kept; None leaves it.

    Raises:
        ConfigError: It cannot be read, is too large, or has more than 8 bits a channel.
    """
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
    fitted = on_white.convert("RGB")
    if size is not None:
        fitted = ImageOps.fit(fitted, (size[1], size[0]), Image.Resampling.BICUBIC)
    return np.asarray(fitted)


def image_size(path: Path) -> Size | None:
    """Height and width of an image, from its head; None where that cannot be read."""
    from PIL import Image

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(path) as image:
                turned = image.getexif().get(_ORIENTATION) in _TURNED
                return (image.width, image.height) if turned else (image.height, image.width)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        return None  # reading it whole will say what is wrong with it


def check_memory(count: int, shape: Sequence[int], limit: int, where: object) -> None:
    """Refuses float32 samples that would fill more than `limit` bytes.

    Raises:
        ConfigError: They would.
    """
    needed = 4 * count * int(np.prod(shape, dtype=object))
    if needed > limit:
        what = "images" if len(shape) == 3 else "samples"
        raise ConfigError(
            f"{count} {what} of {'x'.join(map(str, shape[-2:]))} fill {needed / 2**30:.0f} GiB of "
            f"memory, more than {limit / 2**30:.0f}: set a smaller size, or put fewer into {where}"
        )


def as_samples(pixels: Pixels) -> Tensor:
    """(N, H, W, 3) pixels to (N, C, H, W) in [-1, 1]; one channel if all are grey."""
    if (pixels == pixels[..., :1]).all():
        pixels = pixels[..., :1]
    return in_range(torch.from_numpy(pixels).permute(0, 3, 1, 2).float()).contiguous()


def in_range(x: Tensor) -> Tensor:
    """0 to 255 to -1 to 1, in place."""
    return x.div_(127.5).sub_(1)


def fitted(x: Tensor, size: Size) -> Tensor:
    """(N, C, H, W) resized until they fill the size, and their middle: `read_image` of tensors."""
    height, width = x.shape[-2:]
    if (height, width) == size:
        return x
    share = min(height / size[0], width / size[1])
    h, w = (
        min(side, round(share * wanted)) for side, wanted in zip((height, width), size, strict=True)
    )
    top, left = (height - h) // 2, (width - w) // 2
    inside = x[..., top : top + h, left : left + w]
    out = interpolate(inside, size, mode="bicubic", antialias=True)
    # Bicubic weights are partly negative and leave the range at sharp edges.
    return out.clamp_(float(x.min()), float(x.max()))
