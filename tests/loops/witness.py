"""Stands in a test loop beside the doctor and writes down what truly happens at each step."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from loops.gan_loops import Nobody, Training
from loops.sameness import everything
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.optimizer import register_optimizer_step_post_hook

Logits = Tensor | Sequence[Tensor]
Networks = nn.Module | Sequence[nn.Module] | Mapping[str, nn.Module]


Loop = Callable[["Witness"], None]


class Witness:
    """The doctor of a loop, and the truth beside it.

    Args:
        doctor_of: Makes a doctor for (G, D, **options); without it there is none.
        n: How many generator steps the loop is to make.
    """

    def __init__(self, doctor_of: Callable[..., Any] | None = None, n: int = 24) -> None:
        self.n = n
        self.rows: list[dict[str, float]] = []
        self._doctor_of = doctor_of
        self._open: dict[str, list[float]] = defaultdict(list)
        self._d_steps: dict[str, int] = defaultdict(int)
        self._g_stepped = False
        self._modules: list[nn.Module] = []
        self._optimizers: dict[int, Optimizer] = {}

    # What a loop calls

    def attach(self, generator: Networks, discriminator: Networks, **options: Any) -> Any:
        """The doctor, whose `step` ends a row of the truth as well."""
        self._modules = [*_modules(generator), *_modules(discriminator)]
        self._doctor = Nobody()
        if self._doctor_of is not None:
            self._doctor = self._doctor_of(generator, discriminator, **options)
        return self

    @property
    def steps(self) -> Iterator[int]:
        """The generator steps to make."""
        return iter(range(self.n))

    def d(
        self,
        discriminator: nn.Module,
        real: Logits | None = None,
        fake: Logits | None = None,
        player: str = "",
    ) -> None:
        """Called right before a step of D's optimizer.

        Args:
            discriminator: D, with its gradients.
            real: What D said of the reals in the loss of this step, a list of several scales; None
                where no reals went into it.
            fake: The same of the fakes.
            player: Which D.
        """
        self._d_steps[player] += 1
        self._gradient("gradient/d", discriminator, player)
        if real is None or fake is None:
            return
        pairs = list(zip(_scales(real), _scales(fake), strict=True))
        self._note("logit/real", player, [r.mean() for r, _ in pairs])
        self._note("logit/fake", player, [f.mean() for _, f in pairs])
        self._note("auroc", player, [_auroc(r, f) for r, f in pairs])

    def g(self, generator: nn.Module, player: str = "") -> None:
        """Called right before a step of G's optimizer."""
        self._g_stepped = True
        self._gradient("gradient/g", generator, player)

    def step(self, *args: Any, **kwargs: Any) -> None:
        """The loop's call of `doctor.step`."""
        self._doctor.step(*args, **kwargs)
        if not self._g_stepped:
            return
        row = {key: sum(values) / len(values) for key, values in self._open.items()}
        for player, d_steps in self._d_steps.items():
            row[_key("steps/d", player)] = d_steps
            self._d_steps[player] = 0
        self.rows.append(row)
        self._open.clear()
        self._g_stepped = False

    def observe(self, *args: Any, **kwargs: Any) -> None:
        """The loop's call of `doctor.observe`."""
        self._doctor.observe(*args, **kwargs)

    # The usual way to step, where the loop is about something else

    def step_d(self, t: Training, loss: Tensor, real: Logits, fake: Logits) -> None:
        """Clears D's gradients, runs `loss` backwards and steps."""
        t.opt_d.zero_grad()
        loss.backward()
        self.d(t.D, real, fake)
        t.opt_d.step()

    def step_g(self, t: Training, loss: Tensor) -> None:
        """The same of G."""
        t.opt_g.zero_grad()
        loss.backward()
        self.g(t.G)
        t.opt_g.step()

    # What a test asks

    def series(self, name: str) -> dict[str, dict[int, float]]:
        """The true values of a name by step, for each key that has it: {"auroc@A": {1: .5}}."""
        found: dict[str, dict[int, float]] = defaultdict(dict)
        for step, row in enumerate(self.rows, start=1):
            for key, value in row.items():
                if key.split("@")[0] == name:
                    found[key][step] = value
        return found

    def _note(self, name: str, player: str, values: Sequence[Tensor]) -> None:
        self._open[_key(name, player)].append(float(torch.stack(list(values)).mean()))

    def _gradient(self, name: str, module: nn.Module, player: str) -> None:
        gradients = [p.grad.double().flatten() for p in module.parameters() if p.grad is not None]
        if gradients:
            self._note(name, player, [torch.cat(gradients).norm()])


def play(loop: Loop, witness: Witness) -> dict[str, Any]:
    """Runs a loop from fixed seeds and returns all that its training came to."""
    torch.manual_seed(0)
    random.seed(0)
    np.random.seed(0)  # noqa: NPY002

    def keep(optimizer: Optimizer, *_: Any) -> None:
        witness._optimizers[id(optimizer)] = optimizer

    listening = register_optimizer_step_post_hook(keep)
    try:
        loop(witness)
    finally:
        listening.remove()
    return everything(witness._modules, witness._optimizers.values())


def _key(name: str, player: str) -> str:
    return f"{name}@{player}" if player else name


def _scales(logits: Logits) -> list[Tensor]:
    scales = [logits] if isinstance(logits, Tensor) else list(logits)
    return [scale.detach().double().flatten() for scale in scales]


def _auroc(real: Tensor, fake: Tensor) -> Tensor:
    """Over all pairs, ties counting half."""
    return ((real[:, None] - fake[None, :]).sign() / 2 + 0.5).mean()


def _modules(networks: Networks) -> list[nn.Module]:
    if isinstance(networks, nn.Module):
        return [networks]
    return list(networks.values() if isinstance(networks, Mapping) else networks)
