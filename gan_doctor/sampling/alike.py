"""Fakes and reals from different files, made comparable: size, channels, classes."""

from __future__ import annotations

from dataclasses import replace

import torch

from gan_doctor.core import ConfigError
from gan_doctor.sampling.files import SampleSet
from gan_doctor.sampling.images import Size, fitted


def made_alike(fake: SampleSet, real: SampleSet) -> tuple[SampleSet, SampleSet]:
    """Both sides in one shape and with one numbering of the classes; a note says what was done.

    The larger images are made as small as the others: to enlarge is to blur.

    Raises:
        ConfigError: Their samples cannot be brought to one shape.
    """
    if fake.samples.dim() == real.samples.dim() == 4:
        fake, real = _channels(fake, real), _channels(real, fake)
        smaller = min((_size(fake), _size(real)), key=lambda size: size[0] * size[1])
        fake, real = _sized(fake, smaller), _sized(real, smaller)
    if fake.samples.shape[1:] != real.samples.shape[1:]:
        shapes = (tuple(side.samples.shape[1:]) for side in (fake, real))
        raise ConfigError(
            "A fake is of shape {} and a real of {}: they must be the same kind of data".format(
                *shapes
            )
        )
    return _classes(fake, real)


def _size(side: SampleSet) -> Size:
    height, width = side.samples.shape[2:]
    return height, width


def _channels(side: SampleSet, other: SampleSet) -> SampleSet:
    """Grey beside colour is colour of three equal channels."""
    n, wanted = side.samples.shape[1], other.samples.shape[1]
    if n != 1 or wanted != 3:
        return side
    grey = side.samples.expand(-1, 3, -1, -1)
    return replace(side, samples=grey, notes=(*side.notes, "grey, held against colour"))


def _sized(side: SampleSet, size: Size) -> SampleSet:
    if _size(side) == size:
        return side
    (h, w), (height, width) = _size(side), size
    note = f"resized from {h}x{w} to the other side's {height}x{width}"
    smaller = fitted(side.samples, size)
    return replace(side, samples=smaller, notes=(*side.notes, note))


def _classes(fake: SampleSet, real: SampleSet) -> tuple[SampleSet, SampleSet]:
    """Labels of the fakes by the numbers of the reals; one side's alone say nothing."""
    if fake.labels is None or real.labels is None:
        return fake, real
    unknown = [name for name in fake.classes if name not in real.classes]
    if unknown:
        names = ", ".join(unknown[:5])
        note = (
            f"classes that the reals do not have are left out of the comparison by class: {names}"
        )
        fake = replace(fake, notes=(*fake.notes, note))
    n = len(real.classes)
    place = torch.tensor(
        [real.classes.index(name) if name in real.classes else n for name in fake.classes]
    )
    return replace(fake, labels=place[fake.labels], classes=real.classes), real
