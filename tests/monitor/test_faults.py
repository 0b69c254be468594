"""It never kills a training: a fault in the doctor is one warning and one note."""

from __future__ import annotations

import errno
import math
import shutil
from typing import Any

import orjson
import pytest
import torch
from loops.gan_loops import Nobody, Training, plain, points

import gan_doctor
from gan_doctor.core import Event, Finding, MonitorWarning, Setup
from gan_doctor.monitor import checks, live, readings, writer
from gan_doctor.monitor.shield import Shield

STEPS = 65


def weights(t: Training) -> torch.Tensor:
    return torch.cat([p.detach().flatten() for m in (t.G, t.D) for p in m.parameters()])


@pytest.fixture(scope="module")
def undisturbed_weights() -> torch.Tensor:
    t = points()
    plain(t, Nobody(), STEPS)
    return weights(t)


@pytest.fixture
def one_warning(undisturbed_weights: torch.Tensor, attach: Any) -> Any:
    """Trains to the end under a fault, and gives the one warning that there was."""

    def trained(match: str, **options: Any) -> Any:
        t = points()
        with pytest.warns(MonitorWarning, match=match) as said, attach(t, **options) as doctor:
            plain(t, doctor, STEPS)
        assert [str(w.message) for w in said] == [str(said[0].message)]
        assert torch.equal(weights(t), undisturbed_weights)
        return doctor

    return trained


def notes(doctor: Any) -> list[str]:
    run = gan_doctor.read(doctor.directory)
    return [event.detail["text"] for event in run.events if event.kind == "note"]


def no_space(*_: Any, **__: Any) -> Any:
    raise OSError(errno.ENOSPC, "No space left on device")


def broken(*_: Any, **__: Any) -> Any:
    raise ZeroDivisionError("oh no")


# Code of the person


def test_a_callback_that_fails(one_warning):
    def callback(found: Finding) -> None:
        told.append(found.slug)
        raise ValueError("no network")

    told: list[str] = []
    doctor = one_warning(
        "on_finding failed: ValueError: no network. The training goes on",
        on_finding=callback,
        total_steps=400,
    )
    assert told
    assert notes(doctor) == ["on_finding failed: ValueError: no network. The training goes on."]


def test_a_sampler_that_fails(one_warning):
    doctor = one_warning("the sampler failed: ZeroDivisionError: oh no", sampler=broken)
    run = gan_doctor.read(doctor.directory)
    assert run.get("sample/recall") is None
    assert len(run.get("loss/d")) == STEPS


@pytest.mark.parametrize("made", [torch.zeros(3, 2), torch.zeros(512, 5), None])
def test_a_sampler_that_makes_something_else(made, one_warning):
    one_warning("failed: (Config|Type)Error", sampler=lambda n: made)


def test_held_out_reals_that_d_does_not_take(one_warning):
    doctor = one_warning("running D on held_out failed", held_out=torch.zeros(100, 7))
    run = gan_doctor.read(doctor.directory)
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
        wordy(t, doctor, 60)
    assert len(said) == 1
    assert doctor.diagnose().run.last_step == 60  # the clock went on


# Our own code


@pytest.mark.parametrize(
    ("place", "name"),
    [(readings, "auroc"), (readings, "norm"), (checks, "Reference"), (live, "diagnose")],
)
def test_a_measure_that_fails(place, name, one_warning, monkeypatch):
    monkeypatch.setattr(place, name, broken)
    doctor = one_warning("failed: ZeroDivisionError: oh no. The training goes on")
    assert len(gan_doctor.read(doctor.directory).get("loss/d")) == STEPS
    assert len(notes(doctor)) == 1


def test_faults_in_two_places_are_two_warnings(attach, monkeypatch):
    monkeypatch.setattr(readings, "auroc", broken)
    t = points()
    doctor = attach(t)
    with pytest.warns(MonitorWarning, match="reading the training failed") as said:
        plain(t, doctor, STEPS)
    assert len(said) == 1
    with pytest.warns(MonitorWarning, match=r"observe\(\) failed"):
        doctor.observe(real_logits=torch.ones(2), fake_logits=torch.ones(2))
    doctor.observe(real_logits=torch.ones(2), fake_logits=torch.ones(2))
    assert len(doctor.diagnose().run.events) == 2


def test_on_request_faults_are_raised(attach, monkeypatch):
    monkeypatch.setattr(readings, "auroc", broken)
    t = points()
    doctor = attach(t, on_error="raise")
    with pytest.raises(ZeroDivisionError, match="oh no"):
        plain(t, doctor, 1)
    monkeypatch.setattr(live, "diagnose", broken)
    with pytest.raises(ZeroDivisionError):
        doctor.close()
    assert doctor.closed
    assert not t.D._forward_hooks


def test_interrupts_are_not_held_up():
    with pytest.raises(KeyboardInterrupt), Shield(print)("a test"):
        raise KeyboardInterrupt


# The disk


def test_a_full_disk(one_warning, monkeypatch):
    class Full:
        write = no_space

        def close(self) -> None: ...

    monkeypatch.setattr(writer, "_open_for_append", lambda path: Full())
    monkeypatch.setattr(writer.np, "save", no_space)
    doctor = one_warning("writing the run log failed: OSError: .*No space left")
    assert len(doctor.diagnose().run.ticks) == 1  # what is in memory is judged all the same
    assert [p.name for p in doctor.directory.iterdir() if p.suffix == ".jsonl"] == []


def test_a_disk_that_was_full_for_a_while(attach, monkeypatch, tmp_path):
    t = points()
    doctor = attach(t)
    plain(t, doctor, 50)
    with monkeypatch.context() as patch:
        patch.setattr(doctor._record._log, "_append", no_space)
        with pytest.warns(MonitorWarning, match="writing the run log failed"):
            plain(t, doctor, 50)
    plain(t, doctor, 50)
    doctor.close()
    run = gan_doctor.read(tmp_path / "run")
    assert run.get("loss/d").steps.tolist() == [*range(1, 51), *range(101, 151)]
    assert doctor.diagnose().run.ticks.tolist() == [50, 100, 150]


def test_a_line_that_was_cut_off_by_the_disk_costs_no_other(tmp_path):
    class HalfFull:
        """Takes half of the first line, as a disk does that gets full within it."""

        def __init__(self, file: Any) -> None:
            self.file, self.first = file, True

        def write(self, line: bytes) -> int:
            half, self.first = len(line) // 2 if self.first else len(line), False
            return self.file.write(line[:half])

        def close(self) -> None:
            self.file.close()

    log = writer.RunLog(tmp_path, Setup(), "error")
    event = Event(1, "note")
    log.event(event)
    log._files["events.jsonl"] = HalfFull(log._files["events.jsonl"])
    with pytest.raises(OSError, match="No space left"):
        log.event(event)
    log.event(event)
    log.close()
    lines = (tmp_path / "events.jsonl").read_bytes().splitlines()
    assert len(lines) == 3
    assert orjson.loads(lines[0]) == orjson.loads(lines[2])


def test_a_directory_that_is_removed(attach, undisturbed_weights):
    t = points()
    doctor = attach(t)
    plain(t, doctor, 10)
    shutil.rmtree(doctor.directory)
    with pytest.warns(MonitorWarning, match="writing the run log failed: FileNotFound") as said:
        plain(t, doctor, STEPS - 10)
    assert len(said) == 1
    doctor.close()
    assert torch.equal(weights(t), undisturbed_weights)


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
    for name in ("scalars.jsonl", "events.jsonl", "findings.jsonl"):
        for line in (doctor.directory / name).read_bytes().splitlines():
            orjson.loads(line)
    run = gan_doctor.read(doctor.directory)
    assert run.notes == ()
    for name in ("loss/d", "gradient/g", "auroc", "logit/real"):
        bad = ~torch.isfinite(torch.tensor(run.get(name).values))
        assert bad.tolist() == [False] * 25 + [True] * 50, name
    assert run.get("sample/precision").values[-1] == 0


def test_infinities_of_both_signs_are_kept(recorded):
    def infinite(t: Any, doctor: Any, steps: int) -> None:
        doctor.step(loss_d=math.inf, loss_g=torch.tensor(-math.inf))

    run = recorded(infinite, attach="manual")
    assert run.get("loss/d").values[0] == math.inf
    assert run.get("loss/g").values[0] == -math.inf


def test_a_program_that_makes_errors_of_warnings_goes_on(
    attach: Any, undisturbed_weights: torch.Tensor, caplog: pytest.LogCaptureFixture
) -> None:
    def raises(finding: Finding) -> None:
        raise RuntimeError("no")

    def sampler(n: int) -> torch.Tensor:
        raise RuntimeError("nothing to sample")

    t = points()
    with attach(t, sampler=sampler, on_finding=raises) as doctor:
        plain(t, doctor, STEPS)
    assert torch.equal(weights(t), undisturbed_weights)
    assert "nothing to sample" in caplog.text
