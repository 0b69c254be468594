"""Which file of a folder is the log that a reader knows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import chain, islice

from gan_doctor.core import Source

HEAD = 16 << 10
_MOST_LOOKED_AT = 32


def head_of(source: Source, file: str) -> bytes:
    """The first lines of a file, whole ones where there are more."""
    with source.open(file) as opened:
        data = opened.read(HEAD)
    end = data.rfind(b"\n") + 1
    return data[:end] if len(data) == HEAD and end else data


def candidates(
    source: Source, patterns: Sequence[str], sureness: Callable[[Source, str], float]
) -> list[tuple[float, str]]:
    """The files that may be the log, the surest first, each with how sure it is.

    Args:
        source: A folder, or a file, whose name then does not matter.
        patterns: Which files of a folder are looked at, the first few of them.
        sureness: How sure a reader is of a file by its head; of no file at 0.
    """
    if not source.is_dir():
        files = [""]
    else:
        named = chain.from_iterable(source.files(pattern) for pattern in patterns)
        files = list(islice(dict.fromkeys(named), _MOST_LOOKED_AT))
    judged = [(sureness(source, file), file) for file in files]
    return sorted((pair for pair in judged if pair[0] > 0), key=lambda pair: -pair[0])


def not_read(others: Sequence[tuple[float, str]]) -> list[str]:
    """The note on files that may be logs too."""
    names = [file for sure, file in others if sure >= 0.5]
    return [f"not read, pass one to read it: {', '.join(names)}"] if names else []
