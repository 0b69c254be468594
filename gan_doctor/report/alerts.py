"""Tells people elsewhere of findings: by chat, mail or webhook through apprise, or by a command."""

from __future__ import annotations

import contextlib
import logging
import queue
import shlex
import subprocess
import threading
import time
import warnings
import weakref
from collections.abc import Callable, Sequence
from types import TracebackType

from gan_doctor.core import SEVERITIES, ConfigError, Finding, MissingExtraError, MonitorWarning
from gan_doctor.report.wording import harmless, number

WAITING = 100  # messages at most; more are dropped
AT_CLOSE = 5.0  # seconds that closing waits for what is queued
LONGEST_COMMAND = 30.0  # seconds until a command is stopped

_MESSAGE = "{message}"
_logger = logging.getLogger(__name__)

Send = Callable[[str, str], bool]  # a title and a text; whether it arrived


class Alerts:
    """Sends each finding once, and again if it gets worse; pass it as `on_finding`.

    Sending takes place in a thread of its own. A call only puts a message into a queue: it never
    waits and never raises. A place that cannot be reached costs one warning, and so do messages
    that are dropped because a hundred wait already.

    Findings that merely inform are not sent.

    Args:
        urls: Where to, as apprise writes it: `slack://...`, `discord://...`, `mailto://...`,
            `json://host/path` for a webhook.
        command: Is run with each message in place of `{message}`, as one argument and without a
            shell: `notify-send "{message}"`.
        run: The name of the run, for people.

    Raises:
        ConfigError: A URL is none that apprise knows, or the command has no `{message}`.
        MissingExtraError: There are URLs and apprise is not installed.

    Example:
        >>> Alerts(command="echo")
        Traceback (most recent call last):
        ...
        gan_doctor.core.errors.ConfigError: The command needs {message} in it, got 'echo'
    """

    def __init__(self, urls: Sequence[str] = (), command: str | None = None, run: str = "") -> None:
        places = [_place(url) for url in urls]
        if command is not None:
            places.append(_command(command))
        self._run = harmless(run)
        self._told: dict[tuple[str, str], int] = {}
        self._mail = _Mail(places)
        # Also where nobody closes it: the interpreter ends, or the training dies.
        self._finish = weakref.finalize(self, self._mail.close)

    def __call__(self, finding: Finding) -> None:
        """Queues a message, unless one as grave was sent of this finding."""
        rank, name = SEVERITIES.index(finding.severity), (finding.slug, finding.player)
        if finding.severity == "info" or rank <= self._told.get(name, -1):
            return
        self._told[name] = rank
        self._mail.put(*self._written(finding))

    def close(self) -> None:
        """Waits a few seconds at most for what is queued; later findings are not sent."""
        self._finish()

    def __enter__(self) -> Alerts:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _written(self, finding: Finding) -> tuple[str, str]:
        player = f" in {harmless(finding.player)}" if finding.player else ""
        title = f"gan_doctor: {harmless(finding.slug)} ({finding.severity}){player}"
        where = f"{self._run}: " if self._run else ""
        began = f"Began at {number(finding.onset)}, noticed at {number(finding.alarm)}."
        first = f" To do: {harmless(finding.remedies[0].action)}" if finding.remedies else ""
        return title, f"{where}{harmless(finding.message)} {began}{first}"


class _Mail:
    """The queue and the thread that empties it. The thread keeps no `Alerts` alive."""

    def __init__(self, places: Sequence[tuple[str, Send]]) -> None:
        self._places = places
        self._waiting: queue.Queue[tuple[str, str] | None] = queue.Queue(WAITING)
        self._failed: set[str] = set()
        self._closed = False
        self._thread = threading.Thread(target=self._deliver, name="gan-doctor-alerts", daemon=True)
        self._thread.start()

    def put(self, title: str, text: str) -> None:
        if self._closed:
            return
        try:
            self._waiting.put_nowait((title, text))
        except queue.Full:
            self._tell("dropped", f"{WAITING} alerts wait already, so that some are not sent")

    def close(self) -> None:
        self._closed = True
        until = time.monotonic() + AT_CLOSE
        with contextlib.suppress(queue.Full):
            self._waiting.put(None, timeout=AT_CLOSE)
        self._thread.join(max(0.0, until - time.monotonic()))
        if self._thread.is_alive():
            self._tell("late", "not all alerts could be sent before the end")

    def _deliver(self) -> None:
        while (message := self._waiting.get()) is not None:
            for name, send in self._places:
                try:
                    arrived, why = send(*message), ""
                except Exception as error:
                    arrived, why = False, f": {type(error).__name__}: {error}"
                if not arrived:
                    self._tell(name, f"an alert did not reach {name}{why}")

    def _tell(self, what: str, text: str) -> None:
        """Warns once of each place. Nothing is raised, in whatever thread this is."""
        if what in self._failed:
            return
        self._failed.add(what)
        text = f"gan_doctor: {harmless(text)}. The training goes on."
        try:
            warnings.warn(text, MonitorWarning, stacklevel=3)
        except MonitorWarning:  # a program that makes errors of warnings must not die of ours
            _logger.warning(text)


def _place(url: str) -> tuple[str, Send]:
    """A URL of apprise, by a name that gives no password away."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # what its many services import
        try:
            import apprise
        except ImportError as error:
            raise MissingExtraError("apprise, which sends alerts to a URL,", "alerts") from error
        server = apprise.Apprise.instantiate(url, suppress_exceptions=True)
    if server is None:
        scheme = url.partition("://")[0] if "://" in url else url
        raise ConfigError(
            f"No service of apprise has such a URL: {scheme}://... Look for its form at "
            "https://github.com/caronc/apprise, such as slack://, discord://, mailto:// or json://"
        )
    name = str(server.url(privacy=True))  # type: ignore[no-untyped-call]
    return name, lambda title, text: bool(server.notify(body=text, title=title))


def _command(command: str) -> tuple[str, Send]:
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise ConfigError(f"The command cannot be read ({error}), got {command!r}") from error
    if not words or not any(_MESSAGE in word for word in words):
        raise ConfigError(f"The command needs {_MESSAGE} in it, got {command!r}")

    def send(title: str, text: str) -> bool:
        done = subprocess.run(
            [word.replace(_MESSAGE, f"{title}: {text}") for word in words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=LONGEST_COMMAND,
            check=False,
        )
        return done.returncode == 0

    return f"the command {words[0]}", send
