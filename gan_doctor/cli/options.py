"""Reading of options that several commands share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from enum import Enum
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from gan_doctor.core import Finding

Json = Annotated[bool, typer.Option("--json", help="JSON instead of text.")]
Select = Annotated[
    list[str] | None,
    typer.Option(metavar="NAME", help="Look only for these: GD301, a family GD3, or a slug."),
]
Ignore = Annotated[list[str] | None, typer.Option(metavar="NAME", help="Do not look for these.")]
FailOn = Annotated[
    str | None,
    typer.Option(
        metavar="SEVERITY",
        help="Exit with 1 from here on: info, warning (default), critical or never.",
    ),
]

Junit = Annotated[
    str | None,
    typer.Option(metavar="FILE", help="Write JUnit XML, too, which a CI shows as tests."),
]
Notify = Annotated[
    list[str] | None,
    typer.Option(
        metavar="URL",
        help="Tell of each problem there, once: slack://, mailto://, json://, ... (apprise).",
    ),
]
NotifyCommand = Annotated[
    str | None,
    typer.Option(metavar="COMMAND", help="Run this for each problem: 'notify-send \"{message}\"'."),
]


def alerts_to(
    urls: Sequence[str] | None, command: str | None, run: str
) -> AbstractContextManager[Callable[[Finding], None] | None]:
    """What --notify and --notify-command ask for; None where they ask for nothing.

    Raises:
        ConfigError: One of them cannot be used.
        MissingExtraError: A URL needs apprise, which is not installed.
    """
    if not urls and command is None:
        return nullcontext()
    from gan_doctor.report.alerts import Alerts

    return Alerts(urls or (), command, run)


def names(values: Sequence[str] | None) -> tuple[str, ...]:
    """The names of an option that may be repeated, or hold several with commas between.

    Example:
        >>> names(["GD1,GD2", "mode-collapse"])
        ('GD1', 'GD2', 'mode-collapse')
    """
    return tuple(
        name.strip() for value in values or () for name in value.split(",") if name.strip()
    )


def meanings(values: Sequence[str] | None) -> dict[str, str]:
    """What --map says: the series of each tag.

    Example:
        >>> meanings(["loss1=loss/d"])
        {'loss1': 'loss/d'}

    Raises:
        ConfigError: It has no equals sign.
        UnknownNameError: There is no such series.
    """
    from gan_doctor.core import VOCABULARY, ConfigError, Key, UnknownNameError

    told = {}
    for value in values or ():
        tag, equals, series = (part.strip() for part in value.rpartition("="))
        if not equals or not tag or not series:
            raise ConfigError(f"--map takes TAG=SERIES such as loss1=loss/d, got {value!r}")
        if Key.parse(series).name not in VOCABULARY:
            raise UnknownNameError("series", series, VOCABULARY)
        told[tag] = series
    return told


class Exists(str, Enum):
    """What to do where a directory already holds a run."""

    ERROR = "error"
    OVERWRITE = "overwrite"


class ExistsOrResume(str, Enum):
    """The same for a training, which can go on from its checkpoint."""

    ERROR = "error"
    OVERWRITE = "overwrite"
    RESUME = "resume"


def every(text: str) -> int | Literal["auto"]:
    """A number of steps, or "auto".

    Raises:
        ConfigError: It is neither.
    """
    if text == "auto":
        return "auto"
    if text.isdecimal() and int(text) > 0:
        return int(text)
    from gan_doctor.core import ConfigError

    raise ConfigError(f"--sample-every takes a number of steps or 'auto', got {text!r}")


def by(option: str, text: str | None) -> tuple[int, int] | None:
    """Two numbers with an x between them, or one for both; None for nothing.

    Example:
        >>> by("--grid", "4x8"), by("--size", "64")
        ((4, 8), (64, 64))

    Raises:
        ConfigError: It is neither.
    """
    if text is None:
        return None
    parts = text.lower().split("x")
    if len(parts) <= 2 and all(part.isdecimal() and 0 < int(part) < 100_000 for part in parts):
        return int(parts[0]), int(parts[-1])
    from gan_doctor.core import ConfigError

    raise ConfigError(f"{option} takes numbers such as 8x8, got {text!r}")
