"""The settings of a training: typed, checked, and saved with the run as TOML."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Literal

import tomli_w
import torch

from gan_doctor.core import ConfigError, UnknownNameError
from gan_doctor.losses import LOSS_FAMILIES
from gan_doctor.training.data import SIZES
from gan_doctor.training.presets import HEALTHY
from gan_doctor.training.presets import preset as find_preset
from gan_doctor.tricks import Plan, switch_on, trick

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


@dataclass(frozen=True)
class TrainConfig:
    """All that a training depends on; the defaults are the healthy training on digits.

    Args:
        preset: Where it started from; for the record.
        data: `ring`, `digits` or `mnist`.
        data_file: Where MNIST lies (`training.data.load`).
        size: Side of an image: 8 for digits, 16 or 28 for mnist, 0 for the ring.
        loss: `minimax`, `non-saturating`, `least-squares`, `hinge`, or `wasserstein`, which wants
            the trick `gradient-penalty`.
        tricks: The settings of each trick that is on, by slug; `False` is off.
        steps: Generator steps.
        batch_size: Inputs of D in one step, each of real and fake.
        seed: Of everything random.
        device: As torch names it.
        lr_g: Learning rate of G.
        lr_d: Learning rate of D.
        beta1: Of Adam, for both.
        beta2: Of Adam, for both.
        d_steps: D steps per G step.
        d_norm: Normalisation in D: `layer`, `batch` or `none`; the ring has none.
        latent: Dimension of z.
        width: Channels or units of the narrowest hidden layer.

    Raises:
        UnknownNameError: A data set, loss, trick or trick setting does not exist.
        ConfigError: A value has the wrong type or is out of range, or tricks exclude each other.
    """

    preset: str = "healthy"
    data: str = "digits"
    data_file: str = ""
    size: int = 8
    loss: str = "non-saturating"
    tricks: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    steps: int = 1200
    batch_size: int = 64
    seed: int = 0
    device: str = "cpu"
    lr_g: float = 1e-3
    lr_d: float = 1e-3
    beta1: float = 0.0
    beta2: float = 0.99
    d_steps: int = 1
    d_norm: Literal["layer", "batch", "none"] = "layer"
    latent: int = 64
    width: int = 48

    def __post_init__(self) -> None:
        for name, default in _DEFAULTS.items():
            object.__setattr__(self, name, _typed(name, getattr(self, name), type(default)))
        object.__setattr__(self, "tricks", _switched_on(self.tricks))
        find_preset(self.preset)
        _check_choice("data set", self.data, SIZES)
        _check_choice("loss", self.loss, LOSS_FAMILIES)
        _check_choice("d_norm", self.d_norm, ("layer", "batch", "none"))
        if self.size not in SIZES[self.data]:
            sizes = " or ".join(map(str, SIZES[self.data]))
            raise ConfigError(f"size must be {sizes} for {self.data}, got {self.size}")
        for name, (least, below) in _RANGES.items():
            value = getattr(self, name)
            if not least <= value < below or (name.startswith("lr") and not value):
                raise ConfigError(f"{name} is out of range: {value}")
        self._planned("cpu")

    @classmethod
    def of(
        cls,
        preset: str | None = None,
        tricks: Iterable[str] = (),
        settings: Mapping[str, Any] | None = None,
        file: str | Path | None = None,
    ) -> TrainConfig:
        """Puts a configuration together: a preset, a file over it, settings over both.

        Args:
            preset: Name of the preset; that of the file, else `healthy`, if None.
            tricks: Slugs of tricks to switch on.
            settings: Fields by name, and settings of tricks as `slug.name`.
            file: TOML with fields by name, and tables such as `[tricks.packing]`.

        Raises:
            UnknownNameError: Something has a name that does not exist.
            ConfigError: A value cannot be used, or the file cannot be read.

        Example:
            >>> config = TrainConfig.of(tricks=["packing"], settings={"packing.m": 3, "steps": 10})
            >>> config.steps, config.tricks
            (10, {'packing': {'m': 3}})
        """
        settings = settings or {}
        table = _read(Path(file)) if file is not None else {}
        own = {name: value for name, value in settings.items() if "." not in name}
        table = {**table, **own}
        for name in table:
            _check_choice("training setting", name, [f.name for f in fields(cls)])
        if preset and table.get("preset", preset) != preset:
            raise ConfigError(f"{file} starts from the preset {table['preset']}, not {preset}")
        table["preset"] = preset or table.get("preset", _DEFAULTS["preset"])
        data = table.setdefault("data", _DEFAULTS["data"])
        _check_choice("data set", data, SIZES)
        table["tricks"] = _switched_on(table.get("tricks", {})) | {s: {} for s in tricks}
        for name, value in settings.items():
            slug, dot, setting = name.partition(".")
            if dot:
                if trick(slug).slug not in table["tricks"]:
                    raise ConfigError(f"{name} is set, but the trick {slug} is not switched on")
                table["tricks"][slug] = {**table["tricks"][slug], setting: value}
        return cls(**{**HEALTHY[data], **find_preset(table["preset"]).changes(data), **table})

    def save(self, path: str | Path) -> None:
        """Writes it as TOML, from which `of(file=path)` makes the same."""
        Path(path).write_text(tomli_w.dumps(asdict(self)), encoding="utf-8")

    def plan(self) -> Plan:
        """The plan of the training, with its tricks applied.

        Raises:
            ConfigError: The device cannot be used on this machine.
        """
        try:
            torch.empty(0, device=self.device)
        except (RuntimeError, AssertionError) as error:
            raise ConfigError(f"device {self.device!r} cannot be used here: {error}") from error
        return self._planned(self.device)

    def _planned(self, device: str) -> Plan:
        plan = Plan(
            family=self.loss,
            lr_g=self.lr_g,
            lr_d=self.lr_d,
            betas=(self.beta1, self.beta2),
            d_steps=self.d_steps,
            d_norm="none" if self.data == "ring" else self.d_norm,
            seed=self.seed,
            device=device,
        )
        switch_on(plan, self.tricks)
        return plan


def read_setting(text: str) -> tuple[str, Any]:
    """Reads `NAME=VALUE` as the command line gives it; the value as TOML, else as a bare word.

    Raises:
        ConfigError: There is no `=`, or no name before it.

    Example:
        >>> read_setting("packing.m=2"), read_setting("loss=hinge")
        (('packing.m', 2), ('loss', 'hinge'))
    """
    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise ConfigError(f"Expected NAME=VALUE, such as lr_d=2e-4 or packing.m=2, got {text!r}")
    try:
        return name.strip(), tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        return name.strip(), value.strip()


_DEFAULTS: Mapping[str, Any] = {
    f.name: f.default for f in fields(TrainConfig) if f.name != "tricks"
}
_RANGES: Mapping[str, tuple[float, float]] = {
    "steps": (1, math.inf),
    "batch_size": (2, math.inf),
    "seed": (0, 2**32),
    "lr_g": (0, math.inf),
    "lr_d": (0, math.inf),
    "beta1": (0, 1),
    "beta2": (0, 1),
    "d_steps": (1, math.inf),
    "latent": (1, math.inf),
    "width": (1, math.inf),
}


def _typed(name: str, value: Any, kind: type) -> Any:
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if type(value) is not kind:
        raise ConfigError(f"{name} must be {_KINDS[kind]}, got {value!r}")
    return value


_KINDS = {int: "a whole number", float: "a number", str: "a text"}


def _switched_on(tricks: Any) -> dict[str, dict[str, Any]]:
    if not isinstance(tricks, Mapping):
        raise ConfigError(f"tricks must be a table of settings by slug, got {tricks!r}")
    for slug, given in tricks.items():
        if given is not False and not isinstance(given, Mapping):
            raise ConfigError(f"tricks.{slug} must be a table of settings or false, got {given!r}")
    return {slug: dict(given) for slug, given in tricks.items() if given is not False}


def _check_choice(kind: str, name: str, known: Iterable[str]) -> None:
    names = list(known)
    if name not in names:
        raise UnknownNameError(kind, str(name), names)


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"Cannot read {path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is not valid TOML: {error}") from error
