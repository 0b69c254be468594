"""The face of the monitor: what a person calls, and what it tells them."""

from __future__ import annotations

import functools
import logging
from dataclasses import replace
from typing import Any

import numpy as np
import orjson
import pytest
import torch
from loops.gan_loops import images, plain, points
from torch import nn

import gan_doctor
from gan_doctor.core import Diagnosis, Finding, MonitorWarning, Outlook, Run, Verdict
from gan_doctor.monitor import live, monitor
from gan_doctor.monitor.schedule import Schedule

# What is recorded


def test_losses_and_other_scalars_go_under_their_names(recorded):
    def logging_loop(t: Any, doctor: Any, steps: int) -> None:
        for i in range(steps):
            doctor.step(
                loss_d=torch.tensor([1.0, 3.0]),
                loss_g=np.float32(0.5),
                loss_g_adv=0.25,
                scalars={"FID": 12.3, "my/loss": i, "loss_D_A": 7.0, "step": 1.5},
            )

    run = recorded(logging_loop, attach="manual", steps=3)
    assert run.get("loss/d").values.tolist() == [2, 2, 2]
    assert run.get("loss/g").values.tolist() == [0.5] * 3
    assert run.get("loss/g/adversarial").values.tolist() == [0.25] * 3
    assert run.get("metric/fid").values.tolist() == [12.3] * 3
    assert run.get("my/loss").values.tolist() == [0, 1, 2]
    assert run.get("loss/d", "A").values.tolist() == [7] * 3
    assert run.get("step").values.tolist() == [1.5] * 3


def test_scalars_that_come_now_and_then_leave_every_series_in_order(recorded):
    def now_and_then(t: Any, doctor: Any, steps: int) -> None:
        for i in range(1, steps + 1):
            scalars = {"fid": 1.0 * i} if i % 7 == 0 else {}
            doctor.step(loss_d=torch.tensor(float(i)), loss_g=float(i), scalars=scalars)

    run = recorded(now_and_then, attach="manual", steps=60)
    for name in ("loss/d", "loss/g"):
        assert run.get(name).steps.tolist() == run.get(name).values.tolist() == [*range(1, 61)]
    assert run.get("metric/fid").steps.tolist() == [7, 14, 21, 28, 35, 42, 49, 56]


def test_weights_are_measured_once_a_tick(recorded):
    t = points()
    run = recorded(plain, t, steps=100, sample_every=500)
    assert run.get("weight/d").steps.tolist() == [50, 100]
    by_hand = torch.cat([p.detach().flatten() for p in t.D.parameters()]).norm()
    assert run.get("weight/d").values[-1] == pytest.approx(float(by_hand), rel=1e-5)


def test_facts_are_in_the_setup(recorded):
    t = images()
    setup = recorded(plain, t, steps=25, total_steps=900, loss="lsgan").setup
    assert setup.total_steps == 900
    assert setup.objective.family == "least-squares"
    assert (setup.batch_size, setup.sample_shape, setup.d_steps) == (16, (1, 8, 8), 1)
    assert setup.discriminator_output == "logit"
    assert setup.tricks is None
    assert setup.versions == {"gan_doctor": gan_doctor.__version__, "torch": torch.__version__}
    assert setup.network("d").spectral_norm
    assert setup.network("g").norms == ("BatchNorm2d",)


def test_declared_tricks_are_in_use(attach, tmp_path):
    t = points()
    with attach(t) as doctor:
        doctor.declare(["r1-penalty", "instance-noise"])
        plain(t, doctor, 3)
        assert doctor.diagnose().run.setup.tricks == ("instance-noise", "r1-penalty")
    run = gan_doctor.read(tmp_path / "run")
    assert run.setup.tricks == ("instance-noise", "r1-penalty")
    assert [event.kind for event in run.events] == ["declare"]


# Samples


def test_samples_are_measured_at_the_interval_and_kept(recorded):
    t = images()
    run = recorded(plain, t, steps=65)
    assert run.get("sample/recall").steps.tolist() == [20, 40, 60]
    bands = [band for band in run.bands if band.key.name == "sample/recall"]
    assert bands[0].step == 20
    assert {series.key for series in run.series if series.key.name.startswith("sample/")} == {
        band.key for band in run.bands
    }
    fakes = [s for s in run.samples if s.kind == "fake"]
    assert [s.step for s in fakes] == [20, 40, 60]
    batch = fakes[-1].load()
    assert batch.dtype == np.uint8
    assert batch.shape == (64, 1, 8, 8)
    real = next(s for s in run.samples if s.kind == "real").load()
    digits = {image.tobytes() for image in ((t.data + 1) / 2 * 255).round().byte().numpy()}
    assert {image.tobytes() for image in real} <= digits


def test_points_are_kept_as_they_are(recorded):
    t = points()
    run = recorded(plain, t, steps=25)
    reals = {tuple(point) for point in t.data.tolist()}
    kept = next(s for s in run.samples if s.kind == "real").load()
    assert kept.dtype == np.float32
    assert {tuple(point) for point in kept.tolist()} <= reals


def test_a_sampler_is_measured_instead_of_the_training(recorded):
    t = points()
    data = points(seed=3).data
    run = recorded(plain, t, steps=25, sampler=lambda n: data[:n])
    assert run.get("sample/precision").values[0] > 0.9  # and G has learned nothing yet
    kept = next(s for s in run.samples if s.kind == "fake").load()
    assert {tuple(point) for point in kept.tolist()} <= {tuple(p) for p in data.tolist()}


def test_a_d_that_knows_its_reals_is_told_from_one_that_does_not(recorded):
    class Memory(nn.Module):
        """Scores what lies right of 0.5 high, as if it knew that half of the data alone."""

        def __init__(self) -> None:
            super().__init__()
            self.bias = nn.Parameter(torch.zeros(()))

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return (x[:, :1] > 0.5).float() + self.bias

    t = points()
    t.D, t.data = Memory(), torch.rand(512, 2) / 2 + 0.5
    t.__post_init__()
    run = recorded(plain, t, steps=25, held_out=torch.rand(300, 2) / 2)
    assert run.get("auroc/held_out").values.tolist() == [1.0]


def test_batches_too_small_to_measure_are_told_once(recorded):
    with pytest.warns(MonitorWarning, match="18 fakes in 9 batches are too few.*sampler=") as said:
        run = recorded(plain, points(batch=2), steps=130)
    assert len(said) == 1
    assert run.get("sample/recall") is None
    recorded(plain, points(batch=2), steps=130, name="other", sampler=lambda n: torch.rand(n, 2))


def test_an_epoch_that_ends_with_a_short_batch_costs_no_check(recorded):
    def epochs(t: Any, doctor: Any, steps: int) -> None:
        for i in range(steps):
            t.batch = 3 if i % 12 == 11 else 16
            plain(t, doctor, 1)

    run = recorded(epochs, steps=110)
    assert run.get("sample/recall").steps.tolist() == [20, 40, 60, 80, 100]
    assert run.bands[-1].n == 128  # of 8 whole batches; the first had fewer reals


# What it tells


def test_diagnose_looks_at_everything_so_far(attach):
    t = points()
    doctor = attach(t)
    plain(t, doctor, 7)
    assert doctor.diagnose().run.last_step == 7
    plain(t, doctor, 7)
    assert doctor.diagnose().run.last_step == 14
    doctor.close()
    assert doctor.diagnose().run.last_step == 14


def finding(severity: Any, slug: str = "mode-collapse", cleared: float | None = None) -> Finding:
    return Finding("GD301", slug, severity, f"{slug} is {severity}.", 10, 20, cleared=cleared)


def test_findings_are_told_when_they_come_get_worse_and_come_back(attach, monkeypatch, caplog):
    days = [
        [],
        [finding("warning")],
        [finding("warning"), finding("info", "noise-output", cleared=30)],
        [finding("critical"), finding("warning", "noise-output")],
        [finding("warning"), finding("warning", "noise-output")],
        [finding("critical")],
        [],
        [finding("warning")],
    ]
    today = iter(days)

    def diagnose(run: Run, config: Any) -> Diagnosis:
        found = next(today, ())
        verdict = Verdict("GD301", "mode-collapse", "fired", tuple(found))
        return Diagnosis(run, (verdict,), Outlook("continue", ""))

    monkeypatch.setattr(live, "diagnose", diagnose)
    told: list[tuple[str, str]] = []
    t = points()
    doctor = attach(
        t, sample_every=5, on_finding=lambda found: told.append((found.slug, found.severity))
    )
    with caplog.at_level(logging.INFO, "gan_doctor"):
        plain(t, doctor, 5 * len(days))
    assert told == [
        ("mode-collapse", "warning"),
        ("mode-collapse", "critical"),
        ("noise-output", "warning"),
        ("mode-collapse", "warning"),  # it was over, and came back
    ]
    assert [record.levelname for record in caplog.records] == [
        "WARNING", "ERROR", "WARNING", "WARNING",
    ]  # fmt: skip
    lines = (doctor.directory / "findings.jsonl").read_bytes().splitlines()
    assert [orjson.loads(line)["severity"] for line in lines] == [
        "warning", "critical", "warning", "warning",
    ]  # fmt: skip


def sigmoid_under_hinge(t: Any) -> Any:
    t.D.append(nn.Sigmoid())
    return t


def test_a_set_up_that_is_known_to_fail_is_told_before_any_sample_check(attach, caplog):
    told: list[Finding] = []
    t = sigmoid_under_hinge(points())
    doctor = attach(t, loss="hinge", on_finding=told.append, sample_every=1000, total_steps=1000)
    with caplog.at_level(logging.INFO, "gan_doctor"):
        plain(t, doctor, 1)
        assert told == []  # a tick is five steps
        plain(t, doctor, 30)
    assert [(f.code, f.severity, f.alarm) for f in told] == [("GD602", "critical", 0)]
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    assert len((doctor.directory / "findings.jsonl").read_bytes().splitlines()) == 1


def test_what_follows_from_another_finding_is_no_alarm_of_its_own(attach, monkeypatch):
    told: list[str] = []
    cause = ""

    def finding(slug: str, of: str = "") -> Finding:
        return Finding("GD301", slug, "critical", "It is bad.", onset=1, alarm=1, cause=of)

    def diagnose(run: Run, config: Any) -> Diagnosis:
        found = finding("mode-collapse"), finding("noise-output", cause)
        return Diagnosis(
            run, (Verdict("GD301", "mode-collapse", "fired", found),), Outlook("continue", "")
        )

    monkeypatch.setattr(live, "diagnose", diagnose)
    t = points()
    doctor = attach(t, on_finding=lambda f: told.append(f.slug), sample_every=5)
    cause = "mode-collapse"
    plain(t, doctor, 10)
    assert told == ["mode-collapse"]
    cause = ""
    plain(t, doctor, 10)
    assert told == ["mode-collapse", "noise-output"]


def test_the_first_warning_is_repeated_only_when_it_is_worse(attach, monkeypatch):
    told: list[tuple[str, str]] = []
    severity = "warning"

    def found(name: str) -> Finding:
        return Finding("GD602", "double-sigmoid", name, "Two sigmoids.", onset=0, alarm=0)

    def diagnose(run: Run, config: Any) -> Diagnosis:
        verdict = Verdict("GD602", "double-sigmoid", "fired", (found(severity),))
        return Diagnosis(run, (verdict,), Outlook("continue", ""))

    monkeypatch.setattr(live, "preflight", lambda setup: (found("warning"), found("info")))
    monkeypatch.setattr(live, "diagnose", diagnose)
    t = points()
    doctor = attach(
        t, on_finding=lambda f: told.append((f.slug, f.severity)), sample_every=5, total_steps=1000
    )
    plain(t, doctor, 20)
    assert told == [("double-sigmoid", "warning")]
    severity = "critical"
    plain(t, doctor, 20)
    assert told == [("double-sigmoid", "warning"), ("double-sigmoid", "critical")]


@pytest.mark.parametrize("chosen", [{"ignore": ["GD6"]}, {"select": ["GD3"]}])
def test_what_is_not_selected_is_not_told_before_the_training_either(attach, chosen):
    told: list[Finding] = []
    t = sigmoid_under_hinge(points())
    with attach(t, loss="hinge", on_finding=told.append, total_steps=100, **chosen) as doctor:
        plain(t, doctor, 10)
    assert told == []


def test_momentum_alone_is_no_warning(attach):
    """A healthy run is not told that it is sick for its hyperparameters."""
    told: list[Finding] = []
    t = points()
    t.opt_g, t.opt_d = (torch.optim.Adam(m.parameters()) for m in (t.G, t.D))
    doctor = attach(t, on_finding=told.append, total_steps=100)
    plain(t, doctor, 10)
    assert told == []


def test_should_stop_follows_the_latest_diagnosis(attach, monkeypatch):
    t = points()
    doctor = attach(t)
    assert not doctor.should_stop
    plain(t, doctor, 25)
    assert not doctor.should_stop
    real = live.diagnose
    monkeypatch.setattr(
        live, "diagnose", lambda *a: replace(real(*a), outlook=Outlook("stop", "it is over"))
    )
    doctor.diagnose()
    assert doctor.should_stop


def test_only_the_chosen_detectors_look(attach):
    doctor = attach(points(), select=["GD3", "non-finite"], ignore=["mode-dropping"])
    looking = {v.detector: v.code for v in doctor.diagnose().verdicts}
    assert {"mode-collapse", "non-finite"} <= looking.keys()
    assert "mode-dropping" not in looking
    assert all(code.startswith("GD3") or code == "GD101" for code in looking.values())


def test_the_last_look_is_at_the_end(attach):
    told: list[str] = []
    t = points()
    with attach(t, on_finding=lambda f: told.append(f.slug), sample_every=1000) as doctor:
        plain(t, doctor, 45)
        doctor.step(loss_d=float("nan"))
        plain(t, doctor, 10)
        assert told == []
    assert told == ["non-finite"]


def test_putting_off_checks_is_an_event(recorded, monkeypatch):
    class Ticking:
        """A clock in which an hour passes with each look at it."""

        hours = 0.0

        def __call__(self) -> float:
            self.hours += 1
            return self.hours

    monkeypatch.setattr(monitor, "Schedule", functools.partial(Schedule, clock=Ticking()))
    run = recorded(plain, steps=400, sample_every="auto", total_steps=1000, budget=0.05)
    events = [event for event in run.events if event.kind == "schedule"]
    assert events
    assert all(event.detail["late"] > 20 for event in events)
    assert "sample checks take" in events[0].detail["why"]
