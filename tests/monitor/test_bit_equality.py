"""Measuring does not disturb: with and without the monitor, the same to the last bit."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest
import torch
from loops.gan_loops import (
    SEEN,
    Loop,
    Nobody,
    Training,
    augmented,
    direct_forward,
    images,
    plain,
    points,
)
from loops.sameness import assert_same, everything

from gan_doctor.core import MonitorWarning

STEPS = 24
LOOPS = {**SEEN, "augmented": augmented, "direct_forward": direct_forward}


def all_of(t: Training) -> dict[str, Any]:
    return everything([t.G, t.D], [t.opt_g, t.opt_d])


def trained(loop: Loop, build: Any, doctor_of: Any = None) -> dict[str, Any]:
    random.seed(0)
    np.random.seed(0)  # noqa: NPY002
    t = build()
    doctor = doctor_of(t) if doctor_of else Nobody()
    loop(t, doctor, STEPS)
    before_closing = all_of(t)
    if doctor_of:
        doctor.close()
        assert_same(all_of(t), before_closing)
        assert doctor.diagnose().run.get("loss/d") is not None
    return before_closing


def measured(doctor: Any) -> bool:
    return doctor.diagnose().run.get("sample/recall") is not None


@pytest.mark.parametrize("loop", LOOPS.values(), ids=LOOPS)
def test_every_loop_of_points(loop, attach):
    attached = []

    def attaching(t: Training) -> Any:
        attached.append(attach(t, attach="forward" if loop is direct_forward else "hooks"))
        return attached[0]

    assert_same(trained(loop, points, attaching), trained(loop, points))
    assert measured(attached[0])


@pytest.mark.parametrize("loop", SEEN.values(), ids=SEEN)
def test_every_loop_where_every_step_is_watched(loop, attach):
    def watching(t: Training) -> Any:
        return attach(t, total_steps=100)

    assert_same(trained(loop, points, watching), trained(loop, points))


@pytest.mark.parametrize("name", ["plain", "g_first", "several_d_steps", "r1_after_backward"])
def test_loops_of_images_with_batchnorm_dropout_and_spectral_norm(name, attach):
    assert_same(trained(SEEN[name], images, attach), trained(SEEN[name], images))


@pytest.mark.parametrize("way", ["hooks", "forward", "manual"])
def test_every_way_to_attach(way, attach):
    with_doctor = trained(plain, images, lambda t: attach(t, attach=way))
    assert_same(with_doctor, trained(plain, images))


def test_a_sampler_that_draws_random_numbers_and_held_out_reals(attach):
    def with_both(t: Training) -> Any:
        def sampler(n: int) -> torch.Tensor:
            random.random()
            np.random.rand()  # noqa: NPY002
            t.G.eval()
            t.D.eval()
            return t.G(torch.randn(n, *t.latent))

        doctor = attach(t, sampler=sampler, held_out=t.data[-200:])
        sampled.append(doctor)
        return doctor

    sampled: list[Any] = []
    assert_same(trained(plain, images, with_both), trained(plain, images))
    assert measured(sampled[0])
    assert sampled[0].diagnose().run.get("auroc/held_out") is not None


def test_a_sampler_that_leaves_the_training_mode_on(attach):
    def sampling(t: Training) -> Any:
        # In training mode BatchNorm and spectral normalisation write to their buffers.
        return attach(t, sampler=lambda n: t.G(torch.randn(n, *t.latent)))

    assert_same(trained(plain, images, sampling), trained(plain, images))


def test_a_sampler_that_fails_half_way(attach):
    def failing(t: Training) -> Any:
        def sampler(n: int) -> torch.Tensor:
            t.G.eval()
            t.G(torch.randn(n, *t.latent))
            raise RuntimeError("no memory")

        return attach(t, sampler=sampler)

    with pytest.warns(MonitorWarning, match="the sampler failed: RuntimeError"):
        with_doctor = trained(plain, images, failing)
    assert_same(with_doctor, trained(plain, images))


def test_two_monitors_on_one_training(attach):
    def two(t: Training) -> Any:
        attach(t, "other", attach="forward")
        return attach(t)

    assert_same(trained(plain, images, two), trained(plain, images))


def test_a_monitor_that_is_closed_on_the_way(attach):
    def closing(t: Training, doctor: Any, steps: int) -> None:
        plain(t, doctor, steps // 2)
        if hasattr(doctor, "close"):
            doctor.close()
        plain(t, doctor, steps - steps // 2)

    assert_same(trained(closing, points, attach), trained(closing, points))
