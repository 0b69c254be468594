"""Keeps what goes wrong in the doctor away from the training."""

from __future__ import annotations

import contextlib
import logging
import warnings
from collections.abc import Callable
from types import TracebackType
from typing import Any

from gan_doctor.core import MonitorWarning

# Wraps a callback so that a fault in it never reaches the training: `Shield.around` for one place.
Around = Callable[[Callable[..., None]], Callable[..., None]]

_logger = logging.getLogger(__name__)


class Shield:
    """Turns a fault into one warning and one note in the log, for each place where it happens.

    Args:
        note: Writes a text into the log.
        let_through: Faults are raised instead, to find out where they come from.
    """

    def __init__(self, note: Callable[[str], None], let_through: bool = False) -> None:
        self._note, self._let_through = note, let_through
        self._told: set[str] = set()

    def __call__(self, what: str) -> _Shielded:
        """Shields the block of a `with` statement.

        Args:
            what: Its name in the warning: "the sampler".
        """
        return _Shielded(self, what)

    def tell(self, what: str, error: Exception) -> None:
        """Warns and notes that something failed, or raises it if that is wished."""
        if self._let_through:
            raise error
        text = f"{what} failed: {type(error).__name__}: {error}. The training goes on."
        self.tell_once(what, text)

    def around(self, what: str, callback: Callable[..., None]) -> Callable[..., None]:
        """The callback, shielded."""

        def shielded(*args: Any) -> None:
            try:
                callback(*args)
            except Exception as error:
                self.tell(what, error)

        return shielded

    def tell_once(self, what: str, text: str) -> None:
        """Warns and notes, if nothing was said of this before."""
        if what in self._told:
            return
        self._told.add(what)
        with contextlib.suppress(OSError):  # the log itself may be what failed
            self._note(text)
        try:
            warnings.warn(f"gan_doctor: {text}", MonitorWarning, stacklevel=2)
        except MonitorWarning:  # a program that makes errors of warnings must not die of ours
            _logger.warning(text)


class _Shielded:
    """A shielded block. A class: a generator would cost more than many a block in it."""

    def __init__(self, shield: Shield, what: str) -> None:
        self._shield, self._what = shield, what

    def __enter__(self) -> None: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        if isinstance(error, Exception):
            self._shield.tell(self._what, error)
        return error is None or isinstance(error, Exception)
