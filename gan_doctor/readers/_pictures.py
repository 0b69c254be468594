"""Image files as samples: their heads, their pixels, and many of them in one array."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np

from gan_doctor.core import ReadError, Source, evenly
from gan_doctor.readers._grids import Layout, Pixels, Size

if TYPE_CHECKING:
    from PIL.Image import Image

ENDINGS = (".png", ".jpg", ".jpeg", ".webp", ".bmp")
_FORMATS = ("PNG", "JPEG", "WEBP", "BMP")
_LOSSY = ("JPEG", "WEBP")
MOST_PIXELS = 64_000_000
# Bytes that an image may always unpack to; one that unpacks to more must be large on the disk too.
_ALWAYS = 50_000_000
_TIMES_ITS_BYTES = 10
# Larger samples are made smaller, as they are where samples are judged without a training.
LARGEST_SIDE = 128


def head_of(source: Source, path: str) -> tuple[Size, bool]:
    """The height and width of an image, and whether its format is lossy; its pixels are not read.

    Raises:
        ReadError: It is none that we take.
    """
    with _opened(source, path) as image:
        return (image.height, image.width), image.format in _LOSSY


def pixels_of(source: Source, path: str, size: Size | None = None) -> Pixels:
    """(H, W, 3) an image, what is transparent on white.

    Args:
        source: Where it lies.
        path: Its name there.
        size: It is resized until it fills this, and its middle is kept; None leaves it.

    Raises:
        ReadError: It is none that we take, or broken.
    """
    from PIL import Image, ImageOps

    with _opened(source, path) as opened:
        image: Image.Image = opened
        ImageOps.exif_transpose(image, in_place=True)
        if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
            colours = image.convert("RGBA")
            image = Image.alpha_composite(Image.new("RGBA", colours.size, "white"), colours)
        image = image if image.mode == "RGB" else image.convert("RGB")
        if size is not None:
            image = ImageOps.fit(image, (size[1], size[0]), Image.Resampling.BICUBIC)
        return np.asarray(image)


def from_grids(
    source: Source, paths: Sequence[str], shape: Size, layout: Layout, most: int
) -> Pixels:
    """(N, h, w, 3) the samples in some grids, at most `most` of them.

    Args:
        source: Where they lie.
        paths: Their names there.
        shape: Height and width that they must have.
        layout: How the samples lie in them.
        most: Samples; those of the first grids are taken.

    Raises:
        ReadError: None of them could be read.
    """
    found: list[Pixels] = []
    errors: list[ReadError] = []
    for path in paths:
        if sum(map(len, found)) >= most:
            break
        try:
            pixels = pixels_of(source, path)
            if pixels.shape[:2] != shape:
                raise ReadError(f"{source.name}/{path}", "it is of another size than most")
            found.append(_shrunk(layout.cut(pixels)))
        except ReadError as error:
            errors.append(error)
    return _together(found, errors)[:most]


def from_single(source: Source, paths: Sequence[str], most: int) -> Pixels:
    """(N, h, w, 3) images of one sample each, at most `most` of them, in the commonest size.

    Raises:
        ReadError: None of them could be read.
    """
    sizes: Counter[Size] = Counter()
    errors: list[ReadError] = []
    found: list[Pixels] = []
    chosen = evenly(paths, most)
    for path in chosen:
        try:
            sizes[head_of(source, path)[0]] += 1
        except ReadError as error:
            errors.append(error)
    if sizes:
        size = _at_most(sizes.most_common(1)[0][0])
        for path in chosen:
            try:
                found.append(pixels_of(source, path, size)[None])
            except ReadError as error:
                errors.append(error)
    return _together(found, errors)


def as_images(tiles: Pixels) -> Pixels:
    """(N, h, w, 3) to (N, C, h, w), one channel if all are grey."""
    if (tiles == tiles[..., :1]).all():
        tiles = tiles[..., :1]
    return np.ascontiguousarray(tiles.transpose(0, 3, 1, 2))


def _together(found: Sequence[Pixels], errors: Sequence[ReadError]) -> Pixels:
    if not found:
        raise errors[0]
    return np.concatenate(found)


def _shrunk(tiles: Pixels) -> Pixels:
    from PIL import Image

    height, width = _at_most((tiles.shape[1], tiles.shape[2]))
    if (height, width) == tiles.shape[1:3]:
        return tiles
    small = [
        Image.fromarray(tile).resize((width, height), Image.Resampling.BICUBIC) for tile in tiles
    ]
    return np.stack([np.asarray(tile) for tile in small])


def _at_most(size: Size) -> Size:
    share = min(1.0, LARGEST_SIDE / max(size))
    return max(1, round(size[0] * share)), max(1, round(size[1] * share))


@contextmanager
def _opened(source: Source, path: str) -> Iterator[Image]:
    """An image whose head is sound, and which will not fill the memory."""
    from PIL import Image

    place = f"{source.name}/{path}"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with source.open(path) as file, Image.open(file, formats=_FORMATS) as image:
                _check(image, place, source.size(path))
                yield image
    except ReadError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ReadError(place, "it has too many pixels") from error
    except Exception as error:  # whatever Pillow says of a file that is broken
        raise ReadError(place, "it cannot be read as an image") from error


def _check(image: Image, place: str, size: int) -> None:
    pixels = image.width * image.height
    if pixels > MOST_PIXELS or 3 * pixels > _ALWAYS + _TIMES_ITS_BYTES * size:
        raise ReadError(place, "it has too many pixels")
    if getattr(image, "n_frames", 1) > 1:
        raise ReadError(place, "it is animated")
    if image.mode.startswith(("I", "F")):
        raise ReadError(place, "it has more than 8 bits a channel")
