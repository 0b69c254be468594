"""Facts that only show while the training runs, read off its first steps."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from gan_doctor.monitor.forwards import Shown
from gan_doctor.monitor.host_copy import HostCopy
from gan_doctor.monitor.inspection import dtype_name
from gan_doctor.monitor.latent import inspect_latent
from gan_doctor.monitor.players import Player, Players
from gan_doctor.monitor.recorder import Recorder
from gan_doctor.monitor.untrained_copy import has_copy

NUMBERS = 4096  # of latents, on which their law is judged
_MOST_BATCHES = 256  # that are gathered for it


class FirstLook:
    """Learns the latents of G, the types that D sees, and whether a copy of G is kept.

    Args:
        record: Where the facts go.
        players: Every G and D.
    """

    def __init__(self, record: Recorder, players: Players) -> None:
        self._record, self._players = record, players
        self._latents: list[HostCopy] | None = []  # None once they are known
        self._types_known = self._copies_known = False

    def take_latent(self, player: Player, inputs: Sequence[torch.Tensor]) -> None:
        """G was given these."""
        if self._latents is None or player is not self._players.g[0] or not inputs:
            return
        if len(self._latents) < _MOST_BATCHES and self._numbers < NUMBERS:
            self._latents.append(HostCopy(inputs[0]))

    @property
    def _numbers(self) -> int:
        return sum(copy.numel for copy in self._latents or ())

    def take_shown(self, player: Player, shown: Shown) -> None:
        """D was shown these."""
        if self._types_known:
            return
        self._types_known = True
        seen = shown.reals[0].inputs
        if seen:
            self._record.learn(dtype=dtype_name(seen[shown.fakes[0].fake or 0].dtype))
        weights = next((p.dtype for p in player.module.parameters()), None)
        said = next(logits.dtype for logits in shown.reals[0].logits or ())
        narrow = said in (torch.float16, torch.bfloat16)
        if narrow and weights == torch.float32:
            self._record.learn(amp=dtype_name(said))

    def at_tick(self) -> None:
        """Learns what has come together."""
        enough = self._latents and self._numbers >= NUMBERS
        if enough and all(copy.arrived() for copy in self._latents or ()):
            self._learn_latent()

    def at_check(self) -> None:
        """Looks for what takes a moment to find."""
        if self._latents:
            self._learn_latent()
        if not self._copies_known:
            self._copies_known = True
            if any(has_copy(g.module) for g in self._players.g):
                self._record.learn(ema=True)

    def _learn_latent(self) -> None:
        latents, self._latents = [copy.get() for copy in self._latents or ()], None
        alike = [z for z in latents if z.shape[1:] == latents[0].shape[1:]]
        self._record.learn(latent=inspect_latent(torch.cat(alike)))
