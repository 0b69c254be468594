"""The eigenvalues of symmetric matrices that have none below 0."""

from __future__ import annotations

import torch
from torch import Tensor


def eigenvalues(symmetric: Tensor) -> Tensor:
    """All eigenvalues, rising. It waits for the device on CUDA, as every decomposition there does.

    Args:
        symmetric: (..., N, N) positive semi-definite up to rounding.

    Returns:
        (..., N) float64 >= 0; NaN for a matrix with an entry that is not finite.
    """
    x = symmetric.double()
    finite = x.isfinite().all(-1).all(-1)
    # The solver raises on what is not finite.
    solvable = torch.where(
        finite[..., None, None], x, torch.eye(x.shape[-1], dtype=x.dtype, device=x.device)
    )
    found: Tensor = torch.linalg.eigvalsh(solvable)
    return found.clamp(min=0).masked_fill(~finite[..., None], torch.nan)
