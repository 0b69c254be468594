"""The cards that change data, D's input, optimizers and schedules."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, get_args

import pytest
import torch
from torch import Tensor, nn
from tricks.asked import applied, offer, offered

from gan_doctor.core import (
    ConfigError,
    Finding,
    Key,
    Latent,
    Network,
    Objective,
    OptimizerFacts,
    Series,
    Setup,
)
from gan_doctor.core.objective import Family
from gan_doctor.nn import pack
from gan_doctor.training import TrainConfig, train
from gan_doctor.tricks import Plan, Training, switch_on, trick

Make = Callable[[str], Finding]

IMAGES, POINTS = (1, 8, 8), (2,)
SMALL = {"data": "ring", "steps": 4, "batch_size": 16, "width": 8, "latent": 4}


def a_training(steps: int = 10) -> Training:
    """Two linear players with an optimizer each."""
    torch.manual_seed(0)
    G, D = nn.Linear(2, 2), nn.Linear(2, 1)
    opt_g, opt_d = torch.optim.Adam(G.parameters(), 1e-3), torch.optim.Adam(D.parameters(), 4e-3)
    return Training(G, D, opt_g, opt_d, steps)


def weights(settings: dict[str, Any], **tricks: dict[str, Any]) -> list[Tensor]:
    named = {slug.replace("_", "-"): given for slug, given in tricks.items()}
    done = train(TrainConfig.of(settings={**SMALL, **settings, "tricks": named}))
    return [*done.generator.state_dict().values(), *done.discriminator.state_dict().values()]


def equal(a: list[Tensor], b: list[Tensor]) -> bool:
    return all(x.equal(y) for x, y in zip(a, b, strict=True))


@pytest.mark.parametrize(
    ("slug", "settings", "training"),
    [
        ("latent-law", {"law": "uniform"}, {}),
        ("replay-buffer", {"size": 16}, {}),
        ("replay-buffer", {"size": 16}, {"data": "digits"}),
        ("d-gating", {"threshold": 0.5}, {"lr_d": 0.1, "d_steps": 8}),
        ("weight-decay", {}, {}),
        ("weight-decay", {"decay": 0, "l1": 0.01}, {}),
        ("weight-decay", {"decay": 0.01}, {"optimizer": "rmsprop"}),
        ("diff-augment", {}, {"data": "digits"}),
        ("ada", {"interval": 1, "kimg": 0.1, "target": 0}, {"data": "digits"}),
        ("lr-decay", {}, {}),
        ("gradient-clipping", {"norm": 1e-3}, {}),
        ("optimistic-adam", {}, {}),
        ("top-k", {}, {}),
    ],
)
def test_a_few_steps_with_it_differ_from_as_many_without(
    slug: str, settings: dict[str, Any], training: dict[str, Any]
) -> None:
    with_it = weights(training, **{slug: settings})
    assert all(w.isfinite().all() for w in with_it)
    assert not equal(with_it, weights(training))


@pytest.mark.parametrize(
    ("slug", "settings", "training"),
    [
        ("data-scaling", {}, {"data": "digits"}),
        ("latent-law", {}, {}),
        ("shuffle", {}, {}),
        ("replay-buffer", {"share": 0}, {}),
        ("d-gating", {"threshold": 1}, {}),
        ("weight-decay", {"decay": 0}, {}),
        ("lazy-regularization", {"interval": 1}, {"tricks": {"r1-penalty": {}}}),
        ("ema", {}, {}),
        ("lr-decay", {"floor": 1}, {}),
        ("gradient-clipping", {"norm": 1e9}, {}),
        ("top-k", {"least": 1}, {}),
    ],
)
def test_a_neutral_setting_changes_no_bit(
    slug: str, settings: dict[str, Any], training: dict[str, Any]
) -> None:
    others = training.pop("tricks", {})
    assert equal(weights(training, **others, **{slug: settings}), weights(training, **others))


@pytest.mark.parametrize(
    ("slug", "settings"),
    [
        ("replay-buffer", {"size": 0}),
        ("replay-buffer", {"share": 1}),
        ("d-gating", {"threshold": 0.4}),
        ("d-gating", {"threshold": 1.1}),
        ("ada", {"target": 1.1}),
        ("ada", {"interval": 0}),
        ("ada", {"kimg": 0}),
        ("lazy-regularization", {"interval": 0}),
        ("ema", {"decay": 1}),
        ("lr-decay", {"start": 1}),
        ("lr-decay", {"floor": 1.1}),
        ("gradient-clipping", {"norm": 0}),
        ("top-k", {"least": 0}),
        ("top-k", {"until": 0}),
    ],
)
def test_a_setting_out_of_range_is_refused_by_name(slug: str, settings: dict[str, Any]) -> None:
    (name,) = settings
    with pytest.raises(ConfigError, match=rf"{slug}\.{name} must"):
        applied(slug, **settings)


@pytest.mark.parametrize("slug", ["data-scaling", "diff-augment", "ada"])
def test_what_is_made_for_images_is_refused_for_points(slug: str) -> None:
    with pytest.raises(ConfigError, match="not images"):
        switch_on(Plan(sample_shape=POINTS), {slug: {}})


# Data


@pytest.mark.parametrize(
    ("seen", "said"),
    [
        ((0.0, 1.0), "from [0, 1] to [-1, 1], by 2 x - 1, which G's tanh covers."),
        ((0.0, 255.0), "from [0, 255] to [-1, 1], by x / 127.5 - 1, which G's tanh covers."),
        ((-2.5, 1.5), "by 2 (x - -2.5) / 4 - 1"),
    ],
)
def test_the_range_that_was_seen_gets_its_formula(
    seen: tuple[float, float], said: str, finding: Make
) -> None:
    networks = (Network("g", output_activation="Tanh"),)
    found = offered("data-scaling", finding("noise-output"), real_range=seen, networks=networks)
    assert said in found.action


def test_data_in_the_range_of_a_tanh_is_left_alone(finding: Make) -> None:
    card = trick("data-scaling")
    assert card.in_use(Setup(real_range=(-1.0, 0.9))) is True
    assert card.in_use(Setup(real_range=(0.0, 1.0))) is False
    assert card.in_use(Setup()) is None
    assert offer("data-scaling", finding("noise-output"), real_range=(-1.0, 1.0)) is None
    assert offer("data-scaling", finding("noise-output")) is None
    sigmoid = Setup(networks=(Network("g", output_activation="Sigmoid"),))
    assert "sigmoid" in (card.avoid(sigmoid) or "")


def test_the_law_of_the_latents_is_a_fact() -> None:
    card = trick("latent-law")
    for law, used in (("normal", True), ("uniform", False), (None, None)):
        latent = Latent(law, (4,), 0.0, 1.0, -3.0, 3.0)  # type: ignore[arg-type]
        assert card.in_use(Setup(latent=latent)) is used


def replayed(plan: Plan, fake: Tensor, y: Tensor | None) -> tuple[Tensor, Tensor | None, int]:
    assert plan.replay is not None
    return plan.replay(fake, y)


def test_old_fakes_come_back_with_what_they_are_of() -> None:
    plan = applied("replay-buffer", size=8, share=0.5)
    old, young = torch.arange(8.0)[:, None], torch.arange(100.0, 108)[:, None]
    first = replayed(plan, old, old.flatten().long())
    assert first[0].equal(old)
    assert first[2] == 8
    shown, y, fresh = replayed(plan, young, young.flatten().long())
    assert fresh == 4
    assert shown[:4].equal(young[:4])
    assert (shown[4:] < 8).all()
    assert y is not None
    assert y.equal(shown.flatten().long())


def test_packs_are_replayed_whole() -> None:
    plan = applied("replay-buffer", Plan(group=2), size=4, share=0.5)
    numbers = torch.arange(16.0)[:, None]  # samples 2k and 2k + 1 make a pack
    replayed(plan, numbers[:8], None)
    shown, _, fresh = replayed(plan, numbers[8:], None)
    assert fresh == 4
    first, second = pack(shown, 2).unbind(1)
    assert (second - first).eq(1).all()
    assert first.remainder(2).eq(0).all()


def test_the_buffer_is_kept_for_a_checkpoint() -> None:
    plan = applied("replay-buffer", size=4)
    replayed(plan, torch.ones(4, 1), None)
    again = applied("replay-buffer", size=4)
    again.load_state_dict(plan.state_dict())
    new = torch.zeros(4, 1)
    assert replayed(again, new, None)[0].equal(replayed(plan, new, None)[0])


def test_a_large_batch_gets_a_large_buffer(finding: Make) -> None:
    hopping = finding("mode-hopping")
    assert offered("replay-buffer", hopping, batch_size=64).values["size"] == 1024
    assert offered("replay-buffer", hopping, batch_size=512).values["size"] == 8192
    critic = Objective("wasserstein")
    assert offer("replay-buffer", hopping, objective=critic) is None


def test_shuffling_is_set(finding: Make) -> None:
    assert applied("shuffle", Plan(shuffle=False)).shuffle
    assert "Shuffle" in offered("shuffle", finding("data-not-shuffled")).action


# What D sees, and when it steps


def test_d_waits_while_it_is_ahead_and_steps_while_it_is_not() -> None:
    (ahead,) = applied("d-gating").d_gates
    (level,) = applied("d-gating").d_gates
    high, low = torch.ones(8), torch.zeros(8)
    for _ in range(100):
        skipped = ahead(high, low), level(high, high)
    assert skipped == (True, False)


@pytest.mark.parametrize("family", get_args(Family))
def test_a_critic_is_never_gated(family: Family) -> None:
    reason = trick("d-gating").avoid(Setup(objective=Objective(family)))
    assert bool(reason) is (family == "wasserstein")


def test_a_d_that_a_penalty_holds_back_is_not_offered_the_gate(finding: Make) -> None:
    ahead = finding("discriminator-overpowering")
    assert offer("d-gating", ahead, objective=Objective(penalties=("r1",))) is None
    assert offer("d-gating", ahead, objective=Objective(penalties=())) is not None


def changed(plan: Plan, x: Tensor) -> Tensor:
    now: Any = None  # neither of the two looks at the training
    for change in plan.d_inputs:
        x = change(x, now)
    return x


@pytest.mark.parametrize("policy", trick("diff-augment").choices["policy"])
def test_each_policy_changes_what_d_sees_from_numbers_of_its_own(policy: str) -> None:
    x = torch.rand(8, *IMAGES) + 0.1
    plan, before = applied("diff-augment", policy=policy), torch.get_rng_state()
    seen = changed(plan, x)
    assert not seen.equal(x)
    assert seen.equal(changed(applied("diff-augment", policy=policy), x))
    assert torch.get_rng_state().equal(before)


def test_augmentation_is_offered_for_images(finding: Make) -> None:
    for slug in ("diff-augment", "ada"):
        assert offer(slug, finding("memorization"), sample_shape=IMAGES) is not None
        assert offer(slug, finding("memorization"), sample_shape=POINTS) is None


def test_ada_is_silent_until_d_overfits() -> None:
    plan, x = applied("ada", interval=1, kimg=0.064), torch.rand(8, *IMAGES)
    assert changed(plan, x) is x
    (watch,) = plan.d_watchers
    watch(torch.ones(64), -torch.ones(64))
    assert plan.kept["ada"].state_dict()["p"] == 1
    assert not changed(plan, x).equal(x)
    watch(-torch.ones(64), -torch.ones(64))
    assert changed(plan, x) is x


@pytest.mark.parametrize(
    ("objective", "avoided"),
    [
        (Objective("non-saturating"), False),
        (Objective("hinge"), False),
        (Objective("wasserstein"), True),
        (Objective("relativistic-paired"), True),
        (Objective("relativistic-average"), True),
        (Objective("least-squares"), True),
        (Objective("least-squares", coding=(-1, 1, 0)), False),
    ],
)
def test_ada_needs_logits_that_rest_at_0(objective: Objective, avoided: bool) -> None:
    reason = trick("ada").avoid(Setup(objective=objective, sample_shape=IMAGES))
    assert ("not centred" in (reason or "")) is avoided


def test_ada_is_as_fast_as_the_budget_asks_for(finding: Make) -> None:
    facts = {"sample_shape": IMAGES, "batch_size": 64}
    short = offered("ada", finding("memorization"), total_steps=1200, **facts)
    long = offered("ada", finding("memorization"), total_steps=1_000_000, **facts)
    assert (short.values["kimg"], long.values["kimg"]) == (15, 500)


# Optimizers and schedules


def test_weight_decay_is_seen_in_ds_optimizer() -> None:
    card = trick("weight-decay")
    for decay, used in ((0.01, True), (0.0, False)):
        assert card.in_use(Setup(optimizers=(OptimizerFacts("d", weight_decay=decay),))) is used
    assert card.in_use(Setup(optimizers=(OptimizerFacts("g", weight_decay=0.01),))) is None


def test_the_l1_term_is_of_the_weights_and_not_of_the_biases() -> None:
    (term,) = applied("weight-decay", decay=0, l1=0.1).d_losses
    D = nn.Linear(3, 2)
    at: Any = SimpleNamespace(training=SimpleNamespace(D=D))
    torch.testing.assert_close(term(at), 0.1 * D.weight.abs().sum())


@pytest.mark.parametrize(("penalties", "reason"), [((), "no penalty"), (("r1",), ""), (None, None)])
def test_lazy_steps_need_a_penalty(penalties: Any, reason: str | None) -> None:
    found = trick("lazy-regularization").avoid(Setup(objective=Objective(penalties=penalties)))
    assert (found is None) == (reason is None)
    assert (reason or "") in (found or "")
    assert bool(found) is bool(reason)


def test_the_average_follows_g_with_a_half_life_that_grows() -> None:
    plan, now = applied("ema", decay=0.9, ramp=0.25), a_training()
    for hook in plan.at_start:
        hook(now)
    average = now.G.weight.detach().clone()
    for step in range(1, 51):
        now.step = step
        nn.init.normal_(now.G.weight)  # type: ignore[arg-type]
        decay = min(0.9, 0.5 ** (1 / (0.25 * step)))
        average = decay * average + (1 - decay) * now.G.weight.detach()
        for hook in plan.after_step:
            hook(now)
    assert now.average is not None
    torch.testing.assert_close(now.average.weight, average)
    assert plan.kept["ema"].state_dict()["weight"].equal(now.average.weight)


def test_the_average_is_what_the_training_hands_out() -> None:
    config = TrainConfig.of(settings={**SMALL, "tricks": {"ema": {"decay": 0, "ramp": 0}}})
    done = train(config)
    assert done.average is not None
    assert equal([*done.average.parameters()], [*done.generator.parameters()])


@pytest.mark.parametrize(
    ("budget", "decay"), [(None, 0.999), (1200, 0.99), (20_000, 0.9993), (10**7, 0.9999)]
)
def test_the_half_life_of_the_average_fits_the_budget(
    budget: int | None, decay: float, finding: Make
) -> None:
    found = offered("ema", finding("non-convergence"), total_steps=budget)
    assert found.values["decay"] == pytest.approx(decay)
    assert f"{round(math.log(0.5) / math.log(decay))} steps" in found.action


def test_a_g_whose_average_was_seen_has_one() -> None:
    assert trick("ema").in_use(Setup(ema=True)) is True
    assert trick("ema").in_use(Setup()) is None


def rates_over(now: Training, plan: Plan) -> list[tuple[float, float]]:
    for hook in plan.at_start:
        hook(now)
    rates = []
    for step in range(now.steps):
        now.step = step
        for hook in plan.before_step:
            hook(now)
        rates.append((now.opt_g.param_groups[0]["lr"], now.opt_d.param_groups[0]["lr"]))
    return rates


def test_both_rates_fall_in_a_line_from_their_own_values() -> None:
    rates = rates_over(a_training(8), applied("lr-decay", start=0.5, floor=0.2))
    shares = [1, 1, 1, 1, 1, 0.8, 0.6, 0.4]
    assert [g for g, _ in rates] == pytest.approx([1e-3 * s for s in shares])
    assert [d for _, d in rates] == pytest.approx([4e-3 * s for s in shares])


def test_a_schedule_goes_on_from_a_checkpoint() -> None:
    plan, whole = applied("lr-decay"), a_training(8)
    rates = rates_over(whole, plan)
    saved = copy.deepcopy(whole.opt_g.state_dict())
    resumed = a_training(8)
    for hook in plan.at_start:
        hook(resumed)
    resumed.opt_g.load_state_dict(saved)
    resumed.step = 5
    for hook in plan.before_step:
        hook(resumed)
    assert resumed.opt_g.param_groups[0]["lr"] == rates[5][0]


@pytest.mark.parametrize(
    ("slug", "action", "floor"),
    [
        (
            "non-convergence",
            "Keep both learning rates until step 500, then lower them in a line to 0 at the end, "
            "step 1000.",
            0.0,
        ),
        (
            "learning-rate-exhausted",
            "Replace the schedule: keep both learning rates until step 500, then lower them in a "
            "line to a tenth at the end, step 1000.",
            0.1,
        ),
    ],
)
def test_the_fall_is_given_in_steps_of_this_run(
    slug: str, action: str, floor: float, finding: Make
) -> None:
    found = offered("lr-decay", finding(slug), total_steps=1000)
    assert (found.action, found.values) == (action, {"start": 0.5, "floor": floor})


def test_a_long_gradient_is_shortened_and_a_short_one_is_left() -> None:
    (clip,) = applied("gradient-clipping", norm=2).before_update
    player = nn.Linear(3, 2)
    for length, then in ((10.0, 2.0), (0.5, 0.5)):
        player.weight.grad = torch.zeros(2, 3).index_fill_(1, torch.tensor(0), length / 2**0.5)
        player.bias.grad = torch.zeros(2)
        clip(player)
        assert player.weight.grad.norm().item() == pytest.approx(then, rel=1e-4)


def test_the_limit_lies_above_the_gradients_from_before_the_fault(finding: Make) -> None:
    steps = [10.0, 50.0, 90.0, 120.0]
    series = tuple(
        Series(Key(f"gradient/{role}"), steps, values)
        for role, values in (("g", [1.0, 2.0, 3.0, 1e9]), ("d", [4.0, 4.0, math.nan, 1e9]))
    )
    exploding = finding("exploding-gradient")  # from step 100 on
    found = offer("gradient-clipping", exploding, series)
    assert found is not None
    assert found.values == {"norm": 12.0}
    assert found.action == (
        "Clip the gradient of G and of D to a norm of 12, three times what was usual before step "
        "100."
    )
    assert offered("gradient-clipping", exploding).values == {"norm": 1.0}


def test_optimistic_steps_are_offered_in_place_of_adam(finding: Make) -> None:
    def facts(kind: str) -> Any:
        return tuple(OptimizerFacts(role, kind=kind, lr=1e-3) for role in ("g", "d"))  # type: ignore[arg-type]

    card, rotating = trick("optimistic-adam"), finding("non-convergence")
    assert offer("optimistic-adam", rotating, optimizers=facts("Adam")) is not None
    assert offer("optimistic-adam", rotating, optimizers=facts("SGD")) is None
    assert card.in_use(Setup(optimizers=facts("OptimisticAdam"))) is True
    assert card.in_use(Setup(optimizers=facts("Adam"))) is False


@pytest.mark.parametrize(
    ("other", "reason"), [("unrolled", "cannot foresee"), ("weight-decay", "decays no weights")]
)
def test_what_the_optimistic_step_does_not_go_with_is_refused(other: str, reason: str) -> None:
    with pytest.raises(ConfigError, match=reason):
        switch_on(Plan(), {"optimistic-adam": {}, other: {}})


def test_g_learns_from_its_best_fakes_fewer_and_fewer() -> None:
    (best,) = applied("top-k", least=0.25, until=0.5).g_logits
    logits, now = torch.arange(8.0), a_training(10)
    kept = []
    for step in range(10):
        now.step = step
        chosen = best(logits, now)
        assert chosen.sort().values.equal(logits[-len(chosen) :])
        kept.append(len(chosen))
    assert kept[0] == 8
    assert kept == sorted(kept, reverse=True)
    assert set(kept[5:]) == {2}


@pytest.mark.parametrize("family", get_args(Family))
def test_the_best_fakes_cannot_be_told_in_pairs(family: Family) -> None:
    reason = trick("top-k").avoid(Setup(objective=Objective(family)))
    assert bool(reason) is family.startswith("relativistic")


@pytest.mark.parametrize("slug", ["replay-buffer", "d-gating", "ada", "ema", "lr-decay"])
def test_a_training_resumed_half_way_ends_with_the_same_bits(slug: str, tmp_path: Path) -> None:
    tricks = {slug: {"size": 32} if slug == "replay-buffer" else {}}
    config = TrainConfig.of(settings={**SMALL, "data": "digits", "tricks": tricks})
    whole = train(config)

    def kill(step: int, _: Any) -> None:
        if step == 3:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        train(config, tmp_path, monitor=False, checkpoint_every=2, progress=kill)
    resumed = train(config, tmp_path, monitor=False, exists="resume")
    for one, other in ((whole.generator, resumed.generator), (whole.average, resumed.average)):
        if one is not None and other is not None:
            assert equal([*one.state_dict().values()], [*other.state_dict().values()])
    assert (whole.average is None) == (resumed.average is None) == (slug != "ema")
