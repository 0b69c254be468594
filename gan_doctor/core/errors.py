"""The errors that a person can meet, in one tree, each saying what came and what to do."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class GanDoctorError(Exception):
    """Base of every error that gan_doctor raises on purpose."""


class ConfigError(GanDoctorError, ValueError):
    """A setting, argument or configuration file that cannot be used."""


class UnknownNameError(ConfigError):
    """A name that is not among the known ones."""

    def __init__(self, kind: str, name: str, known: Iterable[str]) -> None:
        """Says which names there are, and which one was probably meant."""
        names = sorted(known)
        close = difflib.get_close_matches(name, names, n=1)
        hint = f" Did you mean {close[0]!r}?" if close else ""
        known_names = ", ".join(names) or "none"
        # The guess first: where a long list is cut, it is still there.
        super().__init__(f"No {kind} is called {name!r}.{hint} Known: {known_names}.")


class ReadError(GanDoctorError):
    """A log that cannot be read."""

    def __init__(self, path: object, reason: str, line: int | None = None) -> None:
        """Names the file, the line if there is one, and the reason."""
        self.path, self.reason, self.line = str(path), reason, line
        place = f"{path}:{line}" if line is not None else f"{path}"
        super().__init__(f"Cannot read {place}: {reason}")


class RunExistsError(GanDoctorError, FileExistsError):
    """A run directory that already holds a run."""


class MissingExtraError(GanDoctorError, ImportError):
    """An optional dependency that is not installed."""

    def __init__(self, what: str, extra: str) -> None:
        """Names what is needed and the extra that brings it."""
        super().__init__(
            f"{what} is not installed. Install it with: pip install 'gan-doctor[{extra}]'"
        )


class MonitorWarning(UserWarning):
    """Something in the monitor went wrong; the training goes on."""
