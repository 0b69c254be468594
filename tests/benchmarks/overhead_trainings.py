"""The trainings that `step_overhead` times: a tiny MLP on points, and DCGANs on images."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from gan_doctor.nn import DCGANDiscriminator, DCGANGenerator, MLPDiscriminator, MLPGenerator

POOL = 2_048  # samples that real batches are drawn from: enough to fill gan_doctor's reservoir


@dataclass(frozen=True)
class Size:
    """Of a training.

    Args:
        sample: Shape of a sample: (F,) of points, (C, H, W) of images.
        latent: Dimension of z.
        width: Of the hidden layers, or of the layers next to the image.
        threads: That the training uses on a CPU; with more, an MLP of this size becomes slower.
    """

    sample: tuple[int, ...]
    latent: int
    width: int
    threads: int

    def networks(self) -> tuple[nn.Module, nn.Module]:
        """G and D."""
        if len(self.sample) == 1:
            features = self.sample[0]
            return (
                MLPGenerator(self.latent, features, self.width),
                MLPDiscriminator(features, self.width),
            )
        channels, side, _ = self.sample
        return (
            DCGANGenerator(self.latent, channels, side, self.width),
            DCGANDiscriminator(channels, side, self.width, norm="batch"),
        )


SIZES = {
    "mlp": Size(sample=(2,), latent=2, width=128, threads=1),
    "dcgan32": Size(sample=(3, 32, 32), latent=64, width=16, threads=2),
    "dcgan64": Size(sample=(3, 64, 64), latent=100, width=64, threads=2),
}


class Training:
    """The loop of PyTorch's DCGAN example: one D and one G step, which share a fake batch.

    Args:
        size: Of the networks and the data.
        batch: Samples in a batch.
        device: Where it runs.
        amp: Runs forwards under autocast (float16 with a GradScaler on CUDA, else bfloat16).
        compiled: Compiles G and D.
    """

    def __init__(
        self, size: Size, batch: int, device: torch.device, amp: bool, compiled: bool
    ) -> None:
        torch.manual_seed(0)
        G, D = (network.to(device) for network in size.networks())
        self.G: nn.Module = torch.compile(G) if compiled else G  # type: ignore[assignment]
        self.D: nn.Module = torch.compile(D) if compiled else D  # type: ignore[assignment]
        self.opt_g = torch.optim.Adam(G.parameters(), 2e-4, (0.5, 0.999))
        self.opt_d = torch.optim.Adam(D.parameters(), 2e-4, (0.5, 0.999))
        self.device, self.cuda = device, device.type == "cuda"
        self._data = torch.randn(POOL, *size.sample, device=device).tanh()
        self._z = (batch, size.latent)
        self._half = (torch.float16 if self.cuda else torch.bfloat16) if amp else None
        self._scaler = torch.amp.GradScaler(device.type, enabled=amp and self.cuda)

    def step(self, record: Callable[[Tensor, Tensor], None]) -> None:
        """One iteration; `record` is given D's and G's loss at its end."""
        real = self._data[torch.randint(POOL, self._z[:1], device=self.device)]
        with self._autocast():
            fake = self.G(torch.randn(self._z, device=self.device))
            loss_d = softplus(-self.D(real)).mean() + softplus(self.D(fake.detach())).mean()
        self._update(self.opt_d, loss_d)
        with self._autocast():
            loss_g = softplus(-self.D(fake)).mean()
        self._update(self.opt_g, loss_g)
        self._scaler.update()
        record(loss_d, loss_g)

    def wait(self) -> None:
        """Until the device has done everything it was given."""
        if self.cuda:
            torch.cuda.synchronize(self.device)

    def _autocast(self) -> contextlib.AbstractContextManager[object]:
        if self._half is None:
            return contextlib.nullcontext()
        return torch.autocast(self.device.type, self._half)

    def _update(self, optimizer: torch.optim.Optimizer, loss: Tensor) -> None:
        optimizer.zero_grad()
        self._scaler.scale(loss).backward()
        self._scaler.step(optimizer)
