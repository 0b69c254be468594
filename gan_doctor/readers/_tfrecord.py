"""TFRecord files: a record is its length, a checksum of that, its bytes and a checksum of those."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from struct import Struct, unpack_from
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

IntArray = npt.NDArray[np.int64]
_Words = npt.NDArray[np.uint32]
_Bytes = npt.NDArray[np.uint8]

BEFORE, AFTER = 12, 4  # bytes around a record
MOST_BYTES = 64 << 20  # a longer record is passed over
TORN = "the last record is torn and left out"
DAMAGED = "it is damaged at byte {}: the rest is left out"

_FIRST_PIECE, _PIECE = 1 << 14, 1 << 20
_SHORT = 1 << 10
_POLYNOMIAL = 0x82F63B78  # CRC-32C, reflected
_MASK = 0xA282EAD8
_LENGTH = Struct("<Q").unpack_from


@dataclass(frozen=True)
class Stretch:
    """Records that stand one behind the other in a file.

    Args:
        data: Bytes of the file, whole records and perhaps more.
        starts: (N,) where in `data` each record begins.
        ends: (N,) and ends.
        offset: Where in the file to go on.
        problem: What is wrong there; then it is the last stretch.
        passed: How many records behind these were too long and passed over.
    """

    data: bytes
    starts: IntArray
    ends: IntArray
    offset: int
    problem: str = ""
    passed: int = 0


def stretches(file: BinaryIO, offset: int, size: int) -> Iterator[Stretch]:
    """The records from a byte on, a few first, then about a MiB at a time.

    The checksum of a record of more than a KiB is left to `intact`: most are images, which nobody
    looks at.

    Args:
        file: The file.
        offset: Where a record begins.
        size: Bytes of the file, beyond which no record ends, whatever its length says.
    """
    file.seek(offset)
    data, wanted = b"", _FIRST_PIECE
    while piece := file.read(wanted):
        data += piece
        starts, ends, rest = _framed(data)
        good = _first_bad(np.frombuffer(data, np.uint8), starts, ends, rest)
        if good < len(starts) or not _headed(data, rest):
            begun = offset + int(ends[good - 1] + AFTER if good else 0)
            yield Stretch(data, starts[:good], ends[:good], begun, DAMAGED.format(begun))
            return
        offset += rest
        needed = _needed(data, rest)
        torn = offset + needed > size
        passed = needed > MOST_BYTES and not torn
        offset += needed if passed else 0
        yield Stretch(data, starts, ends, offset, TORN if torn else "", passed)
        if torn:
            return
        data = b"" if passed else data[rest:]
        wanted = max(_PIECE, needed - len(data))
        if passed:
            file.seek(offset)
            wanted = _PIECE
    if data:
        nothing = np.zeros(0, np.int64)
        yield Stretch(data, nothing, nothing, offset, TORN)


def beginnings(file: BinaryIO, most: int, length: int) -> Iterator[bytes]:
    """The first bytes of the first records; it hops from one to the next.

    Args:
        file: The file.
        most: Records.
        length: Bytes of each.
    """
    at = 0
    for _ in range(most):
        file.seek(at)
        data = file.read(BEFORE + length)
        if len(data) < BEFORE or not _headed(data, 0):
            return
        n = _LENGTH(data)[0]
        yield data[BEFORE : BEFORE + min(n, length)]
        at += BEFORE + n + AFTER


def intact(stretch: Stretch, record: int) -> bool:
    """Whether the checksum of a long record is right; those of short ones have been looked at."""
    start, end = int(stretch.starts[record]), int(stretch.ends[record])
    if end - start <= _SHORT:
        return True
    told: int = unpack_from("<I", stretch.data, end)[0]
    return bool(told == _masked(_checksum(np.frombuffer(stretch.data, np.uint8)[start:end])))


def _framed(data: bytes) -> tuple[IntArray, IntArray, int]:
    """Begin and end of each whole record, and where the first begins that is not whole."""
    places = [0]
    at, last, size = 0, len(data) - BEFORE, len(data)
    while at <= last:
        at += BEFORE + _LENGTH(data, at)[0] + AFTER
        if at > size:
            break
        places.append(at)
    bounds = np.array(places, np.int64)
    return bounds[:-1] + BEFORE, bounds[1:] - AFTER, places[-1]


def _needed(data: bytes, at: int) -> int:
    """Bytes of the record at a place, as far as that is known there."""
    if at + BEFORE > len(data):
        return 0
    return int(BEFORE + _LENGTH(data, at)[0] + AFTER)


def _headed(data: bytes, at: int) -> bool:
    """Whether the length at a place is as its checksum says, if all of it is there."""
    if at + BEFORE > len(data):
        return True
    head = np.frombuffer(data, np.uint8, 8, at)
    return bool(_masked(_checksum(head)) == unpack_from("<I", data, at + 8)[0])


def _first_bad(data: _Bytes, starts: IntArray, ends: IntArray, rest: int) -> int:
    """The first record of which a checksum is wrong, their number if there is none."""
    heads = starts - BEFORE
    bad = _masked(_checksums(data, heads, heads + 8)) != _words(data, heads + 8)
    short = np.flatnonzero(ends - starts <= _SHORT)
    told = _words(data, ends[short])
    bad[short] |= _masked(_checksums(data, starts[short], ends[short])) != told
    return int(bad.argmax()) if bad.any() else len(starts)


def _words(data: _Bytes, at: IntArray) -> _Words:
    words: _Words = data[at[:, None] + np.arange(4)].view("<u4")[:, 0]
    return words


def _masked(checksum: Any) -> Any:
    """What is written of a checksum, so that one of data with checksums in it stays a good one."""
    return ((checksum >> 15 | checksum << 17 & 0xFFFFFFFF) + _MASK) & 0xFFFFFFFF


def _checksums(data: _Bytes, starts: IntArray, ends: IntArray) -> IntArray:
    """(N,) CRC-32C of stretches of at most a KiB.

    It is linear: each byte adds a number that depends on how far from the end it stands.
    """
    table, begun = _tables()
    lengths = ends - starts
    before = np.cumsum(lengths) - lengths
    to_end = np.repeat(before + lengths, lengths) - np.arange(1, lengths.sum() + 1)
    bytes_ = data[np.repeat(ends, lengths) - 1 - to_end]
    filled = np.flatnonzero(lengths)
    added = np.zeros(len(starts), np.uint32)
    if len(filled):
        each = table.take(to_end * 256 + bytes_)
        added[filled] = np.bitwise_xor.reduceat(each, before[filled])
    checksums: IntArray = (added ^ begun[lengths]).astype(np.int64) ^ 0xFFFFFFFF
    return checksums


def _checksum(data: _Bytes) -> int:
    """CRC-32C of any number of bytes, a KiB at a time."""
    table, begun = _tables()
    first = len(data) % _SHORT
    state = int(begun[first] ^ _added(table, data[:first]))
    for at in range(first, len(data), _SHORT):
        carried = np.array([state], "<u4").view(np.uint8) ^ data[at : at + 4]
        state = int(_added(table, np.concatenate([carried, data[at + 4 : at + _SHORT]])))
    return state ^ 0xFFFFFFFF


def _added(table: _Words, data: _Bytes) -> np.uint32:
    each = table.reshape(-1, 256)[np.arange(len(data))[::-1], data]
    return np.uint32(np.bitwise_xor.reduce(each, initial=0))


@cache
def _tables() -> tuple[_Words, _Words]:
    """What a byte adds, by 256 x its distance from the end + byte; and an empty state after n."""
    one = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        one = np.where(one & 1, one >> 1 ^ np.uint32(_POLYNOMIAL), one >> 1)
    table = [one]
    begun = [np.uint32(0xFFFFFFFF)]
    for _ in range(_SHORT):
        table.append(table[-1] >> 8 ^ one[table[-1] & 255])
        begun.append(begun[-1] >> 8 ^ one[begun[-1] & 255])
    return np.concatenate(table), np.array(begun)
