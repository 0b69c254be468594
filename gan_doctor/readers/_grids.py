"""How the samples lie in an image that shows many of them, found from the image alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[np.uint8]
Size = tuple[int, int]  # height, width

SMALLEST = 8  # pixels a side of a sample
_WIDEST_GAP = 16  # pixels between two samples
_FEWEST = 4  # samples in a grid
# Without lines between them samples are told apart by their seams, which is less sure. Layers that
# upsample, and JPEG, leave seams of their own every 8 pixels.
_SMALLEST_BY_SEAMS = 16
_FEWEST_A_SIDE = 3
_ACROSS = 512  # pixels of a line that are looked at first: all of a large grid would fill a GiB
# Change of colour at nearly all seams over that nearly everywhere else; half of all other places
# change by this share of it, for blocks of one colour are no samples; and over that between edges
# that do not touch, for one picture goes on behind a seam. All three are our choice.
_SEAM = 1.5
_NOT_FLAT = 0.01
_UNRELATED = 0.6
_EMPTY = 8  # grey levels that JPEG puts on an empty place
_LOSSY = 32.0  # grey levels that JPEG puts on lines of two pixels at most, at quality 60 and above


@dataclass(frozen=True)
class Layout:
    """Where the samples of a grid lie.

    Args:
        tiles: Rows and columns.
        size: Height and width of a sample.
        gap: Pixels between two samples.
        border: Pixels around them all.
    """

    tiles: Size
    size: Size
    gap: int = 0
    border: int = 0

    def cut(self, pixels: Pixels) -> Pixels:
        """(N, h, w, ...) samples of an image (H, W, ...), row by row.

        Places at the end that show nothing but the colour of the lines are left out: there were
        fewer samples than places.
        """
        y, x = (
            self.border + (side + self.gap) * np.arange(n)[:, None] + np.arange(side)
            for n, side in zip(self.tiles, self.size, strict=True)
        )
        rows: Pixels = pixels[y[:, None, :, None], x[None, :, None, :]]  # (R, C, h, w, ...)
        tiles = rows.reshape(-1, *rows.shape[2:])
        return tiles[: len(tiles) - self._empty(pixels, tiles)]

    def _empty(self, pixels: Pixels, tiles: Pixels) -> int:
        """How many places at the end of the last row are empty; never all of them."""
        if not self.gap:
            return 0
        below, right = (self.border + side for side in self.size)
        colour = pixels[below, 0] if self.tiles[0] > 1 else pixels[0, right]
        last = tiles[-self.tiles[1] :].astype(np.int16)
        empty = (np.abs(last - colour) <= _EMPTY).reshape(len(last), -1).all(1)
        return 0 if empty.all() else int(np.argmin(empty[::-1]))


def layout_of(
    images: Sequence[Pixels], size: Size | None = None, lossy: bool = False
) -> Layout | None:
    """The layout that fits some images of one training, None where it cannot be told.

    Args:
        images: (H, W, C) each, all of one shape.
        size: Height and width of a sample, where they are known.
        lossy: Whether they come from JPEG files, whose lines are not quite of one colour.
    """
    if not images:
        return None
    lines = tuple(_Lines.of(images, axis, lossy) for axis in (0, 1))
    shape: Size = (images[0].shape[0], images[0].shape[1])
    ruled = _ruled(shape, lines, size)
    if ruled is not None:
        return ruled
    return _by_seams(images, shape, lossy) if size is None else _by_size(shape, size)


@dataclass(frozen=True)
class _Lines:
    """The rows of some images that are of one colour, or the columns.

    Args:
        plain: (S,) whether all images have a line there.
        colour: (I, S, C) its colour in each.
        tolerance: How far the colour of one may be from that of another.
    """

    plain: npt.NDArray[np.bool_]
    colour: npt.NDArray[np.float32]
    tolerance: float

    @classmethod
    def of(cls, images: Sequence[Pixels], axis: int, lossy: bool) -> _Lines:
        """Looks for them along one axis: 0 for rows."""
        plain, colours = [], []
        for image in images:
            across = image if axis == 0 else image.swapaxes(0, 1)  # (S, P, C)
            some = _thinned(across)
            if lossy:
                # Nearly all of a line: where two colours meet, JPEG may be far off.
                middle = np.median(some, axis=1).astype(np.float32)
                off = np.quantile(np.abs(some - middle[:, None]).mean(2), 0.95, axis=1)
                plain.append(off <= _LOSSY)
            else:
                middle = across[:, 0].astype(np.float32)
                likely = np.flatnonzero((some == some[:, :1]).all((1, 2)))
                one_colour = np.zeros(len(across), dtype=bool)
                one_colour[likely] = [(across[i] == across[i, 0]).all() for i in likely]
                plain.append(one_colour)
            colours.append(middle)
        return cls(np.logical_and.reduce(plain), np.stack(colours), _LOSSY if lossy else 0.0)

    def has(self, at: npt.NDArray[np.int64]) -> bool:
        """Whether there are lines of one colour at all these places."""
        if not len(at) or not self.plain[at].all():
            return not len(at)
        colours = self.colour[:, at]
        return bool((np.ptp(colours, axis=1) <= self.tolerance).all())


def _ruled(shape: Size, lines: Sequence[_Lines], size: Size | None) -> Layout | None:
    """Samples between lines, if there is one way to see it."""
    found: list[Layout] = []
    for gap in range(1, _WIDEST_GAP + 1):
        for border in (gap, 0):
            sides = [
                _divided(side, gap, border, axis, wanted)
                for side, axis, wanted in zip(shape, lines, size or (None, None), strict=True)
            ]
            (rows, height), (columns, width) = sides
            if rows * columns >= _FEWEST:
                found.append(Layout((rows, columns), (height, width), gap, border))
    return found[0] if len(found) == 1 else None


def _divided(
    side: int, gap: int, border: int, lines: _Lines, wanted: int | None
) -> tuple[int, int]:
    """How many samples lie along one side, and how long each is; (0, 0) where no number fits."""
    room = side + gap - 2 * border
    for n in range(room // (SMALLEST + gap), 0, -1):
        length = room // n - gap
        if room % n or wanted not in (None, length) or (n == 1 and not border and not wanted):
            continue
        starts = border + (length + gap) * np.arange(n)
        between = (starts[:, None] - gap + np.arange(gap)).ravel()
        if border:
            between = np.append(between, side - gap + np.arange(gap))
        # A line through the middle of samples is one between smaller ones, or they are all dark.
        middle = (starts[:, None] + np.arange(length // 4, length - length // 4)).ravel()
        if lines.has(between[between >= 0]) and not lines.plain[middle].any():
            return n, length
    return 0, 0


def _by_size(shape: Size, size: Size) -> Layout | None:
    """Samples of a known size, side by side."""
    rows, columns = shape[0] // size[0], shape[1] // size[1]
    whole = (rows * size[0], columns * size[1]) == shape
    return Layout((rows, columns), size) if whole and rows * columns >= _FEWEST else None


def _by_seams(images: Sequence[Pixels], shape: Size, lossy: bool) -> Layout | None:
    """Square samples side by side, where most images show the seams of the same ones."""
    smallest = (2 if lossy else 1) * _SMALLEST_BY_SEAMS
    sides = [
        side
        for side in range(smallest, min(shape) // _FEWEST_A_SIDE + 1)
        if shape[0] % side == 0 and shape[1] % side == 0
    ]
    votes = [_seamed(image, sides) for image in images]
    seen = set(votes) - {0}
    if len(seen) != 1:
        return None
    side = seen.pop()
    if 2 * votes.count(side) <= len(votes):
        return None
    return Layout((shape[0] // side, shape[1] // side), (side, side))


def _seamed(image: Pixels, sides: Sequence[int]) -> int:
    """The smallest side of squares that differ from those they touch; 0 where none is seen."""
    across = [_thinned(one).astype(np.float32) for one in (image, image.swapaxes(0, 1))]
    changes = [np.abs(np.diff(one, axis=0)).mean((1, 2)) for one in across]
    for side in sides:
        if all(_has_seams(*pair, side) for pair in zip(across, changes, strict=True)):
            return side
    return 0


def _has_seams(image: npt.NDArray[np.float32], change: npt.NDArray[np.float32], side: int) -> bool:
    """Whether the colour changes between squares as it does between any two, and less in them."""
    at = np.zeros(len(change), dtype=bool)
    at[side - 1 :: side] = True
    seam, inside = np.quantile(change[at], 0.1), change[~at]
    if not seam > _SEAM * np.quantile(inside, 0.9) or np.median(inside) < _NOT_FLAT * seam:
        return False
    before, after = image[side - 1 : -1 : side], image[side::side]
    unrelated = np.abs(before - np.roll(after, 1, axis=0)).mean()
    return bool(change[at].mean() >= _UNRELATED * unrelated)


def _thinned(across: Pixels) -> Pixels:
    """(S, P, C) with at most `_ACROSS` of the P, evenly chosen."""
    return across[:, :: -(-across.shape[1] // _ACROSS)]
