from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import torch

import gan_doctor
from gan_doctor.core import ConfigError
from gan_doctor.training import TrainConfig, Trained, train
from gan_doctor.training.checkpoint import FILE

Small = Callable[..., TrainConfig]
Weights = Callable[[Trained], list[torch.Tensor]]

# Every trick with a state of its own, in trainings that it fits.
STATES: Mapping[str, Mapping[str, Any]] = {
    "plain": {},
    "momentum and dropout": {"data": "digits", "beta1": 0.5, "tricks": {"dropout": {}}},
    "random numbers": {"tricks": {"instance-noise": {}, "gradient-penalty": {}}},
    "replay": {"tricks": {"replay-buffer": {}}},
    "average": {"data": "digits", "tricks": {"ema": {}, "lr-decay": {}}},
    "averages of losses": {"tricks": {"historical-averaging": {}, "lecam": {}}},
    "augmentation": {"data": "digits", "tricks": {"ada": {"kimg": 0.5}}},
    "gate": {"tricks": {"d-gating": {"threshold": 0.5}}},
    "lazy": {"tricks": {"lazy-regularization": {"interval": 3}, "r1-penalty": {}}},
    "spectral norm": {"data": "digits", "tricks": {"spectral-norm": {}, "path-length": {}}},
    "conditional": {"data": "digits", "tricks": {"projection": {}, "mode-seeking": {}}},
    "optimistic": {"tricks": {"optimistic-adam": {}, "orthogonal-regularization": {}}},
    "unrolled": {"tricks": {"unrolled": {"steps": 2}}},
}


class KilledError(Exception):
    """In place of a kill."""


def killed_at(step: int) -> Callable[[int, Any], None]:
    def look(now: int, _: Any) -> None:
        if now == step:
            raise KilledError

    return look


@pytest.mark.parametrize("settings", STATES.values(), ids=STATES)
def test_a_resumed_training_equals_one_that_was_never_stopped(
    settings: Mapping[str, Any], small: Small, weights: Weights, tmp_path: Path
) -> None:
    config = small(**{"steps": 9, "d_steps": 2, **settings})
    whole = train(config)
    # The checkpoint is of step 4; the steps 5 and 6 are lost with the process.
    with pytest.raises(KilledError):
        train(config, tmp_path, False, checkpoint_every=4, look=killed_at(6), look_every=1)
    resumed = train(config, tmp_path, False, exists="resume")
    pairs = zip(weights(whole), weights(resumed), strict=True)
    assert all(torch.equal(a, b) for a, b in pairs)
    if whole.average is not None:
        assert resumed.average is not None
        for a, b in zip(whole.average.parameters(), resumed.average.parameters(), strict=True):
            assert torch.equal(a, b)


def test_the_log_of_a_resumed_training_has_every_step_once(small: Small, tmp_path: Path) -> None:
    config = small("digits", steps=30)
    with pytest.raises(KilledError):
        train(config, tmp_path, checkpoint_every=10, look=killed_at(25), look_every=1)
    train(config, tmp_path, exists="resume")
    run = gan_doctor.read(tmp_path)
    loss = run.current.get("loss/d")
    assert loss is not None
    assert loss.steps.tolist() == list(range(1, 31))


def test_resume_where_nothing_is_begins(small: Small, tmp_path: Path) -> None:
    train(small(), tmp_path / "new", False, exists="resume", checkpoint_every=2)
    assert (tmp_path / "new" / FILE).exists()


def test_a_finished_training_is_left_as_it_is(
    small: Small, weights: Weights, tmp_path: Path
) -> None:
    done = train(small(), tmp_path, False, checkpoint_every=2)
    again = train(small(), tmp_path, False, exists="resume")
    assert all(map(torch.equal, weights(done), weights(again)))


def test_a_training_without_a_checkpoint_cannot_go_on(small: Small, tmp_path: Path) -> None:
    train(small(), tmp_path, False)
    with pytest.raises(ConfigError, match="without a checkpoint"):
        train(small(), tmp_path, False, exists="resume")


def test_a_checkpoint_of_other_settings_is_refused_by_name(small: Small, tmp_path: Path) -> None:
    train(small(), tmp_path, False, checkpoint_every=4)
    with pytest.raises(ConfigError, match=r"other settings \(steps, lr_d\)"):
        train(small(steps=8, lr_d=0.1), tmp_path, False, exists="resume")


@pytest.mark.parametrize("content", [b"", b"no checkpoint", b"PK\x03\x04"])
def test_a_damaged_checkpoint_is_refused_by_its_path(
    content: bytes, small: Small, tmp_path: Path
) -> None:
    train(small(), tmp_path, False, checkpoint_every=4)
    (tmp_path / FILE).write_bytes(content)
    with pytest.raises(ConfigError, match=FILE):
        train(small(), tmp_path, False, exists="resume")


def test_no_half_written_checkpoint_is_left(small: Small, tmp_path: Path) -> None:
    train(small(), tmp_path, False, checkpoint_every=1)
    assert sorted(path.name for path in tmp_path.iterdir()) == [FILE, "config.toml"]
