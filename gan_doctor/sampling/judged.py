"""A run made of nothing but samples: a few draws of fakes, each measured against the reals."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from gan_doctor.core import ConfigError, Event, Key, Run, Series, Setup
from gan_doctor.core.setup import Range
from gan_doctor.sampling.alike import made_alike
from gan_doctor.sampling.files import SampleSet
from gan_doctor.sampling.reference import MIN_SAMPLES, Reference

DRAWS = 3  # rows of the run: as many checks as the detectors want to agree
MOST = 512  # samples on each side of a draw, as in a training
_SAME_SCALE = (0.6, 1.6)  # span of the fakes over that of the reals, as chance has it (proposal)


def judged(fake: SampleSet, real: SampleSet, seed: int = 0, name: str = "samples") -> Run:
    """The run whose rows are draws of fakes held against reals, for `diagnose`.

    Each draw has n fakes and meets n reals, and the null needs another n: the most that both sides
    allow, up to `MOST`. The draws share no fake where there are 3n or more.

    Args:
        fake: The samples to judge.
        real: The data that they should look like.
        seed: Of the draws and the features.
        name: Of the run.

    Raises:
        ConfigError: There are too few, the reals are all one, or the shapes do not go together.
    """
    n = min(MOST, len(fake), len(real) // 2)
    if n < MIN_SAMPLES:
        raise ConfigError(
            f"{MIN_SAMPLES} fakes and {2 * MIN_SAMPLES} reals are needed at least, got "
            f"{len(fake)} and {len(real)}; {MOST * DRAWS:,} and {2 * MOST:,} are best"
        )
    if bool((real.samples == real.samples[0]).all()):
        raise ConfigError("The reals are all the same: nothing can be told from them")
    fake, real = made_alike(fake, real)
    both = fake.labels is not None and real.labels is not None
    reference = Reference(real.samples, n, seed=seed, labels=real.labels if both else None)
    rows = []
    for chosen in _draws(len(fake), n, seed):
        labels = fake.labels[chosen] if both and fake.labels is not None else None
        rows.append(reference.measure(fake.samples[chosen], labels))
    return Run(
        name,
        clock="row",
        series=tuple(_series(key, [row[key] for row in rows]) for key in rows[0]),
        bands=reference.bands,
        setup=Setup(
            sample_shape=tuple(real.samples.shape[1:]),
            real_range=_span(real.samples),
            fake_range=_span(fake.samples),
            labelled=both,
        ),
        events=_rescaled(reference, fake.samples[:n], rows[0], _span(real.samples)),
        notes=(*_how(fake, real, n), *_said(fake, real)),
    )


def _draws(count: int, n: int, seed: int) -> list[Tensor]:
    """(n,) each, of different fakes where there are enough."""
    generator = torch.Generator().manual_seed(seed)
    if count >= DRAWS * n:
        return list(torch.randperm(count, generator=generator)[: DRAWS * n].view(DRAWS, n))
    return [torch.randperm(count, generator=generator)[:n] for _ in range(DRAWS)]


def _series(key: Key, values: list[float]) -> Series:
    return Series(key, [float(row) for row in range(1, len(values) + 1)], values)  # type: ignore[arg-type]


def _rescaled(
    reference: Reference, fake: Tensor, found: Mapping[Key, float], real: Range
) -> tuple[Event, ...]:
    """Says so where images are far off, and are realistic once they have the range of the reals.

    Precision is 0 for both noise and digits in [0, 1] beside [-1, 1], whatever else they show.
    """
    (low, high), (lowest, highest) = _span(fake), real
    share = (high - low) / max(highest - lowest, 1e-12)
    if fake.dim() != 4 or high == low or _SAME_SCALE[0] <= share <= _SAME_SCALE[1]:
        return ()
    scaled = (fake - low) / (high - low) * (highest - lowest) + lowest
    then = reference.measure(scaled)
    key = next(key for key in then if key.name == "sample/precision")
    half = next(band.mean for band in reference.bands if band.key == key) / 2
    if not found[key] < half <= then[key]:
        return ()
    text = (
        f"the fakes have another scale than the reals, {low:.3g} to {high:.3g} and not "
        f"{lowest:.3g} to {highest:.3g}: brought to it, {then[key]:.0%} of them look real, and "
        f"{found[key]:.0%} as they are. Mend that first; all else may come from it"
    )
    return (Event(1, "note", detail={"text": text}),)


def _span(samples: Tensor) -> Range:
    """The lowest and the highest value."""
    return float(samples.min()), float(samples.max())


def _how(fake: SampleSet, real: SampleSet, n: int) -> tuple[str, ...]:
    """What was compared, and what that leaves open."""
    found, of_real = max(fake.found, len(fake)), max(real.found, len(real))
    how = f"{DRAWS} draws of {n} of the {found:,} fakes, held against {n} of the {of_real:,} reals"
    enough = f"with {MOST * DRAWS:,} fakes and {2 * MOST:,} reals"
    if len(fake) < DRAWS * n:
        return how, f"the draws share fakes; {enough} they would not, and smaller faults would show"
    return (how,) if n == MOST else (how, f"{enough} smaller faults would show")


def _said(fake: SampleSet, real: SampleSet) -> list[str]:
    """What was done to each side, once where it was done to both."""
    both = [note for note in fake.notes if note in real.notes]
    sides = {"fakes": fake.notes, "reals": real.notes}
    said = [f"fakes and reals: {note}" for note in both]
    return said + [
        f"{s}: {note}" for s, notes in sides.items() for note in notes if note not in both
    ]
