"""What has come to a text file since it was last read: whole lines, a piece at a time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO, Protocol, TypeVar

from gan_doctor.core import ReadError, Source

MOST_BYTES = 16 << 30
LONGEST_LINE = 1 << 20
_PIECE = 1 << 20
_COMPARED = 1 << 10


class Growing(Protocol):
    """What has been read of a file that may still grow."""

    tail: Tail

    def feed(self, source: Source) -> None:
        """Reads what has come since."""


T = TypeVar("T", bound=Growing)


def fed(known: T | None, fresh: T, source: Source) -> T:
    """What is known of a file with what has come since; all of it anew if it was replaced."""
    one = known if known is not None and known.tail.goes_on(source) else fresh
    one.feed(source)
    return one


class Tail:
    """How far a file has been read.

    Args:
        file: Its name below a folder; "" for the source itself.
        returns: Whether a carriage return ends a line too, as where a progress bar is drawn anew.
    """

    def __init__(self, file: str = "", returns: bool = False) -> None:
        self.file = file
        self._returns = returns
        # What stood behind the last newline when it was last read.
        self.torn = b""
        self.too_long = 0
        self._offset = 0
        self._before = b""  # the last bytes that were read
        self._in_long_line = False

    def goes_on(self, source: Source) -> bool:
        """Whether the file still begins with what was read of it; else it was written anew."""
        if source.size(self.file) < self._offset:
            return False
        with source.open(self.file) as file:
            file.seek(self._offset - len(self._before))
            return file.read(len(self._before)) == self._before

    def pieces(self, source: Source) -> Iterator[bytes]:
        """Whole lines that have come since, about a MiB at a time.

        Raises:
            ReadError: It cannot be read, or is too large.
        """
        rest, read = b"", 0
        with source.open(self.file) as file:
            file.seek(self._offset)
            while piece := self._read(source, file):
                read += len(piece)
                if read > MOST_BYTES:
                    raise self._error(
                        source, f"it has more than {MOST_BYTES >> 30} GiB: pass a part of it"
                    )
                data = rest + piece
                end = max(data.rfind(b"\n"), data.rfind(b"\r") if self._returns else -1) + 1
                whole, rest = self._without_long_line(data[:end]), data[end:]
                if whole:
                    self._done(whole)
                    yield whole
                if len(rest) > LONGEST_LINE:
                    self.too_long += not self._in_long_line
                    self._in_long_line = True
                    self._done(rest)
                    rest = b""
        self.torn = b"" if self._in_long_line else rest

    def take_torn(self) -> None:
        """Says that what stands behind the last newline was whole, and is read."""
        self._done(self.torn)
        self.torn = b""

    @property
    def notes(self) -> list[str]:
        """What was left out."""
        name = f"{self.file}: " if self.file else ""
        notes = []
        if self.too_long:
            limit = f"over {LONGEST_LINE >> 20} MiB"
            notes.append(f"{name}{self.too_long} lines of {limit} left out")
        if self.torn.strip():
            notes.append(f"{name}the last line is torn and left out")
        return notes

    def _without_long_line(self, whole: bytes) -> bytes:
        """Only the first of them can be too long: the others came in one piece."""
        first = whole.find(b"\n") + 1
        if self._returns and b"\r" in whole[: first or None]:
            first = whole.find(b"\r") + 1
        if first and (self._in_long_line or first > LONGEST_LINE):
            self.too_long += not self._in_long_line
            self._in_long_line = False
            self._done(whole[:first])
            return whole[first:]
        return whole

    def _done(self, data: bytes) -> None:
        self._offset += len(data)
        self._before = (self._before + data[-_COMPARED:])[-_COMPARED:]

    def _read(self, source: Source, file: BinaryIO) -> bytes:
        try:
            return file.read(_PIECE)
        except OSError as error:
            raise self._error(source, error.strerror or str(error)) from error

    def _error(self, source: Source, reason: str) -> ReadError:
        return ReadError(f"{source.name}/{self.file}" if self.file else source.name, reason)
