"""What the training options of a StyleGAN say of the set-up."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from gan_doctor.core import Objective, OptimizerFacts, Setup
from gan_doctor.core.setup import Role

# What the loss classes of this family of codes print as Loss/D/loss. Two of them are called
# ProjectedGANLoss: one takes the mean over its discriminators, that of StyleGAN-XL the sum.
STYLEGAN2 = Objective("non-saturating", "sum", smoothing=1, flip=0, penalties=("r1",))
_OBJECTIVES = {
    "StyleGAN2Loss": STYLEGAN2,
    "ProjectedGANLoss": Objective("hinge", penalties=()),
    "R3GANLoss": Objective("relativistic-paired", penalties=("r1", "r2")),
}

# What the networks and the data loader of StyleGAN2 do, which no option switches off.
_ALWAYS = (
    "convolutional", "data-scaling", "latent-law", "leaky-relu", "non-saturating-loss", "residual",
    "shuffle", "upsampling",
)  # fmt: skip

_Options = Mapping[str, Any]


def setup_of(text: bytes) -> Setup:
    """The facts in a `training_options.json`.

    Args:
        text: The file.

    Raises:
        ValueError: It holds no options.
    """
    try:
        options = json.loads(text)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    if not isinstance(options, dict):
        raise ValueError(f"it holds a {type(options).__name__}")
    loss = _part(options, "loss_kwargs")
    ema = _number(options, "ema_kimg")
    labels = _part(options, "training_set_kwargs").get("use_labels")
    return Setup(
        objective=_objective(loss),
        total_steps=_whole(options, "total_kimg"),
        batch_size=_whole(options, "batch_size"),
        optimizers=(
            *_optimizer("g", _part(options, "G_opt_kwargs")),
            *_optimizer("d", _part(options, "D_opt_kwargs")),
        ),
        tricks=_tricks(options, loss) if _class(loss) == "StyleGAN2Loss" else None,
        discriminator_output="logit" if _class(loss) in _OBJECTIVES else None,
        ema=None if ema is None else ema > 0,
        labelled=labels if isinstance(labels, bool) else None,
    )


def resumed_from(text: bytes) -> str:
    """The snapshot that the training went on from, "" if it began anew or the file is broken."""
    try:
        options = json.loads(text)
    except (ValueError, RecursionError):
        return ""
    name = options.get("resume_pkl") if isinstance(options, dict) else None
    return name.replace("\\", "/").rpartition("/")[2] if isinstance(name, str) else ""


def _objective(loss: _Options) -> Objective:
    objective = _OBJECTIVES.get(_class(loss), Objective())
    unpenalised = objective == STYLEGAN2 and _number(loss, "r1_gamma") == 0
    return replace(objective, penalties=()) if unpenalised else objective


def _tricks(options: _Options, loss: _Options) -> tuple[str, ...]:
    """What StyleGAN2 does as it is, and what it does unless it is switched off."""
    epilogue = _part(_part(options, "D_kwargs"), "epilogue_kwargs")
    used = {
        "projection": _part(options, "training_set_kwargs").get("use_labels") is True,
        "r1-penalty": _number(loss, "r1_gamma") != 0,
        "lazy-regularization": _number(options, "D_reg_interval", 16) is not None,
        "path-length": _number(loss, "pl_weight", 2) != 0,
        "ema": _number(options, "ema_kimg", 10) != 0,
        "minibatch-stddev": _number(epilogue, "mbstd_group_size", 4) is not None,
        "ada": bool(_part(options, "augment_kwargs")),
        "diff-augment": bool(loss.get("diffaugment")),
    }
    return (*_ALWAYS, *(slug for slug, in_use in used.items() if in_use))


def _optimizer(role: Role, options: _Options) -> tuple[OptimizerFacts, ...]:
    betas = options.get("betas")
    pair = isinstance(betas, list) and len(betas) == 2
    numbers = {str(i): beta for i, beta in enumerate(betas or [])} if pair else {}
    one, two = _number(numbers, "0"), _number(numbers, "1")
    facts = OptimizerFacts(
        role,
        kind=_class(options),
        lr=_number(options, "lr"),
        betas=None if one is None or two is None else (one, two),
    )
    return (facts,) if options else ()


def _part(options: _Options, name: str) -> _Options:
    part = options.get(name)
    return part if isinstance(part, dict) else {}


def _class(options: _Options) -> str:
    """`StyleGAN2Loss` of `training.loss.StyleGAN2Loss`."""
    name = options.get("class_name")
    return name.rpartition(".")[2] if isinstance(name, str) else ""


def _number(options: _Options, name: str, default: float | None = None) -> float | None:
    """A number; the default where nothing is said, None where something else is."""
    value = options.get(name, default)
    known = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if known and abs(value) < 1e15 else None


def _whole(options: _Options, name: str) -> int | None:
    """A whole number above 0."""
    value = _number(options, name)
    return int(value) if value is not None and value >= 1 else None
