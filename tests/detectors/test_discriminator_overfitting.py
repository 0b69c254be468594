import pytest

from gan_doctor.detectors.discriminator_overfitting import DiscriminatorOverfitting


@pytest.fixture
def examine():
    return DiscriminatorOverfitting().examine


@pytest.fixture
def remembering(make_run, players, good):
    """A run whose D ranks trained reals above held-out ones that often."""

    def make(memory, **kwargs):
        return make_run(players(0.95, 0.9, **kwargs) | {"auroc/held_out": memory}, good)

    return make


@pytest.mark.parametrize(("memory", "severity"), [(0.68, "warning"), (0.9, "critical")])
def test_fires_on_a_d_that_knows_its_reals(examine, remembering, memory, severity):
    (finding,) = examine(remembering(memory)).findings
    assert finding.severity == severity
    assert f"{memory:.0%} of pairs" in finding.message


def test_dates_a_d_that_learns_them_late(examine, remembering):
    (finding,) = examine(remembering(lambda s: 0.5 if s <= 600 else 0.9)).findings
    assert 600 < finding.onset <= 600 + 12
    assert finding.alarm <= 600 + 0.1 * 1200


def test_a_d_that_scores_reals_low_is_read_the_right_way_round(examine, remembering):
    assert examine(remembering(0.2, scores_reals_high=False)).status == "fired"
    assert examine(remembering(0.2)).status == "clear"


def test_a_d_far_ahead_that_remembers_nothing_stays_silent(examine, make_run, players, good):
    far = players(1.0, 1e-3) | {"auroc/held_out": 0.51, "sign/real": 1.0}
    assert examine(make_run(far, good)).status == "clear"


def test_without_held_out_reals_it_is_not_assessed_and_says_how(examine, make_run, players, good):
    verdict = examine(make_run(players(0.95, 0.9) | {"sign/real": 1.0}, good))
    assert verdict.status == "not assessed"
    assert "held_out" in verdict.missing[0].how


def test_unknown_orientation_is_not_assessed(examine, make_run):
    verdict = examine(make_run({"auroc": 0.9, "auroc/held_out": 0.9}))
    assert verdict.missing[0].why == "orientation unknown"
