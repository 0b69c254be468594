"""`gan-doctor watch RUN`: a run while it trains, wherever that is."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from gan_doctor.cli.options import (
    Ignore,
    Notify,
    NotifyCommand,
    Select,
    alerts_to,
    meanings,
    names,
)

if TYPE_CHECKING:
    from rich.console import Console

    from gan_doctor.core import Finding
    from gan_doctor.diagnosis.following import Following, Look

REST = 4  # times what a look has taken is waited at least: a fifth of a core at most
REFRESH = 1.0  # seconds between two drawings, in which only the age of the log changes

Pressed = Callable[[float], bool]  # waits for so many seconds, or until q is pressed


def watch(
    run: Annotated[str, typer.Argument(help="What the training writes; it may not be there yet.")],
    every: Annotated[
        float, typer.Option(metavar="SECONDS", min=0.1, help="Between two looks at the log.")
    ] = 5.0,
    once: Annotated[bool, typer.Option("--once", help="Show the present state and end.")] = False,
    notify: Notify = None,
    notify_command: NotifyCommand = None,
    select: Select = None,
    ignore: Ignore = None,
    format: Annotated[  # noqa: A002
        str | None, typer.Option(metavar="READER", help="As for report.")
    ] = None,
    map_: Annotated[
        list[str] | None, typer.Option("--map", metavar="TAG=SERIES", help="As for report.")
    ] = None,
) -> None:
    """Watch a run that another process trains: findings, curves, the last samples.

    It reads what has come since its last look, waits for a log that is not there
    yet, goes on where it is rotated or replaced, and says for how long nothing
    was written. q or Ctrl-C ends it. Without a terminal it prints a line whenever
    something changes, and ends with a summary when the declared steps are reached.

    Examples:
      gan-doctor watch runs/dcgan
      gan-doctor watch train.log --every 30 --notify "discord://ID/TOKEN"
      gan-doctor watch runs/dcgan --notify-command 'notify-send "{message}"'
      gan-doctor watch runs/dcgan --once
    """
    from rich.console import Console

    from gan_doctor.core import GanDoctorError, load_config
    from gan_doctor.diagnosis.following import Following
    from gan_doctor.report.watch_view import watch_view

    config = load_config().overruled(select=names(select), ignore=names(ignore))
    following = Following(run, config, format, meanings(map_))
    console = Console()
    with alerts_to(notify, notify_command, run) as tell, _terminated():
        try:
            if once:
                _tell_of(following.look(), tell)
            elif console.is_terminal:
                _live(following, console, every, run, tell)
            else:
                _lines(following, every, tell)
        except KeyboardInterrupt:
            pass  # this is how one ends it
    look = following.latest
    if once and look.diagnosis is None:
        raise GanDoctorError(look.waiting)
    if not once and not console.is_terminal:
        typer.echo()  # between the news and the summary
    console.print(watch_view(look, time.time(), run))


def _live(
    following: Following,
    console: Console,
    every: float,
    place: str,
    tell: Callable[[Finding], None] | None,
) -> None:
    from rich.live import Live

    from gan_doctor.report.watch_view import watch_view

    foot = f"Looks every {every:g} s. q quits."
    screen = Live(console=console, screen=True, auto_refresh=False, vertical_overflow="crop")
    with _keys() as pressed, screen as live:
        while True:
            begun = time.monotonic()
            look = following.look()
            _tell_of(look, tell)
            until = time.monotonic() + max(every, REST * (time.monotonic() - begun))
            while (left := until - time.monotonic()) > 0:
                live.update(watch_view(look, time.time(), place, foot), refresh=True)
                if pressed(min(REFRESH, left)):
                    return


def _lines(following: Following, every: float, tell: Callable[[Finding], None] | None) -> None:
    from gan_doctor.report.watch_view import news

    before: Look | None = None
    was_dead = False
    took = 0.0
    while before is None or not before.finished:
        if before is not None:
            time.sleep(max(every, REST * took))
        begun = time.monotonic()
        look, now = following.look(), time.time()
        for line in news(before, look, now, was_dead):
            typer.echo(line)
        sys.stdout.flush()  # whoever reads a pipe wants it now
        _tell_of(look, tell)
        before, was_dead, took = look, look.maybe_dead(now), time.monotonic() - begun


def _tell_of(look: Look, tell: Callable[[Finding], None] | None) -> None:
    """Of what stands; what follows from another finding is no alarm of its own."""
    if tell is None or look.diagnosis is None:
        return
    for finding in look.diagnosis.findings:
        if finding.standing and not finding.cause:
            tell(finding)


@contextmanager
def _terminated() -> Iterator[None]:
    """Ends as after Ctrl-C when the process is told to, so that the terminal is left in order."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _never(seconds: float) -> bool:
    time.sleep(seconds)
    return False


@contextmanager
def _keys() -> Iterator[Pressed]:
    """Gives a function that waits for the key q, where the terminal can tell."""
    try:
        import select
        import termios
        import tty

        before = termios.tcgetattr(sys.stdin.fileno())
    except (ImportError, OSError, ValueError, termios.error):  # Windows, or no terminal
        yield _never
        return

    def pressed(seconds: float) -> bool:
        ready, _, _ = select.select([sys.stdin], [], [], seconds)
        # A closed terminal is always ready, with nothing to read.
        return bool(ready) and sys.stdin.read(1) in ("q", "Q", "")

    tty.setcbreak(sys.stdin.fileno())
    try:
        yield pressed
    finally:
        termios.tcsetattr(sys.stdin.fileno(), termios.TCSADRAIN, before)
