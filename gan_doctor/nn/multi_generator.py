"""Several generators that share all but their first layer (Hoang 2018, MGAN)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import torch
from torch import Tensor, nn

from gan_doctor.core import ConfigError

_Module = TypeVar("_Module", bound=nn.Module)


class MultiGenerator(nn.Module):
    """Sample i of a batch comes from generator `i % count`; each of them makes the same share.

    With packing a pack would always hold fakes of different generators, which D could tell from
    reals.

    Args:
        make: Makes one generator of this package, with its attributes `first` and `rest`; it is
            called `count` times, and the `rest` of the first one is shared.
        count: How many generators.

    Attributes:
        firsts: The first layer of each generator.
        rest: All that follows it, in every one of them.

    Raises:
        ConfigError: `count` is below 1.
    """

    def __init__(self, make: Callable[[], nn.Module], count: int) -> None:
        super().__init__()
        if count < 1:
            raise ConfigError(f"count must be at least 1, got {count}")
        one = make()
        others = [make().first for _ in range(count - 1)]
        self.firsts = nn.ModuleList([one.first, *others])  # type: ignore[list-item]
        self.rest = one.rest

    def which(self, n: int, device: torch.device | str = "cpu") -> Tensor:
        """(n,) the generator of each sample of a batch."""
        return torch.arange(n, device=device) % len(self.firsts)

    def forward(self, z: Tensor) -> Tensor:
        """(B, latent) to B samples."""
        count = len(self.firsts)
        parts = [first(z[k::count]) for k, first in enumerate(self.firsts)]
        hidden = parts[0].new_empty(len(z), *parts[0].shape[1:])
        for k, part in enumerate(parts):
            hidden[k::count] = part
        return self.rest(hidden)  # type: ignore[no-any-return, operator]


def with_classifier(D: _Module, count: int) -> _Module:
    """Gives D a second output, `D.classifier` on `D.features`: which generator made a fake.

    Args:
        D: Any discriminator of this package, changed in place.
        count: Number of generators.

    Returns:
        The same D.
    """
    D.classifier = nn.Linear(D.feature_count, count)  # type: ignore[arg-type]
    return D
