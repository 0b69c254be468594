"""The doctor with one eye closed: what each kind of evidence is worth."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from gan_doctor.core import Run, Setup
from gan_doctor.core.vocabulary import VOCABULARY

Change = Callable[[Run], Run]

_SD = 0.02  # of a measure between reals, where nobody has measured it


def _only(*prefixes: str) -> Change:
    """Series with these prefixes, and of the facts the loss family, the budget and the batch."""

    def change(run: Run) -> Run:
        keys = [series.key for series in run.series if series.key.name.startswith(prefixes)]
        return replace(
            run,
            series=tuple(series for series in run.series if series.key in keys),
            bands=tuple(band for band in run.bands if band.key in keys),
            setup=_told(run.setup),
            events=(),
        )

    return change


def _told(setup: Setup) -> Setup:
    return Setup(
        objective=setup.objective, total_steps=setup.total_steps, batch_size=setup.batch_size
    )


def _setup_only(run: Run) -> Run:
    return replace(run, series=(), bands=(), samples=(), events=())


def _uncalibrated(run: Run) -> Run:
    """Measures are held against what perfect samples would give; others have no null."""
    held_against = ((band, _ideal(band.key.name)) for band in run.bands)
    return replace(
        run,
        bands=tuple(
            replace(band, mean=ideal, sd=_SD, low=ideal - 3 * _SD, high=ideal + 3 * _SD)
            for band, ideal in held_against
            if ideal is not None
        ),
    )


def _ideal(name: str) -> float | None:
    known = VOCABULARY[name]
    if name.endswith("_ratio") or (known.better == "higher" and known.low == 0):
        return 1.0
    return 0.0 if known.better == "lower" and known.low == 0 else None


ABLATIONS: Mapping[str, Change] = {
    "losses only": _only("loss/"),
    "samples only": _only("sample/"),
    "setup only": _setup_only,
    "no calibration": _uncalibrated,
}
