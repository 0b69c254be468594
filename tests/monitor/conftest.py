"""A monitor on a tiny training, and what it wrote."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from loops.gan_loops import Loop, Training, plain, points

import gan_doctor
from gan_doctor import Monitor, Run

Attach = Callable[..., Monitor]


@pytest.fixture
def attach(tmp_path: Path) -> Iterator[Attach]:
    """Attaches a monitor to a training; it is closed at the end of the test."""
    attached: list[Monitor] = []

    def on(t: Training, name: str = "run", **options: Any) -> Monitor:
        options = {"loss": "non-saturating", "sample_every": 20, **options}
        attached.append(Monitor(tmp_path / name, t.G, t.D, **options))
        return attached[-1]

    yield on
    for doctor in attached:
        doctor.close()


@pytest.fixture
def recorded(attach: Attach, tmp_path: Path) -> Callable[..., Run]:
    """Runs a loop with a monitor on it, and reads what it wrote."""

    def run(
        loop: Loop = plain,
        t: Training | None = None,
        steps: int = 30,
        name: str = "run",
        **options: Any,
    ) -> Run:
        t = t or points()
        with attach(t, name, **options) as doctor:
            loop(t, doctor, steps)
        return gan_doctor.read(tmp_path / name)

    return run
