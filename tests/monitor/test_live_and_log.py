"""The run that the monitor remembers and the one that it writes say the same."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from loops.gan_loops import Loop, Training, images, plain, points, several_d_steps

import gan_doctor
from gan_doctor.core import Diagnosis, Evidence
from gan_doctor.stats import mean_by_tick


def frozen_generator() -> Training:
    """D wins: G does not move."""
    t = points()
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


@pytest.fixture(params=CASES, ids=CASES)
def both(request: pytest.FixtureRequest, attach: Any, tmp_path: Path) -> tuple[Diagnosis, ...]:
    """Live and from the log."""
    loop, build, options = CASES[request.param]
    t = build()
    options = {"total_steps": 800, "sample_every": 33, **options}
    with attach(t, **options) as doctor:
        loop(t, doctor, 140)
    live, read = doctor.diagnose(), gan_doctor.diagnose(tmp_path / "run")
    expected = FIRES.get(request.param)
    assert expected is None or expected in {f.slug for f in read.findings if f.standing}
    return live, read


def test_live_and_log_agree(both):
    live, read = both
    # The same run
    np.testing.assert_array_equal(live.run.ticks, read.run.ticks)
    assert len(live.run.ticks) > 1
    assert {s.key for s in live.run.series} == {s.key for s in read.run.series}
    for series in read.run.series:
        of_live = live.run.get(series.key.name, features=series.key.features)
        a, b = (mean_by_tick(s, read.run.ticks) for s in (of_live, series))
        np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-9, err_msg=str(series.key))
    assert live.run.events == read.run.events
    assert live.run.setup == read.run.setup
    assert [b.key for b in live.run.bands] == [b.key for b in read.run.bands]
    # The same diagnosis
    assert [v.status for v in live.verdicts] == [v.status for v in read.verdicts]
    assert len(live.findings) == len(read.findings)
    for a, b in zip(live.findings, read.findings, strict=True):
        for name in ("slug", "severity", "onset", "alarm", "cleared", "cause", "message"):
            assert getattr(a, name) == getattr(b, name), name
        assert a.confidence == pytest.approx(b.confidence)
    assert live.outlook == read.outlook
    assert live.best_step == read.best_step


def test_the_numbers_of_the_evidence_agree(both):
    def rows(diagnosis: Diagnosis) -> dict[tuple[str, ...], Evidence]:
        return {(f.slug, e.series, e.statistic): e for f in diagnosis.findings for e in f.evidence}

    live, read = map(rows, both)
    assert list(live) == list(read)
    for name, evidence in read.items():
        if "non-finite values" not in name:  # counted in ticks while it runs, in values later
            assert live[name].value == pytest.approx(evidence.value, rel=1e-5), name
            assert live[name].window == evidence.window


def test_what_is_kept_in_memory_is_a_value_a_tick(attach):
    t = points()
    doctor = attach(t, total_steps=10_000, sample_every=10_000)
    plain(t, doctor, 210)
    run = doctor.diagnose().run
    assert run.tick_steps == 50
    assert len(run.get("loss/d")) == 5
    assert len(run.get("logit/gradient")) == 10 + 4
