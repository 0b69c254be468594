"""Precision, recall, density and coverage of large sets, in blocks, with exact counts.

Float32 products are twice as fast as float64 ones but leave some comparisons of a distance with a
radius in doubt. They are taken first, as lower bounds; samples whose ball has a doubtful point on
its rim are decided again in float64. Unlike the other measurements this one waits for the device.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from itertools import product

import torch
from torch import Tensor

from gan_doctor.core import ConfigError

# What float64 loses in a squared distance, relative to the squared norms, at the very most: closer
# than this is a tie. As in `distances`.
_ROUNDING = 1e-13
_ROWS = 128  # decided again at once
_DENSE = 0.01  # of the pairs near a rim: above, one whole product is faster than single pairs
_PREPARED = 256  # rows at once: few enough to stay in the cache


@dataclass(frozen=True)
class Prdc:
    """How two sets overlap.

    Args:
        precision: Share of the fakes in a ball of a real, from 0 to 1.
        recall: Share of the reals in a ball of a fake, from 0 to 1.
        density: Balls of reals around a fake, relative to k; about 1 for real against real.
        coverage: Share of the balls of reals that hold a fake, from 0 to 1.
    """

    precision: float
    recall: float
    density: float
    coverage: float


def prdc(real: Tensor, fake: Tensor, k_pr: int = 3, k_dc: int = 5, block: int = 768) -> Prdc:
    """All four measures of two feature sets, without their matrices of distances.

    The same rules as `precision_recall` (`<=`) and `density_coverage` (`<`), duplicates included.
    Ties are decided to 1e-13 of the squared norms rather than to float32.

    Args:
        real: (N, F) finite.
        fake: (M, F) finite.
        k_pr: The neighbour whose distance is the radius, for precision and recall: Kynkaanniemi et
            al. 2019 (1904.06991) take 3.
        k_dc: The same for density and coverage: Naeem et al. 2020 (2002.09797) take 5.
        block: Rows and columns at once; changes the speed only.

    Raises:
        ConfigError: The sets do not fit together, hold a value that is not finite, or are not
            larger than k.

    Example:
        >>> line = torch.arange(100.0)[:, None]
        >>> prdc(line, line[:50])
        Prdc(precision=1.0, recall=0.53, density=1.0, coverage=0.52)
    """
    _check(real, fake, k_pr, k_dc)
    with torch.no_grad(), _workers(real.device) as pool:
        x, y = _points(real.detach(), fake.detach(), pool)
        of_x = _balls(x, y, (k_pr, k_dc), block, pool)
        of_y = _balls(y, x, (k_pr,), block, pool)
        seen = _compare(x, y, of_x, of_y, block, pool)

        def settle_reals(some: Tensor, own: Tensor, cross: Tensor) -> None:
            radius, tie = own[:, [k_pr, k_dc]], of_x.tie[some]
            seen.fakes_hit[(cross <= (radius[:, 0] + tie)[:, None]).any(0)] = True
            seen.inside[some] = (cross < (radius[:, 1] - tie)[:, None]).sum(1)

        def settle_fakes(some: Tensor, own: Tensor, cross: Tensor) -> None:
            radius, tie = own[:, k_pr], of_y.tie[some]
            seen.reals_hit[(cross <= (radius + tie)[:, None]).any(0)] = True

        _again(x, y, of_x, seen.doubtful_x, max(k_pr, k_dc), settle_reals, pool)
        _again(y, x, of_y, seen.doubtful_y, k_pr, settle_fakes, pool)
    return Prdc(
        precision=float(seen.fakes_hit.double().mean()),
        recall=float(seen.reals_hit.double().mean()),
        density=float(seen.inside.sum()) / (k_dc * len(fake)),
        coverage=float((seen.inside > 0).double().mean()),
    )


@dataclass(frozen=True)
class _Points:
    """One set, centred and scaled.

    Args:
        features: (N, F) as they came.
        centre: (F,) what to take from them, after scaling.
        scale: What to multiply them by, a power of two.
        rough: (N, F) float32.
        short: (N,) |x|^2 float32, shortened by `error`.
        squares: (N,) |x|^2 float64.
        error: Most that a rough squared distance is off, relative to the sum of the two squares.
    """

    features: Tensor
    centre: Tensor
    scale: float
    rough: Tensor
    short: Tensor
    squares: Tensor
    error: float

    def exact(self, rows: Tensor) -> Tensor:
        """(B,) indices to (B, F) in float64."""
        return self.features[rows].double() * self.scale - self.centre.double()

    @cached_property
    def all_exact(self) -> tuple[Tensor, Tensor]:
        """(N, F) and their squares (N,) in float64; kept, since who needs them needs them again."""
        x = self.features.double() * self.scale - self.centre.double()
        return x, x.square().sum(1)


@dataclass(frozen=True)
class _Balls:
    """The balls around the points of one set, one size for each k.

    Args:
        low: (K, N) a rough squared distance below this is within the radius for certain.
        high: (K, N) one above this is not.
        tie: (N,) float64 squared distances that differ by less are equal.
    """

    low: Tensor
    high: Tensor
    tie: Tensor


@dataclass(frozen=True)
class _Seen:
    """What the rough distances between the sets tell.

    Args:
        fakes_hit: (M,) in a ball of a real, for certain.
        reals_hit: (N,) in a ball of a fake, for certain.
        inside: (N,) fakes in the ball of each real, for density and coverage.
        doubtful_x: (N,) reals with a fake about on the rim.
        doubtful_y: (M,) fakes with a real about on the rim.
    """

    fakes_hit: Tensor
    reals_hit: Tensor
    inside: Tensor
    doubtful_x: Tensor
    doubtful_y: Tensor


def _check(real: Tensor, fake: Tensor, k_pr: int, k_dc: int) -> None:
    if real.dim() != 2 or fake.dim() != 2 or real.shape[1] != fake.shape[1]:
        got = f"{tuple(real.shape)} and {tuple(fake.shape)}"
        raise ConfigError(f"Two sets of features, (N, F) and (M, F), are needed, got {got}")
    for name, features, k in (("reals", real, max(k_pr, k_dc)), ("fakes", fake, k_pr)):
        if min(k_pr, k_dc) < 1 or len(features) <= k:
            raise ConfigError(
                f"A {k}-th nearest neighbour needs k >= 1 and {k + 1} {name} or more, "
                f"got {len(features)}"
            )
        if not all(bound.isfinite() for bound in features.aminmax()):
            bad = int((~features.isfinite()).any(1).sum())
            raise ConfigError(f"{bad} of {len(features)} {name} hold values that are not finite")


@contextmanager
def _workers(device: torch.device) -> Iterator[ThreadPoolExecutor]:
    """As many threads as torch would take, each with whole blocks to itself.

    Torch would split every operation among its threads and wait for the last: on a busy machine
    that took three times as long. An accelerator wants one thread.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with ThreadPoolExecutor(threads if device.type == "cpu" else 1) as pool:
            yield pool
    finally:
        torch.set_num_threads(threads)


def _points(real: Tensor, fake: Tensor, pool: ThreadPoolExecutor) -> tuple[_Points, _Points]:
    """Both sets about their common mean, where float32 loses least."""
    dtype = torch.float32 if _products_are_plain() else torch.float64
    wide = torch.promote_types(torch.promote_types(real.dtype, fake.dtype), dtype)
    largest = max(float(bound.abs()) for z in (real, fake) for bound in z.aminmax())
    scale = 2.0 ** -math.frexp(largest)[1]
    centre = (real.mean(0, dtype=torch.float64) + fake.mean(0, dtype=torch.float64)) * (scale / 2)
    centre = centre.to(wide)
    # Rounding errors of a sum of F products grow like F at the worst, but kernels sum in parts.
    # The worst that we met is 51 half epsilons: features that are all equal, F from 1,000 to 4,096,
    # MKL; 9 for others. The 16 are for the squares and for rounding the features themselves.
    error = torch.finfo(dtype).eps / 2 * (16 + min(real.shape[1], 128))

    def points(features: Tensor) -> _Points:
        rough = centre.new_empty(features.shape, dtype=dtype)
        squares = centre.new_empty(len(features), dtype=torch.float64)

        def prepare(rows: slice) -> None:
            x = features[rows].to(wide) * scale - centre
            rough[rows], squares[rows] = x, x.square().sum(1, dtype=torch.float64)

        list(pool.map(prepare, _ranges(len(features), _PREPARED)))
        short = (squares * (1 - error)).to(dtype)
        return _Points(features, centre, scale, rough, short, squares, error)

    return points(real), points(fake)


def _products_are_plain() -> bool:
    """Whether float32 products are float32 throughout, not TF32 or bfloat16 inside."""
    try:
        return torch.get_float32_matmul_precision() == "highest"
    except RuntimeError:  # set for a single backend
        return False


def _lower_bounds(
    a: _Points, rows: slice | Tensor, b: _Points, columns: slice = slice(None)
) -> Tensor:
    """Rough squared distances, each short by at most 2 errors of its squares."""
    d = a.rough[rows] @ b.rough[columns].T
    return torch.add(b.short[columns], d, alpha=-2, out=d).add_(a.short[rows, None])


def _balls(
    own: _Points, other: _Points, ks: tuple[int, ...], block: int, pool: ThreadPoolExecutor
) -> _Balls:
    """Bounds of the squared radii.

    The k-th smallest of lower bounds is a lower bound of the k-th smallest, and the points that
    gave it are no farther than their upper bounds.
    """
    k = max(ks) + 1

    def nearest(pair: tuple[slice, slice]) -> tuple[Tensor, Tensor]:
        found = _lower_bounds(own, pair[0], own, pair[1])
        return _smallest(found, k), _smallest(found.T.contiguous(), k)

    near = own.rough.new_full((len(own.rough), k), torch.inf)
    ranges = _ranges(len(near), block)
    pairs = [pair for pair in product(ranges, ranges) if pair[0].start <= pair[1].start]
    for (rows, columns), found in zip(pairs, pool.map(nearest, pairs), strict=True):
        for part, new in zip((rows, columns)[: 1 + (rows != columns)], found, strict=False):
            near[part] = _smallest(torch.cat([near[part], new], 1), k)
    bound = near[:, list(ks)].T.double()  # (K, N); column 0 is the point itself
    n, error = own.squares, own.error
    # No point of a ball has a larger square than any point, or than 2 |x|^2 + 2 radius^2.
    radius2 = (bound + 6 * error * n) / (1 - 4 * error)
    largest = torch.maximum(own.squares.max(), other.squares.max())
    squares = n + torch.minimum(2 * n + 2 * radius2.clamp(min=0), largest)
    tie = 2 * _ROUNDING * squares.amax(0)
    slack = 2 * error * squares + tie
    dtype = own.rough.dtype
    return _Balls((bound - slack).to(dtype), (bound + slack).to(dtype), tie)


def _smallest(found: Tensor, k: int) -> Tensor:
    """(B, C) to (B, k), rising; fewer where C is."""
    return found.topk(min(k, found.shape[1]), largest=False).values


def _compare(
    x: _Points, y: _Points, of_x: _Balls, of_y: _Balls, block: int, pool: ThreadPoolExecutor
) -> _Seen:
    """Holds each distance between the sets against the radii at both its ends."""
    n, m = len(x.rough), len(y.rough)

    def no(size: int) -> Tensor:
        return x.squares.new_zeros(size, dtype=torch.bool)

    seen = _Seen(no(m), no(n), x.squares.new_zeros(n, dtype=torch.int64), no(n), no(m))
    far_x, far_y = of_x.high.amax(0), of_y.high.amax(0)

    def look(pair: tuple[slice, slice]) -> Tensor:
        rows, columns = pair
        d = _lower_bounds(x, rows, y, columns)
        # Nearly all pairs are far apart: only the others are looked at more closely.
        i, j = ((d <= far_x[rows, None]) | (d <= far_y[columns])).nonzero(as_tuple=True)
        d, i, j = d[i, j], i + rows.start, j + columns.start
        in_pr, in_dc, in_y = d < of_x.low[0, i], d < of_x.low[1, i], d < of_y.low[0, j]
        # Threads that write the same value do not disturb each other.
        seen.fakes_hit[j[in_pr]] = True
        seen.reals_hit[i[in_y]] = True
        rim = (~in_pr & (d <= of_x.high[0, i])) | (~in_dc & (d <= of_x.high[1, i]))
        seen.doubtful_x[i[rim]] = True
        seen.doubtful_y[j[~in_y & (d <= of_y.high[0, j])]] = True
        return torch.bincount(i[in_dc], minlength=n)

    for inside in pool.map(look, product(_ranges(n, block), _ranges(m, block))):
        seen.inside.add_(inside)
    return seen


def _again(
    own: _Points,
    other: _Points,
    balls: _Balls,
    doubtful: Tensor,
    k: int,
    settle: Callable[[Tensor, Tensor, Tensor], None],
    pool: ThreadPoolExecutor,
) -> None:
    """Has doubtful points settled by their float64 distances, some at a time.

    Args:
        own: The set of the points.
        other: The other set.
        balls: Of the points.
        doubtful: (N,) which.
        k: The largest number of neighbours asked for.
        settle: Takes the indices of some (B,), the squared distances to their nearest, themselves
            first, (B, k + 1), and those to all of the other set (B, M).
        pool: Who does it.
    """
    low, high = balls.low.amin(0), balls.high.amax(0)

    def decide(some: Tensor) -> None:
        near = _smallest(_exact(own, some, own, low[some], high[some]), k + 1)
        settle(some, near, _exact(own, some, other, low[some], high[some]))

    list(pool.map(decide, doubtful.nonzero()[:, 0].split(_ROWS)))


def _exact(own: _Points, some: Tensor, other: _Points, low: Tensor, high: Tensor) -> Tensor:
    """(B, M) float64 squared distances from some points of a set to another.

    Those that are within every radius for certain may be -inf, those beyond inf.
    """
    rough = _lower_bounds(own, some, other)
    within = rough < low[:, None]
    rim = ~within & (rough <= high[:, None])
    a = own.exact(some)
    if rim.double().mean() > _DENSE:
        b, squares = other.all_exact
        return a.square().sum(1, keepdim=True) + squares - 2 * a @ b.T
    d = torch.full_like(rough, torch.inf, dtype=torch.float64).masked_fill_(within, -torch.inf)
    for pairs in rim.nonzero().split(_PREPARED):
        i, j = pairs.T
        d[i, j] = (a[i] - other.exact(j)).square().sum(1)
    return d


def _ranges(n: int, block: int) -> list[slice]:
    return [slice(start, min(start + block, n)) for start in range(0, n, block)]
