"""Samples from a person's own files: a folder, an array, a tensor, or an image that is a grid."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from gan_doctor.core import ConfigError
from gan_doctor.sampling import arrays, images
from gan_doctor.sampling.grid import cut
from gan_doctor.sampling.images import Size

MOST_BYTES = 4 * 2**30  # that one side may fill in memory; our choice
# Images of more pixels a side are made smaller unless a size is given: the features average down to
# 32 to 63 pixels a side anyway, and 1,500 colour images of 128 fill a third of a GiB.
LARGEST_SIDE = 128
_SMALLEST_SIDE = 8  # from which on samples are measured as images

Told = Callable[[int, int], None]


@dataclass(frozen=True, eq=False)
class SampleSet:
    """Samples of one side, G's or the real ones.

    Args:
        samples: (N, ...) float32: images (N, C, H, W), or rows (N, F).
        labels: (N,) the class of each, an index into `classes`; None where there are no classes.
        classes: Their names.
        found: How many there were, of which N were taken.
        notes: What was done to them, for people.
    """

    samples: Tensor
    labels: Tensor | None = None
    classes: tuple[str, ...] = ()
    found: int = 0
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.samples)

    @property
    def is_image(self) -> bool:
        """Whether these are images large enough to be measured as such."""
        return self.samples.dim() == 4 and min(self.samples.shape[2:]) >= _SMALLEST_SIDE


def load_samples(
    path: str | Path,
    size: Size | None = None,
    grid: Size | None = None,
    padding: int = 0,
    key: str | None = None,
    limit: int = MOST_BYTES,
    most: int | None = None,
    seed: int = 0,
    tell: Told | None = None,
) -> SampleSet:
    """Samples from a folder of images, a .npz, .npy, .pt or .pth, or an image that is a grid.

    Images and arrays of uint8 are brought from 0..255 to [-1, 1]; floats stay as they are.
    Subfolders are classes where there are two or more and every image lies in one.

    Args:
        path: Where they lie.
        size: Height and width of the images; None for their commonest, at most `LARGEST_SIDE`.
        grid: Rows and columns of tiles in each image; None where an image is one sample.
        padding: Pixels between the tiles, and around them all.
        key: Which array, where a file holds several.
        limit: Bytes that they may fill in memory.
        most: Samples to take at random where there are more; None takes all.
        seed: Of the choice.
        tell: Is called with the number of images read so far, and of all to be read.

    Raises:
        ConfigError: It cannot be read, holds no samples, fills too much, or holds values that are
            not finite.
    """
    path = Path(path)
    generator = torch.Generator().manual_seed(seed)
    wish = _Wish(size, grid, padding, key, limit, most, generator, tell)
    if path.is_dir():
        found = _folder(path, wish)
    elif not path.exists():
        raise ConfigError(f"There is no {path}: name a folder of images or a file of samples")
    elif path.suffix.lower() in arrays.ENDINGS:
        found = _array(path, wish)
    elif path.suffix.lower() in images.ENDINGS:
        if grid is None:
            raise ConfigError(
                f"{path} is one image: say how many rows and columns of samples it shows, such as "
                "--grid 8x8, or name a folder"
            )
        found = _pictures([path], path.parent, wish)
    else:
        known = ", ".join((*arrays.ENDINGS, *images.ENDINGS))
        raise ConfigError(f"{path} is no file of samples. Known: a folder of images, {known}.")
    bad = int((~found.samples.flatten(1).isfinite()).any(1).sum())
    if bad:
        raise ConfigError(
            f"{bad} of the {len(found)} samples of {path} hold values that are not finite: find "
            "out where they come from, or take them out"
        )
    return found


@dataclass(frozen=True)
class _Wish:
    """The arguments of `load_samples`."""

    size: Size | None
    grid: Size | None
    padding: int
    key: str | None
    limit: int
    most: int | None
    generator: torch.Generator
    tell: Told | None

    def some(self, n: int) -> Tensor:
        """(min(n, most),) which of n, at random, in order."""
        if self.most is None or n <= self.most:
            return torch.arange(n)
        return torch.randperm(n, generator=self.generator)[: self.most].sort().values


def _folder(folder: Path, wish: _Wish) -> SampleSet:
    paths = images.image_paths(folder)
    if not paths:
        endings = ", ".join(images.ENDINGS)
        raise ConfigError(f"{folder} holds no image ({endings}), nor do its subfolders")
    return _pictures(paths, folder, wish)


def _pictures(paths: Sequence[Path], folder: Path, wish: _Wish) -> SampleSet:
    """The samples of image files: one in each, or the tiles of each."""
    labels, classes = images.classes_of([path.relative_to(folder) for path in paths])
    grid, limit = wish.grid, wish.limit
    files = _enough(wish).some(len(paths))
    chosen = [paths[i] for i in files]
    notes: list[str] = []
    read: Callable[[Path], images.Pixels]
    if grid is None:
        shape = wish.size or _common_size(chosen, notes)
        images.check_memory(len(chosen), (3, *shape), limit, folder)

        def read(path: Path) -> images.Pixels:
            return images.read_image(path, shape)[None]
    else:
        heads = [head for path in chosen if (head := images.image_size(path))]
        largest = max(heads, key=lambda head: head[0] * head[1], default=(1, 1))
        images.check_memory(len(chosen), (3, *largest), limit, folder)

        def read(path: Path) -> images.Pixels:
            return cut(images.read_image(path), grid, wish.padding, path)

    pieces = []
    for n, path in enumerate(chosen, start=1):
        pieces.append(read(path))
        if wish.tell is not None:
            wish.tell(n, len(chosen))
    if len({piece.shape[1:] for piece in pieces}) > 1:
        raise ConfigError(f"The grids of {folder} have tiles of different sizes: judge them apart")
    counts = [len(piece) for piece in pieces]
    x = images.as_samples(np.concatenate(pieces))
    y = None if labels is None else labels[files].repeat_interleave(torch.tensor(counts))
    if grid is not None:
        notes.append(_tiles(grid, counts, x))
        rows = wish.some(len(x))
        x, y = _resized(x[rows], wish.size, notes), None if y is None else y[rows]
    return SampleSet(x, y, classes, sum(counts) if grid else len(paths), tuple(notes))


def _enough(wish: _Wish) -> _Wish:
    """The wish in files: of a folder of grids, as many as the samples need."""
    if wish.grid is None or wish.most is None:
        return wish
    return replace(wish, most=-(-wish.most // (wish.grid[0] * wish.grid[1])))


def _tiles(grid: Size, counts: Sequence[int], x: Tensor) -> str:
    cut_into = f"{len(x)} tiles of {x.shape[2]}x{x.shape[3]} pixels"
    empty = grid[0] * grid[1] * len(counts) - len(x)
    note = f"cut from {len(counts)} grid{'s' * (len(counts) > 1)} into {cut_into}"
    return note + (f"; {empty} empty places were left out" if empty else "")


def _common_size(paths: Sequence[Path], notes: list[str]) -> Size:
    """The commonest size of some images, made smaller if it is large."""
    sizes = Counter(filter(None, map(images.image_size, paths)))
    if not sizes:
        return (LARGEST_SIDE, LARGEST_SIDE)  # none can be read, which the reading will tell
    common = sizes.most_common(1)[0][0]
    wanted = _at_most(common)
    others = sum(sizes.values()) - sizes[common]
    if others:
        notes.append(f"{others} of {len(paths)} images are of other sizes than most")
    if others or wanted != common:
        notes.append(f"resized to {wanted[0]}x{wanted[1]} (--size sets another)")
    return wanted


def _at_most(size: Size) -> Size:
    largest = max(size)
    if largest <= LARGEST_SIDE:
        return size
    height, width = (max(1, round(side * LARGEST_SIDE / largest)) for side in size)
    return height, width


def _array(path: Path, wish: _Wish) -> SampleSet:
    array = arrays.read_array(path, wish.key, wish.limit)
    if array.ndim == 0 or 0 in array.shape:
        raise ConfigError(f"{path} holds no samples: its shape is {tuple(array.shape)}")
    rows = wish.some(len(array))
    images.check_memory(len(rows), array.shape[1:] or (1,), wish.limit, path)
    if isinstance(array, Tensor):
        taken, is_bytes = array[rows], array.dtype == torch.uint8
    else:
        is_bytes = array.dtype == np.uint8
        with np.errstate(over="ignore"):  # what overflows is infinite, which is told
            taken = torch.from_numpy(np.asarray(array[rows.numpy()]).astype(np.float32))
    notes: list[str] = []
    x = _laid_out(taken.float(), notes)
    if is_bytes:
        x = images.in_range(x)
    if x.dim() == 4:
        x = _resized(x, wish.size, notes)
    return SampleSet(x.contiguous(), found=len(array), notes=tuple(notes))


def _laid_out(x: Tensor, notes: list[str]) -> Tensor:
    """Numbers to (N, 1), and images to (N, C, H, W) in whatever order their axes come."""
    if x.dim() == 1:
        return x[:, None]
    if x.dim() == 3 and min(x.shape[1:]) >= _SMALLEST_SIDE:
        notes.append(f"{x.shape[1]} x {x.shape[2]} numbers each, taken for grey images")
        return x[:, None]
    if x.dim() == 4 and x.shape[3] in (1, 3, 4) and min(x.shape[1:3]) > x.shape[3]:
        notes.append("the last axis was taken for the channels (N, H, W, C)")
        return x.permute(0, 3, 1, 2)
    return x


def _resized(x: Tensor, size: Size | None, notes: list[str]) -> Tensor:
    height, width = x.shape[2:]
    wanted = size or _at_most((height, width))
    if wanted != (height, width):
        hint = "" if size else " (--size sets another)"
        notes.append(f"resized from {height}x{width} to {wanted[0]}x{wanted[1]}{hint}")
    return images.fitted(x.contiguous(), wanted)
