"""D as a classifier of K classes and fake (catalogue 2.2)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from gan_doctor.core import Finding, Run, Setup
from gan_doctor.tricks._base import Prescription, Trick
from gan_doctor.tricks._facts import declared
from gan_doctor.tricks._plan import DStep, Plan

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["ClassSoftmax"]


class ClassSoftmax(Trick):
    """Gives D a logit for each class of the data, in a softmax with one more for fake.

    What it does:
        D has to say of a real which class it is of, not only that it is real. For that it must look
        at what tells the classes apart, and G gets a gradient from it.

    When to use it:
        Labelled data whose classes the samples do not follow.

    When not to:
        Without labels. With packing: a pack has no one class. With a projection D, which uses the
        labels in another way. With few samples of each class D learns them by heart.

    Values:
        Weight 1 is the softmax over K + 1 classes of the paper; 0 leaves D unsupervised.

    Cost:
        1.2 times (our estimate): one more forward pass of D over the reals.

    How to see that it worked:
        The cross-entropy among classes falls well below ln K, and each class gets its samples.

    References:
        Salimans 2016, section 5.
    """

    title = "Softmax over classes and fake"
    category = "loss"
    items = ("2.2",)
    treats = {
        "condition-ignored": 1,
    }
    cost = 1.2
    cost_note = "D's last layer changes: train D afresh."
    check = "The cross-entropy among classes falls below ln K within 1,000 steps."
    avoid_when = "Not without labels, with packing or with a projection D."
    references = ("Salimans et al. 2016, section 5",)
    settings = {"weight": 1.0}
    sets = ("class_logits",)
    excludes = {
        "packing": "a pack has no one class",
        "projection": "a projection D and class logits both use the labels: use one",
    }

    def fit(self, run: Run, finding: Finding) -> Prescription | None:
        """For data that has classes."""
        if not run.setup.labelled:
            return None
        action = (
            "Give D a logit for each class, take their logsumexp as its verdict, and add the "
            "cross-entropy of the reals' classes with weight 1 to its loss."
        )
        return Prescription(action, {"weight": 1.0})

    def in_use(self, setup: Setup) -> bool | None:
        """Whether it was declared."""
        return declared(setup, self.slug)

    def avoid(self, setup: Setup) -> str | None:
        """It needs labels."""
        if setup.labelled is None:
            return None
        return "" if setup.labelled else "the data has no classes"

    def apply(self, plan: Plan, settings: Mapping[str, Any]) -> None:
        """Gives D a logit for each class, and adds the cross-entropy among them to its loss."""
        from gan_doctor.losses import class_loss

        weight: float = settings["weight"]

        def among_classes(at: DStep) -> Tensor:
            logits = at.training.D.class_logits(at.real)  # type: ignore[operator]
            return weight * class_loss(logits, at.y)  # type: ignore[arg-type]

        plan.class_logits = True
        if weight:
            plan.d_losses.append(among_classes)
