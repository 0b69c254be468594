"""The plan of a training: what the reference loop builds itself from, and what tricks change."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from gan_doctor.core import Network, Objective, OptimizerFacts, Setup

if TYPE_CHECKING:
    import torch
    from torch import nn


@dataclass
class Plan:
    """Numbers, and the named places where tricks plug in.

    The loop knows no trick by name; a card's `apply` changes the plan.

    Args:
        family: Loss family.
        lr_g: Learning rate of G.
        lr_d: Learning rate of D.
        betas: Adam's betas, of both.
        d_steps: D steps per G step.
        d_norm: Normalisation in D: `layer`, `batch` or `none`.
        real_label: D's target on reals, for the families with labels.
        group: Samples that D sees as one input.
        penalties: Names of the penalties on D, told to the monitor.
        d_wrappers: Each takes D as built and returns the D to train.
        d_inputs: Each takes what D is about to see, real or fake, and the share of the training
            done, and returns what D sees instead.
        d_losses: Each takes (D, real, fake) as D sees them and returns a term to add to D's loss.
        seed: Of everything random.
        device: Where the training runs.
    """

    family: str = "non-saturating"
    lr_g: float = 2e-4
    lr_d: float = 2e-4
    betas: tuple[float, float] = (0.5, 0.999)
    d_steps: int = 1
    d_norm: Literal["layer", "batch", "none"] = "layer"
    real_label: float = 1.0
    group: int = 1
    penalties: list[str] = field(default_factory=list)
    d_wrappers: list[Callable[[nn.Module], nn.Module]] = field(default_factory=list)
    d_inputs: list[Callable[[torch.Tensor, float], torch.Tensor]] = field(default_factory=list)
    d_losses: list[Callable[[nn.Module, torch.Tensor, torch.Tensor], torch.Tensor]] = field(
        default_factory=list
    )
    seed: int = 0
    device: str = "cpu"

    @property
    def objective(self) -> Objective:
        """What D and G optimise."""
        if self.family == "least-squares":
            # The 1/2 of the paper is what core calls the mean.
            reduction, coding, smoothing = "mean", (0.0, self.real_label, 1.0), 1.0
        else:
            reduction, coding, smoothing = "sum", None, self.real_label
        return Objective(
            self.family,  # type: ignore[arg-type]
            reduction,  # type: ignore[arg-type]
            coding,
            smoothing,
            flip=0.0,
            penalties=tuple(self.penalties),
        )

    def setup(self, tricks: tuple[str, ...]) -> Setup:
        """The facts that a trick's `avoid` asks for."""
        norms = {"batch": ("BatchNorm2d",), "layer": ("GroupNorm",)}.get(self.d_norm, ())
        return Setup(
            objective=self.objective,
            networks=(Network("g"), Network("d", norms=norms)),
            optimizers=(
                OptimizerFacts("g", kind="Adam", lr=self.lr_g, betas=self.betas),
                OptimizerFacts("d", kind="Adam", lr=self.lr_d, betas=self.betas),
            ),
            tricks=tricks,
            d_steps=self.d_steps,
        )

    def subseed(self, purpose: str) -> int:
        """A seed for one purpose, so that drawing more for one changes nothing for another."""
        # torch's CPU generator takes 32 bits of a seed.
        return zlib.crc32(f"{self.seed} {purpose}".encode())

    def generator(self, purpose: str, device: str | None = None) -> torch.Generator:
        """Random numbers for one purpose, on the device of the training unless given."""
        import torch

        return torch.Generator(device or self.device).manual_seed(self.subseed(purpose))
