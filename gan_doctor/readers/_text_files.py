"""Which text file is the log: by the beginning and the end of each."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from gan_doctor.core import ReadError, Source

_SHOWN = 2**16  # bytes that are looked at
_TOLD_BY = 2**10  # bytes that tell text from other data
_MOST_FILES = 50  # of a directory


def beginning(source: Source, file: str = "") -> bytes:
    """The first lines of a text, all of them whole; a single torn one counts as whole."""
    with source.open(file) as opened:
        text = opened.read(_SHOWN)
    return text[: text.rfind(b"\n") + 1] or text + b"\n"


def is_text(head: bytes) -> bool:
    """Whether a file begins as text; after a crash there may be NUL bytes further down."""
    return b"\0" not in head[:_TOLD_BY]


def ending(source: Source, file: str = "") -> bytes:
    """The last lines of a text, without the first, which may have lost its beginning."""
    with source.open(file) as opened:
        opened.seek(max(0, source.size(file) - _SHOWN))
        text = opened.read(_SHOWN)
    return text[text.find(b"\n") + 1 : text.rfind(b"\n") + 1] or b"\n"


def surest_file(
    source: Source, patterns: Sequence[str], sure: Callable[[Source, str], float]
) -> tuple[str, float]:
    """The file of a source that is surest to be of a format, "" for the source itself.

    Args:
        source: A file or a folder.
        patterns: Names of the files of a folder that may be.
        sure: How sure a file is, 0 to 1.

    Returns:
        It and how sure it is: 0 in a folder of ours, and where several are alike.
    """
    if not source.is_dir():
        return "", sure(source, "")
    if "run.json" in source.files("run.json"):
        return "", 0.0
    scores = {name: sure(source, name) for name in _named(source, patterns)[:_MOST_FILES]}
    most = max(scores.values(), default=0.0)
    best = [name for name, score in scores.items() if score == most]
    return (best[0], most) if most and len(best) == 1 else ("", 0.0)


def file_to_read(
    source: Source, patterns: Sequence[str], sure: Callable[[Source, str], float]
) -> str:
    """The only file of a folder with such a name, or the surest; "" for a source that is a file.

    Raises:
        ReadError: No file of the folder is, or several are alike.
    """
    if not source.is_dir():
        return ""
    names = _named(source, patterns)
    file = names[0] if len(names) == 1 else surest_file(source, patterns, sure)[0]
    if not file:
        raise ReadError(
            source.name, f"not exactly one {' or '.join(patterns)} in it is such a log: pass a file"
        )
    return file


def _named(source: Source, patterns: Sequence[str]) -> list[str]:
    return sorted({name for pattern in patterns for name in source.files(pattern)})
