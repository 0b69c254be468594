"""What runs to its end and is wrong is on record as a fact."""

from __future__ import annotations

from pathlib import Path

import pytest
from loops import order_loops, silent_bugs
from loops.played import Played, assert_true, play_both
from loops.witness import Loop

REACHED = ("reached/real", "reached/fake", "reached/generator")
FIRST = range(1, 11)  # steps that are all watched
STEPS = 60  # one of which lies beyond the first tick


@pytest.fixture
def played(tmp_path: Path):
    def play(loop: Loop, steps: int = STEPS) -> Played:
        return play_both(loop, tmp_path, steps)

    return play


def reached(played: Played) -> list[set[float]]:
    """The values that each of the three took."""
    return [set(played.recorded(name)[name].values()) for name in REACHED]


def test_every_loss_of_a_healthy_loop_reaches_d(played):
    healthy = played(silent_bugs.healthy)
    assert reached(healthy) == [{1}, {1}, {1}]


def test_the_first_ten_steps_and_one_in_each_tick_are_watched(played):
    healthy = played(silent_bugs.healthy)
    for name in REACHED:
        steps = healthy.recorded(name)[name].keys()
        assert steps >= set(FIRST)
        assert max(steps) >= 50
        assert len(steps) < STEPS / 2


def test_a_d_loss_that_is_never_backpropagated(played):
    sick = played(silent_bugs.d_loss_never_backpropagated)
    assert reached(sick) == [{0}, {0}, {1}]


def test_what_d_says_is_true_though_its_loss_goes_nowhere(played):
    sick = played(silent_bugs.d_loss_never_backpropagated)
    for name in ("logit/real", "logit/fake", "auroc", "gradient/d", "steps/d"):
        assert_true(sick, name)


def test_fakes_that_are_missing_from_the_loss(played):
    sick = played(silent_bugs.fakes_missing_from_the_loss)
    assert reached(sick) == [{1}, {0}, {1}]


def test_a_g_loss_that_is_overwritten(played):
    sick = played(silent_bugs.g_loss_overwritten)
    assert reached(sick) == [{1}, {1}, {0}]


def modes(played: Played) -> list[tuple[float, dict[str, object]]]:
    return [(e.step, dict(e.detail)) for e in played.run.events if e.kind == "mode"]


def test_a_g_in_eval_mode_is_an_event_once(played):
    ((step, detail),) = modes(played(silent_bugs.g_left_in_eval_mode))
    assert detail == {"role": "g", "training": False}
    assert 5 <= step <= 55  # at the latest when the next tick is watched


def test_a_d_that_is_in_eval_mode_for_the_g_step_alone_trains_in_training_mode(played):
    assert modes(played(silent_bugs.d_in_eval_mode_for_the_g_step)) == []


def test_a_g_that_never_steps_is_told_and_stays_at_step_0(played):
    frozen = played(silent_bugs.frozen_g, 1_100)
    assert {step for series in frozen.run.series for step in series.steps} == {0}
    (note,) = frozen.notes
    assert "no optimizer has stepped G" in note


def test_nan_is_seen_before_it_is_hidden(played):
    hidden = played(silent_bugs.hidden_nan)
    nonfinite = hidden.recorded("nonfinite/d")["nonfinite/d"]
    assert [step for step in FIRST if nonfinite[step] > 0] == [3, 6, 9]


def test_what_is_recorded_of_a_gradient_is_what_the_optimizer_got(played):
    assert_true(played(silent_bugs.hidden_nan), "gradient/d")


def test_zero_d_forwards_are_told_after_50_optimizer_steps(played):
    blind = played(order_loops.forward_called_past_the_hooks)
    (note,) = blind.notes
    assert note.startswith("0 D forwards seen after 50 optimizer steps")
    assert "call doctor.observe(" in note
