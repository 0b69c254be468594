"""The size of a gradient, and the angle between two."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from gan_doctor.core import ConfigError


def norm(tensors: Sequence[Tensor]) -> Tensor:
    """The L2 norm of all the tensors together, in one fused pass.

    Half-precision tensors are widened first: a norm beyond 65,504 would not fit. A sparse tensor is
    coalesced, which on CUDA waits for the device unless it is coalesced already.

    Args:
        tensors: Gradients or weights, of any shapes, dtypes and devices.

    Returns:
        0-d float32 on the device of the first tensor; 0 for none.
    """
    return norms(tensors).square().sum().sqrt()


def norms(tensors: Sequence[Tensor]) -> Tensor:
    """The L2 norm of each tensor, in one fused pass.

    Args:
        tensors: P of them, as in `norm`.

    Returns:
        (P,) float32 on the device of the first tensor.
    """
    if not tensors:
        return torch.zeros(0)
    found = torch._foreach_norm([_dense(tensor) for tensor in tensors])
    device = found[0].device
    return torch.stack([n.to(device, torch.float32) for n in found])


def cosine(a: Sequence[Tensor], b: Sequence[Tensor]) -> Tensor:
    """The cosine of the angle between two lists of tensors, each taken as one vector.

    One scalar product a tensor: a fused product needs a copy of all of them, and loses more digits.

    Args:
        a: Gradients or weights, of any shapes, dtypes and devices.
        b: As many, of the same shapes, each on the device of its partner.

    Returns:
        0-d float32 in [-1, 1] on the device of the first tensor; NaN when one of the two is 0.

    Raises:
        ConfigError: They do not pair.
    """
    if [x.shape for x in a] != [x.shape for x in b]:
        raise ConfigError(
            f"A cosine needs two lists of tensors of the same shapes, got {len(a)} and {len(b)} "
            "tensors that do not pair"
        )
    if not a:
        return torch.full((), torch.nan, dtype=torch.float32)
    a, b = ([_dense(x.to_dense() if x.is_sparse else x) for x in tensors] for tensors in (a, b))
    products = [_dot(x, y) for x, y in zip(a, b, strict=True)]
    product = torch.stack([p.to(products[0].device, torch.float32) for p in products]).sum()
    return (product / (norm(a) * norm(b))).clamp(-1, 1)


def _dot(x: Tensor, y: Tensor) -> Tensor:
    dtype = torch.promote_types(x.dtype, y.dtype)
    return torch.dot(x.to(dtype).flatten(), y.to(dtype).flatten())


def _dense(tensor: Tensor) -> Tensor:
    tensor = tensor.coalesce().values() if tensor.is_sparse else tensor
    return tensor.float() if tensor.dtype in (torch.float16, torch.bfloat16) else tensor
