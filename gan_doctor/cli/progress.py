"""How far long work has come, on the standard error."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

QUIET_SECONDS = 30.0  # between two lines where nobody watches a bar

Report = Callable[[int, int], None]


@contextmanager
def progress(what: str) -> Iterator[Report]:
    """Gives a function to call with (done, total): a bar on a terminal, else an occasional line."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield _lines(console, what)
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _lines(console: Console, what: str) -> Report:
    said = time.monotonic()

    def report(done: int, total: int) -> None:
        nonlocal said
        if done == total or time.monotonic() - said > QUIET_SECONDS:
            said = time.monotonic()
            console.print(f"{what}: {done:,} of {total:,} steps", highlight=False, markup=False)

    return report
