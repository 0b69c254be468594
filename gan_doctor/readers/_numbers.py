"""Cuts the numbers out of text, many lines at a time.

Lines that a training prints again and again are equal but for their numbers. What is left of a line
without them is its skeleton, which has to be understood only once.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from gan_doctor.core import FloatArray
from gan_doctor.readers._table import BoolArray, IntArray

ByteArray = npt.NDArray[np.uint8]
Either = TypeVar("Either", BoolArray, ByteArray)

MARK = b"\x01"  # stands for a number in a skeleton

_PAD = 8  # every byte has neighbours
_AT_ONCE = 8  # digits that are read together
_EXACT_DIGITS = 15  # so many are a whole number that a float holds
_EXACT_POWER = 22
_POWERS = 10.0 ** np.arange(_EXACT_POWER + 1)
# Of eight bytes, those that stand last; the first one is the lowest of a little-endian number.
_LAST_BYTES = np.array([(2**64 - 1) >> 8 * (8 - n) << 8 * (8 - n) for n in range(9)], np.uint64)
_NEIGHBOURS = [
    (np.uint64(mask), np.uint64(factor), np.uint64(shift))
    for mask, factor, shift in (
        (0x0F0F0F0F0F0F0F0F, 10 * 2**8 + 1, 8),
        (0x00FF00FF00FF00FF, 100 * 2**16 + 1, 16),
        (0x0000FFFF0000FFFF, 10_000 * 2**32 + 1, 32),
    )
]
# Lines end with any of these; what looks like a mark is none.
_CONTROL = bytes.maketrans(b"\r\x08\x01", b"\n\n?")
_THOUSANDS = re.compile(rb"(?<![\w.,])(?<!\d:)[1-9]\d{0,2}(?:,\d{3})+(?!\w|,\d)")
_WORD = np.zeros(256, dtype=bool)
_WORD[list(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_")] = True
_NO_SIGN_AFTER = _WORD.copy()
_NO_SIGN_AFTER[list(b"0123456789.)]%")] = True


@dataclass(frozen=True)
class Cut:
    """Lines and their numbers.

    Args:
        skeletons: The lines, with a mark for each number.
        first: (L,) which number is the first of each line.
        numbers: (N,) all numbers, in order.
    """

    skeletons: list[bytes]
    first: IntArray
    numbers: FloatArray


def cut(text: bytes) -> Cut:
    r"""Cuts the numbers out of whole lines; a carriage return ends a line too.

    Digits that belong to a word, as in `D_G_z1`, are no number, and neither is `1.2.3`.

    Args:
        text: Ends with the end of a line.

    Example:
        >>> found = cut(b"D(x): 0.5, D_G_z1: -1e-3\n")
        >>> found.skeletons
        [b'D(x): \x01, D_G_z1: \x01']
        >>> found.numbers.tolist()
        [0.5, -0.001]
    """
    text = text.translate(_CONTROL)
    padding = b"\n" * _PAD
    b = np.frombuffer(padding + text + padding, dtype=np.uint8)
    here, digit = _at(b, 0), b - np.uint8(48) < 10
    if _maybe_thousands(b, digit) and _THOUSANDS.search(text):
        return cut(_THOUSANDS.sub(lambda match: match[0].replace(b",", b""), text))
    token, point, exponent = _tokens(b, digit)
    start = np.flatnonzero(token & ~_before(token))
    end = np.flatnonzero(token & ~np.append(token[1:], False))
    bad = _WORD[_at(b, -1)[start]]
    bad |= _broken(start, np.flatnonzero(point), np.flatnonzero(exponent))
    if bad.any():
        inside = np.flatnonzero(token)
        token[inside[np.repeat(bad, end - start + 1)]] = False
        start, end = start[~bad], end[~bad]
    marked = here.copy()
    marked[start] = MARK[0]
    kept = ~token
    kept[start] = True
    newline = np.flatnonzero(here == 10)
    return Cut(
        marked[kept].tobytes().split(b"\n")[:-1],
        np.concatenate([[0], np.searchsorted(start, newline[:-1])]),
        _values(b, start + _PAD, end + _PAD, point & token, exponent & token),
    )


def _at(bytewise: Either, offset: int) -> Either:
    """Of each byte of the text, that of a neighbour."""
    return bytewise[_PAD + offset : len(bytewise) - _PAD + offset]


def _before(mask: BoolArray) -> BoolArray:
    return np.concatenate([[False], mask[:-1]])


def _maybe_thousands(b: ByteArray, digit: BoolArray) -> bool:
    """Whether there is a comma with a digit before it and three after."""
    comma = np.flatnonzero(_at(b, 0) == 44) + _PAD
    around = digit[comma - 1] & digit[comma + 1] & digit[comma + 2] & digit[comma + 3]
    return bool((around & ~digit[np.minimum(comma + 4, len(b) - 1)]).any())


def _tokens(b: ByteArray, digit: BoolArray) -> tuple[BoolArray, BoolArray, BoolArray]:
    """Which bytes may be of a number, which of them are a decimal point, which an exponent's e."""
    dot, sign = b == 46, (b == 43) | (b == 45)
    exponent = (_at(b, 0) | 32) == 101
    exponent &= _at(digit, -1) | (_at(dot, -1) & _at(digit, -2))
    exponent &= _at(digit, 1) | (_at(sign, 1) & _at(digit, 2))
    point = _at(dot, 0) & ~_at(dot, -1)
    point &= _at(digit, 1) | (_at(digit, -1) & np.append(exponent[1:], False))
    token = _at(digit, 0) | point | exponent | (_before(exponent) & _at(sign, 0))
    signs = np.flatnonzero(_at(sign, 0) & (_at(digit, 1) | (_at(dot, 1) & _at(digit, 2))))
    token[signs[~_NO_SIGN_AFTER[_at(b, -1)[signs]]]] = True
    return token, point, exponent


def _holder(start: IntArray, places: IntArray) -> IntArray:
    """Which number each of some bytes belongs to."""
    return np.searchsorted(start, places, side="right") - 1


def _broken(start: IntArray, points: IntArray, exponents: IntArray) -> BoolArray:
    """Whether a number has two points or exponents, or a point in its exponent."""
    of_point, of_exponent = _holder(start, points), _holder(start, exponents)
    broken = np.zeros(len(start), dtype=bool)
    broken[of_point[1:][np.diff(of_point) == 0]] = True
    if len(exponents):
        broken[of_exponent[1:][np.diff(of_exponent) == 0]] = True
        begins = np.full(len(start), np.iinfo(np.int64).max)
        begins[of_exponent] = exponents
        broken[of_point[points > begins[of_point]]] = True
    return broken


def _values(
    b: ByteArray, start: IntArray, end: IntArray, point: BoolArray, exponent: BoolArray
) -> FloatArray:
    """The numbers, each the float that is nearest to what is written.

    Args:
        b: The bytes of the text, with padding.
        start: (N,) where each number begins among them.
        end: (N,) its last byte.
        point: Which bytes of the text are a decimal point.
        exponent: Which are the e of an exponent.
    """
    points, exponents = np.flatnonzero(point) + _PAD, np.flatnonzero(exponent) + _PAD
    of_point, of_exponent = _holder(start, points), _holder(start, exponents)
    negative = b[start] == 45
    stop = end.copy()  # the last digit before an exponent
    stop[of_exponent] = exponents - 1
    last = stop.copy()  # the last one before a point
    last[of_point] = points - 1
    before = last - start + 1 - (negative | (b[start] == 43))
    after = stop[of_point] - points
    scale = np.zeros(len(start), dtype=np.int64)
    scale[of_point] = -after
    powers, few = _exponents(b, exponents, end[of_exponent])
    scale[of_exponent] += powers
    whole = _read(b, last, before).astype(np.float64)
    whole[of_point] *= _POWERS.take(after, mode="clip")
    whole[of_point] += _read(b, stop[of_point], after)
    # Whole numbers of up to 15 digits and powers of ten to 10^22 are exact: rounded once at most.
    numbers = whole / _POWERS.take(-scale, mode="clip")
    up = np.flatnonzero(scale > 0)
    numbers[up] = whole[up] * _POWERS.take(scale[up], mode="clip")
    numbers[negative] *= -1
    hard = (before > _AT_ONCE) | (np.abs(scale) > _EXACT_POWER)
    hard[of_point] |= (after > _AT_ONCE) | (before[of_point] + after > _EXACT_DIGITS)
    hard[of_exponent] |= ~few
    for i in np.flatnonzero(hard).tolist():
        numbers[i] = float(b[start[i] : end[i] + 1].tobytes())
    return numbers


def _exponents(b: ByteArray, at: IntArray, end: IntArray) -> tuple[IntArray, BoolArray]:
    """What stands after each e, and whether it has few digits."""
    signed = (b[at + 1] == 43) | (b[at + 1] == 45)
    counts = end - at - signed
    powers = _read(b, end, counts).astype(np.int64)
    return np.where(b[at + 1] == 45, -powers, powers), counts <= _AT_ONCE


def _read(b: ByteArray, last: IntArray, counts: IntArray) -> npt.NDArray[np.uint64]:
    """The whole numbers that end at some bytes, of so many digits, up to eight.

    Eight bytes are taken at once; neighbours are added up to numbers of 2, 4 and 8 digits.
    """
    eight = np.ndarray(len(b) - 7, dtype="<u8", buffer=b, strides=(1,))
    x = eight[last - 7] ^ np.uint64(0x3030303030303030)
    x &= _LAST_BYTES.take(counts, mode="clip")
    for mask, factor, shift in _NEIGHBOURS:
        x = ((x & mask) * factor) >> shift
    return x
