"""The loss family of a GAN: where its D loss rests, how low it can go, and how far D is ahead."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, cast, get_args

import numpy as np
import numpy.typing as npt

from gan_doctor.core.errors import ConfigError, UnknownNameError
from gan_doctor.core.series import FloatArray

Family = Literal[
    "minimax",
    "non-saturating",
    "least-squares",
    "hinge",
    "wasserstein",
    "relativistic-paired",
    "relativistic-average",
]
Reduction = Literal["sum", "mean"]

FAMILIES: tuple[str, ...] = get_args(Family)
REDUCTIONS: tuple[str, ...] = get_args(Reduction)
LABELLED = ("minimax", "non-saturating")  # binary cross-entropy against labels

# What people call a family, with the penalties that the name implies.
_SHORTHANDS: Mapping[str, tuple[str, tuple[str, ...] | None]] = {
    "bce": ("non-saturating", None),
    "softplus": ("non-saturating", None),
    "vanilla": ("non-saturating", None),
    "lsgan": ("least-squares", None),
    "wgan": ("wasserstein", None),
    "wgan-gp": ("wasserstein", ("gradient-penalty",)),
    "rpgan": ("relativistic-paired", None),
    "r3gan": ("relativistic-paired", ("r1", "r2")),
    "ragan": ("relativistic-average", None),
}


@dataclass(frozen=True)
class Objective:
    """What D and G optimise. A field that is not known is None.

    What needs the family or the reduction is then not assessed; labels that nobody spoke of are
    taken to be the plain ones.

    Args:
        family: The loss family; `non-saturating` is also StyleGAN's softplus loss.
        reduction: `sum` when L_D = L_real + L_fake, `mean` when it is half of that
            (for least squares: with the factor 1/2 of the paper).
        coding: Least squares only: the targets (fake, real, of G), (0, 1, 1) unless given.
        smoothing: Target of the real label in (0, 1], cross-entropy families only; 1 is none.
        flip: Probability in [0, .5) with which real and fake labels are swapped in the D step.
        penalties: Terms added to the D loss, such as `r1` or `gradient-penalty`.

    Raises:
        UnknownNameError: The family or the reduction is not among the known ones.
        ConfigError: A label policy lies out of its range.

    Example:
        >>> round(Objective("non-saturating", "sum").equilibrium, 4)
        1.3863
    """

    family: Family | None = None
    reduction: Reduction | None = None
    coding: tuple[float, float, float] | None = None
    smoothing: float | None = None
    flip: float | None = None
    penalties: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        if self.family is not None and self.family not in FAMILIES:
            raise UnknownNameError("loss family", self.family, FAMILIES)
        if self.reduction is not None and self.reduction not in REDUCTIONS:
            raise UnknownNameError("reduction", self.reduction, REDUCTIONS)
        if self.smoothing is not None and not 0 < self.smoothing <= 1:
            raise ConfigError(f"smoothing must lie in (0, 1], got {self.smoothing}")
        if self.flip is not None and not 0 <= self.flip < 0.5:
            raise ConfigError(f"flip must lie in [0, 0.5), got {self.flip}")
        if self.coding is not None and self.coding[0] == self.coding[1]:
            raise ConfigError(f"coding needs different targets of fake and real, got {self.coding}")

    @classmethod
    def of(cls, loss: str | Objective | None) -> Objective:
        """Reads the shorthand `loss="hinge"`.

        Raises:
            UnknownNameError: No family has that name.
            ConfigError: It is neither a name nor an objective.
        """
        if loss is None:
            return cls()
        if isinstance(loss, Objective):
            return loss
        if not isinstance(loss, str):
            raise ConfigError(f"loss must be a name or an Objective, got {type(loss).__name__}")
        name = loss.lower().replace("_", "-")
        family, penalties = _SHORTHANDS.get(name, (name, None))
        if family not in FAMILIES:
            raise UnknownNameError("loss", loss, [*FAMILIES, *_SHORTHANDS])
        return cls(cast("Family", family), penalties=penalties)

    @property
    def equilibrium(self) -> float | None:
        """The D loss when G has won the game (p_g = p_d, D optimal), without penalties."""
        if self.family in LABELLED:
            # D* = a/2 everywhere. Flips do not move it: the mean of the two targets stays as it is.
            rest = 2 * _entropy((self.smoothing or 1.0) / 2)
        elif self.family == "least-squares":
            rest = self._target_gap**2 / 2
        elif self.family == "hinge":
            rest = 2.0
        elif self.family == "relativistic-average":
            rest = 2 * math.log(2)
        elif self.family == "relativistic-paired":
            return math.log(2)  # a single term: sum and mean agree
        elif self.family == "wasserstein":
            return 0.0
        else:
            return None
        return self._scaled(rest)

    @property
    def floor(self) -> float | None:
        """The D loss when D separates perfectly; None where nothing bounds it."""
        flip = self.flip or 0.0
        if self.family in LABELLED:
            target = self.smoothing or 1.0
            return self._scaled(_entropy(target * (1 - flip)) + _entropy(target * flip))
        if self.family == "least-squares":
            return self._scaled(2 * flip * (1 - flip) * self._target_gap**2)
        return None if self.family in (None, "wasserstein") else 0.0

    @property
    def bounded(self) -> bool:
        """Whether the D loss has a floor, so that dominance can be read from it."""
        return self.floor is not None and self.equilibrium is not None

    def dominance(self, loss_d: npt.ArrayLike) -> FloatArray:
        """How far D is ahead, comparable across the bounded families.

        Args:
            loss_d: (...) the D loss in the reduction of this objective, without penalties.

        Returns:
            (...) 0 is chance, 1 a perfect D, NaN for a loss of NaN. Below 0 the loss is worse than
            chance, which the spikes of an overconfident D also give: read it with AUROC.

        Raises:
            ConfigError: The family has no floor, or the reduction is unknown.
        """
        high, low = self.equilibrium, self.floor
        if high is None or low is None:
            raise ConfigError(f"dominance needs a bounded family and its reduction, got {self}")
        ahead = (high - np.asarray(loss_d, dtype=np.float64)) / (high - low)
        return np.asarray(np.clip(ahead, -1, 1))

    @property
    def _target_gap(self) -> float:
        fake, real, _ = self.coding or (0, 1, 1)
        return real - fake

    def _scaled(self, rest: float) -> float | None:
        if self.reduction is None:
            return None if rest else 0.0
        return rest if self.reduction == "sum" else rest / 2


def _entropy(p: float) -> float:
    return 0.0 if p in (0.0, 1.0) else -p * math.log(p) - (1 - p) * math.log(1 - p)
