from __future__ import annotations

import pytest
import torch
from loops.gan_loops import images, points
from torch import nn
from torch.nn.utils import parametrizations, parametrize

from gan_doctor.core import Network
from gan_doctor.monitor.inspection import inspect_network, inspect_optimizer


def test_a_dcgan():
    t = images()
    g, d = inspect_network(t.G, "g"), inspect_network(t.D, "d", "A")
    assert g == Network(
        "g",
        kind="Sequential",
        parameters=sum(p.numel() for p in t.G.parameters()),
        layers={"ConvTranspose2d": 2, "BatchNorm2d": 1, "ReLU": 1, "Tanh": 1},
        norms=("BatchNorm2d",),
        output_activation="Tanh",
        input_channels=8,
        output_channels=1,
    )
    assert d.layers == {"Conv2d": 3, "LeakyReLU": 2, "Dropout2d": 1, "BatchNorm2d": 1, "Flatten": 1}
    assert (d.role, d.player) == ("d", "A")
    assert d.spectral_norm
    assert d.dropout == pytest.approx(0.3)
    assert d.output_activation == ""
    assert (d.input_channels, d.output_channels) == (1, 1)


def test_an_mlp():
    t = points()
    g = inspect_network(t.G, "g")
    assert (g.input_channels, g.output_channels) == (4, 2)
    assert (g.norms, g.spectral_norm, g.dropout) == ((), False, 0.0)


SPECTRAL = {
    "parametrization": parametrizations.spectral_norm,
    "older hook": nn.utils.spectral_norm,
}


@pytest.mark.filterwarnings("ignore::FutureWarning")
@pytest.mark.parametrize("norm", SPECTRAL.values(), ids=SPECTRAL)
def test_spectral_normalisation_old_and_new(norm):
    D = nn.Sequential(nn.Linear(2, 8), norm(nn.Linear(8, 1)))
    found = inspect_network(D, "d")
    assert found.spectral_norm
    assert found.layers == {"Linear": 2}
    assert (found.input_channels, found.output_channels) == (2, 1)
    assert found.parameters == 2 * 8 + 8 + 8 + 1


def test_other_parametrizations_are_neither_layers_nor_spectral():
    class Symmetric(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = nn.Linear(1, 1)

        def forward(self, w: torch.Tensor) -> torch.Tensor:
            return w + w.mT

    D = nn.Sequential(nn.Linear(2, 2), parametrizations.weight_norm(nn.Linear(2, 2)))
    parametrize.register_parametrization(D[0], "weight", Symmetric())
    found = inspect_network(D, "d")
    assert found.layers == {"Linear": 2}
    assert not found.spectral_norm
    assert (found.input_channels, found.output_channels) == (2, 2)


OUTPUTS = {
    "sigmoid": ([nn.Linear(2, 1), nn.Sigmoid()], "Sigmoid"),
    "sigmoid, then flattened": ([nn.Conv2d(1, 1, 3), nn.Sigmoid(), nn.Flatten()], "Sigmoid"),
    "none, flattened": ([nn.ReLU(), nn.Linear(2, 1), nn.Flatten()], ""),
    "unflattened tanh": ([nn.Linear(2, 4), nn.Tanh(), nn.Unflatten(1, (2, 2))], "Tanh"),
    "a norm last": ([nn.Linear(2, 1), nn.Sigmoid(), nn.LayerNorm(1)], ""),
    "nothing": ([], ""),
}


@pytest.mark.parametrize(("layers", "activation"), OUTPUTS.values(), ids=OUTPUTS)
def test_the_output_activation_is_that_of_the_last_layer_that_computes(layers, activation):
    assert inspect_network(nn.Sequential(*layers), "d").output_activation == activation


@pytest.mark.parametrize(
    "norm", [nn.BatchNorm1d(4), nn.InstanceNorm2d(4), nn.LayerNorm(4), nn.GroupNorm(2, 4)]
)
def test_norms_are_named(norm):
    found = inspect_network(nn.Sequential(nn.Linear(4, 4), norm, norm), "d")
    assert found.norms == (type(norm).__name__,)


def test_the_largest_dropout_counts():
    D = nn.Sequential(nn.Dropout(0.1), nn.Dropout2d(0.4), nn.AlphaDropout(0.2))
    assert inspect_network(D, "d").dropout == 0.4


def test_modules_within_modules_are_found():
    class Block(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU())

    found = inspect_network(nn.Sequential(Block(), Block()), "g")
    assert found.layers == {"Conv2d": 2, "ReLU": 2}
    assert found.kind == "Sequential"


def test_a_module_of_its_own_is_named():
    class Generator(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = nn.Parameter(torch.zeros(5))

    found = inspect_network(Generator(), "g")
    assert (found.kind, found.parameters, found.input_channels) == ("Generator", 5, None)


def test_optimizers():
    p = nn.Parameter(torch.zeros(1))
    adam = inspect_optimizer(torch.optim.Adam([p], 2e-4, (0.5, 0.9), weight_decay=0.1), "g")
    assert (adam.kind, adam.lr, adam.betas, adam.weight_decay) == ("Adam", 2e-4, (0.5, 0.9), 0.1)
    rms = inspect_optimizer(torch.optim.RMSprop([p], 5e-5), "d", "A")
    assert (rms.kind, rms.lr, rms.betas, rms.player) == ("RMSprop", 5e-5, None, "A")


def test_nothing_is_run():
    class Explosive(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            raise AssertionError

    inspect_network(nn.Sequential(Explosive(), nn.Linear(2, 1)), "d")
