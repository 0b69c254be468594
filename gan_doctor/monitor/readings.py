"""What is read at each optimizer step: D's outputs, gradient norms, learning rates."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch.optim.optimizer import Optimizer

from gan_doctor.losses import LOSS_FAMILIES
from gan_doctor.metrics import norms
from gan_doctor.monitor.first_look import FirstLook
from gan_doctor.monitor.forwards import Forward, Shown, on_loss_gradient, tell_apart, unpacked
from gan_doctor.monitor.gathering import Gathering
from gan_doctor.monitor.hooks import Shield
from gan_doctor.monitor.inspection import inspect_optimizer
from gan_doctor.monitor.measures import GradientNorm, LayerNorms, NotFinite, Scores
from gan_doctor.monitor.objective_guess import ObjectiveGuess
from gan_doctor.monitor.players import Player, Players, Stepped
from gan_doctor.monitor.recorder import Recorder
from gan_doctor.monitor.structures import tensors_in
from gan_doctor.monitor.updates import Updates

PATIENCE = 50  # D steps after which a loop whose batches cannot be told apart is told so
WATCHED_STEPS = 10  # that are looked at closely; later one a tick
# D's outputs and gradients are read in so many steps of a tick, whose mean is what counts: AUROC
# over 512 logits on each side has a deviation of .018 by chance (ours).
READ_STEPS, READ_LOGITS = 5, 512
EARLY_STEPS = 100  # of which every one is read
FILLING_STEPS = 1_000  # of which every one is read as long as reals are wanted
LR_CHANGE = 0.2  # of the learning rate since the last event; smaller ones are a decay under way


_GOLDEN = (5**0.5 - 1) / 2

_Norms = tuple[torch.Tensor, Sequence[int]]  # by parameter, with the layer of each


class Readings:
    """Puts on record what hooks and `observe` tell of the players and their optimizers.

    Args:
        record: Where to.
        players: Who plays.
        gatherings: Are offered the batches, by game.
        look: Is shown the first steps.
        guess: Is shown D's outputs.
    """

    def __init__(
        self,
        record: Recorder,
        players: Players,
        gatherings: Mapping[str, Gathering],
        look: FirstLook,
        guess: ObjectiveGuess,
    ) -> None:
        self._look, self._guess = look, guess
        self._record, self._players, self._gatherings = record, players, gatherings
        self._source: dict[str, Player] = {}  # the D whose reals are gathered, by game
        self._output: dict[Player, torch.Tensor] = {}  # the latest of each G
        self._updates = Updates()
        self._lr: dict[Player, float] = {}
        self._told_lr: dict[Player, float] = {}
        self._modes: dict[Player, bool] = {}
        self._told_modes: Counter[Player] = Counter()
        self._norm = {player: GradientNorm(player) for player in players}
        self._finite = {player: NotFinite(player) for player in players}
        self._scores: dict[tuple[Any, ...], Scores] = {}
        self._observed: set[str] = set()  # Ds that a person speaks for
        self._told_apart: set[Player] = set()
        self._seen: set[Player] = set()
        self._closely = WATCHED_STEPS
        self.remembering = self.reading = self.watching = True
        self._steps_read = 0
        self._logits = 1  # on reals, at a time
        self._all_d_steps: Counter[Player] = Counter()
        self._steps: Counter[Player] = Counter()  # since the last generator step
        self._round: dict[Player, dict[int, _Norms | None]] = {}  # of the step under way
        self._left: dict[Player, torch.Tensor] = {}  # sum of the gradient of the last backward pass
        self.g_stepped = False

    def begin_step(self, step: int, tick_steps: int, gathering: bool, watch: bool) -> None:
        """A generator step begins.

        Args:
            step: The clock before it.
            tick_steps: Steps between two ticks.
            gathering: Its fakes are wanted.
            watch: Look at it closely.
        """
        self.watching = watch or self._closely > 0
        share = max(READ_STEPS, READ_LOGITS / self._logits) / tick_steps
        self.reading = self.watching or gathering or self._early or _falls(step, share)
        # Some loops show D what G made in the step before.
        self.remembering = self.reading or _falls(step + 1, share)

    @property
    def _early(self) -> bool:
        if self._steps_read < EARLY_STEPS:
            return True
        filling = any(gathering.filling for gathering in self._gatherings.values())
        return filling and self._steps_read < FILLING_STEPS

    def end_step(self) -> None:
        """Puts on record what a generator step comes to, now that it has ended."""
        if self.reading and self.g_stepped:
            for d in self._players.d:
                self._record.put(d.key("steps/d"), self._steps[d])
            for player in self._players:
                self._close_round(player)
            for player, change in self._updates.take():
                self._record.put(player.key(f"update/{player.role}"), change)
            self._steps_read += 1
            self._closely -= self._closely > 0
            self._steps.clear()
            self._output.clear()
        self.g_stepped = False

    @property
    def d_steps(self) -> float | None:
        """D steps per G step, None if none was read."""
        most = max(self._all_d_steps.values(), default=0)
        return round(most / self._steps_read, 2) if self._steps_read else None

    def start(self) -> None:
        """Begins at another step: a resumed run."""
        self._all_d_steps.clear()
        self._steps_read = 0

    # What hooks tell

    def on_unread_step(self, stepped: Sequence[Stepped]) -> None:
        """An optimizer is about to step, in a generator step that is not read."""
        if stepped[-1].player.role == "g" or stepped[0].player.role == "g":
            self.g_stepped = True

    def on_discriminator_step(
        self, optimizer: Optimizer, stepped: Stepped, forwards: Sequence[Forward] | None
    ) -> None:
        """D's optimizer is about to step."""
        player = stepped.player
        if self._read_optimizer(optimizer, stepped, forwards is not None):
            self._steps[player] += 1
            self._all_d_steps[player] += 1
        if player.name in self._observed:
            return
        if forwards:
            self._seen.add(player)
        shown = tell_apart(forwards or ())
        if shown is None:
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
            self._read_optimizer(optimizer, one, judged is not None)
        judged = judged or {}
        for player, forwards in judged.items():
            if forwards and player.name not in self._observed:
                self._read_judged(player, forwards)
        for game, gathering in self._gatherings.items():
            for fake in self._fakes(game, judged):
                gathering.offer_fake(fake)

    def on_generator_forward(
        self, player: Player, inputs: Sequence[torch.Tensor], output: Any
    ) -> None:
        """G was called."""
        self._look.take_latent(player, inputs)
        made = tensors_in(output)
        if made and made[0].requires_grad:
            self._output[player] = made[0].detach()

    def on_backward(self, player: Player, parameter: torch.Tensor) -> None:
        """A backward pass has reached the first layer of a player."""
        gradient = parameter.grad if self.reading else None
        if gradient is not None and not gradient.is_sparse:
            # Before anybody clips it or replaces what is not finite.
            self._left[player] = gradient.sum(dtype=torch.float32)

    # What a person tells

    def observe(self, real: torch.Tensor, fake: torch.Tensor, name: str, shield: Shield) -> None:
        """Takes D's outputs from a person, and from now on from nobody else.

        Args:
            real: D's output on reals.
            fake: On fakes, under the same weights.
            name: Of the D.
            shield: Wraps what listens to the gradient.
        """
        self._observed.add(name)
        player = next((d for d in self._players.d if d.name == name), None)
        player = player or Player("d", name, torch.nn.Identity())
        self._read_logits(player, [real.detach()], [fake.detach()])
        if self.watching and real.requires_grad:
            key = player.key("logit/gradient")

            def take(gradient: torch.Tensor) -> None:
                self._record.put(key, gradient)

            on_loss_gradient(real, take, lambda: None, shield)

    # How it is read

    def _say_what_is_missing(self, player: Player) -> None:
        if self._all_d_steps[player] < PATIENCE or player in self._told_apart:
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
        self._record.shield.tell_once("batches", text)

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
                if side == "real":
                    self._record.put(player.key("logit/gradient"), forward.gradient)
                self._record.put(player.key(f"reached/{side}"), 1.0)
            elif forward.watched and not forward.asked:
                self._record.put(player.key(f"reached/{side}"), 0.0)

    def _read_judged(self, player: Player, forwards: Sequence[Forward]) -> None:
        for forward in forwards:
            for logits in forward.logits or ():
                if forward.intact:
                    self._record.put(player.key("logit/generator"), self._as_logits(logits.mean()))
                    self._guess.take_g(logits)
        self._read_gradient(player, "generator", forwards)

    def _read_logits(
        self, player: Player, real: Sequence[torch.Tensor], fake: Sequence[torch.Tensor]
    ) -> None:
        # Joined, they are copied: the loop may write over its tensors.
        both = torch.cat([logits.reshape(-1) for logits in (*real, *fake)])
        self._logits = n = sum(logits.numel() for logits in real)
        objective = self._record.setup.objective
        plain = objective.coding in (None, (0, 1, 1)) and objective.family in LOSS_FAMILIES
        family = objective.family if plain else None
        kind = (player.name, n, len(both), family, self._probability)
        if kind not in self._scores:
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
            whole = [f for f in forwards if f.made and f.fake is not None]
            if whole and self._players.game(player) == game:
                shown = [(f.inputs[f.fake or 0], f.made or torch.Size()) for f in whole]
                return [unpacked(x, x, made) for x, made in shown]
        only = len(self._players.g) == 1
        return list(self._output.values()) if only else ()

    def _read_optimizer(self, optimizer: Optimizer, stepped: Stepped, gradients: bool) -> bool:
        """Reads what an optimizer is about to do; returns whether a step of the player begins."""
        player = stepped.player
        parts = self._round.setdefault(player, {})
        # Several optimizers may have a part of the player each: together they make one step.
        begins = not parts or id(stepped.parameters[0]) in parts
        if begins:
            self._close_round(player)
            parts = self._round.setdefault(player, {})
            if player in self._left:
                self._record.later(self._finite[player], self._left.pop(player))
        parts[id(stepped.parameters[0])] = _norms(optimizer, stepped) if gradients else None
        if self.watching:
            self._look_at(optimizer, stepped)
        if player.module.training is not self._modes.get(player, True):
            self._note_mode(player)
        self._read_lr(player, optimizer.param_groups[stepped.group].get("lr"))
        return begins

    def _close_round(self, player: Player) -> None:
        """Puts the gradient norm of a step on record, once every optimizer of the player is in."""
        found = [norms for norms in self._round.pop(player, {}).values() if norms is not None]
        if not found:
            return
        layers = [layer for _, layers in found for layer in layers]
        norms = found[0][0] if len(found) == 1 else torch.cat([norms for norms, _ in found])
        self._record.later(self._norm[player], norms)
        if self.watching and layers == sorted(layers):
            self._record.later(LayerNorms(player, layers), norms)

    def _look_at(self, optimizer: Optimizer, stepped: Stepped) -> None:
        player = stepped.player
        self._updates.before(stepped)
        if self._record.setup.optimizer(player.role, player.name) is None:
            found = inspect_optimizer(optimizer, player.role, player.name, player.module)
            self._record.learn(optimizers=(*self._record.setup.optimizers, found))

    def _read_lr(self, player: Player, lr: Any) -> None:
        if not isinstance(lr, float | int) or (lr == self._lr.get(player) and not self.watching):
            return  # the same as before, or a tensor that a captured graph changes by itself
        self._lr[player] = lr
        self._record.put(player.key(f"lr/{player.role}"), lr)
        told = self._told_lr.setdefault(player, lr)
        if abs(lr - told) > LR_CHANGE * abs(told):
            self._told_lr[player] = lr
            detail = {"role": player.role, "from": told, "to": lr}
            self._record.event("learning-rate", detail, player.name)

    def _note_mode(self, player: Player) -> None:
        self._modes[player] = player.module.training
        if self._told_modes[player] < 2:  # some evaluate now and then, and step in between
            self._told_modes[player] += 1
            detail = {"role": player.role, "training": player.module.training}
            self._record.event("mode", detail, player.name)


def _norms(optimizer: Optimizer, stepped: Stepped) -> _Norms | None:
    """(P,) norms of the gradients that an optimizer is about to use, and the layer of each."""
    present = [p for p in stepped.parameters if p.grad is not None]
    if not present:
        return None
    found = norms([p.grad for p in present if p.grad is not None])
    scale = getattr(optimizer, "grad_scale", None)
    if scale is not None:  # GradScaler leaves it to fused optimizers to divide by it
        found = found / scale
    return found, [stepped.player.layers[id(p)] for p in present]


def _falls(step: int, share: float) -> bool:
    """Whether a step is among a share of all, spread evenly and in step with no other schedule.

    The multiples of the golden ratio are: a penalty every 16 steps is met as often as it comes.
    """
    return step * _GOLDEN % 1 < share
