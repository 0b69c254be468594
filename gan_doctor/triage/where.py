"""A small language that chooses rows: `outlook == stop and wasted > 0.5`."""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Mapping, Sequence

from gan_doctor.core import ConfigError, UnknownNameError
from gan_doctor.core.finding import SEVERITIES
from gan_doctor.triage.rows import FIELDS, NUMBERS, OUTLOOKS, STATES, Value

Chooses = Callable[[Mapping[str, Value]], bool]

_TOKEN = re.compile(
    r"\s*(?:(?P<sign>[=!<>]=|[<>()])|'(?P<single>[^']*)'|\"(?P<double>[^\"]*)\""
    r"|(?P<word>[^\s()=!<>'\"]+))"
)
_COMPARE: Mapping[str, Callable[[float, float], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    ">": operator.gt,
    "<=": operator.le,
    ">=": operator.ge,
}
_WORDS: Mapping[str, Sequence[str]] = {
    "outlook": OUTLOOKS,
    "state": STATES,
    "severity": (*SEVERITIES, ""),
}
_DEEPEST = 50  # parentheses within each other


def where(text: str) -> Chooses:
    """Whether a row is meant by an expression.

    Fields are compared with words or numbers by == != < > <= >=, and comparisons joined by and, or,
    not and parentheses. Words of several parts are quoted. What a row does not have, such as the
    onset of a run without a finding, is neither equal to nor less nor greater than anything.

    Args:
        text: The expression.

    Raises:
        ConfigError: It is none; the text says where, and which fields there are.

    Example:
        >>> stops = where("outlook == stop and not (wasted < .1 or state == finished)")
        >>> stops({"outlook": "stop", "wasted": 0.4, "state": "running"})
        True
    """
    parser = _Parser(text)
    chosen = parser.either()
    if parser.tokens:
        raise parser.error(f"found {parser.tokens[0][1]!r} where it should end")
    return chosen


class _Parser:
    """Takes an expression apart, a token at a time."""

    def __init__(self, text: str) -> None:
        self.text, self.depth = text, 0
        self.tokens: list[tuple[str, str]] = []
        at = 0
        while at < len(text.rstrip()):
            match = _TOKEN.match(text, at)
            if match is None:
                raise self.error(f"cannot read it from {text[at:].strip()!r} on")
            kind = match.lastgroup or ""
            self.tokens.append((kind, match[kind]))
            at = match.end()

    def either(self) -> Chooses:
        """Comparisons joined by or."""
        parts = [self._both()]
        while self._takes("or"):
            parts.append(self._both())
        return lambda row: any(part(row) for part in parts)

    def _both(self) -> Chooses:
        parts = [self._one()]
        while self._takes("and"):
            parts.append(self._one())
        return lambda row: all(part(row) for part in parts)

    def _one(self) -> Chooses:
        turned = False
        while self._takes("not"):
            turned = not turned
        inner = self._inside() if self._takes("(") else self._comparison()
        return (lambda row: not inner(row)) if turned else inner

    def _inside(self) -> Chooses:
        self.depth += 1
        if self.depth > _DEEPEST:
            raise self.error(f"more than {_DEEPEST} parentheses lie within each other")
        inner = self.either()
        if not self._takes(")"):
            raise self.error("a ) is missing")
        self.depth -= 1
        return inner

    def _comparison(self) -> Chooses:
        field = self._next("a field", "word")
        if field not in FIELDS:
            raise self.error(str(UnknownNameError("field", field, FIELDS)), fields=False)
        sign = self._next(f"a comparison after {field}", "sign")
        if sign not in _COMPARE:
            raise self.error(f"expected a comparison after {field}, found {sign!r}")
        value = self._next(f"a value after {field} {sign}", "word", "single", "double")
        if field in NUMBERS:
            return self._of_numbers(field, sign, value)
        return self._of_words(field, sign, value)

    def _of_numbers(self, field: str, sign: str, value: str) -> Chooses:
        try:
            number = float(value)
        except ValueError:
            number = math.nan
        if math.isnan(number):
            raise self.error(f"{field} is a number, and {value!r} is none")
        compare = _COMPARE[sign]

        def chooses(row: Mapping[str, Value]) -> bool:
            has = row.get(field)
            return isinstance(has, int | float) and compare(has, number)

        return chooses

    def _of_words(self, field: str, sign: str, value: str) -> Chooses:
        if sign not in ("==", "!="):
            raise self.error(f"{field} is a word: compare it by == or !=")
        # A slip here would choose nothing, and nobody would know.
        if value not in _WORDS.get(field, (value,)):
            raise self.error(str(UnknownNameError(field, value, _WORDS[field])), fields=False)
        return lambda row: (row.get(field) == value) == (sign == "==")

    def _takes(self, text: str) -> bool:
        """Goes past a word or sign of the language, if it is the next; quoted ones are values."""
        found = bool(self.tokens) and self.tokens[0] in (("word", text), ("sign", text))
        if found:
            self.tokens.pop(0)
        return found

    def _next(self, what: str, *kinds: str) -> str:
        if not self.tokens:
            raise self.error(f"expected {what} at its end")
        kind, text = self.tokens.pop(0)
        if kind not in kinds:
            raise self.error(f"expected {what}, found {text!r}")
        return text

    def error(self, reason: str, fields: bool = True) -> ConfigError:
        """What is wrong with the expression, and which fields there are."""
        known = f" Fields: {', '.join(FIELDS)}." if fields else ""
        reason = reason if reason.endswith(".") else f"{reason}."
        example = " Such as: outlook == stop and wasted > 0.5"
        return ConfigError(f"--where {self.text!r}: {reason}{known}{example}")
