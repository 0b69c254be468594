"""The cards that change losses, penalties and labels, and the unrolled step."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from tricks.asked import applied, offer, offered

from gan_doctor.core import ConfigError, Finding, Network, Objective, OptimizerFacts, Run, Setup
from gan_doctor.losses import (
    HistoricalAverage,
    LeCam,
    class_loss,
    consistency_penalty,
    discriminator_loss,
    dragan_penalty,
    feature_matching,
    gradient_penalty,
    mode_seeking_loss,
    orthogonal_penalty,
    pixel_loss,
    r1_penalty,
    r2_penalty,
)
from gan_doctor.nn import diff_augment, pack
from gan_doctor.training import TrainConfig, train
from gan_doctor.tricks import DStep, GStep, Plan, Training, cautions, switch_on, trick

Make = Callable[[str], Finding]

SMALL = {"steps": 4, "batch_size": 16, "width": 8, "latent": 4}
RELATIVISTIC = ["relativistic-paired-loss", "relativistic-average-loss"]
PENALTIES = ["r1-penalty", "r2-penalty", "gradient-penalty", "dragan"]


class Critic(nn.Module):
    """A D with features, and a logit for each of three classes."""

    def __init__(self, inputs: int = 2) -> None:
        super().__init__()
        self.hidden, self.output, self.classes = (
            nn.Linear(inputs, 5),
            nn.Linear(5, 1),
            nn.Linear(5, 3),
        )

    def features(self, x: Tensor) -> Tensor:
        return self.hidden(x.flatten(1)).tanh()  # type: ignore[no-any-return]

    def class_logits(self, x: Tensor) -> Tensor:
        return self.classes(self.features(x))  # type: ignore[no-any-return]

    def forward(self, x: Tensor) -> Tensor:
        return self.output(self.features(x)).squeeze(1)  # type: ignore[no-any-return]


def a_training(inputs: int = 2, step: int = 0) -> Training:
    torch.manual_seed(0)
    G, D = nn.Linear(3, inputs), Critic(inputs)
    opt_g, opt_d = (torch.optim.Adam(net.parameters(), lr=1e-2) for net in (G, D))
    return Training(G, D, opt_g, opt_d, steps=10, step=step)


def a_d_step(shape: tuple[int, ...] = (2,)) -> DStep:
    """A D step in which D is told of fakes that it must double what it says."""
    training = a_training(torch.Size(shape).numel())
    real, fake = torch.randn(8, *shape), torch.randn(8, *shape) + 1
    D = training.D
    return DStep(training, real, fake, D(real), 2 * D(fake), D, lambda x: 2 * D(x), _classes())


def a_g_step(step: int = 0) -> GStep:
    """A G step in which G is told to add y."""
    training = a_training(step=step)
    z, y, real = torch.randn(8, 3, requires_grad=True), _classes(), torch.randn(8, 2)

    def told(z: Tensor) -> Tensor:
        return training.G(z) + y[:, None]  # type: ignore[no-any-return]

    fake = told(z)
    return GStep(training, z, y, fake, 2 * fake, real, 2 * real, told)


def _classes() -> Tensor:
    return torch.tensor([0, 1, 2, 0, 1, 2, 0, 1])


def again(plan: Plan, slug: str) -> torch.Generator:
    """The random numbers of a card from the start."""
    return torch.Generator().manual_seed(plan.subseed(slug))


# Loss families


@pytest.mark.parametrize(
    ("slug", "family"),
    [
        ("wasserstein-loss", "wasserstein"),
        ("least-squares-loss", "least-squares"),
        ("non-saturating-loss", "non-saturating"),
        ("relativistic-paired-loss", "relativistic-paired"),
        ("relativistic-average-loss", "relativistic-average"),
        ("hinge-loss", "hinge"),
    ],
)
def test_a_loss_is_told_from_the_objective(slug: str, family: Any) -> None:
    card = trick(slug)
    assert applied(slug, Plan(family="minimax")).family == family
    assert card.in_use(Setup(objective=Objective(family))) is True
    assert card.in_use(Setup(objective=Objective("minimax"))) is False
    assert card.in_use(Setup()) is None


def test_a_wasserstein_critic_gets_five_steps_and_a_bound(finding: Make) -> None:
    collapse = finding("mode-collapse")
    plain = offered("wasserstein-loss", collapse, objective=Objective("non-saturating"))
    assert plain.action == (
        "Train both players with the Wasserstein loss instead of the non-saturating loss, with 5 "
        "D steps per G step, and the gradient penalty of WGAN-GP in D's loss."
    )
    assert plain.values == {"d_steps": 5}
    normed = (Network("d", spectral_norm=True),)
    assert offered("wasserstein-loss", collapse, networks=normed).action.endswith("per G step.")
    assert applied("wasserstein-loss").d_steps == 5
    with pytest.raises(ConfigError, match=r"wasserstein-loss\.d_steps"):
        applied("wasserstein-loss", d_steps=0)


@pytest.mark.parametrize("slug", ["wasserstein-loss", "relativistic-paired-loss"])
def test_a_loss_that_wants_a_penalty_is_not_offered_where_none_can_be(
    slug: str, finding: Make
) -> None:
    mixing = (Network("d", norms=("BatchNorm2d",)),)
    assert offer(slug, finding("mode-collapse"), networks=mixing) is None
    assert offer(slug, finding("mode-collapse"), networks=(Network("d"),)) is not None


@pytest.mark.parametrize("slug", ["wasserstein-loss", "hinge-loss", *RELATIVISTIC])
@pytest.mark.parametrize("changed", [Objective(smoothing=0.9), Objective(flip=0.05)])
def test_a_loss_without_labels_is_refused_beside_changed_ones(
    slug: str, changed: Objective
) -> None:
    assert "has none" in (trick(slug).avoid(Setup(objective=changed)) or "")
    assert trick(slug).avoid(Setup(objective=Objective(smoothing=1.0))) == ""


def test_what_the_paired_loss_still_lacks_is_named(finding: Make) -> None:
    collapse = finding("mode-collapse")
    bare, r1, both = (
        offered(
            "relativistic-paired-loss", collapse, objective=Objective("minimax", penalties=names)
        ).action
        for names in ((), ("r1",), ("r1", "r2"))
    )
    assert bare.endswith("minimax loss, with R1 and R2 in D's loss.")
    assert r1.endswith("minimax loss, with R2 in D's loss.")
    assert both.endswith("minimax loss.")


def test_a_sigmoid_comes_off_with_the_loss_that_had_it(finding: Make) -> None:
    facts = {"objective": Objective("non-saturating"), "discriminator_output": "probability"}
    action = offered("least-squares-loss", finding("vanishing-generator-gradient"), **facts).action
    assert "with the sigmoid taken off D" in action


@pytest.mark.parametrize(
    ("slug", "family"),
    [
        ("least-squares-loss", "hinge"),
        ("wasserstein-loss", "relativistic-paired"),
        ("relativistic-paired-loss", "wasserstein"),
    ],
)
def test_a_loss_is_offered_only_for_what_it_improves(slug: str, family: Any, finding: Make) -> None:
    assert offer(slug, finding("mode-collapse"), objective=Objective(family)) is None
    assert offer(slug, finding("mode-collapse")) is not None


def test_the_average_loss_is_for_losses_that_judge_each_side_alone(finding: Make) -> None:
    circling = finding("non-convergence")
    slug = "relativistic-average-loss"
    assert offer(slug, circling, objective=Objective("hinge")) is not None
    assert offer(slug, circling, objective=Objective("wasserstein")) is None


@pytest.mark.parametrize(
    ("signature", "family", "is_offered"),
    [
        ("vanishing-generator-gradient", "minimax", True),
        ("vanishing-generator-gradient", "least-squares", False),
        ("blurry-output", "least-squares", True),
        ("blurry-output", "minimax", False),
    ],
)
def test_the_non_saturating_loss_replaces_minimax_or_against_blur_least_squares(
    signature: str, family: Any, is_offered: bool, finding: Make
) -> None:
    found = offer("non-saturating-loss", finding(signature), objective=Objective(family))
    assert (found is not None) is is_offered


def test_a_coding_is_three_targets() -> None:
    assert applied("least-squares-loss").coding == (0, 1, 1)
    plan = applied("least-squares-loss", coding="-1,1,0")
    assert plan.coding == (-1, 1, 0)
    perfect = plan.loss_d(torch.ones(4), -torch.ones(4))
    assert perfect == 0
    assert plan.loss_g(torch.zeros(4), None) == 0


def test_clipping_follows_each_step_of_d() -> None:
    plan = applied("weight-clipping", limit=0.02, lr=1e-3)
    assert (plan.optimizer, plan.lr_g, plan.lr_d) == ("rmsprop", 1e-3, 1e-3)
    training = a_training()
    (clip,) = plan.after_d_update
    clip(training)
    assert max(p.abs().max().item() for p in training.D.parameters()) == pytest.approx(0.02)
    assert max(p.abs().max().item() for p in training.G.parameters()) > 0.02
    for name in ("limit", "lr"):
        with pytest.raises(ConfigError, match=rf"weight-clipping\.{name}"):
            applied("weight-clipping", **{name: 0})


def test_clipping_is_for_the_wasserstein_loss() -> None:
    card = trick("weight-clipping")
    assert card.avoid(Setup(objective=Objective("wasserstein"))) == ""
    assert "hinge" in (card.avoid(Setup(objective=Objective("hinge"))) or "")
    assert card.avoid(Setup()) is None


def test_clipped_weights_stay_clipped_through_a_training() -> None:
    settings = {**SMALL, "data": "ring", "loss": "wasserstein"}
    done = train(TrainConfig.of(tricks=["weight-clipping"], settings=settings))
    assert all(p.abs().max() <= 0.01 for p in done.discriminator.parameters())


# Penalties on D


def test_each_penalty_is_that_of_its_block() -> None:
    at = a_d_step()
    blocks: dict[str, Callable[[torch.Generator], Tensor]] = {
        "r1-penalty": lambda _: r1_penalty(at.judge_real, at.real, 10.0),
        "r2-penalty": lambda _: r2_penalty(at.judge_fake, at.fake, 10.0),
        "gradient-penalty": lambda g: gradient_penalty(at.judge_real, at.real, at.fake, 10.0, g),
        "dragan": lambda g: dragan_penalty(at.judge_real, at.real, 10.0, 1.0, g),
    }
    assert set(blocks) == set(PENALTIES)
    for slug, block in blocks.items():
        plan = applied(slug)
        (term,) = plan.d_penalties
        assert not plan.d_losses
        assert torch.equal(term(at), block(again(plan, slug)))


@pytest.mark.parametrize(
    ("slug", "name"),
    [
        ("r1-penalty", "r1"),
        ("r2-penalty", "r2"),
        ("gradient-penalty", "gradient-penalty"),
        ("dragan", "dragan"),
    ],
)
def test_the_objective_tells_its_penalties(slug: str, name: str) -> None:
    assert applied(slug).penalties == [name]
    assert trick(slug).in_use(Setup(objective=Objective(penalties=(name,)))) is True
    assert trick(slug).in_use(Setup(objective=Objective(penalties=()))) is False


@pytest.mark.parametrize("slug", PENALTIES)
def test_a_penalty_of_weight_0_is_none(slug: str) -> None:
    setting = "gamma" if "gamma" in trick(slug).settings else "weight"
    plan = applied(slug, **{setting: 0})
    assert not plan.penalties
    assert not plan.d_penalties


@pytest.mark.parametrize("slug", PENALTIES)
def test_a_second_bound_on_d_is_let_through_with_a_word(slug: str) -> None:
    plan = Plan(family="hinge")
    switch_on(plan, {slug: {}, "spectral-norm": {}})
    said = cautions([slug, "spectral-norm"], plan)
    assert any("one of them is enough" in sentence for sentence in said)


def test_batch_norm_in_d_forbids_r2_and_troubles_dragan() -> None:
    mixing = Setup(networks=(Network("d", norms=("BatchNorm2d",)),))
    assert "BatchNorm" in (trick("r2-penalty").avoid(mixing) or "")
    assert trick("dragan").avoid(mixing) == ""
    plan = Plan(d_norm="batch")
    switch_on(plan, {"dragan": {}})
    assert any("per sample" in sentence for sentence in cautions(["dragan"], plan))


@pytest.mark.parametrize(
    "facts",
    [
        {"objective": Objective(penalties=("r1",))},
        {"objective": Objective(penalties=("gradient-penalty",))},
        {"objective": Objective("wasserstein")},
        {"networks": (Network("d", spectral_norm=True),)},
    ],
)
def test_dragan_is_not_offered_to_a_d_that_is_held(facts: Any, finding: Make) -> None:
    assert offer("dragan", finding("mode-collapse"), **facts) is None
    assert offered("dragan", finding("mode-collapse")).values == {"weight": 10, "k": 1}


def test_r2_joins_r1_under_the_paired_loss_only() -> None:
    r3gan, other = (
        Run("run", setup=Setup(objective=Objective(family, penalties=("r1",))))
        for family in ("relativistic-paired", "hinge")
    )
    finding = Finding("GD000", "mode-collapse", "critical", "", 0, 0)
    assert trick("r2-penalty").fit(r3gan, finding) is not None
    assert trick("r2-penalty").fit(other, finding) is None


# Labels


def test_noisy_targets_lie_between_the_bounds_and_have_their_mean() -> None:
    plan = applied("noisy-labels", low=0.7, high=1.0)
    (noisy,) = plan.d_targets
    real, fake = noisy(torch.ones(4000), torch.zeros(4000))
    assert 0.7 <= real.min() < 0.71
    assert 0.99 < real.max() <= 1
    assert not fake.any()
    assert plan.real_label == pytest.approx(0.85)
    assert real.mean().item() == pytest.approx(0.85, abs=0.01)


def test_the_mean_target_counts_what_is_cut_off() -> None:
    plan = applied("noisy-labels", low=0.7, high=1.2)
    (noisy,) = plan.d_targets
    real, _ = noisy(torch.ones(20_000), torch.zeros(20_000))
    assert plan.real_label == pytest.approx(real.mean().item(), abs=0.005)
    assert real.max() <= 1


@pytest.mark.parametrize(
    ("slug", "settings"),
    [
        ("noisy-labels", {"low": 0}),
        ("noisy-labels", {"low": 1.1}),
        ("noisy-labels", {"low": 0.9, "high": 0.8}),
        ("label-flipping", {"p": 0.5}),
        ("pixel-loss", {"p": 3}),
        ("pixel-loss", {"until": 1.5}),
        ("path-length", {"interval": 0}),
        ("feature-matching", {"weight": 0}),
    ],
)
def test_a_setting_out_of_range_is_refused_by_name(slug: str, settings: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=rf"{slug}\.{list(settings)[-1]} must "):
        applied(slug, **settings)


def test_flips_swap_noisy_targets_too() -> None:
    plan = Plan(family="minimax")
    switch_on(plan, {"label-flipping": {"p": 0.3}, "noisy-labels": {}})
    real, fake = torch.ones(2000), torch.zeros(2000)
    for change in plan.d_targets:
        real, fake = change(real, fake)
    assert real.eq(0).double().mean().item() == pytest.approx(0.3, abs=0.05)
    assert fake.ge(0.8).double().mean().item() == pytest.approx(0.3, abs=0.05)
    assert (plan.real_label, plan.flip) == (0.9, 0.3)


def test_the_loss_of_d_is_towards_the_changed_targets() -> None:
    plan = Plan(family="minimax")
    switch_on(plan, {"label-flipping": {"p": 0.49}})
    on_real, on_fake = torch.randn(8), torch.randn(8)
    loss = plan.loss_d(on_real, on_fake)
    (flip,) = applied("label-flipping", Plan(family="minimax"), p=0.49).d_targets
    real, fake = flip(torch.ones(8), torch.zeros(8))
    assert torch.equal(loss, discriminator_loss("minimax", on_real, on_fake, real, fake_label=fake))


@pytest.mark.parametrize("slug", ["one-sided-labels", "noisy-labels", "label-flipping"])
def test_only_a_loss_with_labels_has_some_to_change(slug: str) -> None:
    assert trick(slug).avoid(Setup(objective=Objective("least-squares"))) == ""
    assert "no labels" in (trick(slug).avoid(Setup(objective=Objective("wasserstein"))) or "")
    assert trick(slug).avoid(Setup()) is None


def test_the_mean_of_noisy_labels_is_not_taken_for_a_soft_one() -> None:
    objective = Objective("minimax", smoothing=0.9)
    assert trick("one-sided-labels").in_use(Setup(objective=objective)) is True
    noisy = Setup(objective=objective, tricks=("noisy-labels",))
    assert trick("one-sided-labels").in_use(noisy) is False
    assert trick("noisy-labels").in_use(noisy) is True


# Further terms


def test_the_classes_of_reals_are_a_term_of_d() -> None:
    plan, at = applied("class-softmax", weight=3), a_d_step()
    (term,) = plan.d_losses
    D = at.training.D
    assert isinstance(D, Critic)
    assert torch.equal(term(at), 3 * class_loss(D.class_logits(at.real), _classes()))
    assert plan.class_logits


def test_class_logits_need_classes(finding: Make) -> None:
    card = trick("class-softmax")
    answers = [card.avoid(Setup(labelled=known)) for known in (True, None)]
    assert answers == ["", None]
    assert "no classes" in (card.avoid(Setup(labelled=False)) or "")
    ignored = finding("condition-ignored")
    assert offer("class-softmax", ignored, labelled=True) is not None
    assert offer("class-softmax", ignored) is None


def test_feature_matching_compares_what_d_sees() -> None:
    plan, at = applied("feature-matching", weight=2), a_g_step()
    (term,) = plan.g_losses
    D = at.training.D
    assert isinstance(D, Critic)
    expected = 2 * feature_matching(D.features(at.real_seen), D.features(at.seen))
    assert torch.equal(term(at), expected)
    assert plan.adversarial_weight == 0
    assert applied("feature-matching", adversarial=1).adversarial_weight == 1


def test_feature_matching_is_alone_against_collapse_and_beside_for_missing_modes(
    finding: Make,
) -> None:
    alone = offered("feature-matching", finding("mode-collapse"), batch_size=64)
    beside = offered("feature-matching", finding("mode-dropping"), batch_size=64)
    assert (alone.values["adversarial"], beside.values["adversarial"]) == (0, 1)
    assert offer("feature-matching", finding("mode-collapse"), batch_size=16) is None


@pytest.mark.parametrize(
    ("step", "settings", "weight"),
    [
        (5, {}, 100),
        (0, {"until": 0.5}, 100),
        (2, {"until": 0.5, "weight": 10}, 6),
        (6, {"until": 0.5}, 0),
    ],
)
def test_the_pixel_loss_fades(step: int, settings: dict[str, float], weight: float) -> None:
    (term,) = applied("pixel-loss", **settings).g_losses
    at = a_g_step(step)
    assert term(at).item() == pytest.approx(weight * pixel_loss(at.fake, at.real).item())


def test_the_pixel_loss_is_for_pairs_only(finding: Make) -> None:
    card, noise = trick("pixel-loss"), finding("noise-output")
    assert [card.avoid(Setup(paired=paired)) for paired in (True, None)] == ["", None]
    assert "not paired" in (card.avoid(Setup(paired=False)) or "")
    assert [
        offer("pixel-loss", noise, paired=paired) is not None for paired in (True, False, None)
    ] == [True, False, False]


def test_latents_are_compared_with_their_neighbours_under_the_same_condition() -> None:
    at = a_g_step()
    (term,) = applied("mode-seeking", weight=2).g_losses
    others = at.z.detach().roll(1, 0)
    told = at.training.G(others) + _classes()[:, None]
    expected = 2 * mode_seeking_loss(at.fake, told, at.z.detach(), others)
    assert torch.equal(term(at), expected)


def test_consistency_shifts_each_image_of_a_pack() -> None:
    shape = (2, 8, 8)  # packs of two
    plan = applied("consistency", Plan(group=2), weight=3, fakes=5)
    at = a_d_step(shape)
    random = again(plan, "consistency")
    of_reals, of_fakes = plan.d_losses
    shifted = [
        pack(diff_augment(x.reshape(16, 1, 8, 8), ["translation"], random), 2)
        for x in (at.real, at.fake)
    ]
    assert torch.equal(
        of_reals(at), consistency_penalty(at.on_real, at.judge_real(shifted[0]), 3.0)
    )
    assert torch.equal(
        of_fakes(at), consistency_penalty(at.on_fake, at.judge_fake(shifted[1]), 5.0)
    )
    assert len(applied("consistency", fakes=0).d_losses) == 1


def test_consistency_is_for_images(finding: Make) -> None:
    card, overfitting = trick("consistency"), finding("discriminator-overfitting")
    assert card.avoid(Setup(sample_shape=(1, 8, 8))) == ""
    assert "not images" in (card.avoid(Setup(sample_shape=(2,))) or "")
    assert offer("consistency", overfitting, sample_shape=(2,)) is None
    assert offer("consistency", overfitting, sample_shape=(1, 8, 8)) is not None


def test_lecam_is_a_term_of_d_that_is_kept() -> None:
    plan, at, alone = applied("lecam", weight=0.2), a_d_step(), LeCam(weight=0.2)
    (term,) = plan.d_losses
    for _ in range(2):
        assert torch.equal(term(at), alone.penalty(at.on_real, at.on_fake))
    assert list(plan.kept) == ["lecam"]


def test_lecam_is_not_offered_where_logits_have_no_place(finding: Make) -> None:
    overfitting = finding("discriminator-overfitting")
    paired = Objective("relativistic-paired")
    assert offer("lecam", overfitting, objective=paired) is None
    assert offer("lecam", overfitting, objective=Objective("hinge")) is not None


def test_filters_of_both_players_are_kept_apart() -> None:
    plan, on_d, on_g = applied("orthogonal-regularization", weight=2), a_d_step(), a_g_step()
    assert torch.equal(plan.d_losses[0](on_d), orthogonal_penalty(on_d.training.D, 2))
    assert torch.equal(plan.g_losses[0](on_g), orthogonal_penalty(on_g.training.G, 2))


def test_weights_are_drawn_to_their_mean_over_the_steps() -> None:
    plan, at = applied("historical-averaging", weight=2), a_d_step()
    (begin,), (take_in,) = plan.at_start, plan.after_step
    begin(at.training)
    alone = HistoricalAverage(at.training.D)
    for _ in range(3):
        with torch.no_grad():
            for p in at.training.D.parameters():
                p += 1
        take_in(at.training)
        alone.update()
    assert plan.d_losses[0](at) == alone.penalty(2)
    assert plan.d_losses[0](at) > 0
    assert plan.g_losses[0](a_g_step()) == 0  # G stood still
    assert set(plan.kept) == {"historical-averaging g", "historical-averaging d"}


def test_path_lengths_count_at_each_interval() -> None:
    plan = applied("path-length", interval=3)
    (term,) = plan.g_losses
    assert [bool(term(a_g_step(step))) for step in range(5)] == [True, False, False, True, False]
    once, thrice = (applied("path-length", interval=n).g_losses[0](a_g_step()) for n in (1, 3))
    assert thrice.item() == pytest.approx(3 * once.item())


@pytest.mark.parametrize(
    ("slug", "setting"),
    [
        ("class-softmax", "weight"),
        ("mode-seeking", "weight"),
        ("lecam", "weight"),
        ("orthogonal-regularization", "weight"),
        ("historical-averaging", "weight"),
        ("path-length", "weight"),
        ("pixel-loss", "weight"),
        ("label-flipping", "p"),
        ("unrolled", "steps"),
    ],
)
def test_at_0_nothing_is_hooked_in(slug: str, setting: str) -> None:
    plan = applied(slug, **{setting: 0})
    hooks = (
        plan.d_losses, plan.g_losses, plan.d_targets, plan.kept, plan.at_start, plan.after_step,
        plan.look_ahead,
    )  # fmt: skip
    assert not any(hooks)


# The unrolled step


def test_g_faces_the_d_to_come_and_d_stays() -> None:
    training = a_training()
    D, opt_d = training.D, training.opt_d
    real, fake = torch.randn(8, 2), torch.randn(8, 2)

    def loss(D: Callable[..., Tensor]) -> Tensor:
        return Plan().loss_d(D(real), D(fake))

    for _ in range(2):
        opt_d.zero_grad()
        loss(D).backward()
        opt_d.step()
    ahead = applied("unrolled", steps=3).look_ahead
    assert ahead is not None
    before = [p.clone() for p in D.parameters()]
    judge = ahead(training, loss)
    assert all(map(torch.equal, before, D.parameters()))
    for _ in range(3):
        opt_d.zero_grad()
        loss(D).backward()
        opt_d.step()
    torch.testing.assert_close(judge(fake), D(fake))


@pytest.mark.parametrize(("exact", "same"), [("yes", False), ("no", True)])
def test_exact_lets_g_feel_how_it_moves_d(exact: str, same: bool) -> None:
    training = a_training()
    real, fake = torch.randn(8, 2), torch.randn(8, 2, requires_grad=True)
    ahead = applied("unrolled", steps=2, exact=exact).look_ahead
    assert ahead is not None
    judge = ahead(training, lambda D: Plan().loss_d(D(real), D(fake)))
    (total,) = torch.autograd.grad(judge(fake).sum(), fake, retain_graph=True)
    leaf = fake.detach().requires_grad_()
    (partial,) = torch.autograd.grad(judge(leaf).sum(), leaf)
    assert torch.allclose(total, partial) is same


def test_only_optimizers_whose_steps_are_known_are_foreseen() -> None:
    card = trick("unrolled")
    answers = {
        kind: card.avoid(Setup(optimizers=(OptimizerFacts("d", kind=kind),)))
        for kind in ("Adam", "RMSprop", "Lion")
    }
    assert answers["Adam"] == answers["RMSprop"] == ""
    assert "Lion" in (answers["Lion"] or "")


def test_a_large_d_is_not_unrolled(finding: Make) -> None:
    hopping = finding("mode-hopping")
    small, large = ((Network("d", parameters=n),) for n in (10_000, 20_000_000))
    assert offered("unrolled", hopping, networks=small).values == {"steps": 5, "exact": "yes"}
    assert offer("unrolled", hopping, networks=large) is None


# Older cards on the signatures that came later


def test_a_schedule_that_ran_out_is_ended(finding: Make) -> None:
    exhausted = finding("learning-rate-exhausted")
    rates = tuple(OptimizerFacts(role, kind="Adam", lr=lr) for role, lr in (("g", 1e-3), ("d", 0)))
    found = offered("learning-rate", exhausted, optimizers=rates)
    assert found.action == "End the schedule and go on with lr_g 0.001 and lr_d 0.0002."
    assert found.values == {"lr_g": 1e-3, "lr_d": 2e-4}


@pytest.mark.parametrize(
    ("signature", "ending"),
    [
        ("quality-regression", "and go on from the best checkpoint."),
        ("mode-hopping", "and start again from scratch."),
    ],
)
def test_what_was_good_is_gone_on_from(signature: str, ending: str, finding: Make) -> None:
    rates = tuple(OptimizerFacts(r, kind="Adam", lr=1e-3, betas=(0.5, 0.999)) for r in ("g", "d"))
    assert offered("learning-rate", finding(signature), optimizers=rates).action.endswith(ending)


@pytest.mark.parametrize(
    ("signature", "faster_d"),
    [
        ("vanishing-generator-gradient", False),
        ("blurry-output", True),
        ("non-convergence", True),
    ],
)
def test_the_rates_are_balanced_for_the_later_signatures(
    signature: str, faster_d: bool, finding: Make
) -> None:
    rates = tuple(OptimizerFacts(role, kind="Adam", lr=2e-4) for role in ("g", "d"))
    values = {
        "lr_g": 2e-4,
        "lr_d": 2e-4,
        **offered("ttur", finding(signature), optimizers=rates).values,
    }
    assert (values["lr_d"] > values["lr_g"]) is faster_d


def test_packs_within_a_class_are_of_one_class(finding: Make) -> None:
    assert (
        "pairs of samples of one class"
        in offered("packing", finding("intra-class-collapse")).action
    )


@pytest.mark.parametrize("slug", ["lecam", "historical-averaging", "path-length", "noisy-labels"])
def test_a_training_resumed_half_way_ends_with_the_same_bits(slug: str, tmp_path: Path) -> None:
    config = TrainConfig.of(tricks=[slug], settings={**SMALL, "data": "ring"})
    whole = train(config)

    def kill(step: int, _: Any) -> None:
        if step == 3:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        train(config, tmp_path, monitor=False, checkpoint_every=2, progress=kill)
    resumed = train(config, tmp_path, monitor=False, exists="resume")
    for one, other in (
        (whole.generator, resumed.generator),
        (whole.discriminator, resumed.discriminator),
    ):
        assert all(map(torch.equal, one.state_dict().values(), other.state_dict().values()))
