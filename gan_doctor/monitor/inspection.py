"""Facts of a network and its optimizer, read off the objects; nothing is run."""

from __future__ import annotations

from collections import Counter

from torch import nn
from torch.nn.modules.batchnorm import _NormBase
from torch.nn.utils.parametrizations import _SpectralNorm
from torch.optim import Optimizer

from gan_doctor.core import ConfigError, Network, OptimizerFacts
from gan_doctor.core.setup import Role
from gan_doctor.monitor.players import Players

_ACTIVATIONS = (
    nn.Tanh, nn.Sigmoid, nn.Hardtanh, nn.Hardsigmoid, nn.ReLU, nn.LeakyReLU, nn.Softplus,
    nn.Softmax,
)  # fmt: skip
_WEIGHTED = (nn.Linear, nn.modules.conv._ConvNd)
_DROPOUT = (nn.modules.dropout._DropoutNd,)
_NORMS = (_NormBase, nn.LayerNorm, nn.GroupNorm, nn.LocalResponseNorm)
_RESHAPING = (nn.Flatten, nn.Unflatten, nn.Identity)
_ENLARGING = ("ConvTranspose", "Upsampl", "PixelShuffle")  # class names


def inspect_network(module: nn.Module, role: Role, player: str = "") -> Network:
    """What a G or D is made of."""
    leaves = _leaves(module)
    weighted = [m for m in leaves if isinstance(m, _WEIGHTED)]
    last = next((m for m in reversed(leaves) if not isinstance(m, _RESHAPING)), None)
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


def check_roles(players: Players) -> None:
    """Refuses a G and its D that are swapped.

    Raises:
        ConfigError: They are.
    """
    if len(players.g) > 1 or len(players.d) > 1:
        return
    g, d = inspect_network(players.g[0].module, "g"), inspect_network(players.d[0].module, "d")
    # D takes what G makes, but one that is shown a condition as well takes more. Only a pair that
    # fits the other way round, and looks it, is called swapped.
    fits = d.input_channels == g.output_channels
    if not fits and g.input_channels == d.output_channels and _makes_samples(d, g):
        raise ConfigError(
            f"generator ({g.kind}) and discriminator ({d.kind}) look swapped: the discriminator "
            f"takes {d.input_channels} channels, the generator gives {g.output_channels}. "
            "Swap the arguments."
        )


def _makes_samples(network: Network, other: Network) -> bool:
    """Whether it looks more like a G than the other does."""

    def signs(n: Network) -> int:
        enlarges = any(layer.startswith(_ENLARGING) for layer in n.layers)
        return enlarges + (n.output_activation == "Tanh") + ((n.output_channels or 1) > 1)

    return signs(network) > signs(other)


def _leaves(module: nn.Module) -> list[nn.Module]:
    """The modules that compute, in the order of registration; parametrized ones as themselves."""
    named = [(n, m) for n, m in module.named_modules() if "parametrizations" not in n.split(".")]
    return [m for _, m in named if all(n == "parametrizations" for n, _ in m.named_children())]


def _name(module: nn.Module | None) -> str:
    return type(module).__name__.removeprefix("Parametrized")


def _spectrally_normalised(module: nn.Module) -> bool:
    # The parametrization, or the older hook that torch.nn.utils.spectral_norm leaves.
    return isinstance(module, _SpectralNorm) or hasattr(module, "weight_u")


def _width(module: nn.Module, side: str) -> int | None:
    for suffix in ("channels", "features"):
        width = getattr(module, f"{side}_{suffix}", None)
        if width is not None:
            return int(width)
    return None
