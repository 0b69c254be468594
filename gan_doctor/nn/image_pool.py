"""CycleGAN's pool of fakes (Zhu 2017, section 4): D sees an old one in half of the cases."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from gan_doctor.core import ConfigError
from gan_doctor.nn._generator_state import restore, saved


class ImagePool:
    """Keeps `size` fakes and shows D either the current one or one of them.

    While it is not full, each fake is kept and shown. Afterwards a coin decides for each fake:
    either it is shown, or a random kept one is, whose place it takes. Never use it in G's step. It
    does not tell which are old, so that statistics of D should be of the batch before: where that
    matters, or fakes have a condition, use `ReplayBuffer`.

    Args:
        size: Fakes that are kept; 0 leaves every batch as it is.
        generator: On the CPU; draws the coins and the places. torch's global one when None.
        device: Where old fakes are kept. On "cpu" they take no memory of a GPU, but each call
            waits for it.

    Raises:
        ConfigError: `size` is negative.
    """

    def __init__(
        self,
        size: int = 50,
        generator: torch.Generator | None = None,
        device: torch.device | str = "cpu",
    ) -> None:
        if size < 0:
            raise ConfigError(f"size must be 0 or more, got {size}")
        self.size, self.generator, self.device = size, generator, device
        self._kept: list[Tensor] = []

    def __len__(self) -> int:
        """How many old fakes there are."""
        return len(self._kept)

    def query(self, images: Tensor) -> Tensor:
        """What D is shown in place of the current fakes.

        Args:
            images: (B, ...) current fakes.

        Returns:
            (B, ...) on the device of `images`; no gradient flows through it.

        Raises:
            ConfigError: The fakes have another shape than those before.
        """
        if self._kept and images.shape[1:] != self._kept[0].shape:
            was, came = tuple(self._kept[0].shape), tuple(images.shape[1:])
            raise ConfigError(f"The pool holds fakes of shape {was}, got {came}: use another one")
        images = images.detach()
        if not self.size:
            return images
        shown = images.clone()
        coins = torch.rand(len(images), generator=self.generator).tolist()
        places = torch.randint(self.size, (len(images),), generator=self.generator).tolist()
        for i, (image, coin, place) in enumerate(zip(images, coins, places, strict=True)):
            if len(self._kept) < self.size:
                self._kept.append(image.to(self.device, copy=True))
            elif coin < 0.5:
                shown[i] = self._kept[place]
                self._kept[place] = image.to(self.device, copy=True)
        return shown

    def state_dict(self) -> dict[str, Any]:
        """The old fakes and the state of `generator`."""
        images = torch.stack(self._kept) if self._kept else None
        return {"images": images, "generator": saved(self.generator)}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Goes on from what `state_dict` gave.

        Raises:
            ConfigError: There are more fakes than `size`, or only one of the two pools has a
                `generator`.
        """
        images = state["images"]
        kept = [] if images is None else list(images.to(self.device, copy=True))
        if len(kept) > self.size:
            raise ConfigError(
                f"The saved pool holds {len(kept)} fakes, this one at most {self.size}: "
                "make it with the size that was saved"
            )
        restore(self.generator, state["generator"])
        self._kept = kept
