from __future__ import annotations

import warnings

import pytest
import torch
from torch import nn
from torch.autograd import gradcheck
from torch.func import functional_call
from torch.nn.utils import parametrizations

from gan_doctor.core import ConfigError
from gan_doctor.losses import orthogonal_penalty


class Penalised(nn.Module):
    """Its forward is the penalty of a network."""

    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.net = net

    def forward(self) -> torch.Tensor:
        return orthogonal_penalty(self.net, 0.5)


def network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(
        nn.ConvTranspose2d(3, 2, 2), nn.BatchNorm2d(2), nn.Conv2d(2, 4, 2), nn.Linear(3, 2)
    ).double()


def test_it_equals_its_formula_pair_by_pair_of_filters() -> None:
    net = network()
    transposed, _, conv, linear = (layer.weight for layer in net)  # type: ignore[union-attr]
    filters = [[transposed[:, i] for i in range(2)], list(conv), list(linear)]
    expected = torch.zeros((), dtype=torch.float64)
    for layer in filters:
        for i, a in enumerate(layer):
            for j, b in enumerate(layer):
                if i != j:
                    expected += (a * b).sum() ** 2
    torch.testing.assert_close(orthogonal_penalty(net, 0.5), 0.5 * expected)


def test_its_gradient_is_that_of_the_formula() -> None:
    net = Penalised(network())
    names, weights = zip(*net.named_parameters(), strict=True)
    inputs = tuple(w.detach().requires_grad_() for w in weights)

    def of_weights(*weights: torch.Tensor) -> torch.Tensor:
        return functional_call(net, dict(zip(names, weights, strict=True)), ())

    assert gradcheck(of_weights, inputs)


def test_filters_at_right_angles_pay_nothing_whatever_their_norms() -> None:
    layer = nn.Linear(3, 3)
    layer.weight.data = torch.diag(torch.tensor([0.1, 1.0, 50.0]))
    assert orthogonal_penalty(layer).item() == 0


def test_filters_that_are_alike_are_driven_apart() -> None:
    layer = nn.Linear(2, 2)
    layer.weight.data = torch.tensor([[1.0, 0.1], [1.0, -0.1]])
    for _ in range(200):
        layer.zero_grad()
        orthogonal_penalty(layer, weight=1.0).backward()
        layer.weight.data -= 0.05 * layer.weight.grad  # type: ignore[operator]
    a, b = layer.weight.data
    assert abs(torch.cosine_similarity(a, b, dim=0)) < 0.01


def old_spectral_norm(layer: nn.Module) -> nn.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        return nn.utils.spectral_norm(layer)


@pytest.mark.parametrize("normalised", [parametrizations.spectral_norm, old_spectral_norm])
def test_under_spectral_norm_it_takes_the_weights_before_it(normalised: object) -> None:
    torch.manual_seed(0)
    plain = nn.Linear(3, 4)
    expected = orthogonal_penalty(plain)
    layer = normalised(plain)  # type: ignore[operator]
    layer(torch.randn(2, 3)).sum().backward()
    before = {name: buffer.clone() for name, buffer in layer.named_buffers()}
    for _ in range(2):
        ours = orthogonal_penalty(layer)
        torch.testing.assert_close(ours, expected)
        ours.backward()
    for name, buffer in layer.named_buffers():
        assert torch.equal(buffer, before[name])


def test_a_module_without_such_layers_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"a linear or convolutional layer, got LayerNorm"):
        orthogonal_penalty(nn.LayerNorm(3))
