"""Named trainings: a healthy one for each data set, and one for each fault that we detect."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gan_doctor.core import ConfigError, UnknownNameError

# What differs from the defaults of `TrainConfig`, which are those of digits.
HEALTHY: Mapping[str, Mapping[str, Any]] = {
    "digits": {},
    "mnist": {"size": 16, "width": 32},
    "ring": {"size": 0, "steps": 3000, "batch_size": 128, "latent": 2, "width": 128},
}


@dataclass(frozen=True)
class Preset:
    """A training that ends in a certain way.

    Args:
        summary: What it is, and why it is sick, in one sentence.
        code: Of the detector that must find it, "" for none.
        images: What differs from the healthy training on images.
        ring: What differs from the healthy training on the ring; None where the fault has no
            meaning there.
    """

    summary: str
    code: str = ""
    images: Mapping[str, Any] | None = None
    ring: Mapping[str, Any] | None = None

    def changes(self, data: str) -> Mapping[str, Any]:
        """What differs from the healthy training on a data set.

        Raises:
            ConfigError: The preset has no meaning there.
        """
        found = self.ring if data == "ring" else self.images
        if found is None:
            raise ConfigError(f"This preset is not made for {data}: {self.summary}")
        return found


def preset(name: str) -> Preset:
    """The preset of that name.

    Raises:
        UnknownNameError: There is none.
    """
    if name not in PRESETS:
        raise UnknownNameError("preset", name, PRESETS)
    return PRESETS[name]


_SWAPPED_BETAS = {"loss": "wasserstein", "d_norm": "none", "beta1": 0.99, "beta2": 0.0}

PRESETS: Mapping[str, Preset] = {
    "healthy": Preset("A training that goes well.", images={}, ring={}),
    "non-finite": Preset(
        "Adam's betas are swapped and nothing bounds the critic, which grows until it overflows.",
        code="GD101",
        images=_SWAPPED_BETAS,
        ring=_SWAPPED_BETAS,
    ),
    "discriminator-overpowering": Preset(
        "D learns two hundred times faster than G and wins before G has begun.",
        code="GD201",
        images={"lr_g": 1e-5, "lr_d": 2e-3},
    ),
    "discriminator-failing": Preset(
        "D's learning rate is next to nothing, so it never learns to tell fakes from reals.",
        code="GD202",
        images={"lr_d": 1e-7},
    ),
    "stalled-at-chance": Preset(
        "G is 100 times faster than D and blinds it: both losses rest at their textbook values.",
        code="GD203",
        images={"lr_g": 5e-3, "lr_d": 5e-5, "d_norm": "none"},
    ),
    "mode-collapse": Preset(
        "G runs after D with all its samples at once: too much momentum, and a D that is too weak.",
        code="GD301",
        images={"lr_g": 2e-4, "lr_d": 2e-4, "beta1": 0.9, "d_norm": "none"},
        ring={"lr_d": 1e-4, "beta1": 0.5},
    ),
    "mode-dropping": Preset(
        "G cannot reach all modes: its z has too few dimensions to spread them out.",
        code="GD302",
        images={"latent": 2, "beta1": 0.5},
        ring={"latent": 1, "lr_g": 1e-4, "d_steps": 5},
    ),
    "noise-output": Preset(
        "G's learning rate is next to nothing, so it never leaves the noise that it starts from.",
        code="GD401",
        images={"lr_g": 1e-7},
    ),
}
