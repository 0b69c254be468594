import pytest

from gan_doctor.detectors.auxiliary_loss_dominates import AuxiliaryLossDominates


@pytest.fixture
def examine():
    return AuxiliaryLossDominates().examine


# Must fire on


def test_fires_where_next_to_nothing_comes_through_d(examine, make_run):
    (finding,) = examine(make_run({"gradient/g/through_d": 0.002})).findings
    assert (finding.severity, finding.onset) == ("warning", 6)
    assert finding.alarm == 84  # ten ticks after the warm-up
    assert "only 0.2% of the loss gradient" in finding.message


def test_fires_where_the_other_loss_takes_over(examine, make_run):
    run = make_run({"gradient/g/through_d": lambda s: 0.4 if s <= 600 else 0.01})
    (finding,) = examine(run).findings
    assert finding.onset == 606


# Must stay silent on


@pytest.mark.parametrize("share", [1.0, 0.3, 0.06])
def test_stays_silent_where_d_is_heard(share, examine, make_run):
    assert examine(make_run({"gradient/g/through_d": share})).status == "clear"


def test_stays_silent_where_d_is_drowned_now_and_then(examine, make_run):
    run = make_run({"gradient/g/through_d": lambda s: 0.01 if s // 6 % 2 else 0.3})
    assert examine(run).findings == ()


def test_the_sizes_of_the_losses_alone_are_told_and_judge_nothing(examine, make_run):
    verdict = examine(make_run({"loss/g": 100.0, "loss/g/adversarial": 0.7}))
    assert verdict.status == "not assessed"
    assert "0.7% is adversarial" in verdict.missing[0].what
    assert verdict.missing[0].how


def test_is_not_assessed_without_either(examine, make_run):
    assert examine(make_run({"loss/g": 1.0})).status == "not assessed"
