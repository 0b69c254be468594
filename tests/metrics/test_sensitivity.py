from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from gan_doctor.metrics import (
    latent_sensitivity,
    variation_over_condition,
    variation_over_latent,
)


def naive_share(table: np.ndarray) -> float:
    """The variance within the rows of (rows, columns, F), as a share of all of it."""
    within = np.mean([((row - row.mean(0)) ** 2).sum(1).mean() for row in table])
    flat = table.reshape(-1, table.shape[-1])
    return float(within / ((flat - flat.mean(0)) ** 2).sum(1).mean())


def test_sensitivity_equals_a_loop_over_pairs():
    G, z1, z2 = nn.Sequential(nn.Linear(4, 6), nn.Tanh()), torch.randn(9, 4), torch.randn(9, 4)
    with torch.no_grad():
        ratios = [
            float((G(a[None]) - G(b[None])).norm() / (a - b).norm())
            for a, b in zip(z1, z2, strict=True)
        ]
    assert latent_sensitivity(G, z1, z2).item() == pytest.approx(np.mean(ratios), rel=1e-5)


def test_sensitivity_is_the_factor_of_a_scaling_and_0_of_a_constant():
    z1, z2 = torch.randn(2, 8, 5)
    assert latent_sensitivity(lambda z: -3 * z + 7, z1, z2).item() == pytest.approx(3, rel=1e-5)
    assert latent_sensitivity(lambda z: torch.ones(len(z), 1, 4, 4), z1, z2).item() == 0
    images = latent_sensitivity(lambda z: z.view(-1, 1, 1, 5).expand(-1, 4, 1, 5), z1, z2)
    assert images.item() == pytest.approx(2, rel=1e-5)


@pytest.mark.parametrize("y", [torch.arange(3), torch.randn(3, 2), torch.randn(3, 1, 2, 2)])
def test_shares_equal_a_loop_over_the_grid(y):
    z = torch.randn(5, 2)

    def made(z: Tensor, y: Tensor) -> Tensor:
        level = y.float().view(len(y), -1).mean(1, keepdim=True)
        return torch.sin(z) * level + z + level

    table = np.array([[made(a[None], b[None])[0].double().numpy() for a in z] for b in y])
    assert variation_over_latent(made, z, y).item() == pytest.approx(naive_share(table), rel=1e-5)
    turned = table.transpose(1, 0, 2)
    assert variation_over_condition(made, z, y).item() == pytest.approx(
        naive_share(turned), rel=1e-5
    )


def test_near_0_for_the_input_that_is_ignored_and_near_1_for_the_only_one():
    z, y = torch.randn(30, 4), torch.arange(10)
    class_image = torch.randn(10, 4)
    hears_y = lambda z, y: class_image[y] + 1e-3 * z  # noqa: E731
    hears_z = lambda z, y: z + 1e-3 * class_image[y]  # noqa: E731
    assert variation_over_latent(hears_y, z, y) < 1e-4
    assert variation_over_condition(hears_y, z, y) > 0.999
    assert variation_over_latent(hears_z, z, y) > 0.999
    assert variation_over_condition(hears_z, z, y) < 1e-4


def test_the_shares_of_two_inputs_that_add_sum_to_1_and_more_where_they_work_together():
    z, y = torch.randn(20, 3), torch.randn(7, 3)
    for G, least in ((lambda z, y: z + 2 * y, 1.0), (lambda z, y: z * y, 1.2)):
        total = variation_over_latent(G, z, y) + variation_over_condition(G, z, y)
        assert total >= least - 1e-5
        if least == 1.0:
            assert total.item() == pytest.approx(1, abs=1e-5)


def test_scale_and_offset_of_the_output_do_not_matter_and_a_constant_has_no_shares():
    z, y = torch.randn(12, 3), torch.randn(5, 3)
    plain = variation_over_latent(lambda z, y: torch.sin(z + y), z, y)
    other = variation_over_latent(lambda z, y: 5 * torch.sin(z + y) - 2, z, y)
    torch.testing.assert_close(other, plain)
    # The sum of squares less the squared mean would leave a share of rounding.
    z, y = torch.randn(37, 3), torch.randn(11, 3)
    for share in (variation_over_latent, variation_over_condition):
        assert share(lambda z, y: torch.full_like(z, 1e4 / 3), z, y).isnan()


def test_no_graph_is_built_and_a_nan_is_passed_on():
    G = nn.Linear(3, 2)
    z1, z2 = torch.randn(2, 4, 3)
    assert not latent_sensitivity(G, z1, z2).requires_grad
    assert not variation_over_latent(lambda z, y: G(z + y), z1, z2).requires_grad
    assert latent_sensitivity(lambda z: z * torch.nan, z1, z2).isnan()
    assert variation_over_latent(lambda z, y: z * torch.nan, z1, z2).isnan()
