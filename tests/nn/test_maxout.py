from __future__ import annotations

import pytest
import torch

from gan_doctor.core import ConfigError
from gan_doctor.nn import LinearMaxout, MaxoutDiscriminator


def test_a_unit_is_the_largest_of_its_linear_functions() -> None:
    torch.manual_seed(0)
    layer = LinearMaxout(3, 4, pieces=5).double()
    x = torch.randn(6, 3, dtype=torch.float64)
    weight, bias = layer.linear.weight, layer.linear.bias
    for i in range(6):
        for unit in range(4):
            rows = range(5 * unit, 5 * unit + 5)
            expected = max((weight[r] @ x[i] + bias[r]).item() for r in rows)
            assert layer(x)[i, unit].item() == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("m", [1, 2, 3])
def test_default_arguments_are_pacgans(m: int) -> None:
    torch.manual_seed(0)
    D = MaxoutDiscriminator(2 * m)
    weights = [p for p in D.parameters() if p.dim() == 2]
    # Counted from the official code; only the first layer grows with the pack.
    assert sum(p.numel() for p in weights) == 402_200 + 2_000 * (m - 1)
    assert torch.cat([p.flatten() for p in weights]).std().item() == pytest.approx(0.02, rel=0.01)
    assert all(p.count_nonzero() == 0 for p in D.parameters() if p.dim() == 1)
    assert D(torch.randn(4, 2 * m)).shape == (4,)


def test_features_come_before_the_output() -> None:
    D, x = MaxoutDiscriminator(2, width=8, depth=2), torch.randn(5, 2)
    h = D.features(x)
    assert h.shape == (5, D.feature_count) == (5, 8)
    assert torch.equal(D(x), D.output(h).squeeze(1))


def test_samples_are_judged_apart() -> None:
    D, x = MaxoutDiscriminator(2, width=8), torch.randn(5, 2)
    torch.testing.assert_close(D(x)[:2], D(x[:2]))


def test_dropout_acts_in_training_only() -> None:
    torch.manual_seed(0)
    D, x = MaxoutDiscriminator(2, width=16, dropout=0.5), torch.randn(5, 2)
    assert not torch.equal(D.features(x), D.features(x))
    D.eval()
    assert torch.equal(D.features(x), D.features(x))
    with pytest.raises(ConfigError, match=r"dropout must lie in \[0, 1\), got 2"):
        MaxoutDiscriminator(2, dropout=2)
