"""The adversarial losses of D and G on logits, by family."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor
from torch.nn.functional import relu, softplus

from gan_doctor.core import ConfigError, UnknownNameError


def discriminator_loss(
    family: str,
    real_logits: Tensor,
    fake_logits: Tensor,
    real_label: float = 1.0,
    dim: int | None = None,
) -> Tensor:
    """The loss of D, `L_real + L_fake`, each a mean over its batch.

    Args:
        family: `minimax`, `non-saturating`, `least-squares` (coding 0, 1, 1, with the paper's 1/2),
            `hinge` or `wasserstein`.
        real_logits: D's raw output on reals, any shape.
        fake_logits: D's raw output on fakes, any shape.
        real_label: Target of the reals, in (0, 1]; below 1 is one-sided label smoothing (Salimans
            2016, 3.4).
        dim: That the means are taken over, all by default.

    Returns:
        A scalar, or one loss for each row.

    Raises:
        UnknownNameError: There is no such family here.
        ConfigError: The family has no labels to smooth, or the label is outside (0, 1].

    Example:
        >>> import torch
        >>> discriminator_loss("non-saturating", torch.zeros(8), torch.zeros(8))
        tensor(1.3863)
    """
    terms = _terms(family)
    if not 0 < real_label <= 1:
        raise ConfigError(f"real_label must lie in (0, 1], got {real_label}")
    if real_label != 1 and not terms.labelled:
        raise ConfigError(
            f"The {family} loss has no labels: real_label must be 1, got {real_label}"
        )
    real, fake = terms.real(real_logits, real_label), terms.fake(fake_logits)
    return real.mean(dim) + fake.mean(dim)


def generator_loss(family: str, fake_logits: Tensor) -> Tensor:
    """The adversarial loss of G, a mean over its batch.

    Args:
        family: As in `discriminator_loss`.
        fake_logits: D's raw output on fakes, any shape, attached to G's graph.

    Returns:
        A scalar.

    Raises:
        UnknownNameError: There is no such family here.
    """
    return _terms(family).generator(fake_logits).mean()


@dataclass(frozen=True)
class _Terms:
    """What one logit adds to the losses; `real` also takes the target of the reals."""

    real: Callable[[Tensor, float], Tensor]
    fake: Callable[[Tensor], Tensor]
    generator: Callable[[Tensor], Tensor]
    labelled: bool = False


def _real_cross_entropy(logits: Tensor, label: float) -> Tensor:
    # label * softplus(-l) + (1 - label) * softplus(l), where softplus(l) = softplus(-l) + l.
    return softplus(-logits) + (1 - label) * logits


_FAMILIES = {
    # Goodfellow 2014, eq. 1 and section 3: G descends log(1 - D), or ascends log D.
    "minimax": _Terms(_real_cross_entropy, softplus, lambda fake: -softplus(fake), labelled=True),
    "non-saturating": _Terms(
        _real_cross_entropy, softplus, lambda fake: softplus(-fake), labelled=True
    ),
    # Mao 2017, eq. 9.
    "least-squares": _Terms(
        real=lambda real, label: (real - label).square() / 2,
        fake=lambda fake: fake.square() / 2,
        generator=lambda fake: (fake - 1).square() / 2,
        labelled=True,
    ),
    # Lim & Ye 2017.
    "hinge": _Terms(
        real=lambda real, _: relu(1 - real),
        fake=lambda fake: relu(1 + fake),
        generator=lambda fake: -fake,
    ),
    # Arjovsky 2017, eq. 3: D must be kept Lipschitz by a penalty or a norm.
    "wasserstein": _Terms(
        real=lambda real, _: -real,
        fake=lambda fake: fake,
        generator=lambda fake: -fake,
    ),
}


LOSS_FAMILIES: tuple[str, ...] = tuple(_FAMILIES)


def _terms(family: str) -> _Terms:
    if family not in _FAMILIES:
        raise UnknownNameError("loss family", family, _FAMILIES)
    return _FAMILIES[family]
