"""Of a long run a share of the steps is read, and that share is fair."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from loops.gan_loops import Training, plain, points

from gan_doctor.monitor.pace import falls


@pytest.mark.parametrize("share", [0.1, 0.16, 0.5])
def test_the_share_of_steps_is_what_was_asked_for(share):
    chosen = [falls(step, share) for step in range(10_000)]
    assert np.mean(chosen) == pytest.approx(share, abs=0.002)


@pytest.mark.parametrize("every", [2, 4, 5, 10, 16, 50])
def test_what_comes_every_few_steps_is_met_as_often_as_it_comes(every):
    chosen = np.array([falls(step, 0.16) for step in range(20_000)])
    assert chosen[::every].mean() == pytest.approx(0.16, abs=0.01)


def test_every_early_step_is_read_and_then_a_share(recorded):
    run = recorded(t=points(batch=64), steps=400, sample_every=10_000)
    steps = run.get("auroc").steps
    assert set(range(1, 101)) <= set(steps)
    late = steps[steps > 110]
    assert 0.1 < len(late) / 290 < 0.3
    assert run.get("gradient/d").steps.tolist() == steps.tolist()
    assert run.get("loss/d").steps.tolist() == list(range(1, 401))


def test_small_batches_are_read_more_often(recorded):
    few, many = (
        recorded(t=points(batch=batch), steps=300, sample_every=10_000, name=str(batch))
        for batch in (64, 16)
    )
    assert few.get("auroc").steps.size < many.get("auroc").steps.size


def test_the_steps_before_a_check_are_read_for_their_fakes(recorded):
    steps = recorded(t=points(batch=64), steps=400, sample_every=100).get("auroc").steps
    assert set(range(392, 401)) <= set(steps)


def test_what_d_says_is_the_same_in_the_steps_that_are_read(recorded):
    def every_step(t: Training, doctor: Any, steps: int) -> None:
        plain(t, doctor, steps)

    sparse = recorded(every_step, t=points(batch=64), steps=300, name="sparse").get("auroc")
    # A short declared budget has short ticks, in which every step is read.
    dense = recorded(every_step, t=points(batch=64), steps=300, name="dense", total_steps=300).get(
        "auroc"
    )
    at = np.searchsorted(dense.steps, sparse.steps)
    np.testing.assert_array_equal(dense.values[at], sparse.values)
    assert len(sparse.steps) < len(dense.steps)
