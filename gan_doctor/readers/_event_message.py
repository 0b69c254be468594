"""Event messages of TensorBoard: the few fields that scalars need, and no others.

They are protocol buffers. An Event has wall_time = 1, step = 2 and summary = 5, a Summary has
value = 1, a Value has tag = 1, simple_value = 2 and tensor = 8, a Tensor has dtype = 1, shape = 2,
content = 4, float = 5, double = 6 and half = 13.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import isfinite
from struct import calcsize, unpack_from

# How an event begins that was made at a time and a step.
TIME, STEP = b"\x09", b"\x10"

_VARINT, _EIGHT_BYTES, _MESSAGE, _FOUR_BYTES = 0, 1, 2, 5
# By the number of a tensor's type: its layout in memory, and the field of its own.
_FLOAT, _DOUBLE, _HALF = 1, 2, 19
_TYPES = {_FLOAT: ("<f", 5), _DOUBLE: ("<d", 6), _HALF: ("<e", 13)}


class MalformedError(Exception):
    """Bytes that are no message of ours."""


@dataclass(frozen=True)
class Scalar:
    """One number that was recorded.

    Args:
        tag: Of what.
        value: It.
        at: Where its four bytes stand, 0 if it has other than four.
    """

    tag: str
    value: float
    at: int


def step_of(data: bytes, start: int, end: int) -> int:
    """The step of a message."""
    step = 0
    for number, wire, at, stop in _fields(data, start, end):
        if (number, wire) == (2, _VARINT):
            step = _varint(data, at, stop)[0]
    return step - (1 << 64 if step >> 63 else 0)


def scalars_of(data: bytes, start: int, end: int) -> Iterator[Scalar]:
    """The scalars of a message."""
    for number, wire, at, stop in _fields(data, start, end):
        if (number, wire) == (5, _MESSAGE):
            for number_, wire_, at_, stop_ in _fields(data, at, stop):
                if (number_, wire_) == (1, _MESSAGE) and (scalar := _scalar(data, at_, stop_)):
                    yield scalar


def _scalar(data: bytes, start: int, end: int) -> Scalar | None:
    tag, found = "", None
    for number, wire, at, stop in _fields(data, start, end):
        if (number, wire) == (1, _MESSAGE):
            tag = data[at:stop].decode(errors="replace")
        elif (number, wire) == (2, _FOUR_BYTES):
            found = unpack_from("<f", data, at)[0], at
        elif (number, wire) == (8, _MESSAGE):
            found = _tensor(data, at, stop)
    return Scalar(tag, *found) if found else None


def _tensor(data: bytes, start: int, end: int) -> tuple[float, int] | None:
    """The one value of a tensor without dimensions, and where it stands."""
    kind, content = 0, {}
    for number, wire, at, stop in _fields(data, start, end):
        if (number, wire) == (1, _VARINT):
            kind = _varint(data, at, stop)[0]
        elif number == 2 and stop > at:
            return None
        elif stop > at:
            content[number] = at, stop
    if kind not in _TYPES:
        return None
    layout, own = _TYPES[kind]
    at, stop = content.get(4) or content.get(own) or (0, 0)
    if kind == _HALF and 4 not in content and stop:
        bits, after = _varint(data, at, stop)
        one = after == stop and bits < 1 << 16
        return (unpack_from("<e", bits.to_bytes(2, "little"))[0], 0) if one else None
    if stop - at != calcsize(layout):
        return None
    return unpack_from(layout, data, at)[0], at if kind == _FLOAT else 0


def _fields(data: bytes, at: int, end: int) -> Iterator[tuple[int, int, int, int]]:
    """Number, type, begin and end of each field of a message; of a torn one what there is."""
    while at < end:
        key, at = _varint(data, at, end)
        wire = key & 7
        stop = at
        if wire == _VARINT:
            _, stop = _varint(data, at, end)
        elif wire == _EIGHT_BYTES:
            stop += 8
        elif wire == _FOUR_BYTES:
            stop += 4
        elif wire == _MESSAGE:
            length, at = _varint(data, at, end)
            stop = at + length
        else:
            raise MalformedError
        if stop <= end or wire == _MESSAGE:
            yield key >> 3, wire, at, min(stop, end)
        if stop > end:
            raise MalformedError
        at = stop


def _varint(data: bytes, at: int, end: int) -> tuple[int, int]:
    """A number, and where it ends."""
    number = 0
    for shift in range(0, 70, 7):
        if at >= end:
            break
        byte = data[at]
        at += 1
        number |= (byte & 127) << shift
        if byte < 128:
            return number, at
    raise MalformedError


def time_of(event: bytes) -> float:
    """When an event was written, 0 if it does not say."""
    if len(event) < 9 or not event.startswith(TIME):
        return 0.0
    time: float = unpack_from("<d", event, 1)[0]
    return time if isfinite(time) else 0.0
