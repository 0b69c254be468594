"""The cards that change G or D: what they answer, what they refuse, what they build."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy
from tricks.asked import applied, offer

from gan_doctor.core import ConfigError, Finding, Network, Objective, Setup, UnknownNameError
from gan_doctor.core.setup import Upsampling
from gan_doctor.training import TrainConfig, train
from gan_doctor.tricks import Plan, conflict, switch_on, trick

Make = Callable[[str], Finding]

IMAGES, POINTS = (3, 32, 32), (2,)


def d_with(*layers: str, **facts: Any) -> Setup:
    return Setup(networks=(Network("d", layers=dict.fromkeys(layers, 1), **facts),))


def g_with(*upsampling: Upsampling, **facts: Any) -> tuple[Network, ...]:
    return (Network("g", upsampling=upsampling, **facts),)


@pytest.mark.parametrize(
    ("slug", "data", "settings"),
    [
        ("minibatch-discrimination", "digits", {"kernels": 5, "dims": 2}),
        ("minibatch-discrimination", "ring", {}),
        ("minibatch-stddev", "digits", {}),
        ("minibatch-stddev", "ring", {"group": 2}),
        ("multi-generator", "digits", {}),
        ("multi-generator", "ring", {"count": 3}),
        ("self-attention", "digits", {}),
        ("residual", "digits", {}),
        ("convolutional", "digits", {}),
        ("dropout", "digits", {}),
        ("dropout", "ring", {"p": 0.5}),
        ("batch-norm", "digits", {}),
        ("batch-norm", "ring", {"in_d": "no"}),
        ("leaky-relu", "digits", {"g": 0.1}),
        ("leaky-relu", "ring", {"d": 0.3}),
        ("upsampling", "digits", {"kind": "resize"}),
        ("upsampling", "digits", {"kind": "pixel-shuffle"}),
        ("projection", "digits", {}),
    ],
)
def test_two_steps_with_it_differ_from_two_without(
    slug: str, data: str, settings: dict[str, Any]
) -> None:
    small = {"data": data, "steps": 2, "batch_size": 16, "width": 8, "latent": 4}
    # What the card sets must not be what the data has anyway.
    small |= {"network": "resnet"} if slug == "convolutional" else {}
    with_it = train(TrainConfig.of(settings={**small, "tricks": {slug: settings}}))
    without = train(TrainConfig.of(settings=small))
    weights = [
        [*t.generator.state_dict().items(), *t.discriminator.state_dict().items()]
        for t in (with_it, without)
    ]
    assert all(w.isfinite().all() for _, w in weights[0])
    assert [n for n, _ in weights[0]] != [n for n, _ in weights[1]] or not all(
        a.shape == b.shape and a.equal(b) for (_, a), (_, b) in zip(*weights, strict=True)
    )


@pytest.mark.parametrize("slug", ["minibatch-discrimination", "minibatch-stddev"])
def test_a_batch_of_a_few_has_nothing_to_compare(slug: str, finding: Make) -> None:
    collapse = finding("mode-collapse")
    assert offer(slug, collapse, batch_size=7) is None
    assert offer(slug, collapse, batch_size=8) is not None
    assert "batch of one" in (trick(slug).avoid(Setup(batch_size=1)) or "")


@pytest.mark.parametrize(("batch", "group"), [(64, 4), (9, 3), (10, 2), (11, 4)])
def test_the_group_divides_the_batch_where_it_can(batch: int, group: int, finding: Make) -> None:
    found = offer("minibatch-stddev", finding("mode-collapse"), batch_size=batch)
    assert found is not None
    assert found.values == {"group": group}


def test_layers_that_compare_a_batch_are_recognised_by_their_names() -> None:
    stddev, discrimination = trick("minibatch-stddev"), trick("minibatch-discrimination")
    assert stddev.in_use(d_with("MinibatchStdLayer"))  # StyleGAN's
    assert stddev.in_use(d_with("MinibatchStdDev"))
    assert stddev.in_use(d_with("Linear")) is None
    assert discrimination.in_use(d_with("MinibatchDiscrimination"))
    assert discrimination.in_use(d_with("MinibatchStdDev")) is None


def test_the_late_layers_have_the_size_that_was_asked_for() -> None:
    plan = applied("minibatch-discrimination", kernels=7, dims=2)
    applied("minibatch-stddev", plan, group=2)
    x = torch.randn(4, 3, 2, 2)
    for make, added in zip(plan.d_layers, (7, 1), strict=True):
        assert make((3, 2, 2))(x).shape == (4, 3 + added, 2, 2)


def test_the_weight_of_several_generators_fits_the_kind_of_data(finding: Make) -> None:
    dropping = finding("mode-dropping")
    images = offer("multi-generator", dropping, sample_shape=IMAGES)
    points = offer("multi-generator", dropping, sample_shape=POINTS)
    assert images is not None
    assert points is not None
    assert (images.values["weight"], points.values["weight"]) == (0.01, 0.125)


class TwoFeatures(nn.Module):
    """A D whose features are its input."""

    def __init__(self) -> None:
        super().__init__()
        self.classifier = nn.Linear(2, 3)

    def features(self, x: torch.Tensor) -> torch.Tensor:
        return x


def test_both_losses_hold_the_classifier_to_the_generator_of_each_fake() -> None:
    plan = applied("multi-generator", count=3, weight=0.5)
    D, fake, of = TwoFeatures(), torch.randn(5, 2), torch.tensor([0, 1, 2, 0, 1])
    training = SimpleNamespace(G=SimpleNamespace(which=lambda n, device: of[:n]), D=D)
    truth = cross_entropy(D.classifier(fake), of)
    (in_d,), (in_g,) = plan.d_losses, plan.g_losses
    at: Any = SimpleNamespace(training=training, fake=fake, seen=fake)
    assert plan.generators == 3
    torch.testing.assert_close(in_d(at), truth)
    torch.testing.assert_close(in_g(at), 0.5 * truth)


def test_one_generator_has_nobody_to_be_told_from() -> None:
    plan = applied("multi-generator", count=1)
    assert (plan.generators, plan.d_losses, plan.g_losses) == (1, [], [])


@pytest.mark.parametrize("other", ["packing", "replay-buffer", "projection"])
def test_several_generators_exclude_what_mixes_them(other: str) -> None:
    plan = Plan(labelled=True)
    with pytest.raises(ConfigError, match="cannot be used here"):
        switch_on(plan, {"multi-generator": {}, other: {}})


def test_several_generators_are_not_for_paired_data() -> None:
    assert "input of its own" in (trick("multi-generator").avoid(Setup(paired=True)) or "")


@pytest.mark.parametrize(
    ("shape", "side"), [((1, 8, 8), 4), ((1, 28, 28), 14), ((3, 64, 64), 32), ((3, 256, 256), 64)]
)
def test_attention_is_put_on_maps_of_half_the_side(
    shape: tuple[int, ...], side: int, finding: Make
) -> None:
    found = offer("self-attention", finding("blurry-output"), sample_shape=shape)
    assert found is not None
    assert found.values == {"side": side}
    assert applied("self-attention", Plan(sample_shape=shape)).attention == side
    assert applied("self-attention", Plan(sample_shape=shape), side=2).attention == 2


FLAT = tuple(Network(role, layers={"Linear": 3, "ReLU": 2}) for role in ("g", "d"))  # type: ignore[arg-type]
CONV = tuple(Network(role, layers={"Conv2d": 3, "Linear": 1}) for role in ("g", "d"))  # type: ignore[arg-type]


@pytest.mark.parametrize("slug", ["self-attention", "upsampling"])
def test_what_works_on_maps_is_refused_where_there_are_none(slug: str) -> None:
    avoid = trick(slug).avoid
    assert "not images" in (avoid(Setup(sample_shape=POINTS)) or "")
    assert "no maps" in (avoid(Setup(sample_shape=IMAGES, networks=FLAT)) or "")
    assert avoid(Setup(sample_shape=IMAGES, networks=CONV)) == ""
    assert avoid(Setup(sample_shape=IMAGES)) is None


@pytest.mark.parametrize("slug", ["residual", "convolutional"])
def test_networks_for_images_are_refused_for_points(slug: str) -> None:
    with pytest.raises(ConfigError, match="not images"):
        switch_on(Plan(sample_shape=POINTS), {slug: {}})


def test_one_kind_of_network_at_a_time() -> None:
    with pytest.raises(ConfigError, match="both set network"):
        switch_on(Plan(), {"residual": {}, "convolutional": {}})


def test_convolutions_are_offered_to_the_network_that_has_none(finding: Make) -> None:
    noise, facts = finding("noise-output"), {"sample_shape": IMAGES}
    d_alone = offer("convolutional", noise, networks=(CONV[0], FLAT[1]), **facts)
    both = offer("convolutional", noise, networks=FLAT, **facts)
    assert d_alone is not None
    assert both is not None
    assert d_alone.action.startswith("Build D from")
    assert both.action.startswith("Build G and D from")
    assert offer("convolutional", noise, networks=CONV, **facts) is None
    assert offer("convolutional", noise, **facts) is None
    assert offer("convolutional", noise, networks=FLAT, sample_shape=POINTS) is None
    assert trick("convolutional").in_use(Setup(networks=CONV)) is True
    assert trick("convolutional").in_use(Setup(networks=FLAT)) is False


def test_residual_networks_are_offered_for_images_alone(finding: Make) -> None:
    fading = finding("vanishing-generator-gradient")
    assert offer("residual", fading, sample_shape=IMAGES) is not None
    assert offer("residual", fading, sample_shape=POINTS) is None
    assert trick("residual").in_use(Setup(networks=(Network("g", kind="ResNetGenerator"),)))


@pytest.mark.parametrize(
    ("slug", "settings", "fields"),
    [
        ("dropout", {"p": 0.4}, {"dropout": 0.4}),
        ("batch-norm", {}, {"g_norm": "batch", "d_norm": "batch"}),
        ("batch-norm", {"in_d": "no"}, {"g_norm": "batch", "d_norm": "none"}),
        ("leaky-relu", {"d": 0.1, "g": 0.3}, {"d_slope": 0.1, "g_slope": 0.3}),
        ("upsampling", {"kind": "pixel-shuffle"}, {"upsampling": "pixel-shuffle"}),
        ("projection", {}, {"conditional": True}),
        ("residual", {}, {"network": "resnet"}),
        ("convolutional", {}, {"network": "dcgan"}),
    ],
)
def test_a_card_sets_its_numbers(
    slug: str, settings: dict[str, Any], fields: dict[str, Any]
) -> None:
    plan = applied(slug, Plan(g_norm="none", d_norm="none", network="mlp"), **settings)
    assert {name: getattr(plan, name) for name in fields} == fields


@pytest.mark.parametrize(
    ("slug", "settings"),
    [
        ("minibatch-discrimination", {"kernels": 0}),
        ("minibatch-discrimination", {"dims": 0}),
        ("minibatch-stddev", {"group": 1}),
        ("multi-generator", {"count": 0}),
        ("dropout", {"p": 1}),
        ("leaky-relu", {"d": 1.1}),
        ("leaky-relu", {"g": 1.1}),
    ],
)
def test_a_setting_out_of_range_is_refused_by_name(slug: str, settings: dict[str, Any]) -> None:
    (name,) = settings
    with pytest.raises(ConfigError, match=rf"{slug}\.{name} must"):
        applied(slug, **settings)


def test_words_that_are_no_choice_are_refused() -> None:
    with pytest.raises(UnknownNameError, match=r"upsampling\.kind"):
        trick("upsampling").configured({"kind": "bicubic"})


def test_dropout_is_seen_in_d_alone() -> None:
    card = trick("dropout")
    assert card.in_use(d_with("Linear", dropout=0.3))
    assert card.in_use(Setup(networks=(Network("g", dropout=0.3),))) is None


def batch_norm_for(finding: Finding, **facts: Any) -> dict[str, Any] | None:
    found = offer("batch-norm", finding, **facts)
    return None if found is None else dict(found.values)


def test_batch_norm_goes_into_d_only_where_nothing_there_forbids_it(finding: Make) -> None:
    fading, plain = finding("vanishing-generator-gradient"), Objective(penalties=())
    bare = (Network("g"), Network("d"))
    normalised = (Network("g"), Network("d", spectral_norm=True))
    assert batch_norm_for(fading, networks=bare, objective=plain) == {"in_d": "yes"}
    assert batch_norm_for(fading, networks=normalised, objective=plain) == {"in_d": "no"}
    r1 = Objective(penalties=("r1",))
    assert batch_norm_for(fading, networks=bare, objective=r1) == {"in_d": "no"}
    assert batch_norm_for(fading, networks=bare) == {"in_d": "no"}


def test_a_g_that_has_batch_norm_gets_no_more(finding: Make) -> None:
    has_it = (Network("g", norms=("BatchNorm2d",)), Network("d"))
    assert batch_norm_for(finding("noise-output"), networks=has_it) is None
    assert batch_norm_for(finding("noise-output"), batch_size=4) is None


def test_a_g_with_batch_norm_is_nothing_that_other_tricks_mind() -> None:
    assert (
        trick("batch-norm").in_use(Setup(networks=(Network("g", norms=("BatchNorm2d",)),))) is None
    )
    assert trick("batch-norm").in_use(d_with(norms=("BatchNorm1d",))) is True


def test_batch_norm_in_d_beside_r1_is_refused() -> None:
    with pytest.raises(ConfigError, match="BatchNorm"):
        switch_on(Plan(), {"batch-norm": {}, "r1-penalty": {}})


def test_plain_relus_in_d_are_what_leaky_ones_replace(finding: Make) -> None:
    card, fading = trick("leaky-relu"), finding("vanishing-generator-gradient")
    plain, leaky = d_with("Linear", "ReLU"), d_with("Linear", "LeakyReLU", slopes=(0.2,))
    assert card.in_use(plain) is False
    assert card.in_use(leaky) is True
    assert card.in_use(d_with("Linear", "SiLU")) is None
    assert offer("leaky-relu", fading, networks=plain.networks) is not None
    assert offer("leaky-relu", fading, networks=d_with("Linear", "SiLU").networks) is None


UNEVEN = Upsampling("transposed", (3, 3), (2, 2))
EVEN = Upsampling("transposed", (4, 4), (2, 2))
NEAREST = Upsampling("nearest", stride=(2,))


def test_a_checkerboard_is_answered_with_the_layers_that_make_it(finding: Make) -> None:
    found = offer("upsampling", finding("checkerboard"), networks=g_with(EVEN, UNEVEN))
    assert found is not None
    assert found.action == (
        "Replace G's transposed convolutions of kernel 3 and stride 2 by nearest-neighbour "
        "upsampling and a 3x3 convolution."
    )
    shuffled = g_with(Upsampling("pixel-shuffle", stride=(2,)))
    by_shuffle = offer("upsampling", finding("checkerboard"), networks=shuffled)
    assert by_shuffle is not None
    assert "G's pixel-shuffle upsampling" in by_shuffle.action


def test_noise_is_blamed_on_uneven_upsampling_alone(finding: Make) -> None:
    noise = finding("noise-output")
    assert offer("upsampling", noise, networks=g_with(UNEVEN)) is not None
    assert offer("upsampling", noise, networks=g_with(EVEN)) is None
    assert offer("upsampling", noise) is None


def test_a_g_that_interpolates_has_it_already() -> None:
    card = trick("upsampling")
    assert card.in_use(Setup(networks=g_with(NEAREST))) is True
    assert card.in_use(Setup(networks=g_with(NEAREST, EVEN))) is False
    assert card.in_use(Setup(networks=g_with())) is None


def test_projection_needs_classes(finding: Make) -> None:
    ignored = finding("condition-ignored")
    assert offer("projection", ignored, labelled=True) is not None
    assert offer("projection", ignored, labelled=False) is None
    with pytest.raises(ConfigError, match="no classes"):
        switch_on(Plan(labelled=False), {"projection": {}})
    assert conflict(trick("projection"), Plan(labelled=True).setup(())) == ""


@pytest.mark.parametrize("other", ["packing", "class-softmax"])
def test_projection_excludes(other: str) -> None:
    with pytest.raises(ConfigError, match="cannot be used here"):
        switch_on(Plan(labelled=True), {"projection": {}, other: {}})
