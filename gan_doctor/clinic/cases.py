"""The trainings that the doctor is measured on: what is trained, what is wrong, and in which split.

A case is a data set, an objective, an architecture and a cause. All combinations that make sense
are candidates; of each cause a few are taken, in the order of a hash of their names, so that nobody
has chosen them. The same hash says whether a case serves the design of the limits or examines them;
what the examination alone has (`EXAMINED_ONLY`) no limit has ever seen.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any, Literal

from gan_doctor.core import ConfigError
from gan_doctor.training import TrainConfig
from gan_doctor.training.data import DATA as KINDS

Split = Literal["design", "examination"]
Settings = Mapping[str, Any]


@dataclass(frozen=True)
class Cause:
    """What differs from a healthy training.

    Args:
        family: Of causes, which are kept or taken together.
        settings: Over those of the healthy training.
        times: Fields of the configuration, and what they are multiplied by.
        code: Of the detector whose fault it is by construction, "" where only an oracle can tell.
        only: Kind of data where it has a meaning, "" for both.
    """

    family: str
    settings: Settings = field(default_factory=dict)
    times: Mapping[str, float] = field(default_factory=dict)
    code: str = ""
    only: Literal["", "points", "images"] = ""


_SMALL_IMAGES: Settings = {"steps": 4000, "batch_size": 32, "width": 16, "d_width": 16}
# The median of 14 healthy runs had 90% of its quality after 4,740 steps, a third of the budget.
# With less momentum or capacity the 25 modes are never all there.
_POINTS: Settings = {
    "steps": 15_000, "batch_size": 128, "width": 128, "d_width": 128, "depth": 3, "beta1": 0.5,
}  # fmt: skip

DATA: Mapping[str, Settings] = {
    "ring": _POINTS,
    "grid": _POINTS,
    "swiss-roll": _POINTS,
    "digits": {**_SMALL_IMAGES, "batch_size": 64},
    "mnist": _SMALL_IMAGES,
    "stacked-mnist": _SMALL_IMAGES,
    "low-diversity": _SMALL_IMAGES,
    "texture": _SMALL_IMAGES,
}

# Penalties by the scale of the data: points lie closer together than images.
_GP = {"points": 0.1, "images": 10.0}
_R1 = {"points": 0.02, "images": 1.0}

OBJECTIVES: Mapping[str, Settings] = {
    "non-saturating": {"loss": "non-saturating"},
    "minimax": {"loss": "minimax"},
    "least-squares": {"loss": "least-squares"},
    "hinge": {"loss": "hinge"},
    "hinge-sn": {"loss": "hinge", "d_norm": "none", "tricks": {"spectral-norm": {}}},
    "wgan-gp": {"loss": "wasserstein", "tricks": {"gradient-penalty": {"weight": _GP}}},
    "non-saturating-r1": {"loss": "non-saturating", "tricks": {"r1-penalty": {"gamma": _R1}}},
    "relativistic-average": {"loss": "relativistic-average"},
}

ARCHITECTURES: Mapping[str, Settings] = {
    "mlp": {"network": "mlp", "g_norm": "none", "d_norm": "none"},
    "maxout": {"network": "maxout", "g_norm": "batch", "d_norm": "none"},
    "dcgan": {"network": "dcgan"},
    "resnet": {"network": "resnet"},
}
_OF_POINTS, _OF_IMAGES = ("mlp", "maxout"), ("mlp", "dcgan", "resnet")
_WIDE = {"mlp": 8, "maxout": 4, "dcgan": 1, "resnet": 0.5}  # of images, times the width of a DCGAN


def _rates(role: str) -> dict[str, Cause]:
    levels = {
        "d200": 1 / 200,
        "d50": 1 / 50,
        "d10": 0.1,
        "d5": 0.2,
        "x5": 5,
        "x20": 20,
        "x100": 100,
    }
    return {
        f"lr-{role}-{name}": Cause("rates", times={f"lr_{role}": level})
        for name, level in levels.items()
    }


def _capacity() -> dict[str, Cause]:
    g = {"d16": 1 / 16, "d4": 1 / 4}
    d = {**g, "x4": 4, "x8": 8}
    return {
        **{f"g-width-{name}": Cause("capacity", times={"width": x}) for name, x in g.items()},
        **{f"d-width-{name}": Cause("capacity", times={"d_width": x}) for name, x in d.items()},
    }


def _wiring(fault: str, code: str) -> Cause:
    return Cause("wiring", {"fault": fault}, code=code)


def _told_classes(fault: str, code: str) -> Cause:
    return Cause("classes", {"fault": fault, "tricks": {"projection": {}}}, code=code)


_MATCHING = {"weight": 100.0, "adversarial": 1.0}

CAUSES: Mapping[str, Cause] = {
    "none": Cause("none"),
    **_rates("d"),
    **_rates("g"),
    **_capacity(),
    "d-steps-3": Cause("d-steps", {"d_steps": 3}),
    "d-steps-10": Cause("d-steps", {"d_steps": 10}),
    "beta1-0.9": Cause("momentum", {"beta1": 0.9}),
    "beta1-0.9-fast": Cause("momentum", {"beta1": 0.9}, {"lr_g": 5, "lr_d": 5}),
    "no-norm": Cause("normalisation", {"g_norm": "none", "d_norm": "none"}, only="images"),
    "latent-1": Cause("latent", {"latent": 1}),
    "labels-swapped": _wiring("labels-swapped", "GD603"),
    "g-frozen": _wiring("frozen-generator", "GD601"),
    "d-frozen": _wiring("frozen-discriminator", "GD601"),
    "sigmoid-twice": _wiring("double-sigmoid", "GD602"),
    "penalty-detached": _wiring("penalty-detached", "GD605"),
    "blurred": Cause("injected", {"fault": "blurred"}, code="GD402", only="images"),
    "chequered": Cause("injected", {"fault": "chequered"}, code="GD403", only="images"),
    "framed": Cause("injected", {"fault": "framed"}, code="GD405", only="images"),
    "rotated": Cause("injected", {"fault": "rotated"}, code="GD406", only="images"),
    "classes": _told_classes("", ""),
    "z-damped": _told_classes("latent-damped", "GD304"),
    "z-ignored": _told_classes("latent-ignored", "GD305"),
    "class-ignored": _told_classes("condition-ignored", "GD306"),
    "unit-range": Cause("injected", {"data_range": "unit"}, code="GD405", only="images"),
    "data-128": Cause("little data", {"data_limit": 128}),
    "data-512": Cause("little data", {"data_limit": 512}),
    "sorted": Cause("sorted", {"shuffle": False}, code="GD604"),
    "feature-matching": Cause("added loss", {"tricks": {"feature-matching": _MATCHING}}),
    "rates-exhausted": Cause("schedule", {"fault": "rates-exhausted"}, code="GD105"),
    "rate-runs-away": Cause("schedule", {"fault": "rate-runs-away"}),
    "rate-spikes": Cause("schedule", {"fault": "rate-spikes"}),
    "nan": Cause("injected", {"fault": "nan-injected"}, code="GD101"),
    "r1-x100": Cause("strong penalty", {"tricks": {"r1-penalty": {"gamma": 100.0}}}),
    "r1-x10000": Cause("strong penalty", {"tricks": {"r1-penalty": {"gamma": 1e4}}}),
}

EXAMINED_ONLY = {
    "data": ("grid", "texture"),
    "objective": ("relativistic-average",),
    "architecture": ("resnet",),
    "family": ("strong penalty", "normalisation"),
}
_EXAMINED = 0.55  # share of the others that examine

# How many cases of each cause; trainings without a fault are as many as those of several.
_CASES: Mapping[Split, Mapping[str, int]] = {
    "design": {"none": 24, "": 3},
    "examination": {"none": 50, "": 6},
}
_THIN = {"resnet": 4}  # of the slowest one, one of so many is a candidate


@dataclass(frozen=True, order=True)
class Case:
    """One training.

    Args:
        data: Of `DATA`.
        objective: Of `OBJECTIVES`.
        architecture: Of `ARCHITECTURES`.
        cause: Of `CAUSES`.
        seed: Of the training.
    """

    data: str
    objective: str
    architecture: str
    cause: str = "none"
    seed: int = 0

    @property
    def name(self) -> str:
        """What a folder can be called."""
        parts = (self.data, self.objective, self.architecture, self.cause, f"s{self.seed}")
        return "_".join(parts)

    @property
    def digest(self) -> int:
        """Of the configuration, whatever its seed."""
        parts = "/".join((self.data, self.objective, self.architecture, self.cause))
        return int.from_bytes(hashlib.sha256(parts.encode()).digest()[:6], "big")

    @property
    def split(self) -> Split:
        """Whether limits may be set on it, or are examined by it."""
        mine = {**vars(self), "family": CAUSES[self.cause].family}
        if any(mine[part] in only for part, only in EXAMINED_ONLY.items()):
            return "examination"
        return "examination" if self.digest % 1000 < 1000 * _EXAMINED else "design"

    @property
    def points(self) -> bool:
        """Whether its data are points of the plane."""
        return DATA[self.data] is _POINTS

    def config(self, data_file: str = "") -> TrainConfig:
        """The configuration of its training.

        Args:
            data_file: Where the digits of MNIST lie, for those data sets that need them.

        Raises:
            ConfigError: The combination makes no sense.
        """
        cause, kind = CAUSES[self.cause], "points" if self.points else "images"
        if cause.only and cause.only != kind:
            raise ConfigError(f"{self.cause} has no meaning for {kind}")
        healthy = _joined(
            DATA[self.data], ARCHITECTURES[self.architecture], OBJECTIVES[self.objective]
        )
        healthy = {**healthy, "tricks": _scaled(healthy.get("tricks", {}), kind)}
        if not self.points:
            for width in ("width", "d_width"):
                healthy[width] = int(healthy[width] * _WIDE[self.architecture])
        settings = _joined(healthy, cause.settings)
        base = TrainConfig.of("healthy", settings={"data": self.data, **_file(self, data_file)})
        for name, factor in cause.times.items():
            value = settings.get(name, getattr(base, name)) * factor
            settings[name] = max(1, round(value)) if "width" in name else value
        config = TrainConfig.of(
            "healthy",
            settings={"data": self.data, "seed": self.seed, **_file(self, data_file), **settings},
        )
        if cause.family == "classes" and self.data not in ("digits", "mnist"):
            raise ConfigError(f"{self.cause} is made for digits, whose classes G can be told")
        if self.cause == "sorted" and not KINDS[self.data].labelled:
            raise ConfigError(f"{self.data} has no classes to be sorted by")
        if self.cause != "none" and config == replace(self, cause="none").config(data_file):
            raise ConfigError(f"{self.cause} changes nothing here")
        return config

    @property
    def suspicious(self) -> bool:
        """Whether its rates, momentum or D steps look wrong, be they or not."""
        return CAUSES[self.cause].family in ("rates", "momentum", "d-steps")


def _file(case: Case, data_file: str) -> Settings:
    return {"data_file": data_file} if case.data in ("mnist", "stacked-mnist") else {}


def _joined(*settings: Settings) -> dict[str, Any]:
    """The later over the earlier; their tricks add up."""
    joined = {name: value for one in settings for name, value in one.items()}
    tricks = {slug: given for one in settings for slug, given in one.get("tricks", {}).items()}
    return {**joined, "tricks": tricks} if tricks else joined


def _scaled(tricks: Settings, kind: str) -> dict[str, Any]:
    return {
        slug: {name: v[kind] if isinstance(v, Mapping) else v for name, v in given.items()}
        for slug, given in tricks.items()
    }


# Those that are tried for a reference; the best of them, on a few seeds, is trained on more.
_TRIED = {
    "points": (("non-saturating", "mlp"), ("non-saturating-r1", "mlp"), ("wgan-gp", "mlp")),
    "images": (("non-saturating", "dcgan"), ("non-saturating-r1", "dcgan"), ("hinge-sn", "dcgan")),
}
FIRST_SEED = 1  # of all cases
_FIRST_REFERENCE = 1_000  # seed
_FIRST_DRAWN = 10_000  # seed, of those that a commit draws
TRIED, REFERENCES = 2, 10  # seeds of each family that is tried, and of the best


def tried(data: str) -> tuple[Case, ...]:
    """The healthy trainings of which the best family becomes the reference of a data set."""
    kind = "points" if DATA[data] is _POINTS else "images"
    return tuple(
        Case(data, objective, architecture, seed=_FIRST_REFERENCE + i)
        for objective, architecture in _TRIED[kind]
        for i in range(TRIED)
    )


def references(best: Case) -> tuple[Case, ...]:
    """All trainings of the family that was found best."""
    return tuple(replace(best, seed=_FIRST_REFERENCE + i) for i in range(REFERENCES))


def cases(split: Split, seed: int = FIRST_SEED) -> tuple[Case, ...]:
    """Those of a split, in the order of their hash.

    Args:
        split: Which.
        seed: Of all of them; references have seeds from 1,000 on, treatments from 2,000 on.
    """
    quota = _CASES[split]
    chosen = [
        replace(case, seed=seed)
        for cause in CAUSES
        for case in _candidates(cause, split)[: quota.get(cause, quota[""])]
    ]
    return tuple(sorted(chosen, key=lambda case: case.digest))


def seed_of(commit: str) -> int:
    """The seed of an examination of what stands at a commit: nobody can have tuned on it.

    Raises:
        ConfigError: It is no commit's hash.
    """
    if not re.fullmatch(r"[0-9a-f]{7,40}", commit):
        raise ConfigError(f"{commit!r} is no hash of a commit: give 7 to 40 of its digits")
    return _FIRST_DRAWN + int(commit[:7], 16)


@cache
def _candidates(cause: str, split: Split) -> tuple[Case, ...]:
    found = [case for case in _combinations(cause) if case.split == split]
    return tuple(sorted(found, key=lambda case: case.digest))


def _combinations(cause: str) -> Iterator[Case]:
    """All that make sense, thinned where they are slow."""
    for data in DATA:
        for architecture in _OF_POINTS if DATA[data] is _POINTS else _OF_IMAGES:
            for objective in OBJECTIVES:
                case = Case(data, objective, architecture, cause)
                if case.digest % _THIN.get(architecture, 1):
                    continue
                try:
                    case.config()
                except ConfigError:
                    continue
                yield case
