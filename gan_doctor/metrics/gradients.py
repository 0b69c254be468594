"""The size of a gradient."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor


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


def _dense(tensor: Tensor) -> Tensor:
    tensor = tensor.coalesce().values() if tensor.is_sparse else tensor
    return tensor.float() if tensor.dtype in (torch.float16, torch.bfloat16) else tensor
