"""The monitor that a person attaches to a training loop."""

from __future__ import annotations

import contextlib
import functools
import logging
import warnings
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, Concatenate, Literal, ParamSpec, TypeVar

import torch
from torch import nn
from torch.optim.optimizer import Optimizer

import gan_doctor
from gan_doctor.core import (
    Config,
    ConfigError,
    Diagnosis,
    Event,
    Finding,
    Key,
    MonitorWarning,
    Objective,
    Setup,
    UnknownNameError,
    canonical,
    to_json,
)
from gan_doctor.diagnosis import diagnose
from gan_doctor.losses import LOSS_FAMILIES, discriminator_loss
from gan_doctor.metrics import auroc, norm
from gan_doctor.monitor.checks import BATCHES, N, SampleChecks
from gan_doctor.monitor.history import History
from gan_doctor.monitor.hooks import DiscriminatorStep, Hooks
from gan_doctor.monitor.inspection import check_roles, inspect_network, inspect_optimizer
from gan_doctor.monitor.schedule import Schedule
from gan_doctor.monitor.undisturbed import undisturbed
from gan_doctor.monitor.window import Window
from gan_doctor.monitor.writer import RunLog
from gan_doctor.readers import read

Value = torch.Tensor | float | Mapping[str, torch.Tensor | float] | None

P = ParamSpec("P")
T = TypeVar("T")

_logger = logging.getLogger(__name__)

# D steps after which a loop whose batches cannot be told apart is told so, once.
_PATIENCE = 50
# D steps at the start whose loss gradient shows which way D scores; later one a flush.
_ORIENTATION_STEPS = 10
KEPT = 64  # images kept in the log at each check
SHORT = 2.0  # seconds that the monitor may take in all, below which it halves its samples
_LR_CHANGE = 0.2  # of the learning rate, since the last event; smaller ones are a decay in progress


def _shielded(
    method: Callable[Concatenate[Monitor, P], T],
) -> Callable[Concatenate[Monitor, P], T | None]:
    """What goes wrong in the doctor stays in the doctor: one warning, one note in the log."""

    @functools.wraps(method)
    def shielded(self: Monitor, *args: P.args, **kwargs: P.kwargs) -> T | None:
        if self.closed:
            return None
        try:
            return method(self, *args, **kwargs)
        except Exception as error:
            self._fault(method.__name__, error)
            return None

    return shielded


class Monitor:
    """Records a GAN training and says, while it runs, what goes wrong.

    It changes nothing: weights, gradients, random numbers and modes are bit for bit those of a training
    without it. Only the constructor raises on bad input; after that every fault is one warning and a
    note in the log.

    Args:
        directory: Where the run log goes.
        generator: G.
        discriminator: D, or the critic.
        loss: Name of the loss family (`core.FAMILIES`) or an `Objective`; None if unknown.
        total_steps: The declared number of generator steps.
        attach: `hooks` reads what it can from G, D and their optimizers. `forward` does the same for
            loops that call `G.forward(...)` themselves. `manual` sees only what `step` and `observe`
            are given, and takes each `step` for a generator step.
        sampler: Makes n samples, such as from an EMA copy of G; else the fakes of the training are
            measured. Modes, buffers and random numbers are put back after it.
        held_out: (N, ...) reals that D is not trained on, to tell whether it remembers those it is.
        select: Codes, families of codes or slugs of the detectors to run live.
        ignore: Those to leave out.
        sample_every: Generator steps between sample checks, or "auto".
        budget: Share of the wall time that sample checks and live diagnoses may take on "auto".
        exists: What to do where the directory already holds a run: `error`, `resume` or `overwrite`.
        on_finding: Called with each finding when it is raised, and again if it gets worse.
        on_error: `note` or `raise`, for a fault in the doctor itself.

    Raises:
        ConfigError: An argument cannot be used.
        RunExistsError: The directory holds a run and `exists` is "error".

    Example:
        >>> import tempfile, torch
        >>> G, D = torch.nn.Linear(4, 2), torch.nn.Linear(2, 1)
        >>> with Monitor(tempfile.mkdtemp(), generator=G, discriminator=D, loss="hinge") as doctor:
        ...     doctor.step(loss_d=1.9, loss_g=0.1)
    """

    def __init__(
        self,
        directory: str | Path,
        generator: nn.Module,
        discriminator: nn.Module,
        loss: str | Objective | None = None,
        total_steps: int | None = None,
        attach: Literal["hooks", "forward", "manual"] = "hooks",
        sampler: Callable[[int], torch.Tensor] | None = None,
        held_out: torch.Tensor | None = None,
        select: Iterable[str] = (),
        ignore: Iterable[str] = (),
        sample_every: int | Literal["auto"] = "auto",
        budget: float = 0.02,
        exists: Literal["error", "resume", "overwrite"] = "error",
        on_finding: Callable[[Finding], None] | None = None,
        on_error: Literal["note", "raise"] = "note",
    ) -> None:
        self.closed = True  # until everything stands
        _check_choice("attach", attach, ("hooks", "forward", "manual"))
        _check_choice("exists", exists, ("error", "resume", "overwrite"))
        _check_choice("on_error", on_error, ("note", "raise"))
        _check_positive("total_steps", total_steps, optional=True)
        if sample_every != "auto":
            _check_positive("sample_every", sample_every)
        if not 0 < budget <= 1:
            raise ConfigError(
                f"budget must lie in (0, 1], a share of the wall time, got {budget!r}"
            )
        check_roles(generator, discriminator)
        objective = Objective.of(loss)
        self._config = Config(select=tuple(select), ignore=tuple(ignore))
        self.directory = Path(directory)
        self._on_finding, self._on_error = on_finding, on_error
        networks = (inspect_network(generator, "g"), inspect_network(discriminator, "d"))
        self._setup = Setup(
            objective=objective,
            total_steps=total_steps,
            networks=networks,
            discriminator_output="probability"
            if networks[1].output_activation == "Sigmoid"
            else "logit",
            versions={"gan_doctor": gan_doctor.__version__, "torch": torch.__version__},
        )
        resumed = exists == "resume" and (self.directory / "run.json").is_file()
        self._step = int(read(self.directory).last_step) if resumed else 0
        self._log = RunLog(self.directory, self._setup, exists)
        self._window = Window()
        self._history = History(self.directory.name, self._setup, self._step)
        self._schedule = Schedule(sample_every, budget, total_steps)
        self._schedule.start(self._step)
        self._checks = SampleChecks()
        self._sampler, self._held_out = sampler, held_out
        self._modules = {"g": generator, "d": discriminator}
        plain = objective.coding in (None, (0, 1, 1)) and objective.family in LOSS_FAMILIES
        self._clean_family = objective.family if plain else None
        self._d_steps = self._d_steps_seen = self._d_steps_told_apart = 0
        self._g_stepped = False
        self._observed_logits = False
        self._gradients_wanted = _ORIENTATION_STEPS
        self._lr: dict[str, float] = {}
        self._raised: dict[tuple[str, str], str] = {}
        self._diagnosis: Diagnosis | None = None
        self._faults: set[str] = set()
        self.closed = False
        self._hooks = None
        if attach == "hooks":
            self._hooks = Hooks(
                generator,
                discriminator,
                self,
                self._shield_callback,
                lambda: self._gradients_wanted > 0,
            )

    # What a person calls

    @_shielded
    def step(
        self,
        loss_d: Value = None,
        loss_g: Value = None,
        loss_g_adv: Value = None,
        scalars: Mapping[str, torch.Tensor | float] | None = None,
    ) -> None:
        """Ends an iteration of the loop.

        The clock advances when G's optimizer has stepped since the last call; otherwise the values are
        pooled with those of the next.

        Args:
            loss_d: D's loss, a tensor or number, or one for each player.
            loss_g: G's loss.
            loss_g_adv: The adversarial part of G's loss, where there are others.
            scalars: Anything else by name, such as {"fid": 12.3}; known names are recognised.
        """
        for name, value in (
            ("loss/d", loss_d),
            ("loss/g", loss_g),
            ("loss/g/adversarial", loss_g_adv),
        ):
            if isinstance(value, Mapping):
                for player, one in value.items():
                    self._put(Key(name, player), one)
            elif value is not None:
                self._put(Key(name), value)
        for tag, scalar in (scalars or {}).items():
            self._put(canonical(tag) or Key(tag), scalar)
        if self._hooks is not None and not self._g_stepped:
            return
        self._end_step()

    @_shielded
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

        Call it in the D step, between D's forward and its backward pass, so that the doctor can see
        which way D scores.

        Args:
            player: Which G or D, where there are several.
            real: (B, ...) a real batch as D's data set gives it.
            fake: (B, ...) a batch of G's.
            real_logits: D's output on the real batch.
            fake_logits: D's output on the fake batch, under the same weights.
            labels: (B,) classes of the real batch.
            fake_labels: (B,) classes of the fake batch.
        """
        if real is not None:
            self._checks.offer_real(real.detach())
        if fake is not None and self._gathering:
            self._checks.offer_fake(fake.detach(), observed=True)
        if real_logits is not None and fake_logits is not None:
            self._observed_logits = True
            self._record_logits(real_logits.detach(), fake_logits.detach(), player)
            if self._gradients_wanted > 0 and real_logits.requires_grad:
                self._gradients_wanted -= 1
                key = Key("logit/gradient", player)
                real_logits.register_hook(
                    self._shield_callback(lambda gradient: self._put(key, gradient.sum()))
                )

    @_shielded
    def declare(self, tricks: Iterable[str]) -> None:
        """Tells which tricks of the catalogue are in use, so that none of them is prescribed.

        Args:
            tricks: Their slugs, such as `instance-noise`; what is not named is not in use.
        """
        self._setup = replace(self._setup, tricks=tuple(sorted(tricks)))
        self._history.setup = self._setup
        self._event("declare", {"tricks": list(self._setup.tricks or ())})

    @_shielded
    def diagnose(self) -> Diagnosis:
        """The diagnosis of the run as recorded so far."""
        self._flush(wait=True)
        self._diagnosis = diagnose(self._history.run(), self._config)
        return self._diagnosis

    @property
    def should_stop(self) -> bool:
        """Whether the latest live diagnosis advises to stop; it is yours to act on it."""
        return self._diagnosis is not None and self._diagnosis.outlook.action == "stop"

    def state_dict(self) -> dict[str, Any]:
        """What to keep in a checkpoint, so that a resumed run goes on at the right step."""
        return {"step": self._step}

    @_shielded
    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Goes on at the step of a checkpoint.

        Args:
            state: From `state_dict`.
        """
        self._step = int(state["step"])
        self._history = History(self.directory.name, self._setup, self._step)
        self._schedule.start(self._step)

    def close(self) -> None:
        """Writes what is left and takes every hook off. It may be called twice."""
        if self.closed:
            return
        self._finish()
        self.closed = True
        if self._hooks is not None:
            self._hooks.remove()
        self._log.close()

    def __enter__(self) -> Monitor:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    # What the hooks tell

    def on_discriminator_step(self, optimizer: Optimizer, seen: DiscriminatorStep | None) -> None:
        """D's optimizer is about to step."""
        self._d_steps += 1
        self._d_steps_seen += 1
        self._optimizer_facts(optimizer, "d")
        if self._observed_logits:
            return
        if seen is None:
            if self._d_steps_seen == _PATIENCE and not self._d_steps_told_apart:
                self._note(
                    f"in {_PATIENCE} D steps the real and fake batches could not be told apart: call "
                    "doctor.observe(real=, fake=, real_logits=, fake_logits=) in the D step"
                )
            return
        self._d_steps_told_apart += 1
        self._record_logits(
            seen.real.out, torch.cat([fake.out.flatten() for fake in seen.fakes]), ""
        )
        if seen.real.gradient is not None:
            self._gradients_wanted = max(0, self._gradients_wanted - 1)
            self._put(Key("logit/gradient"), seen.real.gradient)
        self._checks.offer_real(seen.real.x)

    def on_generator_step(self, optimizer: Optimizer, fake: torch.Tensor | None) -> None:
        """G's optimizer is about to step."""
        self._g_stepped = True
        self._optimizer_facts(optimizer, "g")
        if fake is not None and self._gathering:
            self._checks.offer_fake(fake)

    # How it works

    def _put(self, key: Key, value: torch.Tensor | float) -> None:
        self._window.put(str(key), value)

    def _record_logits(self, real: torch.Tensor, fake: torch.Tensor, player: str) -> None:
        with torch.no_grad():
            real, fake = real.flatten().float(), fake.flatten().float()
            self._put(Key("auroc", player), auroc(real, fake))
            if self._setup.discriminator_output == "probability":
                real, fake = torch.logit(real, 1e-7), torch.logit(fake, 1e-7)
            self._put(Key("logit/real", player), real.mean())
            self._put(Key("logit/fake", player), fake.mean())
            self._put(Key("logit/sd", player), torch.cat([real, fake]).std())
            if self._clean_family is not None:
                clean = discriminator_loss(self._clean_family, real, fake)
                self._put(Key("loss/d/clean", player), clean)

    def _optimizer_facts(self, optimizer: Optimizer, role: Literal["g", "d"]) -> None:
        gradients = [
            p.grad
            for group in optimizer.param_groups
            for p in group["params"]
            if p.grad is not None
        ]
        if gradients:
            self._put(Key(f"gradient/{role}"), norm(gradients))
        if self._setup.optimizer(role) is None:
            found = inspect_optimizer(optimizer, role)
            self._learn(optimizers=(*self._setup.optimizers, found))
        lr = optimizer.param_groups[0].get("lr")
        if isinstance(lr, float | int):
            self._lr_event(role, float(lr))
            self._put(Key(f"lr/{role}"), float(lr))

    def _lr_event(self, role: str, lr: float) -> None:
        known = self._lr.setdefault(role, lr)
        if abs(lr - known) > _LR_CHANGE * abs(known):
            self._lr[role] = lr
            self._event("learning-rate", {"role": role, "from": known, "to": lr})

    @property
    def _gathering(self) -> bool:
        """Whether fakes of this step may belong to the next check."""
        return self._sampler is None and self._schedule.near(self._step + 1, BATCHES)

    def _end_step(self) -> None:
        self._step += 1
        if self._hooks is not None:
            self._put(Key("steps/d"), float(self._d_steps))
            self._hooks.end_step()
        self._g_stepped, self._d_steps, self._observed_logits = False, 0, False
        self._window.end_row(self._step)
        if self._step % self._history.tick_steps == 0:
            self._gradients_wanted = max(self._gradients_wanted, 1)
            self._weights()
            self._flush()
        if self._schedule.due(self._step):
            self._check()

    def _flush(self, wait: bool = False) -> None:
        groups = self._window.flush(wait)
        self._log.scalars(groups)
        self._history.add(groups)

    def _weights(self) -> None:
        with torch.no_grad():
            for role, module in self._modules.items():
                self._put(Key(f"weight/{role}"), norm([p.detach() for p in module.parameters()]))
        self._put(Key("monitor/cost"), self._schedule.cost)
        self._window.end_row(self._step)

    def _check(self) -> None:
        """Measures samples where there are enough, and takes a live look at the run."""
        late = self._schedule.done(self._step)
        if late > self._schedule.interval:
            why = f"sample checks take {self._schedule.cost:.1%} of the time and were put off"
            self._event("schedule", {"late": late, "why": why})
        with self._schedule.charged():
            if self._sampler is not None and self._checks.enough_reals:
                with undisturbed(*self._modules.values()):
                    self._checks.offer_fake(self._sampler(N), observed=True)
        if self._checks.ready and self._checks.stale and self._schedule.affords_once_more(self._step):
            with self._schedule.charged(once=True):
                self._draw_reference()
        with self._schedule.charged():
            if self._checks.ready:
                self._measure_samples()
            self._flush()
            self._look()

    def _draw_reference(self) -> None:
        """Draws the null of the reals; in a short run with half the samples, at half the cost."""
        allowance = self._schedule.allowance(self._step)
        short = allowance is not None and allowance < SHORT
        reference = self._checks.draw(self._step, N // 2 if short else N)
        self._event("bands", {"bands": to_json(reference.bands)})
        self._history.bands += reference.bands
        self._log.samples("real", self._step, self._checks.stored(reference.real))
        self._reals = reference.real
        if self._setup.sample_shape is None:
            shape = tuple(reference.real.shape[1:])
            self._learn(sample_shape=shape, batch_size=self._checks.batch_size)

    def _measure_samples(self) -> None:
        values, fakes = self._checks.measure()
        for key, value in values.items():
            self._put(key, value)
        if self._held_out is not None:
            self._put(Key("auroc/held_out"), self._remembering(self._held_out))
        self._window.end_row(self._step)
        kept = fakes[:KEPT] if fakes.dim() == 4 else fakes
        self._log.samples("fake", self._step, self._checks.stored(kept))

    def _remembering(self, held_out: torch.Tensor) -> torch.Tensor:
        """AUROC of D between reals it was trained on and others: .5 where it remembers none."""
        discriminator = self._modules["d"]
        device = next(discriminator.parameters()).device
        with undisturbed(discriminator):
            discriminator.eval()
            trained = discriminator(self._reals[:N].to(device))
            others = discriminator(held_out[:N].to(device))
        return auroc(trained, others)

    def _look(self) -> None:
        """A live diagnosis: tells of findings that are new or have become worse."""
        self._diagnosis = diagnose(self._history.run(), self._config)
        for finding in self._diagnosis.findings:
            name = (finding.slug, finding.player)
            if not finding.standing or self._raised.get(name) == finding.severity:
                continue
            self._raised[name] = finding.severity
            self._log.finding(finding)
            _logger.log(_LEVELS[finding.severity], "%s (step %g)", finding.message, finding.alarm)
            if self._on_finding is not None:
                self._on_finding(finding)

    @_shielded
    def _finish(self) -> None:
        self._window.end_row(self._step)
        self._flush(wait=True)
        if self._d_steps_seen:
            self._learn(d_steps=self._d_steps_seen / max(self._step - self._history.first_step, 1))
        self._look()

    def _learn(self, **facts: Any) -> None:
        """Adds facts to the setup and the log."""
        self._setup = replace(self._setup, **facts)
        self._history.setup = self._setup
        self._event("setup", {name: to_json(value) for name, value in facts.items()})

    def _event(self, kind: str, detail: Mapping[str, Any]) -> None:
        event = Event(self._step, kind, detail=detail)
        self._log.event(event)
        self._history.events.append(event)

    def _note(self, text: str) -> None:
        self._event("note", {"text": text})
        warnings.warn(f"gan_doctor: {text}", MonitorWarning, stacklevel=2)

    def _shield_callback(self, callback: Callable[..., None]) -> Callable[..., None]:
        def shielded(*args: Any) -> None:
            if self.closed:
                return
            try:
                callback(*args)
            except Exception as error:
                self._fault(callback.__name__, error)

        return shielded

    def _fault(self, where: str, error: Exception) -> None:
        """One warning and one note for each place that fails; the training goes on."""
        if self._on_error == "raise":
            raise error
        if where in self._faults:
            return
        self._faults.add(where)
        text = f"{where} failed: {type(error).__name__}: {error}. The training goes on."
        with contextlib.suppress(OSError):  # the log itself may be what failed
            self._event("note", {"text": text})
        warnings.warn(f"gan_doctor: {text}", MonitorWarning, stacklevel=3)


_LEVELS = {"info": logging.INFO, "warning": logging.WARNING, "critical": logging.ERROR}


def _check_choice(name: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise UnknownNameError(f"value of {name}", str(value), known)


def _check_positive(name: str, value: int | None, optional: bool = False) -> None:
    if value is None and optional:
        return
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ConfigError(f"{name} must be a positive whole number, got {value!r}")
