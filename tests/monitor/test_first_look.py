"""Facts that show in the first steps, and the loss family that nobody declared."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import torch
from loops.gan_loops import SEEN, Training, loss_of_d, loss_of_g, plain, points, wgan_gp

from gan_doctor.core import MonitorWarning, Objective


def test_the_law_of_the_latents(recorded):
    latent = recorded(steps=120).setup.latent
    assert (latent.law, latent.shape) == ("normal", (4,))
    assert latent.mean == pytest.approx(0, abs=0.1)
    assert latent.sd == pytest.approx(1, abs=0.1)


def test_uniform_latents(recorded):
    t = points()
    t.z = lambda: 2 * torch.rand(t.batch, 4) - 1
    assert recorded(t=t, steps=120).setup.latent.law == "uniform"


def test_too_few_latents_have_a_shape_and_no_law(recorded):
    latent = recorded(t=points(batch=4), steps=22).setup.latent
    assert (latent.law, latent.shape) == (None, (4,))


def test_ranges_and_types(recorded):
    setup = recorded(steps=45).setup
    low, high = setup.real_range
    assert -1.5 < low < -0.8
    assert 0.8 < high < 1.5
    assert setup.fake_range is not None
    assert (setup.dtype, setup.amp) == ("float32", None)


def test_mixed_precision_is_seen_in_what_d_says(recorded):
    def mixed(t: Training, doctor: Any, steps: int) -> None:
        for _ in range(steps):
            with torch.autocast("cpu", torch.bfloat16):
                real, fake = t.D(t.real()), t.D(t.G(t.z()).detach())
            t.step_d(loss_of_d(real.float(), fake.float()))
            t.step_g(loss_of_g(t.D(t.G(t.z()))))
            doctor.step()

    assert recorded(mixed).setup.amp == "bfloat16"


def test_an_average_of_g_is_found(recorded):
    t = points()
    average = copy.deepcopy(t.G)
    assert recorded(t=t, steps=45).setup.ema is True
    del average


def test_without_an_average_of_g_it_is_not_known(recorded):
    t = points()
    # No other test has left a network like this behind.
    t.G = torch.nn.Sequential(torch.nn.Linear(4, 19), torch.nn.ReLU(), torch.nn.Linear(19, 2))
    t.__post_init__()
    assert recorded(t=t, steps=45).setup.ema is None


def test_the_loss_family_is_found_where_nobody_declared_it(recorded):
    run = recorded(loss=None, steps=120)
    assert run.setup.objective_inferred
    assert run.setup.objective == Objective("non-saturating", "sum", smoothing=1.0)
    assert run.get("loss/d/clean").steps[0] == 51  # from the first tick on


def test_what_is_declared_is_not_inferred(recorded):
    run = recorded(loss="hinge", steps=120)
    assert (run.setup.objective.family, run.setup.objective_inferred) == ("hinge", False)


def test_losses_of_several_d_steps_are_not_mixed(recorded):
    run = recorded(SEEN["several_d_steps"], loss=None, steps=120)
    assert run.setup.objective.family == "non-saturating"
    run = recorded(wgan_gp, loss=None, steps=120, name="pooled")
    assert run.setup.objective.family is None  # reported once for two D steps


def test_a_loss_that_no_family_explains_is_told(recorded):
    class Reporting:
        def __init__(self, doctor: Any) -> None:
            self.doctor = doctor

        def step(self, loss_d: Any, loss_g: Any) -> None:
            self.doctor.step(loss_d=loss_d.item() ** 2, loss_g=loss_g.item() ** 2)

    def strange(t: Training, doctor: Any, steps: int) -> None:
        for _ in range(steps):
            plain(t, Reporting(doctor), 1)

    with pytest.warns(MonitorWarning, match=r"no family explains the losses.*Monitor\(loss=\)"):
        run = recorded(strange, loss=None, steps=1_100)
    assert run.setup.objective.family is None
