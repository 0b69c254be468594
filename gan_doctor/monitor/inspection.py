"""Facts of a network and its optimizer, read off the objects; nothing is run."""

from __future__ import annotations

from collections import Counter

from torch import nn
from torch.nn.modules.batchnorm import _NormBase
from torch.nn.utils.parametrizations import _SpectralNorm
from torch.optim import Optimizer

from gan_doctor.core import ConfigError, Network, OptimizerFacts
from gan_doctor.core.setup import Role

_ACTIVATIONS = (
    nn.Tanh, nn.Sigmoid, nn.Hardtanh, nn.Hardsigmoid, nn.ReLU, nn.LeakyReLU, nn.Softplus, nn.Softmax,
)  # fmt: skip
_WEIGHTED = (nn.Linear, nn.modules.conv._ConvNd)
_DROPOUT = (nn.modules.dropout._DropoutNd,)
_NORMS = (_NormBase, nn.LayerNorm, nn.GroupNorm, nn.LocalResponseNorm)


def inspect_network(module: nn.Module, role: Role, player: str = "") -> Network:
    """What a G or D is made of."""
    leaves = [
        m for m in module.modules() if not any(True for _ in m.children()) or _parametrized(m)
    ]
    leaves = [m for m in leaves if not isinstance(m, _SpectralNorm)]
    weighted = [m for m in leaves if isinstance(m, _WEIGHTED)]
    last = leaves[-1] if leaves else None
    while isinstance(last, nn.Flatten | nn.Unflatten | nn.Identity):
        leaves.pop()
        last = leaves[-1] if leaves else None
    return Network(
        role=role,
        player=player,
        kind=type(module).__name__,
        parameters=sum(p.numel() for p in module.parameters()),
        layers=dict(Counter(_name(m) for m in leaves)),
        norms=tuple(sorted({_name(m) for m in leaves if isinstance(m, _NORMS)})),
        spectral_norm=any(_spectrally_normalised(m) for m in module.modules()),
        dropout=max((float(m.p) for m in leaves if isinstance(m, _DROPOUT)), default=0.0),
        output_activation=_name(last) if isinstance(last, _ACTIVATIONS) else "",
        input_channels=_width(weighted[0], "in") if weighted else None,
        output_channels=_width(weighted[-1], "out") if weighted else None,
    )


def inspect_optimizer(optimizer: Optimizer, role: Role, player: str = "") -> OptimizerFacts:
    """What an optimizer does, from its first group."""
    group = optimizer.param_groups[0]
    betas = group.get("betas")
    return OptimizerFacts(
        role=role,
        player=player,
        kind=type(optimizer).__name__,
        lr=float(group["lr"]) if "lr" in group else None,
        betas=(float(betas[0]), float(betas[1])) if betas else None,
        weight_decay=float(group.get("weight_decay") or 0.0),
    )


def check_roles(generator: object, discriminator: object) -> None:
    """Refuses what cannot be a G and its D.

    Raises:
        ConfigError: One of them is no module, they are the same, or they are swapped.
    """
    for name, module in (("generator", generator), ("discriminator", discriminator)):
        if not isinstance(module, nn.Module):
            came = type(module).__name__
            raise ConfigError(
                f"{name} must be a torch.nn.Module, got {came}: pass {name}=your_module"
            )
    if generator is discriminator:
        raise ConfigError("generator and discriminator are the same module: pass G and D")
    assert isinstance(generator, nn.Module)
    assert isinstance(discriminator, nn.Module)
    g, d = inspect_network(generator, "g"), inspect_network(discriminator, "d")
    # D takes what G makes. Only a pair that fits exactly the other way round is called swapped.
    if d.input_channels != g.output_channels and g.input_channels == d.output_channels:
        raise ConfigError(
            f"generator ({g.kind}) and discriminator ({d.kind}) look swapped: the discriminator takes "
            f"{d.input_channels} channels, the generator gives {g.output_channels}. Swap the arguments."
        )


def _name(module: nn.Module | None) -> str:
    name = type(module).__name__
    return name.removeprefix("Parametrized")


def _parametrized(module: nn.Module) -> bool:
    return hasattr(module, "parametrizations")


def _spectrally_normalised(module: nn.Module) -> bool:
    # The parametrization, or the older hook that torch.nn.utils.spectral_norm leaves.
    return isinstance(module, _SpectralNorm) or hasattr(module, "weight_u")


def _width(module: nn.Module, side: str) -> int | None:
    for suffix in ("channels", "features"):
        width = getattr(module, f"{side}_{suffix}", None)
        if width is not None:
            return int(width)
    return None
