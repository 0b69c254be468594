"""Tensors inside what networks take and give: tuples, lists, mappings and dataclasses of them."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import torch

_VIEWS = ("View", "UnsafeView", "Squeeze", "Unsqueeze", "Reshape", "Alias", "Mean", "ToCopy")


def tensors_in(structure: Any) -> list[torch.Tensor]:
    """The floating-point tensors in a nested structure, in order."""
    if isinstance(structure, torch.Tensor):
        return [structure] if structure.is_floating_point() else []
    if isinstance(structure, list | tuple):
        parts: Any = structure
    elif isinstance(structure, Mapping):
        parts = structure.values()
    elif dataclasses.is_dataclass(structure) and not isinstance(structure, type):
        parts = [getattr(structure, field.name) for field in dataclasses.fields(structure)]
    else:
        return []
    return [tensor for part in parts for tensor in tensors_in(part)]


def logits_in(output: Any) -> list[torch.Tensor] | None:
    """D's raw output on a batch, as one tensor for each scale; None where it would be a guess.

    A tensor is taken as it is. Of several tensors, as D gives beside features or classes, the
    logits are those with one channel: (N,), (N, 1) or (N, 1, ...). Several of them are the scales
    of a multi-scale D if they are maps, or differ in shape; a second (N, 1) may be anything.

    Example:
        >>> score, features = torch.zeros(4, 1), torch.zeros(4, 64)
        >>> [t.shape for t in logits_in((score, features))]
        [torch.Size([4, 1])]
        >>> logits_in((score, score)) is None
        True
    """
    if isinstance(output, torch.Tensor):
        return [output] if output.is_floating_point() and output.numel() else None
    found = [t for t in tensors_in(output) if t.dim() == 1 or (t.dim() > 1 and t.shape[1] == 1)]
    vectors = [t.shape for t in found if t.dim() <= 2]
    return found if found and len(set(vectors)) == len(vectors) else None


def is_probability(logits: torch.Tensor) -> bool:
    """Whether the graph says that a sigmoid gave these values. Values alone prove nothing."""
    node = logits.grad_fn
    while node is not None and node.name().startswith(_VIEWS):
        node = node.next_functions[0][0]
    return node is not None and node.name().startswith("Sigmoid")
