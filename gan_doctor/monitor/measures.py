"""What is measured of the raw tensors of many steps at once, when the window is flushed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch

from gan_doctor.core.objective import LABELLED, Family
from gan_doctor.losses import discriminator_loss
from gan_doctor.metrics import auroc_by_row
from gan_doctor.monitor.players import Player
from gan_doctor.monitor.window import ABSENT


@dataclass(frozen=True, eq=False)
class Scores:
    """What D says of reals and fakes that met the same weights.

    Args:
        player: D.
        reals: How many of the numbers are of reals; they come first.
        family: Of the loss that is recomputed, None for none.
        probability: D's output went through a sigmoid.
    """

    player: Player
    reals: int
    family: Family | None
    probability: bool

    def __call__(self, outputs: torch.Tensor) -> Mapping[str, torch.Tensor]:
        """(S,) series from (S, N + M) outputs of D."""
        outputs = outputs.float()
        logits = torch.logit(outputs, 1e-7) if self.probability else outputs
        real, fake = logits[:, : self.reals], logits[:, self.reals :]
        # Clamped logits tie; the raw output orders as well as they do.
        found = {
            "auroc": auroc_by_row(outputs[:, : self.reals], outputs[:, self.reals :]),
            "logit/real": real.mean(1),
            "logit/fake": fake.mean(1),
            "logit/sd": logits.std(1),
            "sign/real": _sign(real).mean(1),
            "sign/fake": _sign(fake).mean(1),
        }
        if self.family is not None:
            # These losses are of logits, the others of what D says, be it a probability.
            judged = logits if self.family in LABELLED else outputs
            halves = judged[:, : self.reals], judged[:, self.reals :]
            found["loss/d/clean"] = discriminator_loss(self.family, *halves, dim=1)
            if self.probability and self.family in LABELLED:
                taken = outputs[:, : self.reals], outputs[:, self.reals :]
                found["loss/d/double"] = discriminator_loss(self.family, *taken, dim=1)
        return {self.player.key(name): values for name, values in found.items()}


def _sign(x: torch.Tensor) -> torch.Tensor:
    """Keeps NaN, of which torch says 0."""
    return x.sign().where(~x.isnan(), x)


@dataclass(frozen=True, eq=False)
class GradientNorm:
    """The norm of a player's gradient from those of its parameters."""

    player: Player

    def __call__(self, norms: torch.Tensor) -> Mapping[str, torch.Tensor]:
        """(S,) norms from (S, P)."""
        return {self.player.key(f"gradient/{self.player.role}"): norms.square().sum(1).sqrt()}


@dataclass(frozen=True, eq=False)
class ScaledGradientNorm:
    """The same under a GradScaler that leaves it to the optimizer to leave a step out."""

    player: Player

    def __call__(self, raw: torch.Tensor) -> Mapping[str, torch.Tensor]:
        """(S,) norms from (S, P + 1); the last number is above 0 where the step is left out."""
        found = GradientNorm(self.player)(raw[:, :-1])
        left_out = raw[:, -1] > 0
        return {name: norms.masked_fill(left_out, ABSENT) for name, norms in found.items()}


@dataclass(frozen=True, eq=False)
class LayerNorms:
    """The norms of the gradients of the first layer, the last, and those between.

    Args:
        player: G or D.
        layers: (P,) of each parameter, never falling: from the input to the output.
    """

    player: Player
    layers: Sequence[int]

    def __call__(self, norms: torch.Tensor) -> Mapping[str, torch.Tensor]:
        """(S,) norms from (S, P)."""
        first, last = self.layers.count(self.layers[0]), self.layers.count(self.layers[-1])
        if self.layers[0] == self.layers[-1]:
            return {}
        key = self.player.key
        role = self.player.role
        squares = norms.square()
        parts = {"first": squares[:, :first], "hidden": squares[:, first:-last]}
        parts["last"] = squares[:, -last:]
        return {
            key(f"gradient/{role}/{name}"): part.sum(1).sqrt()
            for name, part in parts.items()
            if part.shape[1]
        }


@dataclass(frozen=True, eq=False)
class NotFinite:
    """Whether a gradient holds NaN or infinities, from its sum."""

    player: Player

    def __call__(self, sums: torch.Tensor) -> Mapping[str, torch.Tensor]:
        """(S,) 1 or 0 from (S,)."""
        return {self.player.key(f"nonfinite/{self.player.role}"): (~sums.isfinite()).float()}


@dataclass(frozen=True, eq=False)
class GradientCosine:
    """The cosine between two successive gradients of a player."""

    player: Player

    def __call__(self, pairs: torch.Tensor) -> Mapping[str, torch.Tensor]:
        """(S,) cosines from (S, 2, C) coordinates; none where a gradient is 0 or not finite."""
        # Squares of large gradients would not fit.
        pairs = pairs / pairs.abs().amax(2, keepdim=True)
        cosines = torch.nn.functional.cosine_similarity(pairs[:, 0], pairs[:, 1], dim=1)
        key = self.player.key(f"gradient/{self.player.role}/cosine")
        return {key: cosines.nan_to_num(ABSENT, ABSENT, ABSENT)}


@dataclass(frozen=True, eq=False)
class ShareThroughD:
    """The share of the loss gradient at G's output that comes through D."""

    player: Player

    def __call__(self, parts: torch.Tensor) -> Mapping[str, torch.Tensor]:
        """(S,) shares from (S, 2) norms, of the part through D and of the rest."""
        share = parts[:, 0] / parts.sum(1)
        return {self.player.key("gradient/g/through_d"): share.nan_to_num(ABSENT, ABSENT, ABSENT)}
