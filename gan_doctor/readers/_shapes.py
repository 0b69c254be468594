"""What a printed line says: where in the training it stands, and what its numbers are called.

A line is understood once, by its skeleton: the line with a mark for each number.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace

from gan_doctor.core import canonical

_N = "\x01"  # the mark, as text

_UNIT = "it|iters?|imgs?|images?|samples?|batch(?:es)?|steps?|examples?|frames?|kimg"
_MONTH = "Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec"
# Numbers that are never a series: colours of a terminal, dates, times, durations, rates.
_NOISE = re.compile(
    rf"""
    \x1b\[[{_N};?]*[A-Za-z]
  | \b(?:DEBUG|INFO|WARN(?:ING)?|ERROR|CRITICAL)\b
  | {_N}([-/.]){_N}\1{_N}(?:T(?={_N}))?
  | (?:\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*,?\s+)?\b(?:{_MONTH})[a-z]*\.?\s+{_N}
  | {_N}(?::{_N})+(?:[.,]{_N})?(?:\s*[AP]M\b)?(?:\s+{_N}(?=\)))?
  | {_N}\s?(?:days?|hours?|hrs?|mins?|minutes?|secs?|seconds?)\b,?
  | {_N}(?:h|m|s|ms|us)\b
  | [{_N}?]\s?(?:{_UNIT})/(?:s|sec|second)s?\b
  | {_N}\s?m?s/\w+
  | \b(?:s|secs?|ms|time|{_UNIT})/(?:s|sec|b|tick|epoch|{_UNIT})\b\s*[:=]?\s*{_N}
    """,
    re.VERBOSE,
)
_NAMED_PLACE = re.compile(
    rf"""
    (?<![\w/.])(?<!per[ ])(?<!total[ ])(?<!max[ ])(?<!num[ ])(?<!every[ ])(?<!of[ ])
    (?P<word>(?:(?:global|current|cur)[ _-]?)?
      (?:epoch|step|iter(?:ation)?|itr|batch(?:_idx|_id)?|minibatch|kimg))(?P<plural>e?s)?
    ["']?\s*(?:[:=\#-]\s*)?[\[(]?\s*{_N}(?!\s?%)(?:\s*(?:/|of)\s*{_N})?\s*[\])]?
    """,
    re.VERBOSE | re.IGNORECASE,
)
_PLURAL = {"epoch": "epochs", "step": "steps", "batch": "batches"}
# tqdm's "50%|##   | 500/1000", and Keras' "500/1000 [==>..]".
_PERCENT_BAR = re.compile(rf"(?:(?<!\w)\w[\w ]{{0,40}}:\s*)?{_N}%\s*(?:\|[^|{_N}]*\|)?\s*{_N}/{_N}")
_BATCH_BAR = re.compile(rf"(?<![\w{_N}/.]){_N}/{_N}(?=\s*(?:\[[=>. -]+\]|[━╸╺]))")
_PAIR = re.compile(rf"[\[(]\s*{_N}\s*(?P<of>/|of|,)\s*{_N}\s*[\])]|(?<!\S){_N}/{_N}(?!\S)")
_LEADING = re.compile(rf"^\s*[\[(#]?\s*{_N}\s*[\])]?\s*[:,|-]?\s*(?=[\[A-Za-z(>])")

# Of bounded length, so that no line takes long.
_INSIDE = rf"[^()\s{_N}]{{0,30}}"
_WORD = rf"[^\W\d][\w.\-/@^]{{0,60}}(?:\({_INSIDE}(?:\({_INSIDE}\){_INSIDE})?\)[\w.]{{0,60}})?"
_NAME = rf"(?<![\w{_N}/@^])(?P<name>{_WORD}(?:[ ]{_WORD}){{0,3}})"
_NUMBER = rf"(?P<value>{_N}|[-+]?(?:nan|inf(?:inity)?)\b)"
_VALUE = re.compile(
    rf"""{_NAME}["']?(?:\s*(?P<aside>\([^()]*\)))?\s*(?:[:=：]|->)\s*
    (?:[a-z][\w.]*(?=\())?(?P<open>[\[(]?)\s*
    (?:{_NUMBER}|(?:n/?a|none|null|no|yes|-)(?!\w))
    (?P<percent>\s?%)?(?!\w)(?P<second>\s*/\s*{_N})?(?P<more>,{_N})?""",
    re.VERBOSE | re.IGNORECASE,
)
# "gen_loss_L1 380.16": a name and a number with nothing between.
_BESIDE = re.compile(rf"{_NAME}[ \t]+{_NUMBER}(?P<percent>%?)(?![\w/%])", re.IGNORECASE)
_LIKE_A_LOSS = re.compile(r"loss|err|_", re.IGNORECASE)

_EVALUATION = re.compile(
    r"(?<![\w/.])(?:val(?:id(?:ation)?)?|test(?:ing)?|eval(?:uation)?)(?![\w/.])", re.IGNORECASE
)
# fmt: off
_DROPPED = frozenset((
    "best", "progress", "time", "times", "eta", "elapsed", "remaining", "mem", "memory", "gpu",
    "cuda", "cpu", "pid", "rank", "world", "seed", "port", "line", "py", "device", "speed", "fps",
    "size", "num", "number", "count", "parameters", "params", "workers", "version",
))
# What a line may say beside, that only tells where the training is.
_PASSING = frozenset((
    "progress", "remaining", "train", "training", "start", "starting", "begin", "elapsed", "time",
))
# fmt: on


@dataclass(frozen=True)
class Value:
    """Where a value stands in a line.

    Args:
        tag: What it is called.
        number: Which number of the line it is, None where it is a word.
        divisor: 100 for a percentage.
        constant: The value of a word: nan or inf.
    """

    tag: str
    number: int | None
    divisor: float = 1.0
    constant: float = math.nan


@dataclass(frozen=True)
class Shape:
    """What the numbers of a line are.

    Args:
        place: A word of `PLACES`, and which number it is; `leading` for a number without a name at
            the beginning of the line, which is a step where it rises.
        values: What it printed; without any it tells a place for the lines after it.
    """

    place: tuple[tuple[str, int], ...]
    values: tuple[Value, ...]


def understood(skeleton: bytes) -> Shape | None:
    r"""What the lines with this skeleton say, None where they hold no values and tell no place.

    Example:
        >>> shape = understood(b"[Epoch \1/\1] [D loss: \1] [G loss: nan]")
        >>> shape.place, [value.tag for value in shape.values]
        ((('epoch', 0), ('epochs', 1)), ['D loss', 'G loss'])
    """
    line = _Line(skeleton.decode("utf-8", "replace"))
    line.take(_NOISE)
    place, sure = _named_place(line)
    _place_of_bar(line, place)
    named = line.take(_VALUE)
    first = min((match.start() for match in named), default=len(line.whole))
    values = _told_apart(line, named)
    for match in _BESIDE.finditer(line.text):
        tag = _tag_beside(line.text, match)
        if tag:
            values.append(_value(line, tag, match))
            first = min(first, match.start())
    _bare_place(line, first, place)
    kept = [value for value in _once(values) if not _words(value.tag) & _DROPPED]
    if kept:
        if _EVALUATION.search(line.whole[:first]):
            kept = [_of_evaluation(value) for value in kept]
        return Shape(tuple(place.items()), tuple(kept))
    said = _words(line.text).union(*(_words(value.tag) for value in values))
    only_place = place and sure and {word for word in said if len(word) > 1} <= _PASSING
    return Shape(tuple(place.items()), ()) if only_place else None


class _Line:
    """A skeleton, of which one thing after the other is taken away."""

    def __init__(self, text: str) -> None:
        self.whole = self.text = text

    def take(self, pattern: re.Pattern[str]) -> list[re.Match[str]]:
        """What matches; blanks stand in its place."""
        found = [*pattern.finditer(self.text)]
        if found:
            self.text = pattern.sub(lambda match: " " * len(match[0]), self.text)
        return found

    def number(self, at: int) -> int:
        """Which number a mark stands for."""
        return self.whole.count(_N, 0, at)

    def numbers(self, match: re.Match[str]) -> list[int]:
        """The numbers in a match."""
        first = self.number(match.start())
        return [*range(first, first + match[0].count(_N))]


def _tell(place: dict[str, int], word: str, numbers: list[int]) -> None:
    """Notes a place and of how many it is one, unless it is told already."""
    if word not in place:
        place[word] = numbers[0]
        if len(numbers) > 1 and word in _PLURAL:
            place[_PLURAL[word]] = numbers[1]


def _named_place(line: _Line) -> tuple[dict[str, int], bool]:
    """What stands beside words such as epoch, and whether none of it may be a mere setting."""
    found = line.take(_NAMED_PLACE)
    overall = any("global" in match["word"].lower() for match in found)
    place: dict[str, int] = {}
    for match in found:
        text = match["word"].lower()
        word = next((word for word in ("epoch", "batch", "kimg") if word in text), "step")
        if word == "step" and overall and "global" not in text:
            word = "batch"
        _tell(place, word, line.numbers(match))
    return place, all(not match["plural"] or match[0].count(_N) > 1 for match in found)


def _place_of_bar(line: _Line, place: dict[str, int]) -> None:
    for match in line.take(_PERCENT_BAR):
        _tell(place, "batch" if "epoch" in place else "step", line.numbers(match)[-2:])
    for match in line.take(_BATCH_BAR):
        _tell(place, "batch", line.numbers(match))


def _bare_place(line: _Line, end: int, place: dict[str, int]) -> None:
    """Numbers without a name before the first value: [epoch/epochs][batch/batches], or a step."""
    for match in _PAIR.finditer(line.text[:end]):
        numbers = line.numbers(match)
        if "step" in place:
            return
        if match["of"] == ",":
            _tell(place, "epoch", numbers[:1])
            _tell(place, "batch", numbers[1:])
        elif "epoch" in place:
            _tell(place, "batch", numbers)
        else:
            _tell(place, "epoch" if match["of"] else "step", numbers)
    leading = None if place else _LEADING.match(line.text[:end] + line.whole[end : end + 1])
    if leading:
        _tell(place, "leading", line.numbers(leading))


def _told_apart(line: _Line, named: list[re.Match[str]]) -> list[Value]:
    """The values with a name; one that several brackets share gets the first word of its own."""
    names = [_tag(match) for match in named]
    shared = Counter(names)
    values = []
    for tag, match in zip(names, named, strict=True):
        if match["value"] is None or (match["more"] and not match["open"]):
            continue  # absent, or a list, or a decimal comma
        before = line.whole[: match.start()]
        bracket = re.match(r"\w+", before[before.rfind("[") + 1 :])
        if shared[tag] > 1 and bracket and before.rfind("[") > before.rfind("]"):
            tag = f"{bracket[0]} {tag}"
        values.append(_value(line, tag, match))
        key = canonical(tag) if match["second"] else None
        if key and key.name == "score/fake":  # D(G(z)) before and after D's update
            values.append(Value("D_G_z2", line.number(match.start("second"))))
    return values


def _tag(match: re.Match[str]) -> str:
    """The name of a value, with what a bracket behind it adds: `Loss (D)`."""
    name = str(match["name"]).strip(" .-_")
    added = re.fullmatch(r"\(([A-Za-z]\w*)\)", match["aside"] or "")
    return f"{name} {added[1]}" if added else name


def _tag_beside(text: str, match: re.Match[str]) -> str:
    """The name of a number without a sign between them, "" where it need not be one."""
    words = str(match["name"]).split(" ")
    for i in range(len(words)):
        tag = " ".join(words[i:])
        if canonical(tag) and tag != "is":
            return tag
    alone = text.strip() == match[0] and len(words) == 1
    return words[-1] if _LIKE_A_LOSS.search(words[-1]) and (alone or "_" in words[-1]) else ""


def _value(line: _Line, tag: str, match: re.Match[str]) -> Value:
    if match["value"] != _N:
        return Value(tag, None, constant=float(match["value"]))
    return Value(tag, line.number(match.start("value")), 100.0 if match["percent"] else 1.0)


def _once(values: list[Value]) -> list[Value]:
    """Of each tag the first."""
    found: Mapping[str, Value] = {value.tag: value for value in reversed(values)}
    return [value for value in values if found[value.tag] is value]


def _of_evaluation(value: Value) -> Value:
    key = canonical(value.tag)
    is_metric = key is not None and key.name.startswith("metric/")
    return value if is_metric else replace(value, tag=f"val {value.tag}")


def _words(text: str) -> set[str]:
    return set(re.findall(r"[a-z]+", text.lower()))
