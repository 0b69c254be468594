"""What is read at each optimizer step: D's outputs, gradient norms, learning rates."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch.optim.optimizer import Optimizer

from gan_doctor.core import Key
from gan_doctor.core.objective import LABELLED
from gan_doctor.core.setup import Role
from gan_doctor.losses import LOSS_FAMILIES, discriminator_loss
from gan_doctor.metrics import auroc, norm
from gan_doctor.monitor.gathering import Gathering
from gan_doctor.monitor.hooks import DiscriminatorStep, on_loss_gradient
from gan_doctor.monitor.inspection import inspect_optimizer
from gan_doctor.monitor.recorder import Recorder

PATIENCE = 50  # D steps after which a loop whose batches cannot be told apart is told so
ORIENTATION_STEPS = 10  # whose loss gradient shows which way D scores; later one a tick
LR_CHANGE = 0.2  # of the learning rate since the last event; smaller ones are a decay under way


class Readings:
    """Puts on record what hooks and `observe` tell of D and of the optimizers.

    Args:
        record: Where to.
        gathering: Is offered the batches.
    """

    def __init__(self, record: Recorder, gathering: Gathering) -> None:
        self._record, self._gathering = record, gathering
        objective = record.setup.objective
        plain = objective.coding in (None, (0, 1, 1)) and objective.family in LOSS_FAMILIES
        self._family = objective.family if plain else None
        self._lr: dict[Role, float] = {}
        self._gradients_wanted = ORIENTATION_STEPS
        self._observed = False
        self._told_apart = False
        self.all_d_steps = 0
        self.d_steps = 0  # since the last generator step
        self.g_stepped = False

    def wants_gradient(self) -> bool:
        """Whether to look which way the loss pushes D's output on reals."""
        return self._gradients_wanted > 0

    def want_gradient(self) -> None:
        """Wants to look once more."""
        self._gradients_wanted = max(self._gradients_wanted, 1)

    def end_step(self) -> None:
        """A generator step has ended."""
        self.d_steps, self.g_stepped = 0, False

    def on_discriminator_step(self, optimizer: Optimizer, seen: DiscriminatorStep | None) -> None:
        """D's optimizer is about to step."""
        self.d_steps += 1
        self.all_d_steps += 1
        self._read_optimizer(optimizer, "d")
        if self._observed:
            return
        if seen is None:
            if self.all_d_steps >= PATIENCE and not self._told_apart:
                self._record.shield.tell_once(
                    "batches",
                    f"in {PATIENCE} D steps the real and fake batches could not be told apart: "
                    "call doctor.observe(real=, fake=, real_logits=, fake_logits=) in the D step",
                )
            return
        self._told_apart = True
        self._read_logits(seen.real.out, torch.cat([fake.out.flatten() for fake in seen.fakes]))
        if seen.real.gradient is not None and self.wants_gradient():
            self._gradients_wanted -= 1
            self._record.put("logit/gradient", seen.real.gradient)
        self._gathering.offer_real(seen.real.x)

    def on_generator_step(self, optimizer: Optimizer, fake: torch.Tensor | None) -> None:
        """G's optimizer is about to step."""
        self.g_stepped = True
        self._read_optimizer(optimizer, "g")
        if fake is not None:
            self._gathering.offer_fake(fake)

    def observe(
        self,
        real: torch.Tensor,
        fake: torch.Tensor,
        player: str,
        shield: Callable[[Callable[..., None]], Callable[..., None]],
    ) -> None:
        """Takes D's outputs from a person, and from now on from nobody else.

        Args:
            real: D's output on reals.
            fake: On fakes, under the same weights.
            player: Which D.
            shield: Wraps what listens to the gradient.
        """
        self._observed = True
        self._read_logits(real.detach(), fake.detach(), player)
        if self.wants_gradient() and real.requires_grad:
            self._gradients_wanted -= 1
            name = _key("logit/gradient", player)
            on_loss_gradient(real, lambda gradient: self._record.put(name, gradient), shield)

    @torch.no_grad()
    def _read_logits(self, real: torch.Tensor, fake: torch.Tensor, player: str = "") -> None:
        real, fake = real.flatten().float(), fake.flatten().float()
        readings = {"auroc": auroc(real, fake)}
        outputs = real, fake
        if self._record.setup.discriminator_output == "probability":
            real, fake = torch.logit(real, 1e-7), torch.logit(fake, 1e-7)
        readings["logit/real"], readings["logit/fake"] = real.mean(), fake.mean()
        readings["logit/sd"] = torch.cat([real, fake]).std()
        if self._family in LABELLED:
            readings["loss/d/clean"] = discriminator_loss(self._family, real, fake)
        elif self._family is not None:
            # These losses are of what D says, be it a probability.
            readings["loss/d/clean"] = discriminator_loss(self._family, *outputs)
        for name, value in readings.items():
            self._record.put(_key(name, player), value)

    def _read_optimizer(self, optimizer: Optimizer, role: Role) -> None:
        parameters = (p for group in optimizer.param_groups for p in group["params"])
        gradients = [p.grad for p in parameters if p.grad is not None]
        if gradients:
            self._record.put(f"gradient/{role}", norm(gradients))
        if self._record.setup.optimizer(role) is None:
            found = inspect_optimizer(optimizer, role)
            self._record.learn(optimizers=(*self._record.setup.optimizers, found))
        lr = optimizer.param_groups[0].get("lr")
        if isinstance(lr, float | int):
            self._record.put(f"lr/{role}", lr)
            known = self._lr.setdefault(role, lr)
            if abs(lr - known) > LR_CHANGE * abs(known):
                self._lr[role] = lr
                self._record.event("learning-rate", {"role": role, "from": known, "to": lr})


def _key(name: str, player: str) -> str:
    return str(Key(name, player)) if player else name
