"""The adversarial losses of D and G on logits, by family."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor
from torch.nn.functional import relu, softplus

from gan_doctor.core import ConfigError, UnknownNameError
from gan_doctor.losses.relativistic import relativistic_average, relativistic_paired

Label = float | Tensor
Coding = tuple[float, float, float]

_PLAIN: Coding = (0.0, 1.0, 1.0)


def discriminator_loss(
    family: str,
    real_logits: Tensor,
    fake_logits: Tensor,
    real_label: Label = 1.0,
    dim: int | None = None,
    fake_label: Label = 0.0,
    coding: Coding = _PLAIN,
) -> Tensor:
    """The loss of D: `L_real + L_fake`, each a mean over its batch, or a relativistic loss.

    A label is a share of the way from fake, 0, to real, 1. Below 1 on the reals it is one-sided
    smoothing (Salimans 2016, 3.4); one for each sample makes noisy or swapped labels.

    Args:
        family: `minimax`, `non-saturating`, `least-squares` (with the paper's 1/2), `hinge`,
            `wasserstein`, `relativistic-paired` or `relativistic-average`.
        real_logits: D's raw output on reals, any shape.
        fake_logits: D's raw output on fakes, any shape; that of the reals for
            `relativistic-paired`.
        real_label: Target of the reals in (0, 1], or (B,) targets in [0, 1], one for each sample;
            the values of a tensor are not checked, as that would wait for the device.
        dim: That the means are taken over, all by default.
        fake_label: Target of the fakes in [0, 1), or (B,) targets.
        coding: Least squares only: what D is to say of fakes, of reals, and of fakes in G's loss
            (Mao 2017, eq. 9: a, b, c); label t asks for `a + t (b - a)`.

    Returns:
        A scalar, or one loss for each row.

    Raises:
        UnknownNameError: There is no such family here.
        ConfigError: The family has no labels or no coding, a label is out of range or is not one
            for each sample, or the two sides of a pair differ in shape.

    Example:
        >>> import torch
        >>> discriminator_loss("non-saturating", torch.zeros(8), torch.zeros(8))
        tensor(1.3863)
    """
    known = _known(family, coding)
    _check_label(family, known.labelled, "real_label", real_label, plain=1)
    _check_label(family, known.labelled, "fake_label", fake_label, plain=0)
    a, b, _ = coding
    to_real = a + _for_each(real_logits, "real_label", real_label) * (b - a)
    to_fake = a + _for_each(fake_logits, "fake_label", fake_label) * (b - a)
    return known.of_d(real_logits, fake_logits, to_real, to_fake, dim)


def generator_loss(
    family: str, fake_logits: Tensor, real_logits: Tensor | None = None, coding: Coding = _PLAIN
) -> Tensor:
    """The adversarial loss of G, a mean over its batch.

    Args:
        family: As in `discriminator_loss`.
        fake_logits: D's raw output on fakes, any shape, attached to G's graph.
        real_logits: D's raw output on reals, for the relativistic families; others ignore it. It
            may be detached, unless D is unrolled and so depends on G.
        coding: As in `discriminator_loss`.

    Returns:
        A scalar.

    Raises:
        UnknownNameError: There is no such family here.
        ConfigError: A relativistic family without logits on reals, or a coding for a family that
            has none.
    """
    known = _known(family, coding)
    if known.relativistic and real_logits is None:
        raise ConfigError(
            f"The {family} loss of G compares fakes with reals: "
            "pass D's logits on reals as real_logits, got None"
        )
    return known.of_g(fake_logits, real_logits, coding[2])


@dataclass(frozen=True)
class _Family:
    """The losses of a family.

    Args:
        of_d: Of logits on reals and fakes, their targets, and what means are taken over.
        of_g: Of logits on fakes and reals, and the target of the fakes.
        labelled: Whether the targets of D may be other than 1 and 0.
        coded: Whether these stand for other numbers.
        relativistic: Whether G's loss wants logits on reals.
    """

    of_d: Callable[[Tensor, Tensor, Label, Label, int | None], Tensor]
    of_g: Callable[[Tensor, Tensor | None, float], Tensor]
    labelled: bool = False
    coded: bool = False
    relativistic: bool = False


def _by_side(
    real: Callable[[Tensor, Label], Tensor],
    fake: Callable[[Tensor, Label], Tensor],
    generator: Callable[[Tensor, float], Tensor],
    labelled: bool = False,
    coded: bool = False,
) -> _Family:
    """A family by what one logit adds to each loss, given its target."""
    return _Family(
        lambda xs, gs, to_real, to_fake, dim: (
            real(xs, to_real).mean(dim) + fake(gs, to_fake).mean(dim)
        ),
        lambda gs, _, target: generator(gs, target).mean(),
        labelled,
        coded,
    )


def _by_comparison(loss: Callable[[Tensor, Tensor, int | None], Tensor]) -> _Family:
    """A relativistic family by its loss, the same for both players with the sides exchanged."""
    return _Family(
        lambda real, fake, _, __, dim: loss(real, fake, dim),
        lambda fake, real, _: loss(fake, real, None),  # type: ignore[arg-type]
        relativistic=True,
    )


# label * softplus(-l) + (1 - label) * softplus(l), where softplus(l) = softplus(-l) + l. Without
# labels it is one softplus alone, also where l is infinite.
def _real_cross_entropy(logits: Tensor, label: Label) -> Tensor:
    plain = not isinstance(label, Tensor) and label == 1
    return softplus(-logits) if plain else softplus(-logits) + (1 - label) * logits


def _fake_cross_entropy(logits: Tensor, label: Label) -> Tensor:
    plain = not isinstance(label, Tensor) and label == 0
    return softplus(logits) if plain else softplus(logits) - label * logits


def _half_square(logits: Tensor, target: Label) -> Tensor:
    return (logits - target).square() / 2


_FAMILIES = {
    # Goodfellow 2014, eq. 1 and section 3: G descends log(1 - D), or ascends log D.
    "minimax": _by_side(
        _real_cross_entropy,
        _fake_cross_entropy,
        generator=lambda fake, _: -softplus(fake),
        labelled=True,
    ),
    "non-saturating": _by_side(
        _real_cross_entropy,
        _fake_cross_entropy,
        generator=lambda fake, _: softplus(-fake),
        labelled=True,
    ),
    # Mao 2017, eq. 9.
    "least-squares": _by_side(
        _half_square, _half_square, generator=_half_square, labelled=True, coded=True
    ),
    # Lim & Ye 2017.
    "hinge": _by_side(
        real=lambda real, _: relu(1 - real),
        fake=lambda fake, _: relu(1 + fake),
        generator=lambda fake, _: -fake,
    ),
    # Arjovsky 2017, eq. 3: D must be kept Lipschitz by a penalty or a norm.
    "wasserstein": _by_side(
        real=lambda real, _: -real,
        fake=lambda fake, _: fake,
        generator=lambda fake, _: -fake,
    ),
    # Jolicoeur-Martineau 2018; the paired one with R1 and R2 is R3GAN (Huang 2024).
    "relativistic-paired": _by_comparison(relativistic_paired),
    "relativistic-average": _by_comparison(relativistic_average),
}


LOSS_FAMILIES: tuple[str, ...] = tuple(_FAMILIES)


def _known(family: str, coding: Coding) -> _Family:
    if family not in _FAMILIES:
        raise UnknownNameError("loss family", family, _FAMILIES)
    known = _FAMILIES[family]
    if not known.coded and tuple(coding) != _PLAIN:
        raise ConfigError(f"The {family} loss has no coding: it must be {_PLAIN}, got {coding}")
    if coding[0] == coding[1]:
        raise ConfigError(f"coding needs different targets of fake and real, got {coding}")
    return known


def _check_label(family: str, labelled: bool, name: str, label: Label, plain: float) -> None:
    tensor = isinstance(label, Tensor)
    if not tensor and not (0 < label <= 1 if plain else 0 <= label < 1):
        raise ConfigError(f"{name} must lie in {'(0, 1]' if plain else '[0, 1)'}, got {label}")
    if not labelled and (tensor or label != plain):
        given = "a tensor" if tensor else label
        raise ConfigError(f"The {family} loss has no labels: {name} must be {plain}, got {given}")


def _for_each(logits: Tensor, name: str, label: Label) -> Label:
    """A label for each sample, so that it goes with all logits of that sample."""
    if not isinstance(label, Tensor) or label.shape == logits.shape:
        return label
    if label.shape != logits.shape[:1]:
        raise ConfigError(
            f"{name} must be a number or have one target for each of the {len(logits)} samples, "
            f"got the shape {tuple(label.shape)}"
        )
    return label.view(-1, *[1] * (logits.dim() - 1))
