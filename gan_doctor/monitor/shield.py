"""Keeps what goes wrong in the doctor away from the training."""

from __future__ import annotations

import contextlib
import logging
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from gan_doctor.core import MonitorWarning

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

    @contextmanager
    def __call__(self, what: str) -> Iterator[None]:
        """Shields the block.

        Args:
            what: Its name in the warning: "the sampler".
        """
        try:
            yield
        except Exception as error:
            self._tell(what, error)

    def _tell(self, what: str, error: Exception) -> None:
        if self._let_through:
            raise error
        text = f"{what} failed: {type(error).__name__}: {error}. The training goes on."
        self.tell_once(what, text)

    def around(self, what: str, callback: Callable[..., None]) -> Callable[..., None]:
        """The callback, shielded."""

        def shielded(*args: Any) -> None:
            # Written out: within the training's step a context manager costs more than the reading.
            try:
                callback(*args)
            except Exception as error:
                self._tell(what, error)

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
