"""The settings of a training: typed, checked, and saved with the run as TOML."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

import tomli_w
import torch

from gan_doctor.core import ConfigError, UnknownNameError
from gan_doctor.losses import LOSS_FAMILIES
from gan_doctor.nn import Norm, Upsampling
from gan_doctor.training.data import DATA
from gan_doctor.training.faults import FAULTS
from gan_doctor.training.presets import HEALTHY
from gan_doctor.training.presets import preset as find_preset
from gan_doctor.tricks import Plan, cautions, switch_on, trick

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

CONFIG_FILE = "config.toml"  # beside a run


@dataclass(frozen=True)
class TrainConfig:
    """All that a training depends on; the defaults are the healthy training on digits.

    Args:
        preset: Where it started from; for the record.
        twin: Whether it is the healthy twin of a sick preset; for the record.
        data: A data set (`training.data.DATA`).
        data_file: Where it lies, for those that are read from disk.
        data_limit: Train on this many samples only, chosen by the seed; 0 for all.
        size: Side of an image, 0 for points and tables.
        shuffle: Whether the data is shuffled before each pass; else it comes class by class.
        data_range: Of images: `tanh` for [-1, 1], which G's tanh covers, or `unit` for [0, 1].
        loss: A loss family (`losses.LOSS_FAMILIES`).
        tricks: The settings of each trick that is on, by slug; `False` is off.
        fault: A fault to build in (`training.faults.FAULTS`), "" for none.
        allow_conflicts: Whether tricks that exclude each other train all the same.
        steps: Generator steps.
        batch_size: Inputs of D in one step, each of real and fake.
        seed: Of everything random.
        device: As torch names it, or `auto` for the GPU where there is one.
        amp: Mixed precision: `bfloat16`, `float16` (on a GPU), or "" for none.
        lr_g: Learning rate of G.
        lr_d: Learning rate of D.
        beta1: Of Adam, for both.
        beta2: Of Adam, for both.
        optimizer: `adam`, `rmsprop` or `optimistic-adam`.
        d_steps: D steps per G step.
        network: `dcgan` or `resnet` for images; `mlp`, or `maxout` (Lin 2018), for anything.
        g_norm: Normalisation in G: `batch`, `layer` or `none`.
        d_norm: Normalisation in D; `maxout` has none.
        upsampling: In G: `transposed`, `pixel-shuffle` or `resize`.
        latent: Dimension of z.
        latent_law: Of z: `normal`, or `uniform` on [-1, 1].
        width: Channels or units of the narrowest hidden layer.
        d_width: The same for D alone; 0 for `width`.
        depth: Hidden layers of an `mlp` or `maxout`.
        d_depth: The same for D alone; 0 for `depth`.

    Raises:
        UnknownNameError: A data set, loss, trick, fault or trick setting does not exist.
        ConfigError: A value has the wrong type or is out of range, or tricks exclude each other.
    """

    preset: str = "healthy"
    twin: bool = False
    data: str = "digits"
    data_file: str = ""
    data_limit: int = 0
    size: int = 8
    shuffle: bool = True
    data_range: Literal["tanh", "unit"] = "tanh"
    loss: str = "non-saturating"
    tricks: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    fault: str = ""
    allow_conflicts: bool = False
    steps: int = 1200
    batch_size: int = 64
    seed: int = 0
    device: str = "cpu"
    amp: Literal["", "bfloat16", "float16"] = ""
    lr_g: float = 1e-3
    lr_d: float = 1e-3
    beta1: float = 0.0
    beta2: float = 0.99
    optimizer: Literal["adam", "rmsprop", "optimistic-adam"] = "adam"
    d_steps: int = 1
    network: Literal["mlp", "maxout", "dcgan", "resnet"] = "dcgan"
    g_norm: Norm = "batch"
    d_norm: Norm = "layer"
    upsampling: Upsampling = "transposed"
    latent: int = 64
    latent_law: Literal["normal", "uniform"] = "normal"
    width: int = 48
    d_width: int = 0
    depth: int = 2
    d_depth: int = 0

    def __post_init__(self) -> None:
        for name, default in _DEFAULTS.items():
            object.__setattr__(self, name, _typed(name, getattr(self, name), type(default)))
        object.__setattr__(self, "tricks", _switched_on(self.tricks))
        find_preset(self.preset)
        _check_choice("data set", self.data, DATA)
        _check_choice("loss", self.loss, LOSS_FAMILIES)
        for name, choices in _CHOICES.items():
            _check_choice(name, getattr(self, name), choices)
        if self.fault:
            _check_choice("fault", self.fault, FAULTS)
        kind = DATA[self.data]
        kind.check_size(self.data, self.size)
        if self.network in ("dcgan", "resnet") and kind.kind != "images":
            raise ConfigError(
                f"network {self.network} makes images, and {self.data} has none: use mlp or maxout"
            )
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
        start = find_preset(table["preset"])
        data = table.setdefault("data", start.home)
        _check_choice("data set", data, DATA)
        changes = start.changes(data, twin=bool(table.get("twin", False)))
        table["tricks"] = {
            **_switched_on(changes.get("tricks", {})),
            **_switched_on(table.get("tricks", {})),
            **{slug: {} for slug in tricks},
        }
        for name, value in settings.items():
            slug, dot, setting = name.partition(".")
            if dot:
                if trick(slug).slug not in table["tricks"]:
                    raise ConfigError(f"{name} is set, but the trick {slug} is not switched on")
                table["tricks"][slug] = {**table["tricks"][slug], setting: value}
        return cls(**{**HEALTHY[data], **changes, **table})

    def save(self, path: str | Path) -> None:
        """Writes it as TOML, from which `of(file=path)` makes the same."""
        Path(path).write_text(tomli_w.dumps(asdict(self)), encoding="utf-8")

    def plan(self) -> Plan:
        """The plan of the training, with its tricks applied.

        Raises:
            ConfigError: The device cannot be used on this machine.
        """
        device = _found_device() if self.device == "auto" else self.device
        try:
            torch.empty(0, device=device)
        except (RuntimeError, AssertionError) as error:
            raise ConfigError(f"device {device!r} cannot be used here: {error}") from error
        if self.amp == "float16" and torch.device(device).type == "cpu":
            raise ConfigError("amp float16 needs a GPU; on a CPU use bfloat16")
        return self._planned(device)

    @property
    def cautions(self) -> tuple[str, ...]:
        """What to be careful with in this combination of tricks, a sentence each."""
        return cautions(self.tricks, self._planned("cpu"))

    def _planned(self, device: str) -> Plan:
        kind = DATA[self.data]
        plan = Plan(
            family=self.loss,
            betas=(self.beta1, self.beta2),
            conditional=kind.paired,
            sample_shape=(1, self.size, self.size) if kind.kind == "images" else (2,),
            labelled=kind.labelled,
            paired=kind.paired,
            device=device,
            **{name: getattr(self, name) for name in _PLANNED},
        )
        if self.fault:
            FAULTS[self.fault].apply(plan)
        switch_on(plan, self.tricks, self.allow_conflicts)
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
_CHOICES: Mapping[str, tuple[str, ...]] = {
    name: get_args(kind)
    for name, kind in get_type_hints(TrainConfig).items()
    if get_origin(kind) is Literal
}
# Fields that a plan has under the same name.
_PLANNED = {f.name for f in fields(Plan)} & {f.name for f in fields(TrainConfig)} - {"device"}
_RANGES: Mapping[str, tuple[float, float]] = {
    "data_limit": (0, math.inf),
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
    "d_width": (0, math.inf),
    "depth": (1, math.inf),
    "d_depth": (0, math.inf),
}


def _typed(name: str, value: Any, kind: type) -> Any:
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if type(value) is not kind:
        raise ConfigError(f"{name} must be {_KINDS[kind]}, got {value!r}")
    return value


_KINDS = {bool: "true or false", int: "a whole number", float: "a number", str: "a text"}


def _found_device() -> str:
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


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
