"""A folder of sample images over time, with or without real ones beside them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from gan_doctor.core import ReadError, Run, Samples, Source, evenly
from gan_doctor.core.run import Clock
from gan_doctor.readers._base import Cursor, Reader
from gan_doctor.readers._grids import Layout, Size, layout_of
from gan_doctor.readers._image_names import FoundImages, found_images
from gan_doctor.readers._pictures import (
    as_images,
    from_grids,
    from_single,
    head_of,
    pixels_of,
)
from gan_doctor.readers._rows import name_of

__all__ = ["ImageFolderReader"]

Batch = np.ndarray[Any, Any]

MOST_SAMPLES = 512  # of one step, as they are measured in a training
MOST_REALS = 1024  # twice as many: the null holds halves of them against each other
_LOOKED_AT = 3  # images from which the layout of all is told, the last among them
_MOST_LOOKED_AT = 24_000_000  # pixels of them all, unless one has more
_MOST_HEADS = 2000  # files whose heads are read at once; broken ones beyond show when loaded
_LATE = 1000  # from which a number without a word is one of iterations, not of epochs


class ImageFolderReader(Reader):
    """A folder of images that a training saved of its samples.

    What it reads:
        Images whose names hold a number: `fakes000200.png`, `epoch_10.png`, `92800.jpg`; or folders
        with such names and any images in them. The word before the number says what it counts;
        without one they are iterations from 1,000 on, else epochs. Of several series of images
        in one folder, such as `10.jpg` and `10-ema.jpg`, the longest is read.

        Each image is one sample or a grid of many. Grids are cut where lines of one colour divide
        all images that were looked at into samples of one size, as torchvision's `make_grid` draws
        them, or where the colour jumps between squares as it does between unrelated images. Where
        the reals are single images of one size, a grid without lines is cut by that size. Where it
        cannot be told, an image counts as one sample, and a note says so.

        Reals are the images of a folder `real`, `reals`, `real_samples` or `real_images`, or files
        with such names, as `real_samples.png`.

    What comes of it:
        Nothing but the samples. They are measured where they are diagnosed, and only against
        reals: 64 samples a step and 128 reals are needed at least.

    What it leaves out:
        Figures with axes and titles, and samples in them; animated images, images with more than 8
        bits a channel or 64 million pixels, and broken ones, which are counted.
    """

    title = "Folder of sample images"
    files = "epoch_10.png, epoch_20.png, ... and a folder real"

    def score(self, source: Source) -> float:
        """A little: a log beside the images tells more."""
        found = found_images(source)
        if found is None:
            return 0.0
        return 0.2 if found.reals or found.clock else 0.1

    def read(self, source: Source, since: Cursor | None = None) -> tuple[Run, Cursor]:
        """Lists the images; heads that an earlier reading has seen are not read again."""
        found = found_images(source)
        if found is None:
            raise ReadError(
                source.name, "it holds no two images with numbers in their names, nor folders of it"
            )
        heads = _Heads(source, since.state if since else {})
        return _run(source, found, heads), Cursor(heads.known)


@dataclass
class _Heads:
    """The size of each image, read once.

    Args:
        source: Where they lie.
        known: By name and bytes: size and whether it is lossy, or why it is left out.
    """

    source: Source
    known: dict[tuple[str, int], tuple[Size, bool] | str]
    left_out: dict[str, str] = field(default_factory=dict)

    def of(self, path: str) -> tuple[Size, bool] | None:
        """None for an image that is left out."""
        try:
            key = (path, self.source.size(path))
        except ReadError as error:
            self.left_out[path] = error.reason
            return None
        if key not in self.known:
            try:
                self.known[key] = head_of(self.source, path)
            except ReadError as error:
                self.known[key] = error.reason
        head = self.known[key]
        if isinstance(head, str):
            self.left_out[path] = head
            return None
        return head


@dataclass(frozen=True)
class _Kind:
    """How the images of one side are read.

    Args:
        shape: Height and width of most of them; None where none can be read.
        layout: How samples lie in them; None where each is one.
        size: Of a sample; None where they differ.
    """

    shape: Size | None = None
    layout: Layout | None = None
    size: Size | None = None

    def load(self, source: Source, paths: Sequence[str], most: int, _: str) -> Batch:
        """(N, C, H, W) the samples in some files, of a `Samples` whose path is the first."""
        if self.layout is None or self.shape is None:
            return as_images(from_single(source, paths, most))
        return as_images(from_grids(source, paths, self.shape, self.layout, most))


def _run(source: Source, found: FoundImages, heads: _Heads) -> Run:
    every = [path for paths in found.steps.values() for path in paths]
    reals = _kind(source, found.reals, heads, None)
    if found.apart:
        fakes = _Kind()
    else:
        fakes = _kind(source, every, heads, reals.size)
        if reals.layout is None and fakes.layout is not None:
            reals = _kind(source, found.reals, heads, fakes.size)
    steps = {
        step: [path for path in paths if path not in heads.left_out]
        for step, paths in found.steps.items()
    }
    samples = [
        Samples(step, "fake", paths[0], open=partial(fakes.load, source, paths, MOST_SAMPLES))
        for step, paths in steps.items()
        if paths
    ]
    if found.reals:
        first = samples[0].step if samples else 0.0
        load = partial(reals.load, source, found.reals, MOST_REALS)
        samples.insert(0, Samples(first, "real", found.reals[0], open=load))
    late = max(found.steps) >= _LATE
    clock: Clock = found.clock or ("iteration" if late else "epoch")
    notes = (*_read(fakes, found, clock), *found.notes, *_counted(heads))
    return Run(
        name_of(source),
        clock,
        samples=tuple(samples),
        source=source.name,
        notes=notes,
        foreign=True,
    )


def _kind(source: Source, paths: Sequence[str], heads: _Heads, size: Size | None) -> _Kind:
    """How images lie, told from a few of the commonest size; those of another are left out.

    Args:
        source: Where they lie.
        paths: Their names there.
        heads: What is known of them.
        size: Of a sample, as the other side has it, for grids that do not tell.
    """
    known = {path: head for path in evenly(paths, _MOST_HEADS) if (head := heads.of(path))}
    if not known:
        return _Kind()
    sizes = Counter(shape for shape, _ in known.values())
    shape = sizes.most_common(1)[0][0]
    same = [path for path, head in known.items() if head[0] == shape]
    images = []
    few = min(_LOOKED_AT, max(1, _MOST_LOOKED_AT // (shape[0] * shape[1])))
    for path in evenly(same[::-1], few):
        try:
            images.append(pixels_of(source, path))
        except ReadError as error:
            heads.left_out[path] = error.reason
    lossy = any(known[path][1] for path in same)
    layout = layout_of(images, lossy=lossy)
    if layout is None and size not in (None, shape):
        layout = layout_of(images, size, lossy)
    if layout is None:
        return _Kind(shape, size=shape if len(sizes) == 1 else None)
    for path, head in known.items():
        if head[0] != shape:
            heads.left_out[path] = "it is of another size than most"
    return _Kind(shape, layout, layout.size)


def _read(fakes: _Kind, found: FoundImages, clock: Clock) -> list[str]:
    """How the images were taken, in words."""
    notes = []
    if fakes.layout is not None:
        (rows, columns), (height, width) = fakes.layout.tiles, fakes.layout.size
        notes.append(
            f"each image is cut into {rows} x {columns} samples of {height}x{width} pixels"
        )
    elif not found.apart:
        notes.append("no grid was found in the images: each counts as one sample")
    if found.clock is None:
        notes.append(f"the numbers in the names are taken for {clock}s")
    if not found.reals:
        notes.append(
            "no real images to hold the samples against: put some into a folder real in it"
        )
    return notes


def _counted(heads: _Heads) -> list[str]:
    reasons = Counter(heads.left_out.values())
    return [f"{n} image{'s' * (n > 1)} left out: {reason}" for reason, n in sorted(reasons.items())]
