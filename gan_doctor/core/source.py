"""Where a log lies: a local path, a remote one that fsspec knows, or a stream."""

from __future__ import annotations

import fnmatch
import io
import os
from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from gan_doctor.core.errors import ConfigError, ReadError

NOTHING = "there is no such file or directory"
MOST_STREAMED = 1 << 30  # bytes of a stream, all of which are kept
OUTSIDE = "the name leads out of the log's directory"


class Source(ABC):
    """A file or folder that can be listed and read, never written."""

    name: str

    @abstractmethod
    def is_dir(self) -> bool:
        """Whether there are files below it."""

    @abstractmethod
    def files(self, pattern: str = "*", below: str = "") -> Iterator[str]:
        """The names of the files that match, sorted.

        Args:
            pattern: As of a shell: `*.jsonl`.
            below: A folder in it; none of its files where there is no such folder.

        Returns:
            Names without the folder; "" for a source that is a file itself and matches.

        Raises:
            ReadError: It cannot be listed, or `below` leads out of it.
        """

    @abstractmethod
    def folders(self, below: str = "") -> Iterator[str]:
        """The names of the folders in it, sorted; none for a file. Links are left out.

        Args:
            below: A folder in it; none of its folders where there is no such one.

        Raises:
            ReadError: It cannot be listed, or `below` leads out of it.
        """

    @abstractmethod
    def size(self, file: str = "") -> int:
        """Bytes of a file.

        Args:
            file: As for `open`.

        Raises:
            ReadError: There is no such file.
        """

    @abstractmethod
    def open(self, file: str = "") -> BinaryIO:
        """Opens a file for reading.

        Args:
            file: Name below a folder, such as `samples/fake-000000100.npy`; "" for the source
                itself.

        Raises:
            ReadError: It cannot be opened, or the name leads out of the source.
        """

    @staticmethod
    def of(place: str | os.PathLike[str] | BinaryIO | Source) -> Source:
        """The source at a path, an fsspec address such as `s3://bucket/run`, or an open stream.

        Raises:
            ReadError: There is nothing at the path.
            ConfigError: It is none of these.
        """
        if isinstance(place, Source):
            return place
        if isinstance(place, str) and "://" in place:
            return RemoteSource(place)
        if isinstance(place, str | os.PathLike):
            return LocalSource(Path(place))
        if hasattr(place, "read"):
            return StreamSource(place)
        raise ConfigError(
            f"A log is a path, an address or a binary stream, got {type(place).__name__}"
        )


class LocalSource(Source):
    """A path on this machine."""

    def __init__(self, path: Path) -> None:
        """Checks that the path exists.

        Raises:
            ReadError: It does not.
        """
        if not path.exists():
            raise ReadError(path, NOTHING)
        self.path, self.name = path, str(path)

    def is_dir(self) -> bool:
        """Whether it is a directory."""
        return self.path.is_dir()

    def files(self, pattern: str = "*", below: str = "") -> Iterator[str]:
        """The files of the directory or of one in it, or "" for the file itself."""
        if not self.is_dir():
            return _itself(self.path.name, pattern)
        names = [path.name for path in self._entries(below) if path.is_file()]
        return iter(sorted(fnmatch.filter(names, pattern)))

    def folders(self, below: str = "") -> Iterator[str]:
        """The folders in the directory or in one in it."""
        found = (path for path in self._entries(below) if path.is_dir() and not path.is_symlink())
        return iter(sorted(path.name for path in found))

    def size(self, file: str = "") -> int:
        """Bytes of the file."""
        path = self._inside(file)
        try:
            return path.stat().st_size
        except OSError as error:
            raise ReadError(path, _reason(error)) from error

    def open(self, file: str = "") -> BinaryIO:
        """Opens the file for reading."""
        path = self._inside(file)
        try:
            return path.open("rb")
        except OSError as error:
            raise ReadError(path, _reason(error)) from error

    def _entries(self, below: str) -> list[Path]:
        folder = self._inside(below)
        if not folder.is_dir():
            return []
        try:
            return list(folder.iterdir())
        except OSError as error:
            raise ReadError(folder, _reason(error)) from error

    def _inside(self, file: str) -> Path:
        path = self.path / file
        # A log is untrusted: a name in it must not lead out of its directory, nor may a link.
        if not path.resolve().is_relative_to(self.path.resolve()):
            raise ReadError(path, OUTSIDE)
        return path


class RemoteSource(Source):
    """An address that fsspec understands."""

    def __init__(self, address: str) -> None:
        """Finds the file system of the address.

        Raises:
            ReadError: No installed file system knows it, or there is nothing.
        """
        from fsspec.core import url_to_fs

        try:
            self._files, self._root = url_to_fs(address)
        except (ValueError, ImportError) as error:
            raise ReadError(address, str(error)) from error
        if not self._files.exists(self._root):
            raise ReadError(address, NOTHING)
        self.name = address

    def is_dir(self) -> bool:
        """Whether it is a directory."""
        return bool(self._files.isdir(self._root))

    def files(self, pattern: str = "*", below: str = "") -> Iterator[str]:
        """The files of the directory or of one in it, or "" for the file itself."""
        if not self.is_dir():
            return _itself(_last(self._root), pattern)
        return iter(sorted(fnmatch.filter(self._entries(below, "file"), pattern)))

    def folders(self, below: str = "") -> Iterator[str]:
        """The folders in the directory or in one in it."""
        return iter(sorted(self._entries(below, "directory")))

    def size(self, file: str = "") -> int:
        """Bytes of the file."""
        try:
            return int(self._files.size(self._path(file)))
        except OSError as error:
            raise ReadError(self._shown(file), _reason(error)) from error

    def open(self, file: str = "") -> BinaryIO:
        """Opens the file for reading."""
        try:
            opened: BinaryIO = self._files.open(self._path(file), "rb")
        except OSError as error:
            raise ReadError(self._shown(file), _reason(error)) from error
        return opened

    def _entries(self, below: str, kind: str) -> list[str]:
        folder = self._path(below)
        if not self._files.isdir(folder):
            return []
        entries = self._files.ls(folder, detail=True)
        return [_last(entry["name"]) for entry in entries if entry["type"] == kind]

    def _path(self, file: str) -> str:
        if ".." in file.split("/"):
            raise ReadError(self._shown(file), OUTSIDE)
        return f"{self._root.rstrip('/')}/{file}" if file else self._root

    def _shown(self, file: str) -> str:
        return f"{self.name.rstrip('/')}/{file}" if file else self.name


class StreamSource(Source):
    """An open binary stream, such as standard input; read once and kept."""

    def __init__(self, stream: BinaryIO) -> None:
        """Takes the stream; nothing is read yet."""
        self._stream = stream
        self.name = str(getattr(stream, "name", "<stream>"))
        self._data: bytes | None = None

    def is_dir(self) -> bool:
        """A stream is never a directory."""
        return False

    def files(self, pattern: str = "*", below: str = "") -> Iterator[str]:
        """The stream itself."""
        return _itself(Path(self.name).name, pattern)

    def folders(self, below: str = "") -> Iterator[str]:
        """None."""
        return iter(())

    def size(self, file: str = "") -> int:
        """Bytes read in all."""
        return len(self._read(file))

    def open(self, file: str = "") -> BinaryIO:
        """A fresh view of what the stream gave."""
        return io.BytesIO(self._read(file))

    def _read(self, file: str) -> bytes:
        if file:
            raise ReadError(f"{self.name}/{file}", "a stream has no files in it")
        if self._data is None:
            data = self._stream.read(MOST_STREAMED + 1)
            if not isinstance(data, bytes):
                raise ReadError(self.name, "the stream gives text: open it in binary mode")
            if len(data) > MOST_STREAMED:
                raise ReadError(
                    self.name,
                    f"the stream has given {MOST_STREAMED >> 20} MiB and does not end: save it to "
                    "a file and pass that",
                )
            self._data = data
        return self._data


def _itself(name: str, pattern: str) -> Iterator[str]:
    return iter([""] if fnmatch.fnmatch(name, pattern) else [])


def _last(path: str) -> str:
    return path.rstrip("/").rpartition("/")[2]


def _reason(error: OSError) -> str:
    return NOTHING if isinstance(error, FileNotFoundError) else error.strerror or str(error)
