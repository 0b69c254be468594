"""Orthogonal regularisation: the filters of a layer are kept apart from each other (Brock 2019)."""

from __future__ import annotations

from collections.abc import Iterator

from torch import Tensor, nn

from gan_doctor.core import ConfigError

_FORWARD = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d)
_TRANSPOSED = (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)


def orthogonal_penalty(module: nn.Module, weight: float = 1e-4) -> Tensor:
    """`weight * sum |W W^T * (1 - I)|^2` over the layers (Brock 2019, BigGAN, section 3.1).

    Only products of different filters count: their norms stay free. Linear and convolutional
    layers are taken, a row of W for each output; of a layer under spectral normalisation, the
    weights before it, as in the authors' code.

    Args:
        module: G in the paper; any module.
        weight: The paper's beta, >= 0.

    Returns:
        A scalar.

    Raises:
        ConfigError: The module has no such layer.
    """
    terms = [_off_diagonal(W @ W.T).square().sum() for W in _matrices(module)]
    if not terms:
        raise ConfigError(
            "orthogonal_penalty needs a linear or convolutional layer, "
            f"got {type(module).__name__} without one"
        )
    return weight * sum(terms[1:], terms[0])


def _matrices(module: nn.Module) -> Iterator[Tensor]:
    """(outputs, rest) weights of each layer."""
    for layer in module.modules():
        if isinstance(layer, _FORWARD):
            yield _weight(layer).flatten(1)
        elif isinstance(layer, _TRANSPOSED):
            yield _weight(layer).transpose(0, 1).flatten(1)


def _weight(layer: nn.Module) -> Tensor:
    # Under spectral normalisation, reading `weight` itself would be a power iteration, or it would
    # be of the last forward, whose graph is gone.
    own = dict(layer.named_parameters())
    for name in ("parametrizations.weight.original", "weight_orig"):
        if name in own:
            return own[name]
    return layer.weight  # type: ignore[return-value]


def _off_diagonal(gram: Tensor) -> Tensor:
    return gram - gram.diagonal().diag()
