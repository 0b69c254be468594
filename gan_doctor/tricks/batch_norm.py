"""Batch normalisation (catalogue 6.4)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gan_doctor.core import Finding, Run, Setup
from gan_doctor.tricks._base import Prescription, Trick
from gan_doctor.tricks._facts import SMALL_BATCH, batch_norm_in_d, spectral_norm_in_d
from gan_doctor.tricks._plan import Plan

__all__ = ["BatchNorm"]


class BatchNorm(Trick):
    """Normalises the hidden layers by the statistics of the batch, in G and D as DCGAN does.

    What it does:
        Keeps the activations of each channel at mean 0 and deviation 1 over the batch, so that
        signal and gradient pass through many layers and poor initial weights do less harm.

    When to use it:
        A gradient that fades on its way through G, or a G that stays at noise.

    When not to:
        In D beside a gradient penalty or spectral norm: it mixes the samples of a batch. In batches
        of fewer than 8. Never mix reals and fakes in one batch of D. It does not make dropout and
        weight decay needless, as is sometimes said. G samples otherwise in evaluation mode.

    Values:
        Everywhere but at G's output and D's input (Radford 2016). in_d "no" leaves D as it is.

    Cost:
        1.05 times. The running statistics must be saved with the weights.

    How to see that it worked:
        The gradient of G's first layer is within a factor of 10 of that of its last one.

    References:
        Ioffe 2015; Radford 2016, DCGAN, section 3.
    """

    title = "Batch normalisation"
    category = "architecture"
    items = ("6.4",)
    treats = {
        "vanishing-generator-gradient": 3,
        "noise-output": 3,
    }
    cost = 1.05
    cost_note = "Running statistics become part of the networks' state."
    check = "The gradient of G's first layer stays within a factor of 10 of that of its last one."
    avoid_when = "Not in D beside a gradient penalty or spectral norm, nor in batches below 8."
    references = ("Ioffe & Szegedy 2015", "Radford et al. 2016, DCGAN, section 3")
    settings = {"in_d": "yes"}
    choices = {"in_d": ("yes", "no")}
    sets = ("g_norm", "d_norm")
    with_care = {
        "spectral-norm": "BatchNorm in D undoes the bound that spectral norm gives",
    }

    def fit(self, run: Run, finding: Finding) -> Prescription | None:
        """In a G without it; in D too where nothing there speaks against it."""
        setup = run.setup
        norms = [n.norms for n in setup.networks if n.role == "g"]
        if any("BatchNorm" in norm for names in norms for norm in names):
            return None
        if setup.batch_size is not None and setup.batch_size < SMALL_BATCH:
            return None
        # Only a D that is known to be free of what BatchNorm disturbs gets it.
        in_d = setup.objective.penalties == () and spectral_norm_in_d(setup) is False
        where = "G and D, except at G's output and D's input" if in_d else "G, except at its output"
        action = f"Put BatchNorm behind each hidden layer of {where}."
        return Prescription(action, {"in_d": "yes" if in_d else "no"})

    def in_use(self, setup: Setup) -> bool | None:
        """Whether D has it, which is what matters to other tricks; G's is for `fit` to look at."""
        return batch_norm_in_d(setup)

    def avoid(self, setup: Setup) -> str | None:
        """It needs a batch."""
        return "a batch of one has no statistics" if setup.batch_size == 1 else ""

    def apply(self, plan: Plan, settings: Mapping[str, Any]) -> None:
        """Sets the normalisation of G, and of D if wanted."""
        plan.g_norm = "batch"
        if settings["in_d"] == "yes":
            plan.d_norm = "batch"
