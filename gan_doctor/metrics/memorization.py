"""Whether fakes are copies of the training data."""

from __future__ import annotations

import torch
from torch import Tensor

from gan_doctor.metrics.clusters import Modes
from gan_doctor.metrics.distances import distances
from gan_doctor.metrics.diversity import nearest


def data_copying(
    train: Tensor, held_out: Tensor, fake: Tensor, modes: Modes, at_least: int = 20
) -> Tensor:
    """C_T: whether fakes lie nearer to the training data than held-out reals do.

    Meehan et al. 2020 (2004.05675). Within each cell of the data the distances to the nearest
    training sample of that cell are compared by the z of Mann and Whitney, with the authors'
    continuity correction; the cells are averaged by their share of the held-out reals. As in their
    code, ties do not shorten the deviation. The z grows with the number of samples.

    A cell without training or held-out samples, for which their code gives up, has no weight here.

    Args:
        train: (..., T, F) features of the reals that were trained on.
        held_out: (..., N, F) of reals that were not.
        fake: (..., M, F).
        modes: The cells, found in the training data.
        at_least: Fakes that a cell needs to count; our choice.

    Returns:
        (...), about 0 on average for fakes that are new samples; far below 0, as under -3, for
        copies, and far above for fakes that are off the data. NaN where no cell counts or a feature
        is not finite.
    """
    k = len(modes.centres)
    cells = [modes.assign(x) for x in (train, held_out, fake)]
    sizes = [_per_cell(torch.ones_like(cell, dtype=torch.float64), cell, k) for cell in cells]
    (of_train, of_held_out, of_fake), (t, n, m) = cells, sizes
    held_out_gap = _nearest_of_cell(held_out, of_held_out, train, of_train)  # (..., N)
    fake_gap = _nearest_of_cell(fake, of_fake, train, of_train)  # (..., M)

    difference = fake_gap[..., :, None] - held_out_gap[..., None, :]
    same_cell = of_fake[..., :, None] == of_held_out[..., None, :]
    # +1 where the fake is farther, -1 where it is nearer: U less its mean, doubled.
    lead = _per_cell((difference.sign() * same_cell).sum(-1, dtype=torch.float64), of_fake, k)
    z = (lead / 2 + 0.5) / (n * m * (n + m + 1) / 12).sqrt()

    weight = n * ((m >= at_least) & (t > 0))
    # An empty cell has neither a z nor a weight.
    copying = torch.where(weight > 0, weight * z, 0).sum(-1) / weight.sum(-1)
    finite = [x.isfinite().all(-1).all(-1) for x in (train, held_out, fake)]
    return copying.masked_fill(~torch.stack(finite).all(0), torch.nan).float()


def nearest_ratio(cross: Tensor, own: Tensor) -> Tensor:
    """The median distance from a fake to its nearest real, over that from a real to another.

    About 1 for fresh samples of the data, 0 for copies, above 1 for fakes off the data. Copies show
    only where the reals are those that were trained on.

    Args:
        cross: (..., N, M) distances from reals to fakes.
        own: (..., N, N) distances among reals.

    Returns:
        (...) >= 0; NaN or infinite where most reals come twice.
    """
    return cross.amin(-2).median(-1).values / nearest(own).median(-1).values


def _nearest_of_cell(x: Tensor, of_x: Tensor, train: Tensor, of_train: Tensor) -> Tensor:
    """The distance from each row to the nearest training sample of its cell, infinite for none."""
    elsewhere = of_x[..., :, None] != of_train[..., None, :]
    return distances(x, train).masked_fill(elsewhere, torch.inf).amin(-1)


def _per_cell(values: Tensor, cell: Tensor, k: int) -> Tensor:
    """The sum of values (..., N) within each cell: (..., K)."""
    return values.new_zeros(*cell.shape[:-1], k).scatter_add(-1, cell, values)
