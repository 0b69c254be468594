"""Samples of a G outside its training: from seeded latents, with nothing of the training moved."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from gan_doctor.monitor.undisturbed import undisturbed
from gan_doctor.training.data import Dataset
from gan_doctor.training.steps import Steps, latents


@dataclass(frozen=True)
class Drawing:
    """Draws fakes and reals of a training, at any time.

    Args:
        steps: Of the training.
        data: What it learns.
    """

    steps: Steps
    data: Dataset

    def fakes(self, n: int, seed: int = 0, average: bool = True) -> Tensor:
        """Samples of G.

        BatchNorm takes the statistics of the batch, as in training; nothing is learned from it.

        Args:
            n: Number of samples.
            seed: Of the latents; the same one gives the same latents.
            average: Whether to draw from the running average of G, where there is one.

        Returns:
            (n, ...) on the CPU.
        """
        plan, now = self.steps.plan, self.steps.now
        G: nn.Module = now.average if average and now.average is not None else now.G
        random = torch.Generator().manual_seed(seed)
        z = latents(n, self.steps.latent, plan.latent_law, random).to(plan.device)
        told: tuple[Tensor, ...] = ()
        if plan.conditional:
            # In the shares of the data.
            _, y = self.data.batch(torch.randint(len(self.data), (n,), generator=random))
            told = () if y is None else (y.to(plan.device),)
        with torch.no_grad(), undisturbed(G):
            return G(z, *told).float().cpu()  # type: ignore[no-any-return]

    def reals(self, n: int, seed: int = 0) -> Tensor:
        """(at most n, ...) of the data, chosen by a seed."""
        random = torch.Generator().manual_seed(seed)
        x, _ = self.data.batch(torch.randperm(len(self.data), generator=random)[:n])
        return x.cpu()
