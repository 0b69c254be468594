"""The samples that a log keeps, measured against the reals beside them where nobody did so."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from gan_doctor.core import Band, ConfigError, Key, ReadError, Run, Samples, Series, evenly

if TYPE_CHECKING:
    from torch import Tensor

    from gan_doctor.sampling.files import SampleSet

MOST_STEPS = 64  # evenly chosen
MOST = 512  # samples on each side, as in a training
_PROBED = 3  # steps that tell how many samples a step has, and of which size


def measured(run: Run) -> Run:
    """The run with the measures of its samples, as a training would have recorded them.

    Args:
        run: With samples of both sides. One that has their measures, lacks a side, or was resumed
            is returned as it is.

    Returns:
        With series `sample/...` of 64 steps at most, their null, and notes on what was measured.
    """
    known = any(series.key.name.startswith("sample/") for series in run.series)
    if known or len(run.segments) > 1:
        return run
    for player in sorted({samples.player for samples in run.samples}):
        of_player = [samples for samples in run.samples if samples.player == player]
        fakes = [samples for samples in of_player if samples.kind == "fake"]
        reals = [samples for samples in of_player if samples.kind == "real"]
        if fakes and reals:
            run = _with_measures(run, player, fakes, reals[-1])
    return run


def _with_measures(run: Run, player: str, fakes: Sequence[Samples], reals: Samples) -> Run:
    from gan_doctor.sampling import Reference

    chosen = evenly(fakes, MOST_STEPS)
    try:
        real, n = _real_side(_distinct(_loaded(reals)), chosen)
        reference = Reference(real.samples, n, step=chosen[0].step)
    except (ConfigError, ReadError, OSError) as error:
        return replace(run, notes=(*run.notes, f"the samples were not measured: {error}"))
    rows = {samples.step: _row(samples, real, reference.measure, n) for samples in chosen}
    found = {step: row for step, row in rows.items() if row is not None}
    return replace(
        run,
        series=(*run.series, *_series(found, player)),
        bands=(*run.bands, *(_of_player(band, player) for band in reference.bands)),
        notes=(*run.notes, *_notes(len(fakes), len(chosen), len(found), n, len(real))),
    )


def _real_side(real: SampleSet, chosen: Sequence[Samples]) -> tuple[SampleSet, int]:
    """The reals in the shape in which both sides are compared, and how many samples are.

    Raises:
        ConfigError: There are too few, or they are of different kinds.
        OSError: No fakes can be read.
        ReadError: No fakes can be read.
    """
    from gan_doctor.sampling import MIN_SAMPLES
    from gan_doctor.sampling.alike import made_alike

    probes = _sound(evenly(chosen, _PROBED))
    usual = int(np.median([len(probe) for probe in probes]))
    n = min(MOST, usual, len(real) // 2)
    if n < MIN_SAMPLES:
        raise ConfigError(
            f"{MIN_SAMPLES} a step and {2 * MIN_SAMPLES} different reals are needed, there are "
            f"{usual} and {len(real)}"
        )
    for probe in probes:
        _, real = made_alike(probe, real)
    return real, n


def _sound(chosen: Sequence[Samples]) -> list[SampleSet]:
    """Those that can be read: the last image of a training may be half written.

    Raises:
        OSError: None can be.
        ReadError: None can be.
    """
    found: list[SampleSet] = []
    errors: list[Exception] = []
    for samples in chosen:
        try:
            found.append(_loaded(samples))
        except (ReadError, OSError) as error:
            errors.append(error)
    if not found:
        raise errors[0]
    return found


def _row(
    samples: Samples, real: SampleSet, measure: Callable[[Tensor], Mapping[Key, float]], n: int
) -> Mapping[Key, float] | None:
    """The measures of a step; None where it has too few samples, or other ones than the probes."""
    from gan_doctor.sampling.alike import made_alike

    try:
        fake, same = made_alike(_loaded(samples), real)
    except (ConfigError, ReadError, OSError):
        return None
    if len(fake) < n or same.samples.shape != real.samples.shape:
        return None
    return measure(fake.samples[evenly(range(len(fake)), n)])


def _loaded(samples: Samples) -> SampleSet:
    """A batch as it is measured: images in [-1, 1], rows as they are.

    Raises:
        OSError: It is gone.
        ReadError: It is damaged.
    """
    import torch

    from gan_doctor.sampling.files import SampleSet
    from gan_doctor.sampling.images import in_range

    array = samples.load()
    x = torch.from_numpy(array.astype(np.float32))
    return SampleSet(in_range(x) if array.dtype == np.uint8 else x)


def _distinct(real: SampleSet) -> SampleSet:
    """Without reals that occur again: a real is no neighbour of itself."""
    places = {x.numpy().tobytes(): i for i, x in enumerate(real.samples)}
    return replace(real, samples=real.samples[sorted(places.values())])


def _series(found: Mapping[float, Mapping[Key, float]], player: str) -> list[Series]:
    steps, rows = np.array(list(found)), list(found.values())
    return [
        Series(replace(key, player=player), steps, np.array([row[key] for row in rows]))
        for key in (rows[0] if rows else ())
    ]


def _of_player(band: Band, player: str) -> Band:
    return replace(band, key=replace(band.key, player=player))


def _notes(steps: int, chosen: int, found: int, n: int, reals: int) -> list[str]:
    of_all = f"{found} of {steps}" if chosen < steps else f"{found}"
    notes = [f"samples measured at {of_all} steps, {n} of each, against {reals} reals"]
    if found < chosen:
        notes.append(
            f"{chosen - found} steps were not measured: fewer than {n} samples, unlike the others, "
            "or broken"
        )
    return notes
