"""In which facts of their set-up runs differ."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from gan_doctor.core import Run, Source, to_json

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

FILE = "config.toml"  # beside a run of the reference training
LARGEST = 1_000_000  # bytes of it
ABSENT = "none"  # what a record that would name it does not name

# What tells nothing of the configuration: another seed alone changes them.
_MEASURED = ("latent.mean", "latent.sd", "latent.low", "latent.high", "real_range", "fake_range",
             "d_steps", "frozen")  # fmt: skip
# What may differ between two runs of one configuration.
_FREE = re.compile(r"seed|.*\.seed|versions\..*")

Facts = Mapping[str, Any]


def facts_of(run: Run, source: Source | None = None) -> Facts:
    """What is known of how a run was set up, by name.

    Args:
        run: Its networks, optimizers and objective.
        source: Where it lies; the config.toml of our own training beside it counts too.
    """
    setup = to_json(run.setup)
    players = {}
    for kind, word in (("networks", ""), ("optimizers", "optimizer")):
        for found in setup.pop(kind):
            whose = f"{found.pop('role').upper()} {found.pop('player')}".strip()
            players[f"{whose} {word}".strip()] = found
    facts = dict(_flat({**setup, **players}))
    settings = {} if source is None else settings_beside(source)
    return {**facts, **{f"{FILE}: {name}": value for name, value in _flat(settings)}}


def settings_beside(source: Source) -> Mapping[str, Any]:
    """Those of the config.toml in a run's directory; none where none can be read."""
    if not source.is_dir() or FILE not in source.files(FILE):
        return {}
    with source.open(FILE) as file:
        text = file.read(LARGEST)
    try:
        return tomllib.loads(text.decode())
    except ValueError:
        return {}


def differing(facts: Sequence[Facts]) -> dict[str, tuple[Any, ...]]:
    """The facts of which at least two runs are known to differ, with the value of each.

    A setting and what was seen of it are said once. None stands for what is not known.

    Args:
        facts: Of each run.
    """
    names = dict.fromkeys(name for of in facts for name in of)
    rows = {name: tuple(_value(of, name) for of in facts) for name in names}
    rows = {
        name: values
        for name, values in rows.items()
        if len({repr(value) for value in values if value is not None}) > 1
    }
    settings = {n.removeprefix(f"{FILE}: "): v for n, v in rows.items() if n.startswith(FILE)}
    found = dict(settings)
    for name, values in rows.items():
        if not name.startswith(FILE) and values not in found.values():
            found[name] = values
    return found


def alike(facts: Sequence[Facts]) -> bool:
    """Whether runs are known to be of one configuration, whatever their seeds."""
    known = all(any(n.startswith((FILE, "G", "D")) for n in of) for of in facts)
    return known and not any(_FREE.fullmatch(name) is None for name in differing(facts))


def _value(of: Facts, name: str) -> Any:
    if name in of:
        return of[name]
    # Of a record with a table, what is not in the table is not there; else nobody knows.
    table = name.partition(": ")[0] if name.startswith(FILE) else name.rpartition(".layers.")[0]
    return ABSENT if table and any(other.startswith(table) for other in of) else None


def _flat(value: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    for name, item in value.items():
        path = f"{before}{name}"
        if isinstance(item, Mapping):
            yield from _flat(item, f"{path}.")
        elif item is not None and not path.endswith(_MEASURED):
            yield path, item
