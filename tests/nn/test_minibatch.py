from __future__ import annotations

import pytest
import torch
from torch import nn

from gan_doctor.core import ConfigError
from gan_doctor.nn import MinibatchDiscrimination, MinibatchStdDev

SHAPES = pytest.mark.parametrize("shape", [(6,), (3, 2, 4)], ids=["vectors", "maps"])


def naive_discrimination(layer: MinibatchDiscrimination, x: torch.Tensor) -> torch.Tensor:
    T = layer.T.reshape(-1, layer.added, layer.dims)
    M = [torch.einsum("a,akc->kc", f, T) for f in x.flatten(1)]
    o = torch.zeros(len(x), layer.added, dtype=x.dtype)
    for i in range(len(x)):
        for j in range(len(x)):
            if i != j:
                o[i] += torch.exp(-(M[i] - M[j]).abs().sum(1))
    return o


def naive_std_dev(x: torch.Tensor, group: int) -> torch.Tensor:
    groups = len(x) // group
    out = torch.zeros(len(x), dtype=x.dtype)
    for first in range(groups):
        members = list(range(first, len(x), groups))
        rows = x[members].flatten(1)
        out[members] = (rows.var(0, unbiased=False) + 1e-8).sqrt().mean()
    return out


@SHAPES
def test_discrimination_is_the_formula_written_as_loops(shape: tuple[int, ...]) -> None:
    torch.manual_seed(0)
    layer = MinibatchDiscrimination(shape, kernels=5, dims=3).double()
    x = 10 * torch.randn(7, *shape, dtype=torch.float64)
    out = layer(x)
    assert out.shape == (7, shape[0] + 5, *shape[1:])
    assert torch.equal(out[:, : shape[0]], x)
    o = naive_discrimination(layer, x)
    assert 0.01 < o.mean() < 6
    appended = out[:, shape[0] :]
    torch.testing.assert_close(
        appended, o.reshape(7, 5, *[1] * (len(shape) - 1)).expand_as(appended)
    )


def test_discrimination_sees_how_alike_the_batch_is() -> None:
    torch.manual_seed(0)
    layer = MinibatchDiscrimination((6,), kernels=4)
    alike, apart = torch.randn(1, 6).expand(8, 6), 1e3 * torch.randn(8, 6)
    torch.testing.assert_close(layer(alike)[:, 6:], torch.full((8, 4), 7.0))
    torch.testing.assert_close(layer(apart)[:, 6:], torch.zeros(8, 4), atol=1e-6, rtol=0)


def test_small_closeness_is_not_lost_to_rounding() -> None:
    layer = MinibatchDiscrimination((1,), kernels=1, dims=1)
    torch.nn.init.ones_(layer.T)
    out = layer(torch.tensor([[0.0], [20.0]]))[:, 1]
    torch.testing.assert_close(out, torch.exp(torch.tensor([-20.0, -20.0])))


def test_a_single_sample_has_nothing_close() -> None:
    assert MinibatchDiscrimination((3,), kernels=2)(torch.randn(1, 3))[0, 3:].tolist() == [0, 0]


def test_the_tensor_starts_as_narrow_as_in_the_official_code() -> None:
    torch.manual_seed(0)
    layer = MinibatchDiscrimination((4, 4, 4))
    assert layer.T.shape == (64, 500)
    assert layer.T.std().item() == pytest.approx(0.05, rel=0.02)
    assert layer.added == 100


@pytest.mark.parametrize(
    "layer", [MinibatchDiscrimination((3,), kernels=2, dims=2), MinibatchStdDev((3,))]
)
def test_gradient_penalties_can_be_taken_through_both(layer: nn.Module) -> None:
    torch.manual_seed(0)
    layer = layer.double()
    x = torch.randn(4, 3, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(layer, (x,))
    assert torch.autograd.gradgradcheck(layer, (x,))


@SHAPES
@pytest.mark.parametrize(
    ("B", "group", "taken"),
    [(8, 4, 4), (8, 2, 2), (3, 4, 3), (6, 4, 3), (10, 4, 2), (7, 4, 1), (1, 4, 1)],
)
def test_std_dev_is_the_formula_written_as_loops(
    shape: tuple[int, ...], B: int, group: int, taken: int
) -> None:
    torch.manual_seed(0)
    x = torch.randn(B, *shape, dtype=torch.float64)
    layer = MinibatchStdDev(shape, group)
    out = layer(x)
    assert out.shape == (B, shape[0] + layer.added, *shape[1:])
    assert torch.equal(out[:, : shape[0]], x)
    expected = naive_std_dev(x, taken).reshape(B, *[1] * (len(shape) - 1))
    torch.testing.assert_close(out[:, shape[0]], expected.expand(B, *shape[1:]))


def test_std_dev_of_a_collapsed_batch_is_the_constant_alone() -> None:
    x = torch.randn(1, 3, 4, 4).expand(8, 3, 4, 4)
    out = MinibatchStdDev((3, 4, 4))(x)
    torch.testing.assert_close(out[:, 3], torch.full((8, 4, 4), 1e-4))


def test_std_dev_of_a_collapsed_batch_has_a_finite_gradient() -> None:
    x = torch.zeros(4, 3, requires_grad=True)
    MinibatchStdDev((3,))(x).sum().backward()
    assert x.grad is not None
    assert x.grad.isfinite().all()


def test_a_group_of_one_is_refused() -> None:
    with pytest.raises(ConfigError, match="group must be 2 or more, got 1"):
        MinibatchStdDev((3,), group=1)
