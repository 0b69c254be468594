"""Standard input as a log, passed on as it comes or not."""

from __future__ import annotations

import io
import sys
from typing import BinaryIO

NAME = "standard input"


def standard_input(tee: bool = False) -> BinaryIO:
    """All of standard input that is to come.

    Args:
        tee: Whether to write it to standard output as it comes. It may be broken off: what came is
            the log then.
    """
    stream = sys.stdin.buffer
    if not tee:
        return stream
    kept = io.BytesIO()
    kept.name = NAME
    try:
        while line := stream.readline():
            kept.write(line)
            sys.stdout.buffer.write(line)
            sys.stdout.buffer.flush()
    except KeyboardInterrupt:
        pass
    kept.seek(0)
    return kept
