"""Initial weights of whole networks."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

from torch import Tensor, nn

from gan_doctor.nn.upsampling import SubPixelConv, icnr_

_Module = TypeVar("_Module", bound=nn.Module)


def normal_init(module: _Module, sd: float = 0.02) -> _Module:
    """Draws the weights of linear and convolutional layers from N(0, sd^2); their biases become 0.

    Both networks of PacGAN's experiments on points start like this (Lin 2018, official code).

    Args:
        module: Changed in place; layers of other kinds stay as they are.
        sd: Standard deviation.

    Returns:
        The same module.

    Example:
        >>> normal_init(nn.Linear(2, 3)).bias.tolist()
        [0.0, 0.0, 0.0]
    """
    draw_weights(module, partial(nn.init.normal_, std=sd))
    for layer in module.modules():
        if isinstance(layer, nn.Linear | nn.Conv2d | nn.ConvTranspose2d) and layer.bias is not None:
            nn.init.zeros_(layer.bias)
    return module


def draw_weights(module: nn.Module, init: Callable[[Tensor], Any]) -> None:
    """Fills the weight of each linear and convolutional layer by `init`, in place.

    A pixel shuffle keeps its equal kernels.
    """

    def draw(layer: nn.Module) -> None:
        if isinstance(layer, nn.Linear | nn.Conv2d | nn.ConvTranspose2d):
            init(layer.weight)
        # It comes after the convolution that it is made of.
        elif isinstance(layer, SubPixelConv):
            icnr_(layer.conv.weight, 2, init)

    module.apply(draw)
