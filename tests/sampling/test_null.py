from __future__ import annotations

import pytest
import torch
from torch import Tensor

from gan_doctor.metrics import (
    density_coverage,
    distances,
    duplicates,
    mean_pairwise,
    mmd2,
    polynomial_kernel,
    precision_recall,
    spread,
    spread_within,
)
from gan_doctor.sampling.null import (
    NearestNeighbours,
    halves,
    mean_by_halves,
    neighbour_null,
    spread_by_halves,
    within_by_halves,
)

DRAWS = 12


@pytest.fixture(params=["digits", "ring", "few"])
def points(request: pytest.FixtureRequest) -> Tensor:
    """(N, F), centred; of the few, all others are held as neighbours."""
    name = "ring" if request.param == "few" else request.param
    data = request.getfixturevalue(name)
    data = data[0] if isinstance(data, tuple) else data
    flat = data[: 30 if request.param == "few" else 256].flatten(1)
    return flat - flat.mean(0)


@pytest.fixture
def half(points: Tensor) -> Tensor:
    return halves(len(points), DRAWS, torch.Generator().manual_seed(1))


def pairs(table: Tensor, half: Tensor) -> list[tuple[Tensor, Tensor, Tensor]]:
    """The blocks real-real, fake-fake and real-fake of each draw."""
    return [(table[h][:, h], table[~h][:, ~h], table[h][:, ~h]) for h in half]


def test_neighbour_measures_equal_the_dense_ones(points, half):
    table = distances(points, points)
    threshold = float(table[table > 0].quantile(0.01))
    null = neighbour_null(NearestNeighbours.of(table), half, threshold)
    for draw, (real, fake, cross) in enumerate(pairs(table, half)):
        precision, recall = precision_recall(real, fake, cross)
        density, coverage = density_coverage(real, cross)
        dense = (precision, recall, density, coverage, duplicates(fake, threshold))
        torch.testing.assert_close([values[draw] for values in null.values()], list(dense))
    assert 0 < null["duplicates"].mean() < 1


def test_means_over_pairs_equal_the_dense_ones(points, half):
    table = distances(points, points)
    within_a, within_b, _ = mean_by_halves(table, half)
    dense = pairs(table, half)
    torch.testing.assert_close(within_a, torch.stack([mean_pairwise(a) for a, _, _ in dense]))
    torch.testing.assert_close(within_b, torch.stack([mean_pairwise(b) for _, b, _ in dense]))


def test_kernel_distances_equal_the_dense_ones(points, half):
    kernel = polynomial_kernel(points, points)
    within_a, within_b, between = mean_by_halves(kernel, half)
    dense = torch.stack([mmd2(*blocks) for blocks in pairs(kernel, half)])
    # Far below the scatter of the draws, which is what the null is about.
    assert (within_a + within_b - 2 * between - dense).abs().max() < 1e-3 * dense.std()


def test_spreads_equal_the_dense_ones(points, half):
    first, second = spread_by_halves(points, half)
    torch.testing.assert_close(first, torch.stack([spread(points[h]) for h in half]))
    torch.testing.assert_close(second, torch.stack([spread(points[~h]) for h in half]))


@pytest.mark.parametrize("at_least", [2, 6])
def test_spreads_within_clusters_equal_the_dense_ones(points, half, at_least):
    cluster = (points[:, :3] > 0).int() @ torch.tensor([1, 2, 4][: points[:, :3].shape[1]]).int()
    belongs = torch.nn.functional.one_hot(cluster.long(), 8).float()
    dense = [
        spread_within(points[h], cluster[h].long(), points[~h], cluster[~h].long(), 8, at_least)
        for h in half
    ]
    found = within_by_halves(points, belongs, half, at_least)
    # One cancels digits that the other does not.
    torch.testing.assert_close(found, torch.stack(dense), rtol=1e-3, atol=1e-4, equal_nan=True)


@pytest.mark.parametrize("n", [10, 11])
def test_a_draw_takes_half_of_the_points_each_as_often_as_another(n):
    drawn = halves(n, 4000, torch.Generator().manual_seed(0))
    assert drawn.shape == (4000, n)
    assert set(drawn.sum(1).tolist()) == {n // 2}
    assert (drawn.float().mean(0) - (n // 2) / n).abs().max() < 5 * (0.25 / 4000) ** 0.5


def test_draws_belong_to_their_generator():
    once, again = (halves(20, 5, torch.Generator().manual_seed(3)) for _ in range(2))
    assert torch.equal(once, again)
    assert not torch.equal(once, halves(20, 5, torch.Generator().manual_seed(4)))


def test_nobody_is_their_own_neighbour():
    points = torch.tensor([[0.0], [0.0], [1.0], [5.0]])
    near = NearestNeighbours.of(distances(points, points))
    assert near.index[:, 0].tolist() == [1, 0, near.index[2, 0].item(), 2]
    assert near.distance.tolist() == [[0, 1, 5], [0, 1, 5], [1, 1, 4], [4, 5, 5]]
