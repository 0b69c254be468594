"""D as a classifier of K classes and one more, fake (Salimans 2016).

A softmax over K + 1 logits does not change when a constant is added to all of them, so the logit of
fake is fixed at 0 and D gives K. Then `sigmoid(class_logit(logits))` is D's probability of real,
and any loss on D's logits can be taken of `class_logit(logits)`.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy


def class_logit(logits: Tensor) -> Tensor:
    """The logit of real against fake, `log sum_k exp(l_k)` (Salimans 2016, section 5).

    Args:
        logits: (B, K) D's raw output for each class.

    Returns:
        (B,) logits.

    Example:
        >>> class_logit(torch.zeros(1, 3)).sigmoid()  # of 4 equal classes, 3 are real
        tensor([0.7500])
    """
    return torch.logsumexp(logits, 1)


def class_loss(logits: Tensor, labels: Tensor) -> Tensor:
    """The cross-entropy among the K classes, given that a sample is real (Salimans 2016).

    With the binary cross-entropy on `class_logit` it adds up to that of the K + 1 classes.

    Args:
        logits: (B, K) D's raw output on reals, for each class.
        labels: (B,) their classes, from 0 to K - 1, as integers.

    Returns:
        A scalar, a mean over the batch.
    """
    return cross_entropy(logits, labels)
