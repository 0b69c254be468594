from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from torch.nn.functional import binary_cross_entropy_with_logits as bce

from gan_doctor.core import ConfigError
from gan_doctor.losses import relativistic_average, relativistic_paired

Loss = Callable[..., torch.Tensor]

REAL = torch.randn(16, generator=torch.Generator().manual_seed(0)) * 3
FAKE = torch.randn(16, generator=torch.Generator().manual_seed(1)) * 3


def test_paired_is_the_cross_entropy_of_the_differences() -> None:
    expected = bce(REAL - FAKE, torch.ones(16))
    torch.testing.assert_close(relativistic_paired(REAL, FAKE), expected)


def test_average_is_the_cross_entropy_against_the_mean_of_the_other_side() -> None:
    expected = bce(REAL - FAKE.mean(), torch.ones(16)) + bce(FAKE - REAL.mean(), torch.zeros(16))
    torch.testing.assert_close(relativistic_average(REAL, FAKE), expected)


@pytest.mark.parametrize("loss", [relativistic_paired, relativistic_average])
def test_each_row_has_its_own_means(loss: Loss) -> None:
    real, fake = REAL.view(2, 8), FAKE.view(2, 8)
    rows = torch.stack([loss(real[0], fake[0]), loss(real[1], fake[1])])
    torch.testing.assert_close(loss(real, fake, dim=1), rows)


def test_the_average_takes_batches_of_different_size() -> None:
    expected = bce(REAL - FAKE[:4].mean(), torch.ones(16))
    expected += bce(FAKE[:4] - REAL.mean(), torch.zeros(4))
    torch.testing.assert_close(relativistic_average(REAL, FAKE[:4]), expected)


def test_pairs_of_different_shape_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"favoured and other .* \(16,\) and \(16, 1\)"):
        relativistic_paired(REAL, FAKE[:, None])


@pytest.mark.parametrize("loss", [relativistic_paired, relativistic_average])
def test_a_constant_on_both_sides_changes_nothing(loss: Loss) -> None:
    torch.testing.assert_close(loss(REAL + 7, FAKE + 7), loss(REAL, FAKE))


def test_losses_rest_where_reals_and_fakes_agree() -> None:
    same = torch.zeros(8)
    assert relativistic_paired(same, same).item() == pytest.approx(math.log(2))
    assert relativistic_average(same, same).item() == pytest.approx(2 * math.log(2))
