from dataclasses import replace

import numpy as np
import pytest

from gan_doctor.detectors.mode_hopping import ModeHopping

K = 8


def one_of(mode):
    return np.eye(K)[mode % K]


@pytest.fixture
def examine():
    return ModeHopping().examine


def test_fires_on_a_g_that_makes_one_mode_at_a_time(examine, filled):
    (finding,) = examine(filled(one_of)).findings
    assert finding.severity == "warning"
    assert finding.alarm <= 0.25 * 1200
    assert "94% of the samples" in finding.message  # all of them, less what chance moves


def test_fires_on_a_g_that_goes_to_and_fro_between_halves_of_the_data(examine, filled):
    halves = np.repeat([[2 / K, 0]], K // 2, 0).T.ravel()
    assert examine(filled(lambda c: np.roll(halves, c // 2 * K // 2))).findings


def test_stays_silent_where_all_modes_are_there(examine, filled):
    assert examine(filled(lambda _: np.full(K, 1 / K))).status == "clear"


@pytest.mark.parametrize("n", [64, 512])
def test_chance_in_small_samples_is_no_hopping(examine, filled, n):
    """The multinomial noise of few samples moves a good part of them at every check."""
    for seed in range(5):
        assert examine(filled(lambda _: np.full(K, 1 / K), n, seed)).findings == ()


def test_a_collapse_that_stays_is_no_hopping(examine, filled):
    assert examine(filled(lambda _: one_of(3))).findings == ()


def test_a_g_that_learns_mode_after_mode_is_no_hopping(examine, filled):
    """It drifts from one mode to all of them over the first half of the training."""

    def learns(check):
        share = min(1.0, check / 25)
        return (1 - share) * one_of(0) + share / K

    assert examine(filled(learns)).findings == ()


def test_one_jump_is_no_hopping(examine, filled):
    assert examine(filled(lambda c: one_of(0 if c < 30 else 1))).findings == ()


def test_without_samples_it_is_not_assessed(examine, make_run, players):
    assert examine(make_run(players(0.9, 1.0))).status == "not assessed"


def test_clusters_that_come_with_more_reals_are_empty_before(examine, filled):
    """A reference that is drawn anew from more reals has more clusters, whose series are short."""
    run = filled(lambda c: one_of(c if c % 2 else 0))
    last = run.series[-1]
    shorter = replace(run, series=(*run.series[:-1], last[len(last) // 2 :]))
    assert examine(shorter).status == "fired"
