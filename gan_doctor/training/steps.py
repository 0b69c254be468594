"""One step of D and one of G: the page that knows no trick by name.

Tricks plug into the places that `tricks.Plan` names; nothing here asks which.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from gan_doctor.losses import Judge
from gan_doctor.nn import pack
from gan_doctor.training.data import Batches
from gan_doctor.tricks import DStep, GStep, LookAhead, Plan, Training

if TYPE_CHECKING:
    from gan_doctor.monitor import Monitor


class Steps:
    """The two steps of a GAN, around one plan.

    Args:
        plan: With its tricks applied.
        now: The training under way.
        batches: Endless real batches, of as many samples as D sees in one step.
        latent: Dimension of z.
        amp: The narrow type of D's and G's forward passes; None for none.
    """

    def __init__(
        self,
        plan: Plan,
        now: Training,
        batches: Batches,
        latent: int,
        amp: torch.dtype | None = None,
    ) -> None:
        self.plan, self.now, self.batches, self.latent = plan, now, batches, latent
        self.amp, self.kind = amp, torch.device(plan.device).type
        self.random = plan.generator("latent")
        scaled = amp == torch.float16
        self.scalers = {net: torch.amp.GradScaler(self.kind, enabled=scaled) for net in "gd"}
        self.batch: tuple[Tensor, Tensor | None]  # samples, and what they are of
        self.logits: tuple[Tensor, Tensor]  # on the reals and fakes of the last D step

    def d_step(self, doctor: Monitor | None = None) -> tuple[Tensor, Tensor | None]:
        """Shows D a real and a fake batch, and moves it.

        Returns:
            D's adversarial loss, and the sum of what tricks add to it, None if nothing.
        """
        plan, now = self.plan, self.now
        real, y = self.batch = next(self.batches)
        with torch.no_grad(), self._precision():
            fake = now.G(self._z(len(real)), *self._told(y))
        shown, shown_y, fresh = plan.replay(fake, y) if plan.replay else (fake, y, len(fake))
        real_seen, fake_seen = self._seen(real), self._seen(shown)
        judge_real, judge_fake = self._judge(y), self._judge(shown_y)
        with self._precision():
            on_real, on_fake = judge_real(real_seen), judge_fake(fake_seen)
        on_real, on_fake = on_real.float(), on_fake.float()
        self.logits = on_real.detach(), on_fake.detach()
        for watch in plan.d_watchers:
            watch(*self.logits)
        if doctor:
            of_now = on_fake[: fresh // plan.group]
            classes = y if plan.labelled else None
            asked = classes if plan.conditional else None
            doctor.observe("", real, fake, on_real, of_now, classes, asked)
        loss = plan.loss_d(on_real, on_fake)
        at = DStep(now, real_seen, fake_seen, on_real, on_fake, judge_real, judge_fake, y)
        terms = [term(at) for term in plan.d_losses]
        if now.d_step % plan.lazy == 0:
            terms += [plan.lazy * penalty(at) for penalty in plan.d_penalties]
        if not any(gate(*self.logits) for gate in plan.d_gates):
            self._update("d", now.D, now.opt_d, sum(terms, loss))
            for hook in plan.after_d_update:
                hook(now)
        now.d_step += 1
        return loss, sum(terms[1:], terms[0]) if terms else None

    def g_step(self) -> tuple[Tensor, Tensor]:
        """Moves G by what D, or the D that it foresees, makes of a fresh batch of fakes.

        Returns:
            G's loss, and its adversarial part.
        """
        plan, now = self.plan, self.now
        real, y = self.batch
        z = self._z(len(real)).requires_grad_(bool(plan.g_losses))
        judge = self._judge(y)
        with self._precision():
            fake = now.G(z, *self._told(y))
            seen, real_seen = self._seen(fake), self._seen(real) if self._compares else real
            if plan.look_ahead:
                judge = self._foreseen(plan.look_ahead, real_seen, seen, self._told(y))
            on_fake = judge(seen).float()
            on_real = judge(real_seen).float() if plan.relativistic else None
        for select in plan.g_logits:
            on_fake = select(on_fake, now)
        adversarial = plan.loss_g(on_fake, on_real)
        at = GStep(now, z, y, fake, seen, real, real_seen, lambda z: now.G(z, *self._told(y)))
        terms = [term(at) for term in plan.g_losses]
        loss = sum(terms, plan.adversarial_weight * adversarial)
        self._update("g", now.G, now.opt_g, loss)
        return loss, adversarial

    def _foreseen(
        self, look_ahead: LookAhead, real: Tensor, fake: Tensor, told: tuple[Tensor, ...]
    ) -> Judge:
        ahead = look_ahead(self.now, lambda D: self.plan.loss_d(D(real, *told), D(fake, *told)))
        return lambda x: ahead(x, *told)

    @property
    def _compares(self) -> bool:
        """Whether the G step shows D reals as well."""
        return self.plan.relativistic or bool(self.plan.look_ahead or self.plan.g_losses)

    def _z(self, n: int) -> Tensor:
        return latents(n, self.latent, self.plan.latent_law, self.random)

    def _seen(self, x: Tensor) -> Tensor:
        """A batch as D sees it."""
        x = x.float()
        for change in self.plan.d_inputs:
            x = change(x, self.now)
        return pack(x, self.plan.group)

    def _judge(self, y: Tensor | None) -> Judge:
        D, told = self.now.D, self._told(y)
        return lambda x: D(x, *told)

    def _told(self, y: Tensor | None) -> tuple[Tensor, ...]:
        """What G and D are given beside z and x."""
        return (y,) if self.plan.conditional and y is not None else ()

    def _precision(self) -> AbstractContextManager[None]:
        return torch.autocast(self.kind, self.amp) if self.amp else nullcontext()

    def _update(
        self, net: str, module: nn.Module, optimizer: torch.optim.Optimizer, loss: Tensor
    ) -> None:
        optimizer.zero_grad()
        scaler = self.scalers[net]
        scaler.scale(loss).backward()
        scaler.unscale_(optimizer)
        for hook in self.plan.before_update:
            hook(module)
        scaler.step(optimizer)
        scaler.update()


def latents(n: int, dim: int, law: str, generator: torch.Generator) -> Tensor:
    """(n, dim) of N(0, 1), or of U[-1, 1] where the law is `uniform`."""
    device = generator.device
    if law == "uniform":
        return 2 * torch.rand(n, dim, generator=generator, device=device) - 1
    return torch.randn(n, dim, generator=generator, device=device)
