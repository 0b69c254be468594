"""The run that the monitor remembers and the one that it writes say the same."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from loops.gan_loops import Loop, Training, images, plain, points, several_d_steps

import gan_doctor
from gan_doctor.core import Diagnosis, Run
from gan_doctor.stats import mean_by_tick


def frozen_generator() -> Training:
    """D wins: the data are far away, and G does not move."""
    t = points()
    t.data += 5
    t.opt_g.param_groups[0]["lr"] = 0.0
    t.opt_d.param_groups[0]["lr"] = 0.03
    return t


def breaks(t: Training, doctor: Any, steps: int) -> None:
    """Every weight is NaN from the middle of a tick on."""
    plain(t, doctor, 27)
    for p in t.G.parameters():
        p.data.fill_(math.nan)
    plain(t, doctor, steps - 27)


def changed_rate(t: Training, doctor: Any, steps: int) -> None:
    plain(t, doctor, steps // 2)
    t.opt_d.param_groups[0]["lr"] *= 0.1
    plain(t, doctor, steps - steps // 2)


CASES: dict[str, tuple[Loop, Any, dict[str, Any]]] = {
    "plain": (plain, points, {}),
    "images": (plain, images, {}),
    "several D steps": (several_d_steps, points, {}),
    "D wins": (plain, frozen_generator, {}),
    "NaN": (breaks, points, {}),
    "a new learning rate": (changed_rate, frozen_generator, {}),
    "ticks of one step": (plain, points, {"total_steps": 150}),
    "no budget": (plain, points, {"total_steps": None}),
    "checks out of step with ticks": (plain, points, {"total_steps": 2000, "sample_every": 13}),
}
FIRES = {"D wins": "discriminator-overpowering", "NaN": "non-finite"}


@pytest.mark.parametrize("name", CASES)
def test_live_and_log_agree(name, attach, tmp_path):
    loop, build, options = CASES[name]
    t = build()
    options = {"total_steps": 800, "sample_every": 33, **options}
    with attach(t, **options) as doctor:
        loop(t, doctor, 140)
    live, read = doctor.diagnose(), gan_doctor.diagnose(tmp_path / "run")
    assert_same_run(live.run, read.run)
    assert_same_diagnosis(live, read)
    if name in FIRES:
        assert FIRES[name] in {f.slug for f in read.findings if f.standing}


def assert_same_run(live: Run, read: Run) -> None:
    np.testing.assert_array_equal(live.ticks, read.ticks)
    assert len(live.ticks) > 1
    assert {s.key for s in live.series} == {s.key for s in read.series}
    for series in read.series:
        of_live = next(s for s in live.series if s.key == series.key)
        a, b = (mean_by_tick(s, read.ticks) for s in (of_live, series))
        np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-7, err_msg=str(series.key))
    assert live.events == read.events
    assert live.setup == read.setup
    assert [b.key for b in live.bands] == [b.key for b in read.bands]


def assert_same_diagnosis(live: Diagnosis, read: Diagnosis) -> None:
    assert [v.status for v in live.verdicts] == [v.status for v in read.verdicts]
    assert len(live.findings) == len(read.findings)
    for a, b in zip(live.findings, read.findings, strict=True):
        for name in ("slug", "severity", "onset", "alarm", "cleared", "cause", "message"):
            assert getattr(a, name) == getattr(b, name), name
        assert a.confidence == pytest.approx(b.confidence)
        for mine, theirs in zip(a.evidence, b.evidence, strict=True):
            assert (mine.series, mine.window) == (theirs.series, theirs.window)
            if mine.statistic != "non-finite values":  # ticks while it runs, values in the log
                assert mine.value == pytest.approx(theirs.value, rel=1e-5)
    assert live.outlook == read.outlook
    assert live.best_step == read.best_step


def test_what_is_kept_in_memory_is_a_value_a_tick(attach):
    t = points()
    doctor = attach(t, total_steps=10_000, sample_every=10_000)
    plain(t, doctor, 210)
    run = doctor.diagnose().run
    assert run.tick_steps == 50
    assert len(run.get("loss/d")) == 5
    assert len(run.get("logit/gradient")) == 10 + 4
