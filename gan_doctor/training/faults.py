"""Faults that no setting can cause, built into a training on purpose, at the places of tricks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, pad

from gan_doctor.losses import r1_penalty
from gan_doctor.tricks import DStep, Plan, Training

# How strong each is. Our choice: plain to see, and far from ending the training by itself.
_DAMPED = 0.02  # of z, where G hears next to nothing of it
_CHECKS = 0.3  # added to and taken from neighbouring pixels of [-1, 1]
_DECAY = 0.97  # of both rates, each step
_RUNAWAY = 300  # times G's rate, once the training is half done
_SPIKE, _SPIKE_STEPS = 20, 10  # times G's rate, and for how many steps
_NOT_A_NUMBER = 0.3  # share of the training after which a weight is no number


@dataclass(frozen=True)
class Fault:
    """One fault.

    Args:
        summary: What goes wrong, in one sentence.
        apply: Builds it into a plan.
    """

    summary: str
    apply: Callable[[Plan], None]


class _Deaf(nn.Module):
    """A conditional G that hears little of z, or nothing of the class."""

    def __init__(self, G: nn.Module, z: float = 1.0, condition: int = 1) -> None:
        super().__init__()
        self.G, self.z, self.condition = G, z, condition

    def forward(self, z: Tensor, *y: Tensor) -> Tensor:
        return self.G(self.z * z, *(self.condition * told for told in y))  # type: ignore[no-any-return]


class _Altered(nn.Module):
    """A G whose images are altered on their way out."""

    def __init__(self, G: nn.Module, change: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.G, self.change = G, change

    def forward(self, z: Tensor, *y: Tensor) -> Tensor:
        return self.change(self.G(z, *y))


def _blurred(x: Tensor) -> Tensor:
    return avg_pool2d(pad(x, (1, 1, 1, 1), mode="replicate"), 3, stride=1)


def _chequered(x: Tensor) -> Tensor:
    rows, columns = (torch.arange(n, device=x.device) for n in x.shape[-2:])
    signs = 1 - 2 * ((rows[:, None] + columns) % 2)
    return (x + _CHECKS * signs).clamp(-1, 1)


def _framed(x: Tensor) -> Tensor:
    return pad(x[..., 1:-1, 1:-1], (1, 1, 1, 1))


def _alter(change: Callable[[Tensor], Tensor]) -> Callable[[Plan], None]:
    return lambda plan: plan.g_wrappers.append(lambda G: _Altered(G, change))


def _deafen(z: float = 1.0, condition: int = 1) -> Callable[[Plan], None]:
    return lambda plan: plan.g_wrappers.append(lambda G: _Deaf(G, z, condition))


def _swap_labels(plan: Plan) -> None:
    plan.d_targets.append(lambda real, fake: (fake, real))


def _add_sigmoid(plan: Plan) -> None:
    def with_sigmoid(D: nn.Module) -> nn.Module:
        D.output = nn.Sequential(D.output, nn.Sigmoid())  # type: ignore[arg-type]
        return D

    plan.d_wrappers.append(with_sigmoid)


def _freeze(player: Literal["G", "D"]) -> Callable[[Plan], None]:
    def apply(plan: Plan) -> None:
        frozen: list[nn.Module] = []
        plan.at_start.append(lambda training: frozen.append(getattr(training, player)))
        plan.before_update.append(lambda net: net.zero_grad() if net in frozen else None)

    return apply


def _detach_penalty(plan: Plan) -> None:
    def detached(at: DStep) -> Tensor:
        return r1_penalty(at.judge_real, at.real).detach()

    plan.penalties.append("r1")
    plan.d_penalties.append(detached)


def _evaluate_g(plan: Plan) -> None:
    def evaluate(training: Training) -> None:
        training.G.eval()

    plan.before_step.append(evaluate)


def _rotate(plan: Plan) -> None:
    random = plan.generator("rotation", "cpu")

    def rotated(x: Tensor, training: Training) -> Tensor:
        quarter = torch.randint(4, (len(x),), generator=random).to(x.device)
        turned = torch.stack([x.rot90(k, (-2, -1)) for k in range(4)])  # (4, N, C, H, W)
        return turned[quarter, torch.arange(len(x), device=x.device)]

    plan.d_inputs.append(rotated)


def _exhaust_rates(plan: Plan) -> None:
    def decay(training: Training) -> None:
        for group in training.param_groups:
            group["lr"] *= _DECAY

    plan.after_step.append(decay)


def _run_away(plan: Plan) -> None:
    def speed_up(training: Training) -> None:
        if training.step == training.steps // 2:
            for group in training.opt_g.param_groups:
                group["lr"] *= _RUNAWAY

    plan.before_step.append(speed_up)


def _spike(plan: Plan) -> None:
    def push(training: Training) -> None:
        first = training.steps // 2
        for group in training.opt_g.param_groups:
            if training.step == first:
                group["lr"] *= _SPIKE
            elif training.step == first + _SPIKE_STEPS:
                group["lr"] /= _SPIKE

    plan.before_step.append(push)


def _inject_nan(plan: Plan) -> None:
    def inject(training: Training) -> None:
        if training.step == int(_NOT_A_NUMBER * training.steps):
            with torch.no_grad():
                next(training.D.parameters()).view(-1)[0] = float("nan")

    plan.before_step.append(inject)


FAULTS: Mapping[str, Fault] = {
    "labels-swapped": Fault("D is trained to call reals fake and fakes real.", _swap_labels),
    "double-sigmoid": Fault(
        "D ends in a sigmoid, and its loss takes another one of that.", _add_sigmoid
    ),
    "frozen-generator": Fault(
        "G's gradients are zeroed between its backward pass and its step.", _freeze("G")
    ),
    "frozen-discriminator": Fault(
        "D's gradients are zeroed between its backward pass and its step.", _freeze("D")
    ),
    "penalty-detached": Fault(
        "R1 is computed and logged, but it is detached and changes no gradient.", _detach_penalty
    ),
    "generator-in-eval": Fault("G trains in evaluation mode.", _evaluate_g),
    "latent-ignored": Fault("G is given zeros in place of z.", _deafen(z=0.0)),
    "latent-damped": Fault(
        "G hears z at a fiftieth of its strength, so that it makes one sample for each class.",
        _deafen(z=_DAMPED),
    ),
    "condition-ignored": Fault(
        "G is told the first class whatever was asked.", _deafen(condition=0)
    ),
    "blurred": Fault("What G makes is blurred over 3 by 3 pixels.", _alter(_blurred)),
    "chequered": Fault("A checkerboard lies on what G makes.", _alter(_chequered)),
    "framed": Fault(
        "What G makes has a grey frame, one pixel wide, that no real has.", _alter(_framed)
    ),
    "rotated": Fault(
        "D sees all images turned by quarter turns, so that G may make them turned.", _rotate
    ),
    "rates-exhausted": Fault("Both learning rates fall by 3% each step.", _exhaust_rates),
    "rate-runs-away": Fault(
        "G's learning rate grows 300 times when the training is half done.", _run_away
    ),
    "rate-spikes": Fault(
        "G's learning rate is 20 times higher for ten steps when the training is half done, from "
        "which it recovers.",
        _spike,
    ),
    "nan-injected": Fault(
        "One weight of D is no number after three tenths of the training.", _inject_nan
    ),
}
