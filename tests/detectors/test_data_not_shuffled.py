import numpy as np
import pytest

from gan_doctor.detectors.data_not_shuffled import DataNotShuffled


@pytest.fixture
def examine():
    return DataNotShuffled().examine


def f_ratio(batches):
    """What shuffled data gives along one direction, the worst case of the mean over 16."""
    random = np.random.default_rng(0)
    return lambda step: random.chisquare(batches - 1) / (batches - 1)


# Must fire on


def test_fires_on_sorted_data_from_the_third_check_on(examine, make_run):
    (finding,) = examine(make_run({"batch/spread": 20.0})).findings
    assert (finding.severity, finding.onset, finding.alarm) == ("warning", 1, 3)
    assert "vary 20 times as much" in finding.message


def test_fires_where_the_data_becomes_sorted(examine, make_run):
    run = make_run({"batch/spread": lambda s: 1.0 if s < 600 else 12.0})
    (finding,) = examine(run).findings
    assert finding.onset == 600


# Must stay silent on


@pytest.mark.parametrize("batches", [8, 16, 64])
def test_stays_silent_on_shuffled_data(batches, examine, make_run):
    assert examine(make_run({"batch/spread": f_ratio(batches)})).findings == ()


def test_stays_silent_on_batches_balanced_by_class(examine, make_run):
    assert examine(make_run({"batch/spread": 0.2})).status == "clear"


def test_is_not_assessed_without_real_batches(examine, make_run):
    assert examine(make_run({"loss/d": 1.0})).status == "not assessed"
