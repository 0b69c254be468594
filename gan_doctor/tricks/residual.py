"""Residual networks (catalogue 2.1)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gan_doctor.core import Finding, Run, Setup
from gan_doctor.tricks._base import Prescription, Trick
from gan_doctor.tricks._facts import declared, images, not_images
from gan_doctor.tricks._plan import Plan

__all__ = ["Residual"]


class Residual(Trick):
    """Builds G and D from residual blocks: each adds what it computes to what it was given.

    What it does:
        The gradient has a way around each block, so that it reaches the first layers of G whatever
        the blocks do to it. Deeper networks train, and finer detail is possible.

    When to use it:
        A gradient that fades on its way through G, and noise or blur from deep networks.

    When not to:
        On points and tables. With a D as small as this package's for 8x8 images it is more than is
        needed. BatchNorm in the blocks of D does not go with a gradient penalty.

    Values:
        The blocks of SNGAN and WGAN-GP, upsampling inside the block in G and average pooling in D,
        no normalisation in D's first block; the sum scaled by 1/sqrt(2) as in StyleGAN2.

    Cost:
        1.4 times.

    How to see that it worked:
        The gradient norm of G's first layer is within a factor of 10 of that of its last one.

    References:
        He 2016; Gulrajani 2017, appendix C; Miyato 2018; Karras 2020, StyleGAN2.
    """

    title = "Residual networks"
    category = "architecture"
    items = ("2.1",)
    treats = {
        "vanishing-generator-gradient": 1,
        "noise-output": 2,
        "blurry-output": 2,
    }
    cost = 1.4
    cost_note = "G and D are other networks: train both afresh."
    check = "The gradient of G's first layer stays within a factor of 10 of that of its last one."
    avoid_when = "Not on points and tables, nor with BatchNorm in D beside a gradient penalty."
    references = ("He et al. 2016", "Gulrajani et al. 2017, appendix C", "Miyato et al. 2018")
    sets = ("network",)

    def fit(self, run: Run, finding: Finding) -> Prescription | None:
        """For images alone."""
        if not images(run.setup):
            return None
        return Prescription(
            "Build G and D from residual blocks, each sum scaled by 0.71, and train both afresh."
        )

    def in_use(self, setup: Setup) -> bool | None:
        """Whether a network is called a residual one, or it was declared."""
        found = any(n.kind.startswith(("ResNet", "Resnet")) for n in setup.networks)
        return True if found else declared(setup, self.slug)

    def avoid(self, setup: Setup) -> str | None:
        """The blocks are made for images."""
        return not_images(setup)

    def apply(self, plan: Plan, settings: Mapping[str, Any]) -> None:
        """Sets the kind of both networks."""
        plan.network = "resnet"
