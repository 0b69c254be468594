"""Consistency regularisation: D is to say the same of a sample and of its augmentation."""

from __future__ import annotations

from torch import Tensor

from gan_doctor.losses.same_shape import check_same_shape


def consistency_penalty(logits: Tensor, logits_augmented: Tensor, weight: float = 10.0) -> Tensor:
    """`weight * E (D(x) - D(T(x)))^2` (Zhang 2020, CR-GAN, section 3).

    CR-GAN takes it on reals; on fakes as well, with the same weight, it is bCR (Zhao 2021). Both
    are terms of D's loss. BatchNorm in D ties a sample to the rest of its batch, so that the two
    logits differ for another reason than T.

    Args:
        logits: (B,) D's raw output on samples.
        logits_augmented: (B,) D's raw output on their augmentations, in the same order.
        weight: The paper's lambda, >= 0.

    Returns:
        A scalar.

    Raises:
        ConfigError: The shapes differ.
    """
    check_same_shape(logits=logits, logits_augmented=logits_augmented)
    return weight * (logits - logits_augmented).square().mean()
