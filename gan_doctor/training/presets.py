"""Named trainings: a healthy one for each data set, and one for each fault, with a healthy twin."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from gan_doctor.core import ConfigError, UnknownNameError

_POINTS: Mapping[str, Any] = {
    "size": 0,
    "steps": 3000,
    "batch_size": 128,
    "network": "mlp",
    "g_norm": "none",
    "d_norm": "none",
    "latent": 2,
    "width": 128,
}
_IMAGES_16: Mapping[str, Any] = {"size": 16, "width": 32}

# What differs from the defaults of `TrainConfig`, which are those of digits.
HEALTHY: Mapping[str, Mapping[str, Any]] = {
    "digits": {},
    "pairs": {},
    "mnist": _IMAGES_16,
    "stacked-mnist": _IMAGES_16,
    "low-diversity": _IMAGES_16,
    "texture": _IMAGES_16,
    "images": {"size": 32, "width": 32},
    "ring": _POINTS,
    "grid": _POINTS,
    "swiss-roll": _POINTS,
    "csv": {**_POINTS, "latent": 16},
}


@dataclass(frozen=True)
class Case:
    """What differs from the healthy training on a kind of data.

    Args:
        sick: The fault itself.
        both: What the sick training and its healthy twin have in common.
    """

    sick: Mapping[str, Any] = field(default_factory=dict)
    both: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Preset:
    """A training that ends in a certain way, and its twin without the fault, which goes well.

    Args:
        summary: What it is, and why it is sick, in one sentence.
        code: Of the detector that must find it.
        home: The data set that it is made for, and starts on unless told otherwise.
        images: On images; None where the fault has no meaning there.
        points: On points and other vectors.
    """

    summary: str
    code: str = ""
    home: str = "digits"
    images: Case | None = None
    points: Case | None = None

    def changes(self, data: str, twin: bool = False) -> Mapping[str, Any]:
        """What differs from the healthy training on a data set.

        Args:
            data: The data set.
            twin: Whether to leave the fault out.

        Raises:
            ConfigError: The preset has no meaning there.
        """
        case = self.points if HEALTHY[data].get("size") == 0 else self.images
        if case is None:
            raise ConfigError(f"This preset is not made for {data}: {self.summary}")
        return case.both if twin else _joined(case.both, case.sick)


def _joined(both: Mapping[str, Any], sick: Mapping[str, Any]) -> dict[str, Any]:
    """The fault over what both have; tricks of either stay, and `False` in the fault is off."""
    tricks = {**both.get("tricks", {}), **sick.get("tricks", {})}
    return {**both, **sick, **({"tricks": tricks} if tricks else {})}


def preset(name: str) -> Preset:
    """The preset of that name.

    Raises:
        UnknownNameError: There is none.
    """
    if name not in PRESETS:
        raise UnknownNameError("preset", name, PRESETS)
    return PRESETS[name]


def _anywhere(case: Case) -> dict[str, Any]:
    """The same on images and on points."""
    return {"images": case, "points": case}


_WGAN_GP: Mapping[str, Any] = {
    "loss": "wasserstein",
    "d_norm": "none",
    "tricks": {"gradient-penalty": {}},
}
_WGAN_GP_POINTS: Mapping[str, Any] = {
    "loss": "wasserstein",
    "tricks": {"gradient-penalty": {"weight": 0.1}},
}
_UNBOUND: Mapping[str, Any] = {"tricks": {"gradient-penalty": False}}
_SWAPPED_BETAS: Mapping[str, Any] = {"beta1": 0.99, "beta2": 0.0, **_UNBOUND}
# On points a G with classes keeps a tenth of their spread at best, without any fault.
_OF_CLASSES: Mapping[str, Any] = {"tricks": {"projection": {}}}

# In the order of their codes, one at least for each detector of the catalogue (section 6).
PRESETS: Mapping[str, Preset] = {
    "healthy": Preset("A training that goes well.", code="GD001", **_anywhere(Case())),
    "non-finite": Preset(
        "Adam's betas are swapped and nothing bounds the critic, which grows until it overflows.",
        code="GD101",
        images=Case(_SWAPPED_BETAS, _WGAN_GP),
        points=Case(_SWAPPED_BETAS, _WGAN_GP_POINTS),
    ),
    "nan-injected": Preset(
        "One weight of D becomes NaN in the middle of a training that went well.",
        code="GD101",
        **_anywhere(Case({"fault": "nan-injected"})),
    ),
    "exploding-gradient": Preset(
        "Rates a hundred times too high under a loss that grows with the square of the error.",
        code="GD102",
        images=Case({"lr_g": 0.1, "lr_d": 0.1, "d_norm": "none"}, {"loss": "least-squares"}),
        points=Case({"lr_g": 0.1, "lr_d": 0.1}, {"loss": "least-squares"}),
    ),
    "vanishing-generator-gradient": Preset(
        "Under the minimax loss a D that is sure leaves G no gradient.",
        code="GD103",
        **_anywhere(Case({"loss": "minimax", "lr_d": 5e-3, "d_steps": 3, "lr_g": 1e-4})),
    ),
    "divergence": Preset(
        "Nothing bounds the critic of a Wasserstein loss, so that its outputs run away.",
        code="GD104",
        # Against a fast G the critic of digits stays small.
        images=Case({**_UNBOUND, "lr_g": 1e-5}, _WGAN_GP),
        points=Case(_UNBOUND, _WGAN_GP_POINTS),
    ),
    "learning-rate-exhausted": Preset(
        "Both learning rates have decayed to nothing before the training is half done.",
        code="GD105",
        **_anywhere(Case({"fault": "rates-exhausted"})),
    ),
    "discriminator-overpowering": Preset(
        "D learns two hundred times faster than G and wins before G has begun.",
        code="GD201",
        images=Case({"lr_g": 1e-5, "lr_d": 2e-3}),
    ),
    "discriminator-failing": Preset(
        "D's learning rate is next to nothing, so it never learns to tell fakes from reals.",
        code="GD202",
        images=Case({"lr_d": 1e-7}),
    ),
    "stalled-at-chance": Preset(
        "G is 100 times faster than D and blinds it: both losses rest at their textbook values.",
        code="GD203",
        images=Case({"lr_g": 5e-3, "lr_d": 5e-5}, {"d_norm": "none"}),
    ),
    "non-convergence": Preset(
        "Much momentum at high rates: the two players take turns in being ahead.",
        code="GD204",
        home="ring",
        points=Case({"beta1": 0.9, "lr_g": 5e-3, "lr_d": 5e-3}, {"tricks": {"spectral-norm": {}}}),
    ),
    "auxiliary-loss-dominates": Preset(
        "A pixel loss of weight 10,000 leaves the adversarial loss no say.",
        code="GD205",
        home="pairs",
        images=Case(
            {"tricks": {"pixel-loss": {"weight": 1e4}}}, {"tricks": {"pixel-loss": {"weight": 1.0}}}
        ),
    ),
    "mode-collapse": Preset(
        "G runs after D with all its samples at once: too much momentum, and a D that is too weak.",
        code="GD301",
        images=Case({"lr_g": 2e-4, "lr_d": 2e-4, "beta1": 0.9, "d_norm": "none"}),
        points=Case({"lr_d": 1e-4, "beta1": 0.5}),
    ),
    "mode-dropping": Preset(
        "G cannot reach all modes: its z has too few dimensions to spread them out.",
        code="GD302",
        images=Case({"latent": 2, "beta1": 0.5}),
        points=Case({"latent": 1, "lr_g": 1e-4, "d_steps": 5}),
    ),
    "mode-hopping": Preset(
        "G is ten times faster than D, and leaves each mode when D has found it there.",
        code="GD303",
        home="ring",
        points=Case({"lr_d": 1e-4, "beta1": 0.5, "latent": 64}),
    ),
    "intra-class-collapse": Preset(
        "G hears so little of z that it makes nearly one sample for each class.",
        code="GD304",
        images=Case({"fault": "latent-damped"}, _OF_CLASSES),
    ),
    "latent-ignored": Preset(
        "G is given zeros in place of z and makes one sample for each class.",
        code="GD305",
        images=Case({"fault": "latent-ignored"}, _OF_CLASSES),
    ),
    "condition-ignored": Preset(
        "G is told the same class whatever was asked.",
        code="GD306",
        images=Case({"fault": "condition-ignored"}, _OF_CLASSES),
    ),
    "noise-output": Preset(
        "G's learning rate is next to nothing, so it never leaves the noise that it starts from.",
        code="GD401",
        images=Case({"lr_g": 1e-7}),
    ),
    "blurry-output": Preset(
        "All that G makes is blurred on its way out.",
        code="GD402",
        images=Case({"fault": "blurred"}),
    ),
    "checkerboard": Preset(
        "A checkerboard lies on all that G makes.",
        code="GD403",
        images=Case({"fault": "chequered"}),
    ),
    "quality-regression": Preset(
        "G's learning rate grows 300 times half-way and ruins what was learned.",
        code="GD404",
        **_anywhere(Case({"fault": "rate-runs-away"})),
    ),
    "value-range-mismatch": Preset(
        "The images lie in [0, 1] and G's in [-1, 1], which alone tells them apart.",
        code="GD405",
        images=Case({"data_range": "unit"}),
    ),
    "augmentation-leak": Preset(
        "D sees all images turned by quarter turns, and G learns to make them turned.",
        code="GD406",
        images=Case({"fault": "rotated"}),
    ),
    "discriminator-overfitting": Preset(
        "A wide D learns a few samples by heart.",
        code="GD501",
        images=Case({"data_limit": 128, "d_width": 96, "steps": 4000}),
    ),
    "memorization": Preset(
        "There are so few samples that G makes them again.",
        code="GD502",
        images=Case({"data_limit": 128, "steps": 4000}),
    ),
    "player-not-updated": Preset(
        "G's gradients are zeroed before its optimizer steps.",
        code="GD601",
        **_anywhere(Case({"fault": "frozen-generator"})),
    ),
    "discriminator-not-updated": Preset(
        "D's gradients are zeroed before its optimizer steps.",
        code="GD601",
        **_anywhere(Case({"fault": "frozen-discriminator"})),
    ),
    "double-sigmoid": Preset(
        "D ends in a sigmoid, and its loss takes another one of that.",
        code="GD602",
        **_anywhere(Case({"fault": "double-sigmoid"})),
    ),
    "labels-swapped": Preset(
        "D is trained to call reals fake and fakes real, and G follows the usual way.",
        code="GD603",
        **_anywhere(Case({"fault": "labels-swapped"})),
    ),
    "data-not-shuffled": Preset(
        "The data comes class by class, so that D forgets one class over the next.",
        code="GD604",
        **_anywhere(Case({"shuffle": False})),
    ),
    "loss-not-backpropagated": Preset(
        "R1 is computed and logged, but it is detached and changes no gradient.",
        code="GD605",
        images=Case(
            {"fault": "penalty-detached", "tricks": {"r1-penalty": False}},
            {"tricks": {"r1-penalty": {"gamma": 1.0}}},
        ),
        points=Case(
            {"fault": "penalty-detached", "tricks": {"r1-penalty": False}},
            {"tricks": {"r1-penalty": {"gamma": 0.1}}},
        ),
    ),
    "incompatible-pair": Preset(
        "R1 is taken per sample, and BatchNorm in D mixes the samples.",
        code="GD606",
        images=Case(
            {"d_norm": "batch", "allow_conflicts": True}, {"tricks": {"r1-penalty": {"gamma": 1.0}}}
        ),
        points=Case(
            {"d_norm": "batch", "allow_conflicts": True}, {"tricks": {"r1-penalty": {"gamma": 0.1}}}
        ),
    ),
    "train-eval-mismatch": Preset(
        "G trains in evaluation mode, and its BatchNorm never learns what it should subtract.",
        code="GD607",
        images=Case({"fault": "generator-in-eval"}),
        points=Case({"fault": "generator-in-eval"}, {"g_norm": "batch"}),
    ),
}
