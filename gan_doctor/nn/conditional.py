"""A G and a D that are told what a sample is of, around any G and D of this package."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from gan_doctor.core import ConfigError
from gan_doctor.nn.discriminator import Discriminator


def condition_embedding(classes: int = 0, vector: int = 0, dim: int = 16) -> nn.Module:
    """Turns a condition into `dim` numbers.

    Args:
        classes: Number of classes, for conditions (B,) of whole numbers.
        vector: Length of the condition, for conditions (B, vector) of numbers.
        dim: Numbers that it becomes.

    Raises:
        ConfigError: Not exactly one of the two is given.
    """
    if bool(classes) == bool(vector):
        raise ConfigError(
            f"A condition is classes or a vector: give the number of one of them, got "
            f"classes={classes}, vector={vector}"
        )
    return nn.Embedding(classes, dim) if classes else nn.Linear(vector, dim, bias=False)


class ConditionalGenerator(nn.Module):
    """Shows G the condition beside z.

    Args:
        G: Made for a latent of so many numbers as z and the embedding have together.
        embedding: Of the condition, from `condition_embedding`.
    """

    def __init__(self, G: nn.Module, embedding: nn.Module) -> None:
        super().__init__()
        self.embedding, self.G = embedding, G

    def forward(self, z: Tensor, y: Tensor) -> Tensor:
        """(B, latent) and the conditions, (B,) or (B, vector), to samples.

        Raises:
            ConfigError: There are more or fewer conditions than samples.
        """
        _refuse_other_lengths(z, y)
        return self.G(torch.cat([z, self.embedding(y)], 1))  # type: ignore[no-any-return]


class ProjectionDiscriminator(nn.Module):
    """D with the condition projected on its features: `D(x) + <v(y), h(x)>` (Miyato & Koyama 2018).

    The embedding v starts narrow (Glorot 2010), so that the condition counts for little at first.

    Args:
        D: Any discriminator of this package with one logit; its trunk and output are used.
        classes: As in `condition_embedding`.
        vector: As there.

    Attributes:
        output: The last layer, (B, F) to (B, 1), of the logit without the condition.

    Raises:
        ConfigError: Not exactly one of the two is given.
    """

    def __init__(self, D: Discriminator, classes: int = 0, vector: int = 0) -> None:
        super().__init__()
        self.trunk, self.output, self.feature_count = D.trunk, D.output, D.feature_count
        self.embedding = condition_embedding(classes, vector, D.feature_count)
        nn.init.xavier_uniform_(self.embedding.weight)  # type: ignore[arg-type]

    def features(self, x: Tensor) -> Tensor:
        """(B, ...) samples to (B, F), whatever they are of."""
        return self.trunk(x).flatten(1)  # type: ignore[no-any-return]

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        """(B, ...) samples and their conditions, (B,) or (B, vector), to (B,) logits.

        Raises:
            ConfigError: There are more or fewer conditions than samples.
        """
        _refuse_other_lengths(x, y)
        h = self.features(x)
        return self.output(h).squeeze(1) + (self.embedding(y) * h).sum(1)  # type: ignore[no-any-return]


def _refuse_other_lengths(samples: Tensor, y: Tensor) -> None:
    if len(samples) != len(y):
        raise ConfigError(
            f"Each sample needs one condition: got {len(samples)} samples and {len(y)} conditions"
        )
