"""A D with a logit for each class of the reals (Salimans 2016, section 5)."""

from __future__ import annotations

from torch import Tensor, nn

from gan_doctor.nn.discriminator import Discriminator


class ClassDiscriminator(nn.Module):
    """Has K class logits; those of "fake" are fixed at 0, so that its own logit is their logsumexp.

    The sigmoid of that logit is the share of the K classes in a softmax over K + 1.

    Args:
        D: Any discriminator of this package; its output is not used.
        classes: K.
    """

    def __init__(self, D: Discriminator, classes: int) -> None:
        super().__init__()
        self.trunk, self.feature_count = D.trunk, D.feature_count
        self.output = nn.Linear(D.feature_count, classes)

    def features(self, x: Tensor) -> Tensor:
        """(B, ...) samples to (B, F), the last hidden layer."""
        return self.trunk(x).flatten(1)  # type: ignore[no-any-return]

    def class_logits(self, x: Tensor) -> Tensor:
        """(B, ...) samples to (B, K)."""
        return self.output(self.features(x))  # type: ignore[no-any-return]

    def forward(self, x: Tensor) -> Tensor:
        """(B, ...) samples to (B,) logits."""
        return self.class_logits(x).logsumexp(1)
