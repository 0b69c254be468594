"""What is read at each optimizer step is what was there."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from loops.gan_loops import (
    SEEN,
    Nobody,
    Training,
    augmented,
    direct_forward,
    loss_of_d,
    loss_of_g,
    plain,
    points,
    several_d_steps,
    wgan_gp,
)
from sklearn.metrics import roc_auc_score
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy, mse_loss, softplus

import gan_doctor
from gan_doctor.core import MonitorWarning, Run

READ = ("auroc", "logit/real", "logit/fake", "logit/sd", "gradient/d", "gradient/g")


class Truth:
    """Knows from the inside which batch was real, and what D said of it before each of its steps.

    It stands between the loop and the doctor.
    """

    def __init__(self, t: Training) -> None:
        self.rows: list[list[dict[str, float]]] = [[]]  # by row of the log, D step by D step
        self._reals: list[Tensor] = []
        self._fakes: list[Tensor] = []
        self._said: list[tuple[Tensor, Tensor]] = []
        self._g_stepped = False
        draw = t.real

        def real() -> Tensor:
            self._reals.append(draw())
            return self._reals[-1]

        t.real = real  # type: ignore[method-assign]
        t.G.register_forward_hook(lambda _, __, out: self._fakes.append(out.detach().clone()))
        t.D.register_forward_hook(self._listen)
        t.opt_d.register_step_pre_hook(lambda *_: self._before_d_step(t))
        t.opt_g.register_step_pre_hook(lambda *_: self._before_g_step(t))

    def before(self, doctor: Any) -> Truth:
        self._doctor = doctor
        return self

    def step(self, **losses: Any) -> None:
        if self._g_stepped:
            self.rows.append([])
        self._g_stepped = False
        self._doctor.step(**losses)

    def of(self, name: str) -> list[float]:
        rows = [[step[name] for step in row if name in step] for row in self.rows]
        return [float(np.mean(row)) for row in rows if row]

    def _listen(self, module: nn.Module, args: Any, output: Tensor) -> None:
        if torch.is_grad_enabled():
            self._said.append((args[0].detach().clone(), output.detach().flatten()))

    def _before_d_step(self, t: Training) -> None:
        real = next(out for x, out in self._said if torch.equal(x, self._reals[-1]))
        fake = next(out for x, out in self._said if any(torch.equal(x, f) for f in self._fakes))
        both, labels = torch.cat([real, fake]), np.r_[np.ones(len(real)), np.zeros(len(fake))]
        self.rows[-1].append(
            {
                "auroc": roc_auc_score(labels, both.numpy()),
                "logit/real": float(real.mean()),
                "logit/fake": float(fake.mean()),
                "logit/sd": float(both.std()),
                "gradient/d": by_hand(t.D),
            }
        )
        self._said.clear()

    def _before_g_step(self, t: Training) -> None:
        self.rows[-1].append({"gradient/g": by_hand(t.G)})
        self._g_stepped = True
        self._said.clear()


def by_hand(module: nn.Module) -> float:
    """The norm of all gradients together."""
    return float(torch.cat([p.grad.flatten() for p in module.parameters()]).norm())


def values(run: Run, name: str) -> np.ndarray:
    series = run.get(name)
    assert series is not None, name
    return series.values


# Reals, fakes and penalties


@pytest.mark.parametrize("name", SEEN)
def test_readings_are_what_was_there_before_the_step(name, recorded):
    t = points()
    truth = Truth(t)
    run = recorded(lambda t, doctor, steps: SEEN[name](t, truth.before(doctor), steps), t)
    for quantity in READ:
        expected = truth.of(quantity)
        assert len(expected) == 30
        np.testing.assert_allclose(values(run, quantity), expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("name", SEEN)
def test_which_way_d_scores_is_read_off_the_loss_and_not_off_a_penalty(name, recorded):
    gradient = values(recorded(SEEN[name]), "logit/gradient")
    assert (gradient < 0).all()  # D learns to score reals high
    assert (gradient >= -1).all()  # mean over the batch of a loss with slopes within [-1, 0]


def test_a_critic_that_learns_to_score_reals_low_is_seen(recorded):
    def backwards(t: Training, doctor: Any, steps: int) -> None:
        for _ in range(steps):
            loss_d = t.D(t.real()).mean() - t.D(t.G(t.z()).detach()).mean()
            t.step_d(loss_d)
            loss_g = t.D(t.G(t.z())).mean()
            t.step_g(loss_g)
            doctor.step(loss_d=loss_d, loss_g=loss_g)

    run = recorded(backwards, loss="wasserstein")
    np.testing.assert_allclose(values(run, "logit/gradient"), 1)


@pytest.mark.parametrize("name", SEEN)
def test_which_way_g_is_pushed_is_read_off_its_loss(name, recorded):
    gradient = values(recorded(SEEN[name]), "logit/gradient/generator")
    assert (gradient < 0).all()  # G learns to have its fakes scored high
    assert (gradient >= -1).all()


def test_a_g_that_learns_to_be_scored_low_is_seen(recorded):
    def swapped(t: Training, doctor: Any, steps: int) -> None:
        for _ in range(steps):
            t.step_d(loss_of_d(t.D(t.real()), t.D(t.G(t.z()).detach())))
            t.step_g(2 * t.D(t.G(t.z())).mean())
            doctor.step()

    run = recorded(swapped)
    np.testing.assert_allclose(values(run, "logit/gradient/generator"), 2)
    assert (values(run, "logit/gradient") < 0).all()


def test_a_judgement_that_both_losses_share_does_not_tell_which_way_g_is_pushed(recorded):
    def reversed_at_the_fakes(t: Training, doctor: Any, steps: int) -> None:
        both = torch.optim.SGD([*t.G.parameters(), *t.D.parameters()], 0.01)
        for _ in range(steps):
            fake = t.G(t.z())
            fake.register_hook(lambda gradient: -gradient)
            loss = loss_of_d(t.D(t.real()), t.D(fake))
            both.zero_grad()
            loss.backward()
            both.step()
            doctor.step(loss_d=loss)

    run = recorded(reversed_at_the_fakes)
    assert (values(run, "logit/gradient") < 0).all()
    assert run.get("logit/gradient/generator") is None


def test_of_outputs_that_are_not_told_apart_nothing_is_said_to_be_lost(recorded):
    class TwoScores(nn.Module):
        def __init__(self, D: nn.Module) -> None:
            super().__init__()
            self.D = D

        def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
            return self.D(x), self.D(-x)

    def of_both(t: Training, doctor: Any, steps: int) -> None:
        for _ in range(steps):
            real, fake = (sum(t.D(x)) for x in (t.real(), t.G(t.z()).detach()))
            t.step_d(loss_of_d(real, fake))
            t.step_g(loss_of_g(sum(t.D(t.G(t.z())))))
            doctor.step()

    t = points()
    run = recorded(of_both, Training(t.G, TwoScores(t.D), t.data, t.latent))
    for side in ("real", "fake", "generator"):
        assert run.get(f"reached/{side}") is None


@pytest.mark.parametrize("first", ["the log", "the loss"])
def test_a_batch_that_d_is_also_asked_about_for_the_log_is_reached(first, recorded):
    def logging(t: Training, doctor: Any, steps: int) -> None:
        for _ in range(steps):
            real, fake = t.real(), t.G(t.z()).detach()
            if first == "the log":
                t.D(real).mean().item(), t.D(fake).mean().item()
            loss_d = loss_of_d(t.D(real), t.D(fake))
            if first == "the loss":
                t.D(real).mean().item(), t.D(fake).mean().item()
            t.step_d(loss_d)
            t.step_g(loss_of_g(t.D(t.G(t.z()))))
            doctor.step()

    run = recorded(logging)
    for side in ("real", "fake"):
        assert (values(run, f"reached/{side}") == 1).all()


def test_the_gradient_is_looked_at_ten_times_and_then_once_a_tick(recorded):
    steps = recorded(plain, steps=120, sample_every=500).get("logit/gradient").steps
    assert steps.tolist() == [*range(1, 11), 51, 101]


def test_a_penalty_alone_is_no_real_batch(recorded):
    def penalty_only(t: Training, doctor: Any, steps: int) -> None:
        """D's real half goes past the hooks, its fakes and its interpolates do not."""
        for _ in range(steps):
            real, fake = t.real(), t.G(t.z()).detach()
            between = ((real + fake) / 2).requires_grad_()
            (gradient,) = torch.autograd.grad(t.D(between).sum(), between, create_graph=True)
            loss_d = loss_of_d(t.D.forward(real), t.D(fake))
            t.step_d(loss_d + gradient.square().sum())
            loss_g = loss_of_g(t.D(t.G(t.z())))
            t.step_g(loss_g)
            doctor.step(loss_d=loss_d, loss_g=loss_g)

    run = recorded(penalty_only)
    assert run.get("auroc") is None
    assert run.get("logit/real") is None
    assert run.get("sample/recall") is None
    assert len(values(run, "gradient/d")) == 30


def test_where_reals_and_fakes_look_alike_it_says_so_once_and_guesses_nothing(recorded):
    def silent(t: Training, doctor: Any, steps: int) -> None:
        doctor.observe = Nobody().observe
        augmented(t, doctor, steps)

    with pytest.warns(MonitorWarning, match=r"could not be told apart: call doctor\.obs") as said:
        run = recorded(silent, steps=130)
    assert len(said) == 1
    assert [e.detail["text"] for e in run.events if e.kind == "note"] == [
        str(said[0].message).removeprefix("gan_doctor: ")
    ]
    assert run.get("auroc") is None
    assert run.get("sample/recall") is None
    assert len(values(run, "loss/d")) == 130


def test_fakes_of_an_earlier_step_are_known_again(recorded):
    def replay(t: Training, doctor: Any, steps: int) -> None:
        old = t.G(t.z()).detach()
        for _ in range(steps):
            real = t.real()
            logits = t.D(real), t.D(old)
            told.append(logits[1].mean().item())
            t.step_d(loss_of_d(*logits))
            fake = t.G(t.z())
            t.step_g(loss_of_g(t.D(fake)))
            old = fake.detach()
            doctor.step()

    told: list[float] = []
    np.testing.assert_allclose(values(recorded(replay), "logit/fake"), told, rtol=1e-5)


def test_copies_of_fakes_are_not_taken_for_reals(recorded):
    def replay(t: Training, doctor: Any, steps: int) -> None:
        old = t.G(t.z()).detach().clone()
        for _ in range(steps):
            t.step_d(loss_of_d(t.D(t.real()), t.D(old)))
            old = t.G(t.z()).detach().clone()
            t.step_g(loss_of_g(t.D(t.G(t.z()))))
            doctor.step()

    assert recorded(replay).get("auroc") is None


# What a person tells


def test_what_is_observed_is_what_is_recorded(recorded):
    told: list[tuple[Tensor, Tensor]] = []

    class Listening:
        def observe(self, real_logits: Tensor, fake_logits: Tensor, **batches: Tensor) -> None:
            told.append((real_logits.detach(), fake_logits.detach()))
            self.doctor.observe(real_logits=real_logits, fake_logits=fake_logits, **batches)

        def step(self, **losses: Any) -> None:
            self.doctor.step(**losses)

    def loop(t: Training, doctor: Any, steps: int) -> None:
        Listening.doctor = doctor
        augmented(t, Listening(), steps)

    run = recorded(loop)
    labels = np.r_[np.ones(16), np.zeros(16)]
    expected = [roc_auc_score(labels, torch.cat(pair).flatten().numpy()) for pair in told]
    np.testing.assert_allclose(values(run, "auroc"), expected, rtol=1e-6)
    assert (values(run, "logit/gradient") < 0).all()
    assert run.get("sample/recall") is not None


def test_from_the_first_observation_on_hooks_are_not_listened_to(recorded):
    def once(t: Training, doctor: Any, steps: int) -> None:
        plain(t, doctor, 3)
        doctor.observe(real_logits=torch.ones(4), fake_logits=torch.zeros(4))
        plain(t, doctor, steps - 3)

    run = recorded(once)
    assert run.get("auroc").steps.tolist() == [1, 2, 3, 4]
    assert values(run, "auroc")[-1] == 1
    assert len(values(run, "gradient/d")) == 30


def test_players_are_told_apart(recorded):
    def two(t: Training, doctor: Any, steps: int) -> None:
        for _ in range(steps):
            doctor.observe("A", real_logits=torch.ones(4), fake_logits=torch.zeros(4))
            doctor.observe("B", real_logits=torch.zeros(4), fake_logits=torch.ones(4))
            doctor.step(loss_d={"A": 1.0, "B": 2.0}, loss_g=3.0)

    run = recorded(two, attach="manual")
    assert run.players == ("", "A", "B")
    assert (run.get("auroc", "A").values == 1).all()
    assert (run.get("auroc", "B").values == 0).all()
    assert (run.get("loss/d", "B").values == 2).all()


def test_one_half_of_the_outputs_is_a_mistake_and_is_told(recorded):
    def half(t: Training, doctor: Any, steps: int) -> None:
        doctor.observe(real_logits=torch.ones(4))
        plain(t, doctor, steps)

    with pytest.warns(MonitorWarning, match="pass both"):
        assert len(values(recorded(half), "auroc")) == 30


# Clock, optimizers, learning rates


def test_the_clock_counts_generator_steps_and_d_steps_apart(recorded):
    run = recorded(several_d_steps, steps=12)
    assert run.last_step == 12
    assert values(run, "steps/d").tolist() == [5] * 12
    assert run.setup.d_steps == 5
    run = recorded(wgan_gp, steps=12, name="other", loss="wgan-gp")
    assert values(run, "steps/d").tolist() == [2] * 12
    assert run.setup.d_steps == 2


def test_losses_between_two_generator_steps_are_pooled(recorded):
    losses: list[float] = []

    def loop(t: Training, doctor: Any, steps: int) -> None:
        class Listening:
            def step(self, loss_d: Tensor, loss_g: Tensor | None) -> None:
                losses.append(loss_d.item())
                doctor.step(loss_d=loss_d, loss_g=loss_g)

        several_d_steps(t, Listening(), steps)

    run = recorded(loop, steps=8)
    np.testing.assert_allclose(values(run, "loss/d"), np.reshape(losses, (8, 5)).mean(1), 1e-6)


def test_a_loss_that_the_loop_writes_over_was_recorded_as_it_was(recorded):
    def summing(t: Training, doctor: Any, steps: int) -> None:
        total = torch.zeros(())
        for i in range(2 * steps):
            total.fill_(i)
            if i % 2:
                t.step_g(loss_of_g(t.D(t.G(t.z()))))
            doctor.step(loss_d=total)

    expected = np.arange(20).reshape(10, 2).mean(1)
    np.testing.assert_allclose(values(recorded(summing, steps=10), "loss/d"), expected)


def test_learning_rates_are_read_and_a_jump_is_an_event(recorded):
    def scheduled(t: Training, doctor: Any, steps: int) -> None:
        schedule = torch.optim.lr_scheduler.MultiStepLR(t.opt_d, [10, 20], gamma=0.5)
        for i in range(steps):
            t.opt_g.param_groups[0]["lr"] = 1e-3 * 0.999**i  # a slow decay is no event
            plain(t, doctor, 1)
            schedule.step()

    run = recorded(scheduled)
    # Every change is recorded, and what stays in the steps that are looked at closely.
    assert run.get("lr/d").steps.tolist() == [*range(1, 12), 21]
    assert values(run, "lr/d").tolist() == [1e-3] * 10 + [5e-4, 2.5e-4]
    np.testing.assert_allclose(values(run, "lr/g"), 1e-3 * 0.999 ** np.arange(30), rtol=1e-6)
    jumps = [event for event in run.events if event.kind == "learning-rate"]
    # Noted at the last step of the old rate: the row that follows is the first with the new.
    assert [event.step for event in jumps] == [10, 20]
    assert jumps[0].detail == {"role": "d", "from": 1e-3, "to": 5e-4}


def test_the_optimizers_are_facts_of_the_setup(recorded):
    t = points(lr=3e-4)
    t.opt_d = torch.optim.SGD(t.D.parameters(), 0.1, weight_decay=0.01)
    setup = recorded(plain, t).setup
    g, d = setup.optimizer("g"), setup.optimizer("d")
    assert (g.kind, g.lr, g.betas, g.weight_decay) == ("Adam", 3e-4, (0.5, 0.999), 0)
    assert (d.kind, d.lr, d.betas, d.weight_decay) == ("SGD", 0.1, None, 0.01)


def test_each_part_that_has_an_optimizer_is_a_fact(recorded):
    def in_parts(t: Training, doctor: Any, steps: int) -> None:
        parts = [torch.optim.SGD(part.parameters(), 1e-3) for part in (t.G[0], t.G[2])]
        for _ in range(steps):
            t.step_d(loss_of_d(t.D(t.real()), t.D(t.G(t.z()).detach())))
            t.G.zero_grad()
            loss_of_g(t.D(t.G(t.z()))).backward()
            for part in parts:
                part.step()
            doctor.step()

    t = points()
    setup = recorded(in_parts, t).setup
    of_g = [o.parameters for o in setup.optimizers if o.role == "g"]
    assert of_g == [sum(p.numel() for p in t.G[i].parameters()) for i in (0, 2)]
    assert sum(of_g) == setup.network("g").parameters


def test_optimizers_of_strangers_do_not_count(recorded):
    def encoder_too(t: Training, doctor: Any, steps: int) -> None:
        encoder = nn.Linear(2, 2)
        other = torch.optim.Adam(encoder.parameters())
        for _ in range(steps):
            encoder(t.real()).sum().backward()
            other.step()
            plain(t, doctor, 1)

    run = recorded(encoder_too)
    assert run.last_step == 30
    assert len(run.setup.optimizers) == 2
    assert values(run, "steps/d").tolist() == [1] * 30


def test_a_generator_that_is_never_stepped_is_told(recorded):
    def d_only(t: Training, doctor: Any, steps: int) -> None:
        for _ in range(steps):
            doctor.step(loss_d=1.0)
        doctor.step(loss_d=1.0)

    with pytest.warns(MonitorWarning, match="no optimizer has stepped G") as said:
        run = recorded(d_only, steps=1200)
    assert len(said) == 1
    assert values(run, "loss/d").tolist() == [1.0]


# Ways to attach


def test_forward_sees_loops_that_go_past_hooks(recorded):
    run = recorded(direct_forward, attach="forward")
    same = recorded(plain, name="plain")
    for name in (*READ, "loss/d/clean", "logit/gradient", "sample/recall"):
        np.testing.assert_allclose(values(run, name), values(same, name), rtol=1e-6)


def test_hooks_do_not_see_them_and_say_so(recorded):
    with pytest.warns(MonitorWarning, match="0 D forwards seen"):
        run = recorded(direct_forward, steps=51)
    assert run.get("auroc") is None
    assert len(values(run, "gradient/d")) == 51


def test_manual_takes_each_step_for_a_generator_step_and_sees_nothing_itself(recorded):
    run = recorded(plain, attach="manual")
    assert run.last_step == 30
    assert {series.key.name for series in run.series} == {"loss/d", "loss/g"}


def test_two_monitors_in_one_process_see_each_their_own(attach):
    first, second = points(0), points(1)
    doctors = attach(first, "first"), attach(second, "second")
    for _ in range(10):
        plain(first, doctors[0], 2)
        plain(second, doctors[1], 1)
    for doctor, steps in zip(doctors, (20, 10), strict=True):
        doctor.close()
        run = doctor.diagnose().run
        assert run.last_step == steps
        assert run.setup.d_steps == 1


# Probabilities


class Sigmoid(nn.Sequential):
    def __init__(self, D: nn.Module) -> None:
        super().__init__(*D, nn.Sigmoid())


def test_probabilities_become_logits_and_their_loss_is_the_cross_entropy(recorded):
    t = points()
    t = Training(t.G, Sigmoid(t.D), t.data, t.latent)
    losses: list[float] = []

    def vanilla(t: Training, doctor: Any, steps: int) -> None:
        ones, zeros = torch.ones(16, 1), torch.zeros(16, 1)
        for _ in range(steps):
            real, fake = t.D(t.real()), t.D(t.G(t.z()).detach())
            loss_d = binary_cross_entropy(real, ones) + binary_cross_entropy(fake, zeros)
            losses.append(loss_d.item())
            logits.append(torch.logit(real).mean().item())
            t.step_d(loss_d)
            t.step_g(binary_cross_entropy(t.D(t.G(t.z())), ones))
            doctor.step(loss_d=loss_d)

    logits: list[float] = []
    run = recorded(vanilla, t)
    assert run.setup.discriminator_output == "probability"
    assert run.get("loss/d/double").steps.tolist() == run.get("loss/d/clean").steps.tolist()
    assert (values(run, "loss/d/double") > 1.006).all()
    np.testing.assert_allclose(values(run, "loss/d/clean"), losses, rtol=1e-4)
    np.testing.assert_allclose(values(run, "logit/real"), logits, rtol=1e-3, atol=1e-5)


def test_a_least_squares_loss_on_probabilities_is_of_the_probabilities(recorded):
    t = points()
    t = Training(t.G, Sigmoid(t.D), t.data, t.latent)
    losses: list[float] = []

    def least_squares(t: Training, doctor: Any, steps: int) -> None:
        ones, zeros = torch.ones(16, 1), torch.zeros(16, 1)
        for _ in range(steps):
            real, fake = t.D(t.real()), t.D(t.G(t.z()).detach())
            loss_d = (mse_loss(real, ones) + mse_loss(fake, zeros)) / 2
            losses.append(loss_d.item())
            t.step_d(loss_d)
            t.step_g(mse_loss(t.D(t.G(t.z())), ones))
            doctor.step(loss_d=loss_d)

    run = recorded(least_squares, t, loss="least-squares")
    np.testing.assert_allclose(values(run, "loss/d/clean"), losses, rtol=1e-5)


def test_a_probability_of_exactly_one_is_a_large_logit(recorded):
    def sure(t: Training, doctor: Any, steps: int) -> None:
        doctor.observe(real_logits=torch.ones(4), fake_logits=torch.zeros(4))
        doctor.step(loss_d=0.0)

    t = points()
    t = Training(t.G, Sigmoid(t.D), t.data, t.latent)
    run = recorded(sure, t, attach="manual")
    assert 15 < values(run, "logit/real")[0] < 17
    assert -17 < values(run, "logit/fake")[0] < -15
    assert not math.isnan(values(run, "loss/d/clean")[0])


def test_without_a_declared_family_there_is_no_clean_loss(recorded):
    assert recorded(plain, loss=None).get("loss/d/clean") is None


def test_a_sigmoid_before_what_is_observed_is_seen_in_its_graph(recorded):
    def observed(t: Training, doctor: Any, steps: int) -> None:
        for _ in range(steps):
            real, fake = t.D(t.real()).sigmoid(), t.D(t.G(t.z()).detach()).sigmoid()
            doctor.observe(real_logits=real, fake_logits=fake)
            loss_d = loss_of_d(real, fake)
            t.step_d(loss_d)
            t.step_g(loss_of_g(t.D(t.G(t.z())).sigmoid()))
            doctor.step(loss_d=loss_d)

    run = recorded(observed)
    assert run.setup.discriminator_output == "probability"
    np.testing.assert_allclose(values(run, "loss/d/double"), values(run, "loss/d"), rtol=1e-5)


# What reviewers found


def test_a_step_that_a_fused_optimizer_leaves_out_is_no_reading(recorded):
    def scaled(t: Training, doctor: Any, steps: int) -> None:
        t.opt_d = torch.optim.Adam(t.D.parameters(), 1e-3, fused=True)
        scaler = torch.amp.GradScaler("cpu", init_scale=2.0)
        for i in range(steps):
            loss_d = loss_of_d(t.D(t.real()), t.D(t.G(t.z()).detach()))
            t.opt_d.zero_grad()
            scaler.scale(loss_d * (float("inf") if i in (3, 4) else 1)).backward()
            scaler.step(t.opt_d)
            scaler.update()
            t.step_g(loss_of_g(t.D(t.G(t.z()))))
            doctor.step(loss_d=loss_d)

    run = recorded(scaled, steps=20)
    norms = run.get("gradient/d")
    assert norms.steps.tolist() == [s for s in range(1, 21) if s not in (4, 5)]
    assert np.isfinite(norms.values).all()


def test_what_a_person_says_of_our_series_is_kept_apart(recorded):
    def saying(t: Training, doctor: Any, steps: int) -> None:
        for _ in range(steps):
            plain(t, Nobody(), 1)
            doctor.step(scalars={"auroc": 0.0, "lr_g": 7.0, "FID": 12.0})

    run = recorded(saying)
    assert (values(run, "auroc") > 0).all()
    assert (values(run, "lr/g") == 1e-3).all()
    assert (values(run, "loop/auroc") == 0).all()
    assert (values(run, "loop/lr_g") == 7).all()
    assert (values(run, "metric/fid") == 12).all()


def test_one_bad_value_costs_itself_alone(recorded):
    def half(t: Training, doctor: Any, steps: int) -> None:
        for _ in range(steps):
            plain(t, Nobody(), 1)
            doctor.step(loss_d=[1.0], loss_g=2.0, scalars={"fid": 3.0})

    with pytest.warns(MonitorWarning, match=r"taking the values of step\(\) failed"):
        run = recorded(half)
    assert (values(run, "loss/g") == 2).all()
    assert (values(run, "metric/fid") == 3).all()


def test_reals_and_fakes_in_steps_of_their_own_are_not_guessed(recorded):
    def halves(t: Training, doctor: Any, steps: int) -> None:
        for _ in range(steps):
            t.step_d(softplus(-t.D(t.real() + 50)).mean())
            fake = t.G(t.z()).detach()
            t.step_d(softplus(t.D(fake)).mean() + softplus(t.D(fake.clone())).mean())
            t.step_g(loss_of_g(t.D(t.G(t.z()))))
            doctor.step()

    assert recorded(halves).get("auroc") is None


def test_a_layer_that_both_share_makes_no_d_step_of_a_g_step(recorded):
    def shared(t: Training, doctor: Any, steps: int) -> None:
        plain(t, doctor, steps)

    t = points()
    t.G = torch.nn.Sequential(*t.G, t.D[0], torch.nn.Linear(16, 2))
    t.__post_init__()
    run = recorded(shared, t=t)
    assert (values(run, "steps/d") == 1).all()


def test_an_update_is_of_all_optimizers_of_a_network(recorded):
    def two(t: Training, doctor: Any, steps: int) -> None:
        still, moving = (
            torch.optim.SGD(part.parameters(), lr) for part, lr in ((t.G[0], 0.0), (t.G[2], 1.0))
        )
        for _ in range(steps):
            t.step_d(loss_of_d(t.D(t.real()), t.D(t.G(t.z()).detach())))
            loss_g = loss_of_g(t.D(t.G(t.z())))
            t.G.zero_grad()
            loss_g.backward()
            still.step()
            moving.step()
            doctor.step(loss_g=loss_g)

    assert (values(recorded(two, steps=8), "update/g") > 0).all()


def test_weights_that_are_no_floats_stop_nothing(recorded):
    t = points()
    index = torch.nn.Parameter(torch.zeros(3, dtype=torch.int64), requires_grad=False)
    t.G.register_parameter("index", index)
    assert np.isfinite(values(recorded(t=t, steps=60), "weight/g")).all()


def test_a_d_that_nobody_trains_is_told(recorded):
    def frozen(t: Training, doctor: Any, steps: int) -> None:
        for _ in range(steps):
            t.step_g(loss_of_g(t.D(t.G(t.z()))))
            doctor.step()

    with pytest.warns(MonitorWarning, match="no optimizer has stepped D"):
        recorded(frozen, steps=60)


def test_fewer_fakes_than_reals_are_scored_under_a_paired_loss_too(tmp_path: Path) -> None:
    # A pool of old fakes leaves fewer of this step, and the loss of pairs cannot be read then.
    G, D = torch.nn.Linear(2, 2), torch.nn.Linear(2, 1)
    with gan_doctor.Monitor(tmp_path, G, D, "rpgan", attach="manual") as doctor:
        for _ in range(3):
            doctor.observe(real_logits=torch.ones(8), fake_logits=torch.zeros(4))
            doctor.step(loss_d=0.7, loss_g=0.7)
    run = gan_doctor.read(tmp_path)
    auroc = run.get("auroc")
    assert auroc is not None
    assert auroc.values.tolist() == [1.0, 1.0, 1.0]
    assert not [event for event in run.events if event.kind == "note"]
