"""Bad input is refused with its value and the remedy, before anything is written."""

from __future__ import annotations

import errno
import os
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import torch
from loops.gan_loops import images, plain, points
from torch import nn

import gan_doctor
from gan_doctor import Monitor
from gan_doctor.core import ConfigError, GanDoctorError, ReadError, RunExistsError, UnknownNameError

WRONG = {
    "a loss with a typo": ({"loss": "hing"}, "'hing'.*Did you mean 'hinge'?"),
    "a loss of another kind": ({"loss": 3}, "loss must be a name or an Objective, got int"),
    "a way to attach": ({"attach": "hook"}, "value of attach.*'hook'.*Did you mean 'hooks'?"),
    "what to do with a run": ({"exists": "append"}, "'append'.*error, overwrite, resume"),
    "what to do with faults": ({"on_error": "ignore"}, "'ignore'.*note, raise"),
    "no steps": ({"total_steps": 0}, "total_steps must be a positive whole number or None, got 0"),
    "half a step": ({"total_steps": 2.5}, "total_steps .* got 2.5"),
    "true steps": ({"total_steps": True}, "total_steps .* got True"),
    "a schedule with a typo": ({"sample_every": "often"}, "sample_every .* got 'often'"),
    "a schedule of nothing": ({"sample_every": 0}, "sample_every .* got 0"),
    "a budget of nothing": ({"budget": 0}, r"budget must be a share of .* \(0, 1\], got 0"),
    "a budget in percent": ({"budget": 2}, "budget .* got 2"),
    "a budget in words": ({"budget": "auto"}, "budget .* got 'auto'"),
    "a sampler that is none": ({"sampler": 512}, "sampler must be a function, got 512"),
    "a callback that is none": ({"on_finding": "print"}, "on_finding must be a function"),
    "held-out reals as a path": ({"held_out": "real/"}, "held_out must be a tensor.*'real/'"),
    "a detector with a typo": ({"select": ["mode-colapse"]}, "Did you mean 'mode-collapse'?"),
    "a detector that is none": ({"ignore": ["GD999"]}, "No detector is called 'GD999'"),
    "a detector without a list": ({"select": "GD301"}, r"select must be a list .*\['GD301'\]"),
}


@pytest.mark.parametrize(("options", "said"), WRONG.values(), ids=WRONG)
def test_a_wrong_argument_is_refused_and_nothing_is_written(options, said, tmp_path):
    t = points()
    with pytest.raises(ConfigError, match=said):
        Monitor(tmp_path / "run", t.G, t.D, **options)
    assert list(tmp_path.iterdir()) == []
    assert not t.G._forward_hooks


def test_a_wrong_name_is_an_unknown_name(tmp_path):
    t = points()
    with pytest.raises(UnknownNameError):
        Monitor(tmp_path, t.G, t.D, loss="lsgan2")


# The networks


def test_what_is_no_module_is_refused(tmp_path):
    t = points()
    for G, D, name in ((t.G, "D", "discriminator"), (t.G.parameters(), t.D, "generator")):
        with pytest.raises(ConfigError, match=f"{name} must be a torch.nn.Module, got "):
            Monitor(tmp_path / "run", G, D)


def test_one_network_for_both_is_refused(tmp_path):
    t = points()
    with pytest.raises(ConfigError, match="are the same module"):
        Monitor(tmp_path / "run", t.G, t.G)


def mlp(*widths: int) -> nn.Module:
    return nn.Sequential(*(nn.Linear(a, b) for a, b in pairwise(widths)))


def convolutions(*channels: int) -> nn.Module:
    return nn.Sequential(*(nn.Conv2d(a, b, 4, 2, 1) for a, b in pairwise(channels)))


PAIRS = {
    "points": (mlp(4, 16, 2), mlp(2, 16, 1)),
    "points from as many numbers": (mlp(2, 16, 2), mlp(2, 16, 1)),
    "images": (images().G, images().D),
    "images in a row": (mlp(64, 256, 784), mlp(784, 256, 1)),
}


@pytest.mark.parametrize(("G", "D"), PAIRS.values(), ids=PAIRS)
def test_networks_that_were_swapped_are_refused(G, D, tmp_path):
    Monitor(tmp_path / "run", G, D).close()
    with pytest.raises(ConfigError, match=r"look swapped: .* Swap the arguments"):
        Monitor(tmp_path / "other", D, G)


CONDITIONAL = {
    "a label beside the image": (mlp(74, 128, 784), mlp(794, 128, 1)),
    "colours for a grey image": (convolutions(1, 8, 3), convolutions(4, 8, 1)),
    "grey to grey, both shown": (convolutions(1, 8, 1), convolutions(2, 8, 1)),
    "ten images as one": (mlp(8, 16, 2), mlp(20, 16, 1)),
    "without a layer": (nn.Identity(), nn.Flatten()),
}


@pytest.mark.parametrize(("G", "D"), CONDITIONAL.values(), ids=CONDITIONAL)
def test_a_d_that_takes_more_than_g_makes_is_no_swap(G, D, tmp_path):
    Monitor(tmp_path / "run", G, D).close()


# The directory


def listing(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_a_run_that_is_there_is_refused_and_stays_as_it_is(attach, tmp_path):
    t = points()
    with attach(t) as doctor:
        plain(t, doctor, 25)
    before = listing(tmp_path)
    with pytest.raises(RunExistsError, match=r"run already holds a run.*exists='resume'.*overwr"):
        Monitor(tmp_path / "run", t.G, t.D)
    assert issubclass(RunExistsError, FileExistsError)
    assert listing(tmp_path) == before


def test_overwriting_deletes_what_is_ours_and_nothing_else(attach, tmp_path):
    t = points()
    with attach(t) as doctor:
        plain(t, doctor, 45)
    folder = tmp_path / "run"
    theirs = ["run_config.json", "run.notes.json", "scalars.csv", "scalars_mine.jsonl", "G.pt",
              "samples/fake-best.npy", "samples/epoch1.npy", "samples/real.npy"]  # fmt: skip
    for name in theirs:
        (folder / name).write_text("mine")
    with attach(points(), exists="overwrite") as doctor:
        assert sorted(listing(folder)) == sorted([*theirs, "run.json", "scalars.jsonl"])
        plain(points(), doctor, 0)
        doctor.step(loss_d=1.0)
    assert all((folder / name).read_text() == "mine" for name in theirs)


def test_an_overwritten_run_is_the_new_one_alone(attach, tmp_path):
    for steps in (30, 10):
        t = points()
        with attach(t, exists="overwrite") as doctor:
            plain(t, doctor, steps)
    run = gan_doctor.read(tmp_path / "run")
    assert run.last_step == 10
    assert len(run.segments) == 1


@pytest.mark.parametrize("exists", ["error", "resume", "overwrite"])
def test_a_directory_without_a_run_is_taken(exists, attach, tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "config.toml").write_text("lr = 1")
    attach(points(), exists=exists)
    assert (tmp_path / "run" / "config.toml").read_text() == "lr = 1"
    assert (tmp_path / "run" / "run.json").is_file()


def test_a_file_in_the_way_is_refused(tmp_path):
    (tmp_path / "run").write_text("")
    t = points()
    with pytest.raises(ConfigError, match=r"run' cannot be written to: .* Choose another"):
        Monitor(tmp_path / "run", t.G, t.D)


def test_a_directory_without_permission_is_refused(tmp_path, monkeypatch):
    def forbidden(*_: Any, **__: Any) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(Path, "mkdir", forbidden)
    t = points()
    with pytest.raises(ConfigError, match="cannot be written to: Permission denied"):
        Monitor(tmp_path / "run", t.G, t.D)


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (b"{", "run.json: it is not JSON"),
        (b'{"format": 99, "gan_doctor": "9.0"}', "format 99 is newer"),
    ],
)
def test_a_run_that_cannot_be_read_is_not_resumed(damage, said, attach, tmp_path):
    attach(points()).close()
    (tmp_path / "run" / "run.json").write_bytes(damage)
    before = listing(tmp_path)
    t = points()
    with pytest.raises(ReadError, match=said):
        Monitor(tmp_path / "run", t.G, t.D, exists="resume")
    assert listing(tmp_path) == before


def test_the_monitor_takes_the_two_lines_of_the_readme(tmp_path):
    t = points()
    doctor: Any = gan_doctor.Monitor(
        str(tmp_path / "runs" / "dcgan"), generator=t.G, discriminator=t.D, loss="non-saturating",
        total_steps=100_000,
    )  # fmt: skip
    plain(t, doctor, 3)
    doctor.close()
    assert gan_doctor.read(tmp_path / "runs" / "dcgan").last_step == 3


def test_every_error_is_one_of_ours():
    assert all(issubclass(e, GanDoctorError) for e in (ConfigError, ReadError, RunExistsError))


def test_held_out_reals_may_be_any_tensor(attach):
    attach(points(), held_out=torch.zeros(4, 2))
