from __future__ import annotations

import sys

import pytest
import torch
from loops.gan_loops import images, points
from torch import nn
from torch.nn.utils import parametrizations, parametrize

from gan_doctor.core import Network, Upsampling
from gan_doctor.monitor.inspection import inspect_network, inspect_optimizer, unwrapped


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
        upsampling=(Upsampling("transposed", (4, 4), (2, 2)),),
        slopes=(),
        dtype="float32",
        frozen=0.0,
    )
    assert d.layers == {"Conv2d": 3, "LeakyReLU": 2, "Dropout2d": 1, "BatchNorm2d": 1, "Flatten": 1}
    assert (d.role, d.player) == ("d", "A")
    assert d.spectral_norm
    assert d.dropout == pytest.approx(0.3)
    assert d.output_activation == ""
    assert (d.input_channels, d.output_channels) == (1, 1)
    assert (d.upsampling, d.slopes) == ((), (0.2,))


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


UPSAMPLING = {
    "transposed": (nn.ConvTranspose2d(2, 2, (4, 3), (2, 1)), "transposed", (4, 3), (2, 1)),
    "a signal": (nn.ConvTranspose1d(2, 2, 8, 4), "transposed", (8,), (4,)),
    "a volume": (nn.ConvTranspose3d(2, 2, 4, 2), "transposed", (4, 4, 4), (2, 2, 2)),
    "normalised": (
        parametrizations.spectral_norm(nn.ConvTranspose2d(2, 2, 4, 2)),
        "transposed", (4, 4), (2, 2),
    ),
    "nearest": (nn.Upsample(scale_factor=2), "nearest", None, (2.0,)),
    "bilinear": (nn.UpsamplingBilinear2d(scale_factor=2), "bilinear", None, (2.0,)),
    "nearest 2d": (nn.UpsamplingNearest2d(scale_factor=(2, 1)), "nearest", None, (2.0, 1.0)),
    "by a fraction": (nn.Upsample(scale_factor=1.5, mode="bicubic"), "bicubic", None, (1.5,)),
    "to a size": (nn.Upsample(size=(8, 8)), "nearest", None, None),
    "pixel shuffle": (nn.PixelShuffle(3), "pixel-shuffle", None, (3,)),
}  # fmt: skip


@pytest.mark.parametrize(("layer", "kind", "kernel", "stride"), UPSAMPLING.values(), ids=UPSAMPLING)
def test_upsampling_layers(layer, kind, kernel, stride):
    found = inspect_network(nn.Sequential(nn.Flatten(), layer), "g").upsampling
    assert found == (Upsampling(kind, kernel, stride),)


def test_upsampling_layers_are_in_order_and_those_that_do_not_enlarge_are_left_out():
    G = nn.Sequential(
        nn.ConvTranspose2d(8, 8, 4),
        nn.PixelShuffle(2),
        nn.Sequential(nn.Upsample(scale_factor=2), nn.Conv2d(2, 2, 3)),
        nn.ConvTranspose2d(2, 1, 4, 2),
    )
    found = inspect_network(G, "g").upsampling
    assert [layer.kind for layer in found] == ["pixel-shuffle", "nearest", "transposed"]


def test_slopes_are_told_once_each():
    D = nn.Sequential(nn.LeakyReLU(0.2), nn.LeakyReLU(0.1), nn.LeakyReLU(0.2), nn.ReLU())
    assert inspect_network(D, "d").slopes == (0.1, 0.2)


def test_types_of_parameters():
    D = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 1))
    assert inspect_network(D.bfloat16(), "d").dtype == "bfloat16"
    D[1].float()
    assert inspect_network(D, "d").dtype == "mixed"
    assert inspect_network(nn.ReLU(), "d").dtype is None


def test_the_frozen_share_counts_parameters_and_not_tensors():
    D = nn.Sequential(nn.Linear(3, 1, bias=False), nn.Linear(1, 1, bias=False))
    assert inspect_network(D, "d").frozen == 0.0
    D[0].requires_grad_(False)
    assert inspect_network(D, "d").frozen == 0.75
    assert inspect_network(nn.ReLU(), "d").frozen is None


def test_parameters_without_a_shape_yet_are_not_counted():
    found = inspect_network(nn.Sequential(nn.LazyLinear(4), nn.Linear(4, 1)), "d")
    assert (found.parameters, found.dtype, found.frozen) == (5, "float32", 0.0)


def compiled(module: nn.Module) -> nn.Module:
    return torch.compile(module, backend="eager")


WRAPPERS = {
    "not at all": lambda m: m,
    "parallel": nn.DataParallel,
    "compiled": compiled,
    "compiled, then parallel": lambda m: nn.DataParallel(compiled(m)),
    "parallel, then compiled": lambda m: compiled(nn.DataParallel(m)),
}


@pytest.mark.parametrize("wrap", WRAPPERS.values(), ids=WRAPPERS)
def test_a_wrapped_network_is_seen_as_itself(wrap):
    G = images().G
    wrapped = wrap(G)
    assert unwrapped(wrapped) is G
    assert inspect_network(wrapped, "g") == inspect_network(G, "g")


def test_a_network_with_a_part_named_module_is_not_wrapped():
    class Generator(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.module = nn.Linear(2, 2)

    G = Generator()
    assert unwrapped(G) is G


def test_the_compiler_is_not_imported_to_look_for_its_wrapper(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch._dynamo", None)
    monkeypatch.setitem(sys.modules, "torch._dynamo.eval_frame", None)
    G = nn.Linear(2, 1)
    assert unwrapped(nn.DataParallel(G)) is G


def test_optimizers():
    p = nn.Parameter(torch.zeros(1))
    adam = inspect_optimizer(torch.optim.Adam([p], 2e-4, (0.5, 0.9), weight_decay=0.1), "g")
    assert (adam.kind, adam.lr, adam.betas, adam.weight_decay) == ("Adam", 2e-4, (0.5, 0.9), 0.1)
    rms = inspect_optimizer(torch.optim.RMSprop([p], 5e-5), "d", "A")
    assert (rms.kind, rms.lr, rms.betas, rms.player) == ("RMSprop", 5e-5, None, "A")


def test_momentum_is_that_of_optimizers_that_know_the_word():
    p = [nn.Parameter(torch.zeros(1))]
    assert inspect_optimizer(torch.optim.SGD(p, 0.1, momentum=0.9), "g").momentum == 0.9
    assert inspect_optimizer(torch.optim.SGD(p, 0.1), "g").momentum == 0.0
    assert inspect_optimizer(torch.optim.Adam(p), "g").momentum is None


def test_an_optimizer_over_both_players_is_told_apart():
    G, D = nn.Linear(4, 2), nn.Linear(2, 1)
    both = torch.optim.SGD(
        [
            {"params": G.parameters(), "lr": 0.1, "weight_decay": 0.5},
            {"params": [D.weight], "lr": 0.2},
            {"params": [D.bias], "lr": 0.3},
        ]
    )
    g, d = inspect_optimizer(both, "g", module=G), inspect_optimizer(both, "d", module=D)
    assert (g.parameters, g.lr, g.weight_decay, g.group_lrs) == (10, 0.1, 0.5, None)
    assert (d.parameters, d.lr, d.weight_decay, d.group_lrs) == (3, 0.2, 0.0, (0.2, 0.3))


def test_without_the_player_all_groups_count():
    p, q = nn.Parameter(torch.zeros(1)), nn.Parameter(torch.zeros(1))
    both = torch.optim.Adam([{"params": [p]}, {"params": [q], "lr": 0.5}], lr=0.1)
    found = inspect_optimizer(both, "g")
    assert (found.lr, found.group_lrs, found.parameters) == (0.1, (0.1, 0.5), None)


def test_groups_of_one_rate_need_no_list():
    p, q = nn.Parameter(torch.zeros(1)), nn.Parameter(torch.zeros(1))
    assert (
        inspect_optimizer(torch.optim.Adam([{"params": [p]}, {"params": [q]}]), "g").group_lrs
        is None
    )


def test_only_what_is_stepped_is_counted():
    G = nn.Sequential(nn.Linear(4, 2), nn.Linear(2, 2))
    half = torch.optim.Adam(G[1].parameters())
    assert inspect_optimizer(half, "g", module=G).parameters == 6
    assert inspect_optimizer(half, "g", module=nn.Linear(1, 1)).parameters == 0


def test_a_rate_in_a_tensor_is_read_unless_a_device_must_be_waited_for():
    p = nn.Parameter(torch.zeros(1))
    for device, lr in (("cpu", 0.25), ("meta", None)):
        adam = torch.optim.Adam([p])
        adam.param_groups[0]["lr"] = torch.tensor(0.25, device=device)
        assert inspect_optimizer(adam, "g").lr == lr


def test_nothing_is_run():
    class Explosive(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            raise AssertionError

    inspect_network(nn.Sequential(Explosive(), nn.Linear(2, 1)), "d")
