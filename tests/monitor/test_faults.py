"""It never kills a training: a fault in the doctor is one warning and one note."""

from __future__ import annotations

import gc
import math
import time
import warnings
from collections.abc import Callable
from io import FileIO
from typing import Any

import numpy as np
import orjson
import pytest
import torch
from loops.gan_loops import Nobody, Training, loss_of_d, loss_of_g, plain, points
from loops.outcome import bits, undisturbed_bits

import gan_doctor
from gan_doctor.core import Finding, MonitorWarning
from gan_doctor.detectors.mode_collapse import ModeCollapse
from gan_doctor.monitor import checks, live, measures, optimizer_readings
from gan_doctor.monitor.shield import Shield
from gan_doctor.sampling import Reference

STEPS = 65
SICK = {"total_steps": 400}  # with this budget `points` raises a finding within the steps


@pytest.fixture
def trained(attach: Any) -> Callable[..., Any]:
    """Trains to the end, and gives the doctor. Each of its warnings is a note in the log too."""

    def to_the_end(tell: Callable[[Any, Finding], None] | None = None, **options: Any) -> Any:
        t = points()
        if tell is not None:
            options |= SICK | {"on_finding": lambda finding: tell(doctor, finding)}
        doctor = attach(t, **options)
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            plain(t, doctor, STEPS)
            doctor.close()
        assert [(w.category, str(w.message)) for w in said] == [
            (MonitorWarning, f"gan_doctor: {note}") for note in notes(doctor)
        ]
        assert torch.equal(bits(t), undisturbed_bits(STEPS))
        return doctor

    return to_the_end


@pytest.fixture
def noted(trained: Any) -> Callable[..., str]:
    """Trains to the end under a fault that costs no row, and gives the one note of it."""

    def one_note(*args: Any, **options: Any) -> str:
        doctor = trained(*args, **options)
        assert len(gan_doctor.read(doctor.directory).get("loss/d")) == STEPS
        (note,) = notes(doctor)
        return note

    return one_note


def notes(doctor: Any) -> list[str]:
    run = gan_doctor.read(doctor.directory)
    return [event.detail["text"] for event in run.events if event.kind == "note"]


def broken(*_: Any, **__: Any) -> Any:
    raise ZeroDivisionError("oh no")


# Code of the person


def test_a_callback_that_fails(noted):
    def tell(doctor: Any, finding: Finding) -> None:
        raise ValueError("no network")

    assert noted(tell) == "on_finding failed: ValueError: no network. The training goes on."


def test_a_callback_that_asks_for_a_diagnosis(trained):
    asked = []
    trained(lambda doctor, finding: asked.append((finding, doctor.diagnose())))
    assert asked
    for finding, diagnosis in asked:
        assert finding.slug in {f.slug for f in diagnosis.findings}


def test_a_callback_that_closes_the_doctor(trained):
    closed = []

    def tell(doctor: Any, finding: Finding) -> None:
        doctor.close()
        closed.append(finding.alarm)

    doctor = trained(tell)
    assert len(closed) == 1
    run = gan_doctor.read(doctor.directory)
    assert run.get("loss/d").steps.tolist() == [*range(1, int(run.last_step) + 1)]
    assert closed[0] <= run.last_step < STEPS


def test_a_callback_that_closes_the_doctor_and_then_fails(trained):
    def tell(doctor: Any, finding: Finding) -> None:
        doctor.close()
        raise ValueError("no network")

    doctor = trained(tell)
    assert len(notes(doctor)) == 1
    files = [file for file in gc.get_objects() if type(file) is FileIO and not file.closed]
    assert not [file for file in files if str(doctor.directory) in str(file.name)]


def test_a_callback_that_goes_on_with_the_training_by_itself(trained):
    trained(lambda doctor, finding: doctor.step(loss_d=1.0), sample_every=1)


def test_a_callback_that_takes_its_time(trained):
    told = []
    trained(lambda doctor, finding: told.append(time.sleep(0.1)))
    assert told


def test_a_sampler_that_fails(noted, tmp_path):
    note = noted(sampler=broken)
    assert note == "the sampler failed: ZeroDivisionError: oh no. The training goes on."
    assert gan_doctor.read(tmp_path / "run").get("sample/recall") is None


@pytest.mark.parametrize(
    "made",
    [torch.zeros(3, 2), torch.zeros(512, 5), torch.zeros(512), None, np.zeros((512, 2)), "fakes"],
    ids=["few", "another shape", "flat", "nothing", "an array", "text"],
)
def test_a_sampler_that_makes_something_else(made, noted):
    assert "failed: " in noted(sampler=lambda n: made)


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_sampler_whose_samples_are_not_finite(value, trained):
    doctor = trained(sampler=lambda n: torch.full((n, 2), value))
    assert gan_doctor.read(doctor.directory).get("sample/recall").values.tolist() == [0, 0, 0]


def test_held_out_reals_that_d_does_not_take(noted, tmp_path):
    assert noted(held_out=torch.zeros(100, 7)).startswith("running D on held_out failed")
    run = gan_doctor.read(tmp_path / "run")
    assert run.get("sample/recall").steps.tolist() == [20, 40, 60]
    assert run.get("auroc/held_out") is None


def test_a_value_that_is_no_number(attach):
    def wordy(t: Training, doctor: Any, steps: int) -> None:
        for _ in range(steps):
            t.step_g(t.G(t.z()).sum())
            doctor.step(loss_d="low", loss_g=1.0)

    t = points()
    doctor = attach(t)
    with pytest.warns(MonitorWarning, match="could not convert string") as said:
        wordy(t, doctor, 40)
    assert len(said) == 1
    assert doctor.diagnose().run.last_step == 40  # the clock went on


# Our own code


@pytest.mark.parametrize(
    ("place", "name"),
    [
        (measures, "auroc_by_row"),
        (optimizer_readings, "norms"),
        (checks, "Reference"),
        (Reference, "measure"),
        (live, "diagnose"),
        (ModeCollapse, "scores"),  # as any detector that a plug-in brings
    ],
)
def test_a_measure_that_fails(place, name, noted, monkeypatch):
    monkeypatch.setattr(place, name, broken)
    assert noted().endswith("failed: ZeroDivisionError: oh no. The training goes on.")


@pytest.mark.parametrize("error", [MemoryError, torch.OutOfMemoryError, RecursionError])
def test_a_measure_that_runs_out_of_memory(error, noted, monkeypatch):
    def too_large(*_: Any) -> Any:
        raise error("tried to allocate 20 GiB")

    monkeypatch.setattr(Reference, "measure", too_large)
    assert f"{error.__name__}: tried to allocate 20 GiB" in noted()


def test_faults_in_two_places_are_two_warnings(attach, monkeypatch):
    monkeypatch.setattr(optimizer_readings, "norms", broken)
    t = points()
    doctor = attach(t)
    with pytest.warns(MonitorWarning, match="reading the training failed") as said:
        plain(t, doctor, STEPS)
    assert len(said) == 1
    with pytest.warns(MonitorWarning, match=r"observe\(\) failed"):
        doctor.observe(real_logits=torch.ones(2))
    doctor.observe(real_logits=torch.ones(2))
    assert len(doctor.diagnose().run.events) == 2


def test_on_request_faults_are_raised(attach, monkeypatch):
    monkeypatch.setattr(optimizer_readings, "norms", broken)
    t = points()
    doctor = attach(t, on_error="raise")
    with pytest.raises(ZeroDivisionError, match="oh no"):
        plain(t, doctor, 1)
    monkeypatch.setattr(live, "diagnose", broken)
    with pytest.raises(ZeroDivisionError):
        doctor.close()
    assert doctor.closed
    assert not t.D._forward_hooks


def test_a_program_that_makes_errors_of_warnings_goes_on(attach, caplog):
    t = points()
    with attach(t, sampler=broken) as doctor:
        plain(t, doctor, STEPS)
    assert torch.equal(bits(t), undisturbed_bits(STEPS))
    assert "the sampler failed: ZeroDivisionError: oh no" in caplog.text


# What is no fault of ours


def test_interrupts_are_not_held_up():
    with pytest.raises(KeyboardInterrupt), Shield(print)("a test"):
        raise KeyboardInterrupt


@pytest.mark.parametrize("interrupt", [KeyboardInterrupt, SystemExit])
@pytest.mark.parametrize("where", ["in the sampler", "in a measure", "in the callback"])
def test_after_an_interrupt_the_training_and_the_log_can_go_on(
    where, interrupt, attach, monkeypatch
):
    def strike(*_: Any) -> Any:
        if not struck:
            struck.append(True)
            raise interrupt
        return once_more(*_)

    struck: list[bool] = []
    t, options, once_more = points(), dict(SICK), print
    if where == "in the sampler":
        options["sampler"], once_more = strike, lambda n: torch.zeros(n, 2)
    elif where == "in the callback":
        options["on_finding"] = strike
    else:
        once_more = Reference.measure
        monkeypatch.setattr(Reference, "measure", lambda *args: strike(*args))
    doctor = attach(t, **options)
    with pytest.raises(interrupt):
        plain(t, doctor, STEPS)
    at = doctor.state_dict()["step"]
    plain(t, doctor, STEPS - at)
    doctor.close()
    assert struck
    assert torch.equal(bits(t), undisturbed_bits(STEPS))
    run = gan_doctor.read(doctor.directory)
    assert run.get("loss/d").steps.tolist() == [*range(1, STEPS + 1)]
    assert not t.D._forward_hooks
    assert notes(doctor) == []


def test_after_an_interrupt_close_still_works(attach):
    def interrupt(n: int) -> torch.Tensor:
        raise KeyboardInterrupt

    t = points()
    with pytest.raises(KeyboardInterrupt), attach(t, sampler=interrupt) as doctor:
        plain(t, doctor, STEPS)
    assert doctor.closed
    assert len(gan_doctor.read(doctor.directory).get("loss/d")) == 20
    assert not t.D._forward_hooks


# NaN


def test_a_storm_of_nan_is_recorded_and_nothing_else_happens(attach):
    t = points()
    told: list[str] = []
    with attach(t, on_finding=lambda f: told.append(f.slug)) as doctor:
        plain(t, doctor, 25)
        for p in [*t.G.parameters(), *t.D.parameters()]:
            p.data.fill_(math.nan)
        plain(t, doctor, 50)
    assert told[0] == "non-finite"
    assert notes(doctor) == []
    run = gan_doctor.read(doctor.directory)
    for name in ("loss/d", "gradient/g", "auroc", "logit/real"):
        bad = ~torch.isfinite(torch.tensor(run.get(name).values))
        assert bad.tolist() == [False] * 25 + [True] * 50, name
    assert run.get("sample/precision").values[-1] == 0


def storm(value: float) -> Callable[[Training, Any, int], None]:
    """From step 26 on every loss, and so every gradient, is that number."""

    def loop(t: Training, doctor: Any, steps: int) -> None:
        for step in range(1, steps + 1):
            factor = value if step > 25 else 1.0
            loss_d = factor * loss_of_d(t.D(t.real()), t.D(t.G(t.z()).detach()))
            t.step_d(loss_d)
            loss_g = factor * loss_of_g(t.D(t.G(t.z())))
            t.step_g(loss_g)
            doctor.step(loss_d=loss_d, loss_g=loss_g, scalars={"mine": value})

    return loop


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_storm_from_the_losses_leaves_weights_and_log_as_they_must_be(value, attach, caplog):
    alone, t = points(), points()
    storm(value)(alone, Nobody(), STEPS)
    with attach(t) as doctor:
        storm(value)(t, doctor, STEPS)
    assert torch.equal(bits(t), bits(alone))
    assert not [record for record in caplog.records if "failed" in record.message]
    for name in ("scalars.jsonl", "events.jsonl", "findings.jsonl"):
        for line in (doctor.directory / name).read_bytes().splitlines():
            orjson.loads(line)
    diagnosis = gan_doctor.diagnose(doctor.directory)
    assert diagnosis.run.notes == ()
    assert (diagnosis.findings[0].slug, diagnosis.findings[0].onset) == ("non-finite", 26)


def test_infinities_of_both_signs_are_kept(recorded):
    def infinite(t: Any, doctor: Any, steps: int) -> None:
        doctor.step(loss_d=math.inf, loss_g=torch.tensor(-math.inf))

    run = recorded(infinite, attach="manual")
    assert run.get("loss/d").values[0] == math.inf
    assert run.get("loss/g").values[0] == -math.inf
