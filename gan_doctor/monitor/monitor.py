"""The monitor that a person attaches to a training loop."""

from __future__ import annotations

import functools
import weakref
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Literal

import torch

import gan_doctor
from gan_doctor.core import (
    Config,
    ConfigError,
    Diagnosis,
    Finding,
    Key,
    Objective,
    Setup,
    UnknownNameError,
    canonical,
)
from gan_doctor.detectors import known
from gan_doctor.metrics import norm
from gan_doctor.monitor.arguments import (
    check_choice,
    check_count,
    check_function,
    check_samples,
    check_share,
)
from gan_doctor.monitor.checks import SampleChecks, Sampler
from gan_doctor.monitor.detached import Detached
from gan_doctor.monitor.first_look import FirstLook
from gan_doctor.monitor.gathering import BATCHES, Gathering
from gan_doctor.monitor.hooks import Hooks
from gan_doctor.monitor.inspection import check_roles, inspect_network
from gan_doctor.monitor.live import LiveDiagnosis
from gan_doctor.monitor.objective_guess import ObjectiveGuess
from gan_doctor.monitor.pace import Pace
from gan_doctor.monitor.players import Networks, Players
from gan_doctor.monitor.readings import Readings
from gan_doctor.monitor.recorder import Recorder
from gan_doctor.monitor.schedule import Schedule

Value = torch.Tensor | float | Mapping[str, torch.Tensor | float] | None

# What the monitor records itself, by the first part of the name.
OURS = {
    "auroc", "batch", "gradient", "logit", "lr", "monitor", "nonfinite", "reached", "sample",
    "sign", "steps", "update", "weight",
}  # fmt: skip
IDLE = 1_000  # calls of `step` after which a G that was never stepped is told; some start with 100


class Monitor:
    """Records a GAN training and says, while it runs, what goes wrong.

    It changes nothing: weights, gradients, random numbers and modes are bit for bit those of a
    training without it. Only the constructor raises on bad input; after that every fault is one
    warning and a note in the log.

    Args:
        directory: Where the run log goes.
        generator: G; or several, in a list or a dict by name.
        discriminator: D, or the critic; or several. Pass what the loop calls: a compiled or
            wrapped module as it is.
        loss: Name of the loss family (`core.FAMILIES`) or an `Objective`; None if unknown.
        total_steps: The declared number of generator steps.
        attach: `hooks` reads what it can from G, D and their optimizers. `forward` does the same
            for loops that call `G.forward(...)` themselves. `manual` sees only what `step` and
            `observe` are given, and takes each `step` for a generator step.
        sampler: Makes n samples, such as from an EMA copy of G; else the fakes of the training are
            measured. Modes and buffers of G and D and all random numbers are put back after it.
            Where several Gs meet several Ds, it makes n for each D, as a dict.
        held_out: (N, ...) reals that D is not trained on, to tell whether it remembers those it is.
        select: Codes, families of codes or slugs of the detectors to run live.
        ignore: Those to leave out.
        sample_every: Generator steps between sample checks, or "auto".
        budget: Share of the wall time that sample checks and live diagnoses may take on "auto".
        exists: What to do where the directory already holds a run: `error`, `resume` or
            `overwrite`.
        on_finding: Called with each finding when it is raised, and again if it gets worse.
        on_error: `note` or `raise`, for a fault in the doctor itself.

    Raises:
        ConfigError: An argument cannot be used, or the directory cannot be written to.
        RunExistsError: The directory holds a run and `exists` is "error".
        ReadError: The run to resume cannot be read.

    Example:
        >>> import tempfile, torch
        >>> G, D = torch.nn.Linear(4, 2), torch.nn.Linear(2, 1)
        >>> with Monitor(tempfile.mkdtemp(), generator=G, discriminator=D, loss="hinge") as doctor:
        ...     doctor.step(loss_d=1.9, loss_g=0.1)
    """

    def __init__(
        self,
        directory: str | Path,
        generator: Networks,
        discriminator: Networks,
        loss: str | Objective | None = None,
        total_steps: int | None = None,
        attach: Literal["hooks", "forward", "manual"] = "hooks",
        sampler: Sampler | None = None,
        held_out: torch.Tensor | None = None,
        select: Sequence[str] = (),
        ignore: Sequence[str] = (),
        sample_every: int | Literal["auto"] = "auto",
        budget: float = 0.02,
        exists: Literal["error", "resume", "overwrite"] = "error",
        on_finding: Callable[[Finding], None] | None = None,
        on_error: Literal["note", "raise"] = "note",
    ) -> None:
        check_choice("attach", attach, ("hooks", "forward", "manual"))
        check_choice("exists", exists, ("error", "resume", "overwrite"))
        check_choice("on_error", on_error, ("note", "raise"))
        check_count("total_steps", total_steps, None)
        check_count("sample_every", sample_every, "auto")
        check_share("budget", budget)
        check_function("sampler", sampler)
        check_function("on_finding", on_finding)
        check_samples("held_out", held_out)
        players = Players(generator, discriminator)
        if len(players.games) > 1 and held_out is not None:
            raise ConfigError("held_out is of one data set, but there are several Ds: leave it out")
        networks = tuple(inspect_network(p.module, p.role, p.name) for p in players)
        check_roles(networks)
        config = Config(select=select, ignore=ignore)
        config.check({slug: kind.code for slug, kind in known().items()})
        self.directory = Path(directory)
        judges = {n.output_activation for n in networks if n.role == "d"}
        setup = Setup(
            objective=Objective.of(loss),
            total_steps=total_steps,
            networks=networks,
            discriminator_output="probability" if judges == {"Sigmoid"} else "logit",
            versions={"gan_doctor": gan_doctor.__version__, "torch": torch.__version__},
        )
        rank = _rank()
        self._record = Recorder(self.directory, setup, exists, on_error == "raise", rank)
        self._shield = self._record.shield
        self._schedule = Schedule(sample_every, budget, total_steps)
        self._schedule.start(self._record.step)
        # One rank looks at samples and diagnoses: what it sees is what the others would.
        self._leads = rank == 0
        self._gatherings = {game: Gathering() for game in players.games if self._leads}
        self._samples_itself = sampler is not None
        self._checks = SampleChecks(
            self._record, self._gatherings, self._schedule, players, sampler, held_out
        )
        self._players = players
        self._look_first = FirstLook(self._record, players)
        alone = len(players.g) == len(players.d) == 1
        self._guess = ObjectiveGuess(self._record, alone and setup.objective.family is None)
        self._detached = Detached(self._record)
        self._pace = Pace(self._gatherings.values())
        self._readings = Readings(
            self._record, players, self._gatherings, self._pace, self._look_first, self._guess
        )
        self._live = LiveDiagnosis(self._record, config, on_finding)
        self._idle = 0
        self._around = functools.partial(self._shield.around, "reading the training")
        self._hooks: Hooks | None = None
        if attach != "manual":
            self._hooks = Hooks(players, self._readings, self._around, attach == "forward")
        self._begin_step()
        self.closed = False
        self._finish = weakref.finalize(self, _finish, self._record, self._hooks)

    # What a person calls

    def step(
        self,
        loss_d: Value = None,
        loss_g: Value = None,
        loss_g_adv: Value = None,
        scalars: Mapping[str, torch.Tensor | float] | None = None,
    ) -> None:
        """Ends an iteration of the loop.

        The clock advances when G's optimizer has stepped since the last call; otherwise the values
        are pooled with those of the next.

        Args:
            loss_d: D's loss, a tensor or number, or one for each player.
            loss_g: G's loss.
            loss_g_adv: The adversarial part of G's loss, where there are others.
            scalars: Anything else by name, such as {"fid": 12.3}; known names are recognised. A
                penalty that is passed as it is, not detached, is seen to be in the graph.
        """
        if self.closed:
            return
        self._take("loss/d", loss_d)
        self._take("loss/g", loss_g)
        self._take("loss/g/adversarial", loss_g_adv)
        for tag, scalar in (scalars or {}).items():
            name = self._name(tag)
            self._take(name, scalar)
            if name.startswith("penalty/"):
                with self._shield("looking at a penalty"):
                    self._detached.take(Key.parse(name), scalar, {"d": loss_d, "g": loss_g})
        with self._shield("ending a step"):
            self._guess.end_call(loss_d, loss_g if loss_g_adv is None else loss_g_adv)
            self._end_step()

    def observe(
        self,
        player: str = "",
        real: torch.Tensor | None = None,
        fake: torch.Tensor | None = None,
        real_logits: torch.Tensor | None = None,
        fake_logits: torch.Tensor | None = None,
        labels: torch.Tensor | None = None,
        fake_labels: torch.Tensor | None = None,
    ) -> None:
        """Tells what hooks cannot see; what is told here is not read from hooks any more.

        Whether G's loss reaches D's output, and which way it pushes it, is still read from them.

        Call it in the D step, between D's forward and its backward pass, so that the doctor can see
        which way D scores.

        Args:
            player: Which G or D, where there are several.
            real: (B, ...) a real batch as D's data set gives it.
            fake: (B, ...) a batch of G's.
            real_logits: D's output on the real batch.
            fake_logits: D's output on the fake batch, under the same weights.
            labels: (B,) classes of the real batch, whole numbers.
            fake_labels: (B,) classes that G was asked for.
        """
        if self.closed:
            return
        with self._shield("observe()"):
            gathering = self._gatherings.get(player) or self._gatherings.get("")
            names = [p.name for p in self._players]
            if self._hooks is not None and player not in names:
                raise UnknownNameError("player", player, names)
            if gathering is not None and real is not None:
                gathering.offer_real(real.detach(), passed=True, labels=labels)
            if gathering is not None and fake is not None:
                gathering.offer_fake(fake.detach(), passed=True, labels=fake_labels)
            if real_logits is not None and fake_logits is not None:
                self._readings.observe(real_logits, fake_logits, player, self._around)
            elif real_logits is not None or fake_logits is not None:
                raise ConfigError("real_logits and fake_logits are compared: pass both")

    def declare(self, tricks: Iterable[str] | None = None, paired: bool | None = None) -> None:
        """Tells what no hook can see of the set-up.

        Args:
            tricks: Slugs of the tricks in use, such as `instance-noise`, so that none of them is
                prescribed; what is not named is not in use. None says nothing.
            paired: Whether each real is the true output for an input that G is told, as in
                image-to-image translation; only then a pixel loss can be advised.
        """
        if not self.closed:
            with self._shield("declare()"):
                if tricks is not None:
                    self._record.declare(tuple(sorted(tricks)))
                if paired is not None:
                    self._record.learn(paired=paired)

    def diagnose(self) -> Diagnosis | None:
        """The diagnosis of the run as recorded so far; None if the doctor itself failed."""
        if not self.closed:
            with self._shield("the diagnosis"):
                self._record.flush(wait=True)
                self._live.make()
        return self._live.latest

    @property
    def should_stop(self) -> bool:
        """Whether the latest live diagnosis advises to stop; it is yours to act on it."""
        return self._live.latest is not None and self._live.latest.outlook.action == "stop"

    def state_dict(self) -> dict[str, Any]:
        """What to keep in a checkpoint, so that a resumed run goes on at the right step."""
        return {"step": self._record.step}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Goes on at the step of a checkpoint.

        Args:
            state: From `state_dict`.
        """
        if self.closed:
            return
        with self._shield("load_state_dict()"):
            self._record.go_to(int(state["step"]))
            self._schedule.start(self._record.step)
            self._readings.start()
            self._begin_step()

    def close(self) -> None:
        """Writes what is left and takes every hook off. It may be called twice."""
        if self.closed:
            return
        try:
            with self._shield("close()"):
                self._record.flush(wait=True)
                if self._leads:
                    self._look()
        finally:
            self.closed = True
            self._finish()

    def __enter__(self) -> Monitor:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _repr_html_(self) -> str:
        # It diagnoses nothing: what a notebook shows must not wait for the device.
        return gan_doctor.monitor_html(
            str(self.directory), self._record.step, self.closed, self._live.latest
        )

    # How it works

    def _take(self, name: str, value: Value) -> None:
        with self._shield("taking the values of step()"):
            if isinstance(value, torch.Tensor):
                # A copy: the row may stay open, and loops write into sums of their own.
                self._record.put(name, value.detach().clone())
            elif isinstance(value, Mapping):
                for player, one in value.items():
                    self._take(str(Key(name, player)), one)
            elif value is not None:
                self._record.put(name, value)

    def _name(self, tag: str) -> str:
        """Of a person's scalar. What hooks record is not mixed with what a person says of it."""
        known = canonical(tag)
        if known is None:
            return str(Key(tag))
        ours = known.name.partition("/")[0] in OURS
        return str(Key(f"loop/{tag}") if ours else known)

    def _end_step(self) -> None:
        if self._hooks is not None and not self._readings.g_stepped:
            self._wait_for_generator()
            return
        with self._shield("reading the training"):
            self._readings.end_step()
        self._record.step += 1
        self._record.end_row()
        if self._record.at_tick:
            self._end_tick()
        if self._leads and self._schedule.due(self._record.step):
            self._check()
        self._begin_step()

    def _wait_for_generator(self) -> None:
        self._idle += 1
        if self._idle == IDLE and self._record.step == self._record.first_step:
            self._shield.tell_once(
                "generator",
                f"in {IDLE:,} calls of doctor.step no optimizer has stepped G, so that nothing is "
                "recorded: pass the generator that is trained, or attach='manual'",
            )

    def _end_tick(self) -> None:
        with self._shield("the norm of the weights"), torch.no_grad():
            for player in self._players:
                weights = [p.detach() for p in player.module.parameters() if p.is_floating_point()]
                self._record.put(player.key(f"weight/{player.role}"), norm(weights))
        self._record.put("monitor/cost", self._schedule.cost)
        self._record.end_row()
        self._record.flush()
        with self._shield("a look at the first steps"):
            self._look_first.at_tick()
            self._guess.at_tick()
            if self._leads:
                self._live.look_first()

    def _begin_step(self) -> None:
        """Fakes are gathered in the steps before a check."""
        near = self._schedule.near(self._record.step + 1, BATCHES)
        for gathering in self._gatherings.values():
            gathering.wanted = near and not self._samples_itself
        record, pace = self._record, self._pace
        pace.begin_step(record.step, record.tick_steps, record.at_tick)
        if self._hooks is not None:
            self._hooks.listen(pace.reading, pace.remembering)

    def _check(self) -> None:
        """Measures samples, and takes a live look at the run."""
        late = self._schedule.done(self._record.step)
        if late > self._schedule.interval:
            why = f"sample checks take {self._schedule.cost:.1%} of the time and were put off"
            self._record.event("schedule", {"late": late, "why": why})
        self._checks.check()
        with self._schedule.charged(once=True), self._shield("a look at the first steps"):
            self._look_first.at_check()
        with self._schedule.charged():
            self._record.flush()
            self._look()

    def _look(self) -> None:
        """A live diagnosis."""
        d_steps = self._readings.d_steps
        if d_steps not in (None, self._record.setup.d_steps):
            self._record.learn(d_steps=d_steps)
        self._live.make_and_tell()


def _finish(record: Recorder, hooks: Hooks | None) -> None:
    """Ends a monitor, be it that nobody has closed it: it is let go of, or the interpreter ends."""
    if hooks is not None:
        hooks.remove()
    record.close()


def _rank() -> int:
    """Of this process, 0 where it trains alone."""
    distributed = torch.distributed.is_available() and torch.distributed.is_initialized()
    return torch.distributed.get_rank() if distributed else 0
