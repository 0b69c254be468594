import pytest

from gan_doctor.detectors.discriminator_failing import DiscriminatorFailing


@pytest.fixture
def examine():
    return DiscriminatorFailing().examine


def test_fires_on_a_d_that_is_wrong_about_every_pair(examine, make_run, players, nothing):
    """Measured with lr_D 1e-6: loss 3.7 at AUROC 0.000."""
    (finding,) = examine(make_run(players(0.0, 3.7), nothing)).findings
    assert finding.severity == "critical"
    assert finding.alarm <= 0.1 * 1200
    assert "only 0% of real-fake pairs" in finding.message


def test_fires_on_a_d_at_the_textbook_loss_that_is_wrong_about_every_pair(
    examine, make_run, players, nothing
):
    """Measured on a frozen D whose G has collapsed: loss 1.5, AUROC 0.01."""
    assert examine(make_run(players(0.01, 1.45), nothing)).findings[0].severity == "critical"


def test_swapped_labels_are_another_matter(examine, make_run, players, nothing):
    """Both losses near 0 at AUROC 0.000: the wiring, which GD603 is for."""
    assert examine(make_run(players(0.0, 6e-4), nothing)).status == "clear"


def test_stays_silent_on_spikes_of_an_overconfident_d(examine, make_run, players, nothing):
    """A loss of 6 at AUROC 1.000 was measured in a run that ended well."""
    assert examine(make_run(players(1.0, 6.0), nothing)).status == "clear"


def test_stays_silent_at_a_genuine_equilibrium(examine, make_run, players):
    real = {"precision": 0.88, "recall": 0.88, "coverage": 0.97}
    assert examine(make_run(players(0.5, 1.3863), real)).status == "clear"
    assert examine(make_run(players(0.5, 1.6), real)).status == "clear"


def test_without_samples_it_only_warns(examine, make_run, players):
    (finding,) = examine(make_run(players(0.1, 3.7))).findings
    assert finding.severity == "warning"


def test_samples_that_are_half_real_only_warn(examine, make_run, players, good):
    (finding,) = examine(make_run(players(0.3, 2.0), good | {"coverage": 0.4})).findings
    assert finding.severity == "warning"


def test_a_d_loss_pinned_at_its_clamp_is_a_fact(examine, make_run):
    run = make_run({"loss/d": 100.0, "loss/g": 0.0}, objective=None)
    assert examine(run).findings[0].severity == "critical"


def test_a_critic_that_scores_reals_low_is_read_the_right_way_round(
    examine, make_run, players, nothing
):
    right = players(0.02, 3.7, scores_reals_high=False)
    assert examine(make_run(right, nothing)).status == "clear"
