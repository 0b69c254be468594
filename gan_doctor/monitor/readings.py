"""What is read of D: its outputs, before each step of its optimizer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import torch
from torch.optim.optimizer import Optimizer

from gan_doctor.core import ConfigError
from gan_doctor.losses import LOSS_FAMILIES
from gan_doctor.monitor.first_look import FirstLook
from gan_doctor.monitor.forwards import Forward, Shown, on_loss_gradient, tell_apart, unpacked
from gan_doctor.monitor.gathering import Gathering
from gan_doctor.monitor.measures import Scores, ShareThroughD
from gan_doctor.monitor.objective_guess import ObjectiveGuess
from gan_doctor.monitor.optimizer_readings import OptimizerReadings
from gan_doctor.monitor.pace import Pace
from gan_doctor.monitor.players import Player, Players, Stepped
from gan_doctor.monitor.recorder import Recorder
from gan_doctor.monitor.shield import Around
from gan_doctor.monitor.structures import is_probability, tensors_in

PATIENCE = 50  # D steps after which a loop whose batches cannot be told apart is told so
MOST_SIZES = 64  # of batches that are measured together with others of their size
_GRADIENTS = {"real": "logit/gradient", "generator": "logit/gradient/generator"}  # by side


class Readings:
    """Puts on record what hooks and `observe` tell of the players.

    Args:
        record: Where to.
        players: Who plays.
        gatherings: Are offered the batches, by game.
        pace: Says which steps are read.
        look: Is shown the first steps.
        guess: Is shown D's outputs.
    """

    def __init__(
        self,
        record: Recorder,
        players: Players,
        gatherings: Mapping[str, Gathering],
        pace: Pace,
        look: FirstLook,
        guess: ObjectiveGuess,
    ) -> None:
        self._record, self._players, self._gatherings = record, players, gatherings
        self._pace, self._look, self._guess = pace, look, guess
        self._optimizers = OptimizerReadings(record, players, pace)
        self._source: dict[str, Player] = {}  # the D whose reals are gathered, by game
        self._through_d = ShareThroughD(players.g[0])
        self._output: dict[Player, torch.Tensor] = {}  # the latest of each G
        self._scores: dict[tuple[Any, ...], Scores] = {}
        self._observed: set[str] = set()  # Ds that a person speaks for
        self._told_apart: set[Player] = set()
        self._stepping: set[Player] = set()
        self._seen: set[Player] = set()
        self._halved: set[Player] = set()  # have a step for reals alone
        self._logits = 0  # on reals, in the last reading
        self._all_steps: Counter[Player] = Counter()  # of each D
        self._steps: Counter[Player] = Counter()  # since the last generator step
        self.g_stepped = False

    @property
    def watching(self) -> bool:
        """Whether this step is looked at closely."""
        return self._pace.watching

    @property
    def d_steps(self) -> float | None:
        """D steps per G step, None if none was read."""
        most = max(self._all_steps.values(), default=0)
        return round(most / self._pace.read, 2) if self._pace.read else None

    def end_step(self) -> None:
        """Puts on record what a generator step comes to, now that it has ended."""
        stepped, self.g_stepped = self.g_stepped, False
        if stepped and self._pace.reading:
            for d in self._players.d:
                self._record.put(d.key("steps/d"), self._steps[d])
            self._optimizers.end_step()
            self._pace.end_step(self._logits)
            self._steps.clear()
            self._output.clear()
            if self._pace.read == PATIENCE:
                self._say_who_never_steps()

    def start(self) -> None:
        """Begins anew: a resumed run."""
        self._all_steps.clear()
        self._pace.start()
        self._optimizers.start()

    # What hooks tell

    def on_unread_step(self, stepped: Sequence[Stepped], gradients: bool) -> None:
        """An optimizer is about to step, in a generator step that is not read."""
        for one in stepped:
            self._optimizers.compare(one, gradients)
        self.g_stepped |= any(one.player.role == "g" for one in stepped)

    def on_discriminator_step(
        self, optimizer: Optimizer, stepped: Stepped, forwards: Sequence[Forward] | None
    ) -> None:
        """D's optimizer is about to step."""
        player = stepped.player
        self._stepping.add(player)
        if self._optimizers.before_step(optimizer, stepped, forwards is not None):
            self._steps[player] += 1
            self._all_steps[player] += 1
        shown = tell_apart(forwards or ())
        for fake in shown.fakes if shown else ():
            fake.of_d = True
            if fake.junction is not None:
                fake.junction.drop()
        if player.name in self._observed:
            return
        if forwards:
            self._seen.add(player)
        # Where reals and fakes have a step each, what a step of fakes shows beside them is no real.
        if forwards and all(f.fake is None and not f.asks for f in forwards):
            self._halved.add(player)
        if shown is None or player in self._halved:
            self._say_what_is_missing(player)
            return
        self._told_apart.add(player)
        if any(f.sigmoid for f in shown.reals) and not self._probability:
            self._record.learn(discriminator_output="probability")
        self._read_shown(player, shown)
        self._look.take_shown(player, shown)
        game = self._players.game(player)
        if game in self._gatherings and self._source.setdefault(game, player) is player:
            for batch in shown.batches() or ():
                self._gatherings[game].offer_real(batch)

    def on_generator_step(
        self,
        optimizer: Optimizer,
        stepped: Sequence[Stepped],
        judged: Mapping[Player, Sequence[Forward]] | None,
    ) -> None:
        """G's optimizer is about to step."""
        self.g_stepped = True
        for one in stepped:
            self._optimizers.before_step(optimizer, one, judged is not None)
        judged = judged or {}
        for player, forwards in judged.items():
            if player.name not in self._observed:
                self._read_judged(player, forwards)
            # That these fakes are of G's loss, their graph tells; nobody is asked for it.
            self._read_gradient(player, "generator", forwards)
        self._read_share(f for forwards in judged.values() for f in forwards)
        for game, gathering in self._gatherings.items():
            for fake in self._fakes(game, judged):
                gathering.offer_fake(fake)

    def on_generator_forward(
        self, player: Player, inputs: Sequence[torch.Tensor], output: Any
    ) -> None:
        """G was called."""
        self._look.take_latent(player, inputs)
        made = tensors_in(output) if self._pace.reading else ()
        if made and made[0].requires_grad:
            self._output[player] = made[0].detach()

    def on_backward(self, player: Player, parameter: torch.Tensor) -> None:
        """A backward pass has reached the first layer of a player."""
        self._optimizers.on_backward(player, parameter)

    # What a person tells

    def observe(self, real: torch.Tensor, fake: torch.Tensor, name: str, shield: Around) -> None:
        """Takes D's outputs from a person, and from now on from nobody else.

        Args:
            real: D's output on reals.
            fake: On fakes, under the same weights.
            name: Of the D.
            shield: Wraps what listens to the gradient.
        """
        if not (real.numel() and fake.numel()):
            raise ConfigError("real_logits and fake_logits are empty: pass D's output on a batch")
        player = next((d for d in self._players.d if d.name == name), None)
        player = player or Player("d", name, torch.nn.Identity())
        self._observed.add(name)
        if not self._probability and is_probability(real):
            self._record.learn(discriminator_output="probability")
        self._read_logits(player, [real.detach()], [fake.detach()])
        if self.watching and real.requires_grad:
            key = player.key("logit/gradient")

            def take(gradient: torch.Tensor) -> None:
                self._record.put(key, gradient)

            on_loss_gradient(real, take, lambda: None, shield)

    # How it is read

    def _say_who_never_steps(self) -> None:
        idle = [d.name for d in self._players.d if d not in self._stepping]
        if idle:
            who = ", ".join(f" {name!r}" for name in idle if name)
            self._record.shield.tell_once(
                "idle",
                f"in {PATIENCE} generator steps no optimizer has stepped D{who}: pass the "
                "discriminator that is trained",
            )

    def _say_what_is_missing(self, player: Player) -> None:
        if self._all_steps[player] < PATIENCE or player in self._told_apart:
            return
        name = f"{player.name!r}, " if player.name else ""
        call = f"doctor.observe({name}real=, fake=, real_logits=, fake_logits=) in the D step"
        if player in self._seen:
            text = (
                f"in {PATIENCE} D steps the real and fake batches could not be told apart: "
                f"call {call}"
            )
        else:
            text = (
                f"0 D forwards seen after {PATIENCE} optimizer steps: call {call}; or pass what "
                "the loop calls, compiled or wrapped as it is; or attach='forward', if it calls "
                "D.forward itself"
            )
        self._record.shield.tell_once(f"batches {player.name}", text)

    def _read_shown(self, player: Player, shown: Shown) -> None:
        reals, fakes = ([f.logits or () for f in side] for side in (shown.reals, shown.fakes))
        if any(len(logits) != len(reals[0]) for logits in (*reals, *fakes)):
            return
        for scale in range(len(reals[0])):
            self._read_logits(player, [r[scale] for r in reals], [f[scale] for f in fakes])
        for side, forwards in (("real", shown.reals), ("fake", shown.fakes)):
            self._read_gradient(player, side, forwards)

    def _read_gradient(self, player: Player, side: str, forwards: Sequence[Forward]) -> None:
        """Whether a loss reaches what D says of a batch, and which way it pushes it."""
        for forward in forwards:
            if forward.gradient is not None:
                if side == "real" or (side == "generator" and not forward.of_d):
                    self._record.put(player.key(_GRADIENTS[side]), forward.gradient)
                self._record.put(player.key(f"reached/{side}"), 1.0)
            elif forward.watched and not forward.asked:
                self._record.put(player.key(f"reached/{side}"), 0.0)

    def _read_judged(self, player: Player, forwards: Sequence[Forward]) -> None:
        for forward in forwards:
            for logits in forward.logits or ():
                if forward.intact:
                    said = self._as_logits(logits).mean()
                    self._record.put(player.key("logit/generator"), said)
                    self._guess.take_g(logits)

    def _read_share(self, forwards: Iterable[Forward]) -> None:
        """How much of what G is to learn it learns from D."""
        met = {f.junction: f.junction.parts for f in forwards if f.junction is not None}
        parts = [part for part in met.values() if part is not None]
        if parts:
            self._record.later(self._through_d, torch.stack(parts).sum(0))

    def _read_logits(
        self, player: Player, real: Sequence[torch.Tensor], fake: Sequence[torch.Tensor]
    ) -> None:
        # Joined, they are copied: the loop may write over its tensors.
        both = torch.cat([logits.reshape(-1) for logits in (*real, *fake)])
        self._logits = n = sum(logits.numel() for logits in real)
        objective = self._record.setup.objective
        plain = objective.coding in (None, (0, 1, 1)) and objective.family in LOSS_FAMILIES
        # A pair takes one of each side, and fakes may be fewer, as beside a pool of old ones.
        paired = objective.family == "relativistic-paired"
        family = objective.family if plain and (2 * n == len(both) or not paired) else None
        kind = (player.name, n, len(both), family, self._probability)
        if kind not in self._scores:
            if len(self._scores) >= MOST_SIZES:
                self._scores.clear()
            self._scores[kind] = Scores(player, n, family, self._probability)
        self._record.later(self._scores[kind], both)
        self._guess.take_d(both, n)

    @property
    def _probability(self) -> bool:
        return self._record.setup.discriminator_output == "probability"

    def _as_logits(self, output: torch.Tensor) -> torch.Tensor:
        return torch.logit(output, 1e-7) if self._probability else output

    def _fakes(
        self, game: str, judged: Mapping[Player, Sequence[Forward]]
    ) -> Sequence[torch.Tensor]:
        """What G made for its loss: what a D of the game was shown, else what G gave."""
        for player, forwards in judged.items():
            if self._players.game(player) != game:
                continue
            shown = [
                unpacked(x, x.shape, forward.made)
                for forward in forwards
                if forward.made is not None and forward.fake is not None
                if (x := forward.input(forward.fake)) is not None
            ]
            if shown:
                return shown
        only = len(self._players.g) == 1
        return list(self._output.values()) if only else ()
