"""SimGAN's history of fakes (Shrivastava 2017, section 2.3), shown to D again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import torch
from torch import Tensor

from gan_doctor.core import ConfigError
from gan_doctor.nn._generator_state import restore, saved


class Mixed(NamedTuple):
    """A batch of current and old fakes, for D alone: no gradient flows through it.

    Args:
        fakes: (B, ...) the first `fresh` are current ones in their order, the others are old.
        y: (B, ...) what each of them was made for; None where nothing was given.
        fresh: How many are current. Statistics of D should leave out the others: D knows them.
    """

    fakes: Tensor
    y: Tensor | None
    fresh: int


class ReplayBuffer:
    """Old fakes that replace a part of each fake batch in D's step, so that D does not forget them.

    G can then not win by going back to what D has forgotten. While the buffer fills up, batches
    stay as they are. Once it is full, the last `share * B` fakes of a batch give way to old ones;
    those that gave way take the places of random old ones. Never use it in G's step. With packing,
    mix the packs, not the samples.

    Args:
        size: Fakes that are kept. 50 is CycleGAN's (Zhu 2017, section 4).
        share: Of a batch that is replaced, rounded down, in [0, 1); never more than `size`. The
            paper's is one half.
        generator: On the CPU; draws what is shown and what is replaced. torch's global one when
            None.
        device: Where old fakes are kept. On "cpu" they take no memory of a GPU, but each call
            waits for it.

    Raises:
        ConfigError: `size` or `share` is out of its range.
    """

    def __init__(
        self,
        size: int = 50,
        share: float = 0.5,
        generator: torch.Generator | None = None,
        device: torch.device | str = "cpu",
    ) -> None:
        if size < 1:
            raise ConfigError(f"size must be 1 or more, got {size}")
        if not 0 <= share < 1:
            raise ConfigError(f"share must lie in [0, 1), got {share}")
        self.size, self.share, self.generator, self.device = size, share, generator, device
        self._fakes: Tensor | None = None  # (N, ...), N <= size
        self._y: Tensor | None = None

    def __len__(self) -> int:
        """How many old fakes there are."""
        return 0 if self._fakes is None else len(self._fakes)

    def mix(self, fakes: Tensor, y: Tensor | None = None) -> Mixed:
        """Exchanges a part of the batch for old fakes.

        Args:
            fakes: (B, ...) current fakes.
            y: (B, ...) what each was made for, such as its class: kept and shown with it.

        Returns:
            The batch for D, on the device of `fakes`.

        Raises:
            ConfigError: `y` is not one for each fake, or the fakes or `y` are unlike those before.
        """
        if y is not None and len(y) != len(fakes):
            raise ConfigError(f"y must hold {len(fakes)} conditions, one a fake, got {len(y)}")
        fakes, y = fakes.detach(), y.detach() if y is not None else None
        self._refuse_others(fakes, y)
        room = self.size - len(self)
        if room:
            self._fakes = self._grown(self._fakes, fakes, room)
            self._y = self._grown(self._y, y, room)
            return Mixed(fakes, y, len(fakes))
        old = min(int(self.share * len(fakes)), self.size)
        fresh = len(fakes) - old
        shown = torch.randperm(self.size, generator=self.generator)[:old]
        replaced = torch.randperm(self.size, generator=self.generator)[:old]
        mixed = _exchanged(self._fakes, fakes, shown, replaced)
        assert mixed is not None
        return Mixed(mixed, _exchanged(self._y, y, shown, replaced), fresh)

    def state_dict(self) -> dict[str, Any]:
        """The old fakes, what they were made for, and the state of `generator`."""
        fakes, y = _copied(self._fakes), _copied(self._y)
        return {"fakes": fakes, "y": y, "generator": saved(self.generator)}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Goes on from what `state_dict` gave.

        Raises:
            ConfigError: There are more fakes than `size`, or only one of the two buffers has a
                `generator`.
        """
        fakes = state["fakes"]
        if fakes is not None and len(fakes) > self.size:
            raise ConfigError(
                f"The saved buffer holds {len(fakes)} fakes, this one at most {self.size}: "
                "make it with the size that was saved"
            )
        restore(self.generator, state["generator"])
        self._fakes, self._y = _copied(fakes, self.device), _copied(state["y"], self.device)

    def _refuse_others(self, fakes: Tensor, y: Tensor | None) -> None:
        if self._fakes is None:
            return
        if fakes.shape[1:] != self._fakes.shape[1:]:
            was, came = tuple(self._fakes.shape[1:]), tuple(fakes.shape[1:])
            raise ConfigError(f"The buffer holds fakes of shape {was}, got {came}: use another one")
        was_y, came_y = (None if c is None else tuple(c.shape[1:]) for c in (self._y, y))
        if was_y != came_y:
            raise ConfigError(
                f"y must be given always or never and keep its shape: each y was {was_y}, "
                f"now it is {came_y}"
            )

    def _grown(self, kept: Tensor | None, new: Tensor | None, room: int) -> Tensor | None:
        """The last ones of a batch join what is kept, as many as there is room for."""
        if new is None:
            return None
        added = new[-room:].to(self.device, copy=True)
        return added if kept is None else torch.cat([kept, added])


def _exchanged(
    kept: Tensor | None, new: Tensor | None, shown: Tensor, replaced: Tensor
) -> Tensor | None:
    """The batch with old ones at its end, whose former end takes the places of replaced ones."""
    if kept is None or new is None:
        return None
    fresh = len(new) - len(shown)
    shown, replaced = shown.to(kept.device), replaced.to(kept.device)
    old = kept[shown].to(new)
    kept[replaced] = new[fresh:].to(kept)
    return torch.cat([new[:fresh], old])


def _copied(x: Tensor | None, device: torch.device | str | None = None) -> Tensor | None:
    return None if x is None else x.to(device or x.device, copy=True)
