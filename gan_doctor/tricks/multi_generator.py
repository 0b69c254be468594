"""Several generators that share their layers, MGAN (catalogue 1.3.1)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from gan_doctor.core import ConfigError, Finding, Run, Setup
from gan_doctor.tricks._base import Prescription, Trick
from gan_doctor.tricks._facts import declared, images
from gan_doctor.tricks._plan import DStep, GStep, Plan

if TYPE_CHECKING:
    from torch import Tensor, nn

__all__ = ["MultiGenerator"]

_COUNT = 4
_ON_IMAGES, _ON_POINTS = 0.01, 0.125


class MultiGenerator(Trick):
    """Trains several generators at once, and a classifier that tells whose a fake is.

    What it does:
        The generators share all layers but the first. A linear layer on D's features learns which
        generator made a fake, and the generators are rewarded where it succeeds: so each of them
        moves to a part of the data of its own.

    When to use it:
        Modes that keep missing after packing or minibatch-stddev, in data that falls into parts.

    When not to:
        Under full collapse: it hides a collapse within each generator, so look at their samples one
        by one. With labels told to G, which split the data already. Samples must be drawn from the
        generators in turn, as they were in training.

    Values:
        4 generators and a weight of .125 on the classifier's term in G's loss are our defaults; the
        authors' code has 10 and .01 on CIFAR-10. Without weight the generators may coincide; with
        too much they differ at the cost of realism. D's side of the term has weight 1.

    Cost:
        1.1 times, as only the first layer is multiplied.

    How to see that it worked:
        The modes reached rise within the first half of the budget, and precision does not fall.

    References:
        Hoang 2018, MGAN, section 4; Ghosh 2018, MAD-GAN.
    """

    title = "Several generators (MGAN)"
    category = "architecture"
    items = ("1.3.1",)
    treats = {
        "mode-dropping": 4,
    }
    cost = 1.1
    cost_note = "G's first layer is multiplied and D gets a classifier: train both afresh."
    check = "The modes reached rise within the first half of the budget; precision stays."
    avoid_when = "Not under full collapse, nor where G is told the class."
    references = ("Hoang et al. 2018, MGAN", "Ghosh et al. 2018, MAD-GAN")
    settings = {"count": _COUNT, "weight": _ON_POINTS}
    sets = ("generators",)
    excludes = {
        "packing": "a pack mixes the fakes of several generators",
        "replay-buffer": "of an old fake nobody knows which generator made it",
        "projection": "the classes split the data already, which the generators are to find out",
    }

    def fit(self, run: Run, finding: Finding) -> Prescription | None:
        """Four generators, with the weight that was used on such data."""
        weight = _ON_POINTS if images(run.setup) is False else _ON_IMAGES
        action = (
            f"Train {_COUNT} generators that share all layers but the first, and add {weight} "
            "times the cross-entropy of a classifier on D's features, which tells whose a fake is, "
            "to G's loss."
        )
        return Prescription(action, {"count": _COUNT, "weight": weight})

    def in_use(self, setup: Setup) -> bool | None:
        """Whether G is such a mixture, or it was declared."""
        mixture = any(n.kind == "MultiGenerator" for n in setup.networks if n.role == "g")
        return True if mixture else declared(setup, self.slug)

    def avoid(self, setup: Setup) -> str | None:
        """The generators are to split the data, which an input told to G does already."""
        if setup.paired:
            return "each sample has an input of its own, so that there are no parts to share out"
        return "" if setup.paired is False else None

    def apply(self, plan: Plan, settings: Mapping[str, Any]) -> None:
        """Sets the number of generators, and adds the classifier's term to both losses."""
        count, weight = settings["count"], settings["weight"]
        if count < 1:
            raise ConfigError(f"{self.slug}.count must be at least 1, got {count}")
        plan.generators = count
        if count > 1:
            plan.d_losses.append(_classified)
            plan.g_losses.append(lambda at: weight * _told_apart(at))


def _classified(at: DStep) -> Tensor:
    return _whose(at.training.G, at.training.D, at.fake)


def _told_apart(at: GStep) -> Tensor:
    return _whose(at.training.G, at.training.D, at.seen)


def _whose(G: nn.Module, D: nn.Module, fake: Tensor) -> Tensor:
    """Cross-entropy of the classifier against the generator of each fake."""
    from torch.nn.functional import cross_entropy

    of = G.which(len(fake), fake.device)  # type: ignore[operator]
    return cross_entropy(D.classifier(D.features(fake)), of)  # type: ignore[operator]
