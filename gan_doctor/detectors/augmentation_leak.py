"""GD406: G makes augmented samples, because D saw augmented reals."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gan_doctor.core import Finding, FloatArray, Missing, Run
from gan_doctor.detectors._base import Detector, Limit, Score, graded, share_of_budget
from gan_doctor.detectors._evidence import measured, percent
from gan_doctor.detectors._signals import (
    NO_SAMPLES,
    against_null,
    at_steps,
    excess_over_null,
    sample_state,
)
from gan_doctor.stats import Alarm

__all__ = ["AugmentationLeak"]

# What each does to an image, as the names of the series have it.
_CHANGED = {
    "rotation": "turned by quarter turns",
    "flip": "mirrored",
    "translation": "shifted",
    "cutout": "cut out",
}


class AugmentationLeak(Detector):
    """Finds fakes that are turned, mirrored, shifted or cut out as no real is.

    What it does:
        Asks classifiers that tell reals from the same reals augmented what they take the fakes for.

    Why this is a problem:
        Augmentation that D sees on reals alone, or too often on both, cannot be told from the data:
        G learns to make turned digits and images with holes (Karras et al. 2020, section 2.2). Only
        the samples show it; D's side looks healthy.

    How it is measured:
        The share of the fakes that each classifier takes for augmented, less the share of the reals
        that it did not learn from. The largest counts, where the fakes are at all realistic, or as
        varied as the reals: what a leak makes can be none of the data, but a collapsed G makes a
        few shapes that the classifiers take for anything, and noise, whose neighbouring pixels do
        not correlate, is as varied as can be. A leak does not touch sharpness either, so where the
        variance of the Laplacian was recorded it must be that of the reals up to a factor: the
        classifiers know reals and augmented reals only, and take blur or a grid for anything. An
        augmentation under which the data is symmetric is not among the classifiers. No alarm sounds
        in the first tenth of the budget.

        Measured on 512 MNIST digits: of reals .10 count as turned, .11 as mirrored, .04 as shifted
        and .00 as cut out, of such that were .88, .89, .92 and .98 (with .43, .52, .15 and .17 of
        real precision, and .8 to 1.1 of the Laplacian variance); where half of the digits were
        turned .49. Two healthy DCGANs are at most .18 above the reals after a tenth of their
        training, one whose D is shown turned digits .42 to .86. Quarter turns look mirrored to the
        second classifier: the augmentation that is named is the one with the largest share.

    Limits:
        leaked .25 of the fakes (warning), mostly .5 (critical), realistic .1 of real precision and
        recall, varied .8 of the real spread, smooth .5, sharpness a factor of 2, earliest
        .1 of the budget; all proposals, chosen on the digits above and on 30 design cases of 8
        pixels, where turned digits had no precision at all and a spread of .76 to 1.07, and those
        of collapsed runs mostly below .6, with up to four times the sharpness.

    Known false alarms:
        Faults that the classifiers did not learn and that leave the sharpness as it is: a grey
        frame counts as shifted. Digits of one class, where the classes are turned on purpose.

    Remedies:
        Augment reals and fakes alike, in D's step and in G's; augment less often (p below .8);
        leave out what the data is not symmetric under.

    References:
        Catalogue 7.6 and 7.7; Karras et al. 2020 (2006.06676); Zhao et al. 2020 (2006.10738).
    """

    code = "GD406"
    title = "Augmentation leak"
    limits = {
        "leaked": Limit(0.25, "share of fakes above the reals' taken for augmented", "proposal"),
        "mostly": Limit(0.5, "share of fakes above the reals' that is critical", "proposal"),
        "realistic": Limit(
            0.1, "share of real precision and recall from which it counts", "proposal"
        ),
        "varied": Limit(0.8, "share of the real spread from which it counts", "proposal"),
        "smooth": Limit(
            0.5, "share of the real correlation of neighbours that noise has not", "as GD401"
        ),
        "sharpness": Limit(
            2.0, "times the real Laplacian variance, up or down, up to which it counts", "proposal"
        ),
        "earliest": Limit(0.1, "share of the budget before which no alarm sounds", "proposal"),
    }

    def scores(self, run: Run, player: str = "") -> Sequence[Score] | Missing:
        """The largest share of fakes taken for augmented, above the reals', at each check."""
        state, shares = sample_state(run, player), _shares(run, player)
        if isinstance(state, Missing):
            return state
        if isinstance(shares, Missing):
            return shares
        leaked = np.fmax.reduce([*shares.values()])
        counts = np.minimum(state.precision, state.recall) >= self._limit["realistic"]
        spread = against_null(run, "sample/spread_ratio", player)
        smooth = against_null(run, "sample/neighbour_correlation", player)
        if not isinstance(spread, Missing) and not isinstance(smooth, Missing):
            images = smooth.values >= self._limit["smooth"]
            counts |= images & (spread.values >= self._limit["varied"])
        sharpness = against_null(run, "sample/laplacian_variance", player)
        if not isinstance(sharpness, Missing):
            most = self._limit["sharpness"]
            counts &= (sharpness.values <= most) & (sharpness.values * most >= 1)
        leaked = np.where(counts, leaked, np.nan)
        if np.isnan(leaked).all():
            return Missing(
                "degenerate data",
                "samples real and sharp enough to be taken for augmented reals",
                "cure what keeps the samples unreal first",
            )
        earliest = share_of_budget(run, self._limit["earliest"])
        limits = self._limit["leaked"], self._limit["mostly"]
        return graded(state.steps, leaked, *limits, not_before=earliest)

    def finding(self, run: Run, score: Score, alarm: Alarm, player: str = "") -> Finding:
        """Says what share of the fakes is augmented, and how."""
        state, shares = sample_state(run, player), _shares(run, player)
        assert not isinstance(state, Missing)
        assert not isinstance(shares, Missing)
        words, steps = "mean share above the reals", state.steps
        rows = {
            name: measured(run, alarm, f"sample/leak/{name}", words, steps, values, score.limit)
            for name, values in shares.items()
        }
        worst = max((name for name in rows if rows[name]), key=lambda name: rows[name][0].value)
        evidence = (
            *measured(
                run, alarm, f"sample/leak/{worst}", words, steps, shares[worst], score.limit,
                important=True,
            ),
            *(row for name, found in rows.items() if name != worst for row in found),
            *measured(
                run, alarm, "sample/precision", "mean, share of what real data gives", steps,
                state.precision,
            ),
        )  # fmt: skip
        message = (
            f"Since step {alarm.onset:g} {percent(min(evidence[0].value, 1))} more of the fakes "
            f"than of the reals are {_CHANGED[worst]}{_in_use(run)}."
        )
        return self._report(score, alarm, player, message, evidence)


def _shares(run: Run, player: str) -> dict[str, FloatArray] | Missing:
    """(C,) the share of fakes taken for augmented above that of the reals, by augmentation."""
    found, precision = {}, run.get("sample/precision", player)
    for name in _CHANGED:
        excess = excess_over_null(run, f"sample/leak/{name}", player)
        if not isinstance(excess, Missing) and precision is not None:
            # With more reals, one more augmentation may be told apart, or one fewer.
            values = at_steps(excess, precision.steps)
            found[name] = np.where(np.isfinite(values), values, np.nan)
    if found:
        return found
    if precision is None:
        return NO_SAMPLES
    return Missing(
        "no series",
        "images, and an augmentation under which the data is not symmetric",
        "nothing to do for points and tables, or for textures that look the same all ways round",
    )


def _in_use(run: Run) -> str:
    used = [slug for slug in ("ada", "diff-augment") if slug in (run.setup.tricks or ())]
    return f", and {' and '.join(used)} is in use" if used else ""
