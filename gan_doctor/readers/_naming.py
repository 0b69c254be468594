"""What the tags of a log mean: as told, as the format says, as people call it, or a guess."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from gan_doctor.core import Key, canonical

_D = frozenset(("d", "dis", "disc", "discrim", "discriminator", "critic"))
_G = frozenset(("g", "gen", "generator"))
_LOSS = frozenset(("loss", "losses", "err", "error"))
_PARTS = frozenset(("real", "fake", "feature", "features", "fm", "cls", "class", "aux", "reg"))
_PENALTY = frozenset(("gp", "penalty", "r1", "r2"))
# A validation loss is not the training's, and a running mean comes late.
_OTHERS = frozenset(("val", "valid", "validation", "test", "eval", "avg", "mean", "std", "best"))
_NO_TERMS = frozenset(
    ("time", "data", "elapsed", "eta", "timestamp", "sec", "gpumem", "cpumem", "epoch", "step")
)
_MOST_TOLD = 12  # names in a note


@dataclass(frozen=True)
class Named:
    """What the tags of a log were taken for.

    Args:
        keys: By tag.
        notes: What was mapped, guessed and left over, in words.
    """

    keys: Mapping[str, Key]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Naming:
    """What is known of the tags of a log; what comes first here outranks what comes later.

    Args:
        told: By the person who asks: series by tag, such as {"loss1": "loss/d"}.
        dialect: By the format: series by tag, "" for a tag that is none of ours. `?` stands for a
            player as it does in the vocabulary.
    """

    told: Mapping[str, str] = field(default_factory=dict)
    dialect: Mapping[str, str] = field(default_factory=dict)

    def of(self, tags: Iterable[str]) -> Named:
        """Sorts the tags of a log; of two that mean the same, the surer or the first counts."""
        sure: dict[str, Key] = {}
        guesses: dict[str, Key] = {}
        left: list[str] = []
        for tag in sorted(dict.fromkeys(tags), key=lambda tag: tag not in self.told):
            known = self._known(tag)
            guess = _guess(tag) if known is None else None
            if known:
                sure[tag] = Key.parse(known)
            elif guess:
                guesses[tag] = Key(guess)
            elif not _words(tag) & _NO_TERMS:
                left.append(tag)
        keys: dict[Key, str] = {}
        for tag, key in {**sure, **guesses}.items():
            if key in keys:
                left.append(tag)
            else:
                keys[key] = tag
        mapped = {tag: key for key, tag in keys.items()}
        return Named(mapped, tuple(_notes(mapped, guesses, left)))

    def _known(self, tag: str) -> str | None:
        """The text of its key; "" where it is known to be none of ours, None where nobody knows."""
        if tag in self.told:
            return self.told[tag]
        for pattern, name in self.dialect.items():
            match = re.fullmatch(re.escape(pattern).replace(r"\?", r"(?P<player>[A-Z]|\d+)"), tag)
            if match:
                player = match.groupdict().get("player", "")
                return f"{name}@{player}" if player and name else name
        key = canonical(tag)
        return None if key is None else str(key)


def _words(tag: str) -> set[str]:
    """The words in a tag: `Gen_loss`, `genLoss` and `gen loss` have the same."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", tag)
    return set(re.findall(r"[a-z]+\d*|\d+", spaced.lower()))


def _guess(tag: str) -> str | None:
    """What a tag may mean that no alias fits; None where nothing is likely."""
    words = _words(tag)
    if words & _OTHERS:
        return None
    if "lr" in words or {"learning", "rate"} <= words:
        return "lr/d" if words & (_D | {"1"}) else "lr/g"
    if "fid" in words:
        return "metric/fid"
    if words & _PENALTY:
        return "penalty/g" if words & _G else "penalty/d"
    if not words & _LOSS or words & _PARTS:
        return None
    if words & _D:
        return "loss/d"
    if words & _G:
        adversarial = words & {"adv", "gan", "adversarial"}
        return "loss/g/adversarial" if adversarial else "loss/g"
    return None


def _notes(mapped: Mapping[str, Key], guesses: Mapping[str, Key], left: list[str]) -> list[str]:
    sure = [f"{tag} as {key}" for tag, key in mapped.items() if tag not in guesses]
    guessed = [f"{tag} as {key}" for tag, key in mapped.items() if tag in guesses]
    return [
        f"{what}: {_listed(names)}"
        for what, names in (
            ("read", sure),
            ("guessed, overrule with --map TAG=SERIES", guessed),
            ("left over", left),
        )
        if names
    ]


def _listed(names: list[str]) -> str:
    more = len(names) - _MOST_TOLD
    return ", ".join(names[:_MOST_TOLD]) + (f" and {more} more" if more > 0 else "")
