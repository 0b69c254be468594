"""The settings of a project: `gan-doctor.toml`, or `[tool.gan-doctor]` in pyproject.toml."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from gan_doctor.core.errors import ConfigError, UnknownNameError
from gan_doctor.core.finding import SEVERITIES

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

FAIL_ON = (*SEVERITIES, "never")


@dataclass(frozen=True)
class Config:
    """Which detectors run, with which limits, and what counts as a failure.

    Args:
        select: Codes, families of codes (`GD3`) or slugs to run; empty runs all.
        ignore: Those to leave out; wins over `select`.
        limits: Overruled limits, by detector slug and limit name.
        fail_on: The least severity that makes the command line exit with 1; `never` for none.

    Raises:
        ConfigError: A setting has the wrong type, or `fail_on` is no severity.
    """

    select: Sequence[str] = ()
    ignore: Sequence[str] = ()
    limits: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    fail_on: str = "warning"

    def __post_init__(self) -> None:
        for name in ("select", "ignore"):
            value = getattr(self, name)
            if not _is_list_of_names(value):
                raise ConfigError(
                    f"{name} must be a list of codes or slugs, such as ['GD301'], got {value!r}"
                )
            object.__setattr__(self, name, tuple(value))
        if not isinstance(self.limits, Mapping):
            raise ConfigError(f"limits must be a table by detector, got {self.limits!r}")
        for slug, limits in self.limits.items():
            if not isinstance(limits, Mapping):
                raise ConfigError(f"limits.{slug} must be a table of numbers, got {limits!r}")
            for limit, value in limits.items():
                if isinstance(value, bool) or not isinstance(value, int | float):
                    raise ConfigError(f"limits.{slug}.{limit} must be a number, got {value!r}")
        if self.fail_on not in FAIL_ON:
            raise UnknownNameError("severity for fail-on", str(self.fail_on), FAIL_ON)

    def selects(self, code: str, slug: str) -> bool:
        """Whether a detector is to run."""

        def named(names: Iterable[str]) -> bool:
            return any(_names(name, code, slug) for name in names)

        return (not self.select or named(self.select)) and not named(self.ignore)

    def overruled(
        self,
        select: Sequence[str] = (),
        ignore: Sequence[str] = (),
        limits: Mapping[str, Mapping[str, float]] | None = None,
        fail_on: str | None = None,
    ) -> Config:
        """The same, with what is given here, such as on the command line, in place of its own."""
        return Config(
            select or self.select,
            ignore or self.ignore,
            limits or self.limits,
            fail_on or self.fail_on,
        )

    def check(self, known: Mapping[str, str]) -> None:
        """Checks the names against the detectors that there are.

        Args:
            known: Code by slug.

        Raises:
            UnknownNameError: A name in `select`, `ignore` or `limits` fits no detector.
        """
        for name in (*self.select, *self.ignore):
            if not any(_names(name, code, slug) for slug, code in known.items()):
                raise UnknownNameError("detector", name, [*known, *known.values()])
        for slug in self.limits:
            if slug not in known:
                raise UnknownNameError("detector", slug, known)


def load_config(directory: str | Path = ".") -> Config:
    """Reads the nearest configuration at or above `directory`; the defaults where there is none.

    Raises:
        ConfigError: The file cannot be read, is not TOML, or holds a setting that does not exist or
            cannot be used.
    """
    start = Path(directory).resolve()
    for folder in (start, *start.parents):
        own, project = folder / "gan-doctor.toml", folder / "pyproject.toml"
        if own.is_file():
            return _parse(own, _toml(own))
        if project.is_file():
            table = _toml(project).get("tool", {}).get("gan-doctor")
            if table is not None:
                return _parse(project, table)
    return Config()


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"{path} cannot be read as TOML: {error}") from error


def _parse(path: Path, table: Any) -> Config:
    if not isinstance(table, Mapping):
        raise ConfigError(f"{path}: tool.gan-doctor must be a table, got {table!r}")
    known = [f.name.replace("_", "-") for f in fields(Config)]
    try:
        for name in table:
            if name not in known:
                raise UnknownNameError("setting", name, known)
        return Config(**{name.replace("-", "_"): value for name, value in table.items()})
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from error


def _names(name: str, code: str, slug: str) -> bool:
    """Whether a name given by a person means the detector."""
    return name == slug or code.startswith(name.upper())


def _is_list_of_names(value: Any) -> bool:
    return (
        isinstance(value, Sequence)
        and not isinstance(value, str)
        and all(isinstance(name, str) and name for name in value)
    )
