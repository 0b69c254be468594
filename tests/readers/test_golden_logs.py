"""Logs of every format version stay readable: each was written by the release of its time."""

from pathlib import Path

import pytest

import gan_doctor
from gan_doctor.detectors import known

GOLDEN = sorted((Path(__file__).parent / "golden").iterdir())


@pytest.mark.parametrize("log", GOLDEN, ids=lambda log: log.name)
def test_an_old_log_is_read_and_diagnosed(log):
    run = gan_doctor.read(log)
    assert (run.clock, run.last_step, run.budget) == ("generator_step", 90, 90)
    assert run.setup.objective.family == "non-saturating"
    assert run.setup.optimizer("d").lr is not None
    assert len(run.get("loss/d")) == 90
    assert list(run.get("sample/coverage").steps) == [30, 60, 90]
    assert run.band(run.get("sample/coverage").key, 90).n == 512
    assert {samples.kind for samples in run.samples} == {"fake", "real"}
    assert run.samples[0].load().shape[1:] == (2,)
    assert run.notes == ()
    assert len(gan_doctor.diagnose(run).verdicts) == len(known())
