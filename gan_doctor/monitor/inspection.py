"""Facts of a network and its optimizer, read off the objects; nothing is run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import torch
from torch import nn
from torch.nn.modules.batchnorm import _NormBase
from torch.nn.modules.conv import _ConvNd, _ConvTransposeNd
from torch.nn.parallel import DataParallel, DistributedDataParallel
from torch.nn.parameter import is_lazy
from torch.nn.utils.parametrizations import _SpectralNorm
from torch.optim import Optimizer

from gan_doctor.core import ConfigError, Network, OptimizerFacts, Upsampling
from gan_doctor.core.setup import Role

_ACTIVATIONS = (
    nn.Tanh, nn.Sigmoid, nn.Hardtanh, nn.Hardsigmoid, nn.ReLU, nn.LeakyReLU, nn.Softplus,
    nn.Softmax,
)  # fmt: skip
_WEIGHTED = (nn.Linear, _ConvNd)
_DROPOUT = (nn.modules.dropout._DropoutNd,)
_NORMS = (_NormBase, nn.LayerNorm, nn.GroupNorm, nn.LocalResponseNorm)
_RESHAPING = (nn.Flatten, nn.Unflatten, nn.Identity)
_ENLARGING = ("ConvTranspose", "Upsampl", "PixelShuffle")  # class names


def inspect_network(module: nn.Module, role: Role, player: str = "") -> Network:
    """What a G or D is made of, wrapped or not."""
    module = unwrapped(module)
    leaves = _leaves(module)
    weighted = weighted_layers(module)
    last = next((m for m in reversed(leaves) if not isinstance(m, _RESHAPING)), None)
    # What a lazy layer will have is not known before its first batch.
    parameters = [p for p in module.parameters() if not is_lazy(p)]
    n = _count(parameters)
    return Network(
        role=role,
        player=player,
        kind=type(module).__name__,
        parameters=n,
        layers=dict(Counter(_name(m) for m in leaves)),
        norms=tuple(sorted({_name(m) for m in leaves if isinstance(m, _NORMS)})),
        spectral_norm=any(_spectrally_normalised(m) for m in module.modules()),
        dropout=max((float(m.p) for m in leaves if isinstance(m, _DROPOUT)), default=0.0),
        output_activation=_name(last) if isinstance(last, _ACTIVATIONS) else "",
        input_channels=_width(weighted[0], "in") if weighted else None,
        output_channels=_width(weighted[-1], "out") if weighted else None,
        upsampling=tuple(found for m in leaves if (found := _upsampling(m))),
        slopes=tuple(
            sorted({float(m.negative_slope) for m in leaves if isinstance(m, nn.LeakyReLU)})
        ),
        dtype=_dtype(parameters),
        frozen=_count(p for p in parameters if not p.requires_grad) / n if n else None,
    )


def weighted_layers(module: nn.Module) -> list[nn.Module]:
    """The layers that multiply by weights, in the order of registration."""
    return [m for m in _leaves(module) if isinstance(m, _WEIGHTED)]


def inspect_optimizer(
    optimizer: Optimizer, role: Role, player: str = "", module: nn.Module | None = None
) -> OptimizerFacts:
    """What an optimizer does for a player.

    Args:
        optimizer: It may step others as well.
        role: `g` or `d`.
        player: Which one, where there are several.
        module: That G or D, so that its groups are told from those of others; None takes all.
    """
    groups, mine = optimizer.param_groups, None
    if module is not None:
        stepped = {id(p) for group in groups for p in group["params"]}
        mine = [p for p in module.parameters() if id(p) in stepped]
        ids = {id(p) for p in mine}
        groups = [g for g in groups if any(id(p) in ids for p in g["params"])] or groups
    group = groups[0]
    lrs = tuple(lr for lr in map(_lr, groups) if lr is not None)
    betas, momentum = group.get("betas"), group.get("momentum")
    decay = group.get("weight_decay")
    return OptimizerFacts(
        role=role,
        player=player,
        kind=type(optimizer).__name__,
        lr=_lr(group),
        # On a GPU a tensor would have to be waited for.
        betas=(float(betas[0]), float(betas[1])) if betas and not _is_tensor(betas) else None,
        weight_decay=0.0 if _is_tensor(decay) else float(decay or 0.0),
        momentum=None if momentum is None else float(momentum),
        parameters=None if mine is None else _count(mine),
        group_lrs=lrs if len(set(lrs)) > 1 else None,
    )


def dtype_name(dtype: torch.dtype) -> str:
    """As the facts have it: `float32`."""
    return str(dtype).removeprefix("torch.")


def unwrapped(module: nn.Module) -> nn.Module:
    """The network inside `torch.compile`, DataParallel and DistributedDataParallel."""
    while True:
        if isinstance(module, DataParallel | DistributedDataParallel):
            inner = module.module
        else:
            # By name: to import the class that torch.compile wraps in would take a second.
            inner = module._modules.get("_orig_mod")
        if inner is None:
            return module
        module = inner


def check_roles(networks: Sequence[Network]) -> None:
    """Refuses a G and its D that are swapped.

    Args:
        networks: Every G, then every D; of several nothing is said.

    Raises:
        ConfigError: They are.
    """
    if len(networks) > 2:
        return
    g, d = networks
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


def _upsampling(module: nn.Module) -> Upsampling | None:
    if isinstance(module, _ConvTransposeNd) and max(module.stride) > 1:
        return Upsampling("transposed", tuple(module.kernel_size), tuple(module.stride))
    if isinstance(module, nn.PixelShuffle):
        return Upsampling("pixel-shuffle", stride=(module.upscale_factor,))
    if isinstance(module, nn.Upsample):
        factor = module.scale_factor
        return Upsampling(module.mode, stride=(factor,) if isinstance(factor, float) else factor)
    return None


def _count(parameters: Iterable[nn.Parameter]) -> int:
    return sum(p.numel() for p in parameters)


def _dtype(parameters: Iterable[nn.Parameter]) -> str | None:
    found = {dtype_name(p.dtype) for p in parameters}
    return "mixed" if len(found) > 1 else next(iter(found), None)


def _lr(group: Mapping[str, Any]) -> float | None:
    lr = group.get("lr")
    if isinstance(lr, torch.Tensor) and lr.device.type != "cpu":
        return None  # to read it would be to wait for the device
    return None if lr is None else float(lr)


def _width(module: nn.Module, side: str) -> int | None:
    for suffix in ("channels", "features"):
        width = getattr(module, f"{side}_{suffix}", None)
        if width is not None:
            return int(width)
    return None


def _is_tensor(*values: object) -> bool:
    flat = [v for value in values for v in (value if isinstance(value, tuple) else (value,))]
    return any(isinstance(v, torch.Tensor) for v in flat)
