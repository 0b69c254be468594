"""How far a training has come, on the standard error."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

SECONDS_BETWEEN_LINES = 30.0  # where nobody watches a bar

Told = Callable[[int, Mapping[str, float]], None]


@contextmanager
def progress(what: str, total: int) -> Iterator[Told]:
    """Gives a function to call with the step and its losses.

    A terminal shows a bar; anything else gets a line now and then.
    """
    console = Console(stderr=True)
    if not console.is_terminal:
        yield _lines(console, what, total)
        return
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console) as bars:
        task = bars.add_task(what, total=total)
        yield lambda step, losses: bars.update(
            task, completed=step, description=f"{what}  {_written(losses)}"
        )


def _lines(console: Console, what: str, total: int) -> Told:
    said = time.monotonic()

    def tell(step: int, losses: Mapping[str, float]) -> None:
        nonlocal said
        if step == total or time.monotonic() - said > SECONDS_BETWEEN_LINES:
            said = time.monotonic()
            line = f"{what}: step {step:,} of {total:,}, {_written(losses)}"
            console.print(line, highlight=False, markup=False)

    return tell


def _written(losses: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {value:.3f}" for name, value in losses.items())
