"""How far a training has come and how D stands to G, on the standard error."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

# D's AUROC above which it leads, and below which it is fooled; for the eye alone.
AHEAD, BEHIND = 0.95, 0.4
REMEMBERED = 0.8  # of the AUROC told before: that of one batch jumps about
SECONDS_BETWEEN_LINES = 30.0  # where nobody watches a bar

Told = Callable[[int, Mapping[str, float]], None]


@contextmanager
def progress(what: str, total: int) -> Iterator[Told]:
    """Gives a function to call with the step, its losses and, if known, D's AUROC.

    A terminal shows a bar; anything else gets a line now and then.
    """
    console = Console(stderr=True)
    separation = math.nan

    def written(state: Mapping[str, float]) -> str:
        nonlocal separation
        losses = [f"{name} {value:.3f}" for name, value in state.items() if name != "auroc"]
        if "auroc" in state:
            now = state["auroc"]
            before = now if math.isnan(separation) else separation
            separation = REMEMBERED * before + (1 - REMEMBERED) * now
            losses.append(_standing(separation))
        return ", ".join(losses)

    if not console.is_terminal:
        yield _lines(console, what, total, written)
        return
    with _bars(console) as bars:
        task = bars.add_task(what, total=total)
        yield lambda step, losses: bars.update(
            task, completed=step, description=f"{what}  {written(losses)}"
        )


@contextmanager
def progress_of_many() -> Iterator[Callable[[str, int, int], None]]:
    """Gives a function to call with the name of what is done, and how many of how many are."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda name, done, total: console.print(
            f"{done} of {total}: {name}", highlight=False, markup=False, soft_wrap=True
        )
        return
    with _bars(console) as bars:
        task = bars.add_task("", total=None)
        yield lambda name, done, total: bars.update(
            task, completed=done, total=total, description=name
        )


def _bars(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console,
    )


def _lines(
    console: Console, what: str, total: int, written: Callable[[Mapping[str, float]], str]
) -> Told:
    said = time.monotonic()

    def tell(step: int, losses: Mapping[str, float]) -> None:
        nonlocal said
        if step == total or time.monotonic() - said > SECONDS_BETWEEN_LINES:
            said = time.monotonic()
            line = f"{what}: step {step:,} of {total:,}, {written(losses)}"
            console.print(line, highlight=False, markup=False)

    return tell


def _standing(separation: float) -> str:
    """How D stands to G, by how well it tells reals from fakes."""
    if math.isnan(separation):
        return "D's output is no number"
    word = "D ahead" if separation > AHEAD else "D behind" if separation < BEHIND else "even"
    return f"{word} (AUROC {separation:.2f})"
