"""Top-k training of G (Sinha 2020): only the fakes that D likes best count."""

from __future__ import annotations

from torch import Tensor

from gan_doctor.core import ConfigError


def top_k(logits: Tensor, share: float) -> Tensor:
    """The highest logits of a batch of fakes.

    Args:
        logits: (B,) of D on the fakes of a G step.
        share: Of the batch that is kept, in (0, 1]; at least one sample is.

    Returns:
        (K,) the K = max(1, round(share * B)) highest, in falling order; `logits` itself where all
        are kept.

    Raises:
        ConfigError: `share` is out of range, or there is not one logit a fake.
    """
    if not 0 < share <= 1:
        raise ConfigError(f"share must lie in (0, 1], got {share}")
    if logits.dim() != 1:
        raise ConfigError(
            f"Top-k needs one logit a fake, (B,), got shape {tuple(logits.shape)}: "
            "flatten (B, 1), or take the mean of the logits of each fake"
        )
    k = max(1, round(share * len(logits)))
    return logits if k == len(logits) else logits.topk(k).values


def annealed_share(done: float, least: float = 0.5, until: float = 0.5) -> float:
    """The share that counts: 1 at first, falling linearly to `least`.

    The paper multiplies it by a constant each epoch until it reaches 1/2; a straight line over a
    share of the training is our form of that.

    Args:
        done: Share of the training that is done, in [0, 1].
        least: The share in the end, in (0, 1].
        until: Share of the training after which it is reached, above 0.

    Example:
        >>> annealed_share(0.25), annealed_share(0.9)
        (0.75, 0.5)
    """
    return 1 - (1 - least) * min(1.0, done / until)
