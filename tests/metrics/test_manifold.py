from __future__ import annotations

import numpy as np
import pytest
import torch
from prdc import compute_prdc
from torch import Tensor

from gan_doctor.core import ConfigError
from gan_doctor.metrics import density_coverage, distances, nearest_radii, precision_recall


def measures(real: Tensor, fake: Tensor, k: int = 5) -> dict[str, float]:
    among_real, among_fake, cross = (
        distances(real, real), distances(fake, fake), distances(real, fake),
    )  # fmt: skip
    precision, recall = precision_recall(among_real, among_fake, cross, k)
    density, coverage = density_coverage(among_real, cross, k)
    return {
        "precision": precision.item(),
        "recall": recall.item(),
        "density": density.item(),
        "coverage": coverage.item(),
    }


def by_definition(real: np.ndarray, fake: np.ndarray, k: int) -> dict[str, float]:
    """Kynkaanniemi's and Naeem's definitions in loops, ties included."""

    def radius(x: np.ndarray, i: int) -> float:
        return sorted(np.linalg.norm(x[i] - x[j]) for j in range(len(x)) if j != i)[k - 1]

    of_real = [radius(real, i) for i in range(len(real))]
    of_fake = [radius(fake, j) for j in range(len(fake))]
    apart = [[np.linalg.norm(r - f) for f in fake] for r in real]
    n, m = range(len(real)), range(len(fake))
    return {
        "precision": np.mean([any(apart[i][j] <= of_real[i] for i in n) for j in m]),
        "recall": np.mean([any(apart[i][j] <= of_fake[j] for j in m) for i in n]),
        "density": sum(apart[i][j] < of_real[i] for i in n for j in m) / (k * len(fake)),
        "coverage": np.mean([min(apart[i]) < of_real[i] for i in n]),
    }


@pytest.mark.parametrize(("n", "m", "k"), [(60, 60, 3), (80, 40, 5), (7, 90, 1)])
def test_equals_the_prdc_package_where_there_are_no_ties(n, m, k):
    torch.manual_seed(n)
    real, fake = torch.randn(n, 6), 1.3 * torch.randn(m, 6) + 0.3
    expected = compute_prdc(real.numpy(), fake.numpy(), nearest_k=k)
    assert measures(real, fake, k) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("k", [1, 2, 4])
def test_equals_the_definitions_on_a_grid_full_of_ties(k):
    torch.manual_seed(k)
    # Whole numbers on a line: their distances are exact, and every radius is met by many points.
    real, fake = torch.randint(12, (25, 1)).float(), torch.randint(4, 16, (30, 1)).float()
    expected = by_definition(real.numpy(), fake.numpy(), k)
    assert measures(real, fake, k) == pytest.approx(expected, abs=1e-6)


def test_duplicated_fakes_reach_a_real_they_equal_but_prdc_says_they_do_not():
    torch.manual_seed(0)
    real = torch.randn(50, 4)
    fake = real[:2].repeat_interleave(25, 0)
    ours = measures(real, fake)
    assert ours["precision"] == 1
    assert ours["recall"] == pytest.approx(2 / 50)
    assert compute_prdc(real.numpy(), fake.numpy(), nearest_k=5)["recall"] == 0
    assert ours["coverage"] == pytest.approx(
        compute_prdc(real.numpy(), fake.numpy(), nearest_k=5)["coverage"]
    )


def test_a_ball_of_radius_zero_covers_nothing_by_the_strict_rule():
    real = torch.zeros(10, 2)
    assert measures(real, real)["precision"] == 1
    assert measures(real, real)["coverage"] == 0
    assert measures(real, real)["density"] == 0


def test_the_expected_values_under_the_null_are_the_documented_ones():
    torch.manual_seed(0)
    draws = torch.randn(40, 2, 128, 4)
    real, fake = draws[:, 0], draws[:, 1]
    density, coverage = density_coverage(distances(real, real), distances(real, fake), k=5)
    n = 128
    expected = 1 - np.prod([(n - i) / (2 * n - i) for i in range(1, 6)])
    assert density.mean().item() == pytest.approx(1, abs=0.03)
    assert coverage.mean().item() == pytest.approx(expected, abs=0.005)
    assert expected == pytest.approx(0.969, abs=0.002)


def test_a_collapse_is_precise_but_has_no_recall(digits):
    images = digits[0].flatten(1)
    real, fake = images[:400], images[400:410].repeat(40, 1)
    fake = fake + 0.01 * torch.randn(fake.shape, generator=torch.Generator().manual_seed(0))
    collapsed, healthy = measures(real, fake), measures(real, images[400:800])
    assert collapsed["precision"] > 0.7
    assert collapsed["recall"] == 0
    assert collapsed["coverage"] < 0.2
    assert healthy["recall"] > 0.8
    assert healthy["coverage"] > 0.9


def test_a_dropped_class_lowers_recall_and_coverage_but_not_precision(digits):
    images, labels = digits
    rest, kept = images.flatten(1)[600:], labels[600:] < 5
    real = images.flatten(1)[:500]
    half, whole = measures(real, rest[kept][:500]), measures(real, rest[:500])
    assert half["precision"] > whole["precision"] - 0.05
    assert half["recall"] < whole["recall"] - 0.2
    assert half["coverage"] < whole["coverage"] - 0.3


def test_noise_is_nowhere_near(digits):
    real = digits[0][:300].flatten(1)
    noise = torch.rand(300, 64, generator=torch.Generator().manual_seed(0)) * 2 - 1
    assert measures(real, noise) == {"precision": 0, "recall": 0, "density": 0, "coverage": 0}


def test_order_and_scale_do_not_matter():
    real, fake = torch.randn(60, 5), torch.randn(70, 5) + 0.5
    value = measures(real, fake)
    assert measures(4 * real, 4 * fake) == pytest.approx(value, abs=1e-6)
    assert measures(real.flip(0), fake[torch.randperm(70)]) == pytest.approx(value, abs=1e-6)


def test_many_draws_at_once_equal_a_loop():
    real, fake = torch.randn(3, 2, 30, 4), torch.randn(3, 2, 40, 4)
    matrices = distances(real, real), distances(fake, fake), distances(real, fake)
    together = torch.stack([
        *precision_recall(*matrices), *density_coverage(matrices[0], matrices[2]),
    ])  # fmt: skip
    assert together.shape == (4, 3, 2)
    for i in range(3):
        for j in range(2):
            one = [matrix[i, j] for matrix in matrices]
            alone = [*precision_recall(*one), *density_coverage(one[0], one[2])]
            assert together[:, i, j].tolist() == pytest.approx([value.item() for value in alone])


def test_a_radius_is_the_distance_to_the_kth_other_also_among_duplicates():
    line = distances(torch.tensor([[0.0], [0], [1], [3]]), torch.tensor([[0.0], [0], [1], [3]]))
    assert nearest_radii(line, 1).tolist() == [0, 0, 1, 2]
    assert nearest_radii(line, 2).tolist() == [1, 1, 1, 3]
    assert nearest_radii(line, 3).tolist() == [3, 3, 2, 3]


def test_too_few_samples_are_refused_with_the_number_needed():
    with pytest.raises(ConfigError, match="3-th nearest neighbour needs 4 samples or more, got 3"):
        nearest_radii(torch.zeros(3, 3), 3)
