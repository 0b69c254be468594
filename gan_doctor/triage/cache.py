"""What each run said when it was last read, kept in a folder: unchanged runs are not read again."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import orjson

import gan_doctor
from gan_doctor.core import Config, ConfigError, ReadError, dumps, from_json, to_json
from gan_doctor.triage.examine import Examined
from gan_doctor.triage.places import Found


class Cache:
    """A folder with a small file for each run.

    An answer counts as long as the log, the configuration and this version of gan_doctor are what
    they were. Runs that could not be read are not kept.

    Args:
        folder: Made where it does not exist; two triages may use it at a time.
        config: What the detectors were asked with.

    Raises:
        ConfigError: It cannot be made.
    """

    def __init__(self, folder: Path, config: Config) -> None:
        self._folder = folder
        asked = {"select": config.select, "ignore": config.ignore, "limits": config.limits}
        self._terms = orjson.dumps([gan_doctor.__version__, to_json(asked)]).decode()
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigError(
                f"--cache {str(folder)!r} cannot be made: {error.strerror}. Choose another folder"
            ) from error

    def get(self, found: Found) -> Examined | None:
        """What a run said, None if it was not asked or has changed."""
        try:
            kept = orjson.loads(self._file(found).read_bytes())
            if kept["of"] != self._of(found):
                return None
            return from_json(Examined, kept["examined"])
        except (OSError, ValueError, KeyError, TypeError, ReadError):  # none, or a damaged one
            return None

    def put(self, found: Found, examined: Examined) -> None:
        """Keeps what a run said.

        Raises:
            OSError: The folder cannot be written to.
        """
        if examined.error:
            return
        file = self._file(found)
        draft = file.with_suffix(f".{os.getpid()}")
        draft.write_bytes(dumps({"of": self._of(found), "examined": examined}))
        os.replace(draft, file)

    def _of(self, found: Found) -> list[object]:
        trace = found.trace
        return [found.path, found.format, trace.files, trace.size, trace.written, self._terms]

    def _file(self, found: Found) -> Path:
        # Beginning with a dot, none of them is taken for a log.
        name = hashlib.blake2b(os.fsencode(found.path), digest_size=16).hexdigest()
        return self._folder / f".{name}.json"
