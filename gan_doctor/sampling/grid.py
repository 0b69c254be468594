"""One image that shows many samples, cut into its tiles."""

from __future__ import annotations

import numpy as np

from gan_doctor.core import ConfigError
from gan_doctor.sampling.images import Pixels, Size


def cut(pixels: Pixels, grid: Size, padding: int = 0, name: object = "The image") -> Pixels:
    """(rows * columns, h, w, 3) tiles of an image (H, W, 3), row by row.

    Tiles lie as torchvision's `save_image` puts them: `padding` pixels between them and around
    them all. Tiles at the end of the last row that are nothing but the colour of the padding are
    left out: there were fewer samples than places.

    Args:
        pixels: The grid.
        grid: Rows and columns.
        padding: In pixels.
        name: Of the image, for the error.

    Raises:
        ConfigError: The image does not divide into such tiles.
    """
    shape = (pixels.shape[0], pixels.shape[1])
    (height, top), (width, left) = (
        _side(side, n, padding) for side, n in zip(shape, grid, strict=True)
    )
    if not height or not width:
        raise ConfigError(
            f"{name} of {shape[0]}x{shape[1]} pixels (height x width) does not divide into "
            f"{grid[0]} rows and {grid[1]} columns with {padding} pixels between the tiles: "
            f"{_hint(shape, grid, padding)}"
        )
    y = top + (height + padding) * np.arange(grid[0])[:, None] + np.arange(height)  # (R, h)
    x = left + (width + padding) * np.arange(grid[1])[:, None] + np.arange(width)  # (C, w)
    tiles: Pixels = pixels[y[:, None, :, None], x[None, :, None, :]]  # (R, C, h, w, 3)
    tiles = tiles.reshape(-1, height, width, 3)
    return tiles[: len(tiles) - _empty(tiles, grid[1], pixels[0, 0])] if padding else tiles


def _side(side: int, tiles: int, padding: int) -> tuple[int, int]:
    """The side of a tile and where the first begins; 0 where it does not come out even."""
    size, rest = divmod(side - padding * (tiles + 1), tiles)
    return (0, 0) if rest or size < 1 else (size, padding)


def _hint(shape: Size, grid: Size, padding: int) -> str:
    """The padding with which it would divide, if there is one in use."""
    fits = [
        p
        for p in (0, 1, 2, 4, 8)
        if p != padding and all(_side(s, n, p)[0] for s, n in zip(shape, grid, strict=True))
    ]
    if len(fits) == 1:
        return f"it does with --padding {fits[0]}"
    return "give the --grid ROWSxCOLUMNS and --padding PIXELS that it was saved with"


def _empty(tiles: Pixels, columns: int, colour: Pixels) -> int:
    """How many tiles at the end of the last row show nothing; a row that is all empty counts none.

    save_image makes no row without a sample.
    """
    blank = (tiles[-columns:] == colour).all((1, 2, 3))
    n = columns if blank.all() else int(np.argmin(blank[::-1]))
    return 0 if n == columns else n
