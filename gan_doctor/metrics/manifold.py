"""Whether fakes lie where reals lie and the other way round, by balls around nearest neighbours.

All functions take matrices of distances and any leading batch dimensions, so that many draws are
measured at once.
"""

from __future__ import annotations

from torch import Tensor

from gan_doctor.core import ConfigError


def nearest_radii(self_distances: Tensor, k: int) -> Tensor:
    """The distance from each row to its k-th nearest neighbour, itself excluded.

    Args:
        self_distances: (..., N, N) of a set to itself, 0 on the diagonal.
        k: From 1 to N - 1.

    Returns:
        (..., N).

    Raises:
        ConfigError: There are not more than k rows.
    """
    n = self_distances.shape[-1]
    if n <= k:
        raise ConfigError(f"A {k}-th nearest neighbour needs {k + 1} samples or more, got {n}")
    return self_distances.topk(k + 1, largest=False).values[..., k]


def precision_recall(
    real: Tensor, fake: Tensor, cross: Tensor, k: int = 3
) -> tuple[Tensor, Tensor]:
    """The share of fakes within the balls of the reals, and of reals within the balls of the fakes.

    Kynkaanniemi et al. 2019 (1904.06991), with `<=` as the authors' code has it. Real against real
    gives less than 1 (.89 for 512 MNIST digits): compare with that. One outlying real makes a ball
    that holds much.

    Args:
        real: (..., N, N) distances among reals.
        fake: (..., M, M) distances among fakes.
        cross: (..., N, M) distances from reals to fakes.
        k: The neighbour whose distance is the radius; the paper's 3.

    Returns:
        Precision and recall, (...) each in [0, 1].
    """
    in_real = cross <= nearest_radii(real, k)[..., :, None]
    in_fake = cross <= nearest_radii(fake, k)[..., None, :]
    return in_real.any(-2).float().mean(-1), in_fake.any(-1).float().mean(-1)


def density_coverage(real: Tensor, cross: Tensor, k: int = 5) -> tuple[Tensor, Tensor]:
    """How many balls of reals hold a fake, relative to k, and the share of balls that hold any.

    Naeem et al. 2020 (2002.09797), with the strict `<` of the authors' code: a ball of radius 0,
    around a real that is there k + 1 times, holds nothing. Real against real has an expected
    density of 1 and, at n = m and k = 5, a coverage of .969; density exceeds 1 when fakes crowd in
    the middle.

    Args:
        real: (..., N, N) distances among reals.
        cross: (..., N, M) distances from reals to fakes.
        k: The neighbour whose distance is the radius; the paper's 5.

    Returns:
        Density >= 0 and coverage in [0, 1], (...) each.
    """
    inside = cross < nearest_radii(real, k)[..., :, None]
    density = inside.sum((-2, -1)).float() / (k * cross.shape[-1])
    return density, inside.any(-1).float().mean(-1)
