"""The recorders that `step_overhead` compares: nothing, gan_doctor, and what people use instead.

Each can be attached to a training for a while and taken off without a trace, so that all of them
are timed on the same training, with the same weights at the same addresses.
"""

from __future__ import annotations

import cProfile
import json
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any, Protocol

import torch
from torch import Tensor, nn
from torch.optim import optimizer as optimizers

import gan_doctor
from gan_doctor.core.run import TICK_STEPS
from gan_doctor.monitor.pace import FILLING_STEPS

TOTAL_STEPS = 100_000  # declared: long enough for ticks to be TICK_STEPS apart
BINS = 64


class Hooked(Protocol):
    """What recorders hook into."""

    G: nn.Module
    D: nn.Module
    opt_g: torch.optim.Optimizer
    opt_d: torch.optim.Optimizer


class Stopwatch:
    """Adds up the seconds spent inside the calls it wraps, by name.

    Args:
        clock: Says the time in seconds.
        profile: Sees the calls from inside, and slows them down.
    """

    def __init__(
        self,
        clock: Callable[[], float] = time.perf_counter,
        profile: cProfile.Profile | None = None,
    ) -> None:
        self.seconds: Counter[str] = Counter()
        self.clock, self._profile = clock, profile

    @property
    def total(self) -> float:
        """Seconds, whatever the name."""
        return sum(self.seconds.values())

    def timed(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        """The call, timed."""
        return _Timed(self, name, call)

    def run(self, name: str, call: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Makes the call and counts its time."""
        start = self.clock()
        try:
            if self._profile is not None:
                return self._profile.runcall(call, *args, **kwargs)
            return call(*args, **kwargs)
        finally:
            self.seconds[name] += self.clock() - start

    def clear(self) -> None:
        """Starts again from nothing."""
        self.seconds.clear()
        if self._profile is not None:
            self._profile.clear()


class _Timed:
    """A call under a stopwatch."""

    def __init__(self, watch: Stopwatch, name: str, call: Callable[..., Any]) -> None:
        self._watch, self._name, self._call = watch, name, call

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._watch.run(self._name, self._call, *args, **kwargs)


class Recorder:
    """Records nothing: the bare training.

    Args:
        training: What it attaches to.
        directory: Where it writes.
        watch: Times what runs on its account.
    """

    warm_up = 3  # steps after which one costs as much as any later one

    def __init__(self, training: Hooked, directory: Path, watch: Stopwatch) -> None:
        self.watch = watch

    def attach(self) -> None:
        """Begins to see the training."""

    def step(self, loss_d: Tensor, loss_g: Tensor) -> None:
        """Ends an iteration."""

    def detach(self) -> None:
        """Sees nothing any more, until it is attached again."""

    def close(self) -> None:
        """Closes the files."""


class GanDoctor(Recorder):
    """Our Monitor with sample measures off. The time of a tick is counted apart, as `tick`."""

    warm_up = 25

    def __init__(self, training: Hooked, directory: Path, watch: Stopwatch) -> None:
        super().__init__(training, directory, watch)
        self._doctor = gan_doctor.Monitor(
            directory,
            generator=training.G,
            discriminator=training.D,
            loss="non-saturating",
            total_steps=TOTAL_STEPS,
            sample_every=1_000 * TOTAL_STEPS,
            on_error="raise",
        )
        self._doctor._pace.read = FILLING_STEPS  # the first ones are all read, and cost more
        self._hooks = _Hooks(self._doctor, watch)
        self._hooks.take_off()
        self.ticks: list[float] = []  # seconds of each
        self._clock = 0

    def attach(self) -> None:
        self._hooks.put_on()

    def detach(self) -> None:
        self._hooks.take_off()

    def step(self, loss_d: Tensor, loss_g: Tensor) -> None:
        self._clock += 1
        if self._clock % TICK_STEPS:
            self.watch.run("step()", self._doctor.step, loss_d, loss_g)
        else:
            before = self.watch.seconds["tick"]
            self.watch.run("tick", self._doctor.step, loss_d, loss_g)
            self.ticks.append(self.watch.seconds["tick"] - before)

    def go_to_tick(self) -> None:
        """Lets the next step be a tick's."""
        self._clock += TICK_STEPS - self._clock % TICK_STEPS - 1
        read = self._doctor._pace.read  # a resumed run reads its first steps all
        self._doctor.load_state_dict({"step": self._clock})
        self._doctor._pace.read = read

    def close(self) -> None:
        self._doctor.close()


class Naive(Recorder):
    """What people write first: each loss and each parameter's gradient norm to TensorBoard."""

    def __init__(self, training: Hooked, directory: Path, watch: Stopwatch) -> None:
        from torch.utils.tensorboard import SummaryWriter

        super().__init__(training, directory, watch)
        self._named = [*_named_parameters(training)]
        self._writer = SummaryWriter(directory)
        self._clock = 0
        self.step = watch.timed("step()", self._record)  # type: ignore[method-assign]

    def _record(self, loss_d: Tensor, loss_g: Tensor) -> None:
        self._writer.add_scalar("loss/d", loss_d.item(), self._clock)
        self._writer.add_scalar("loss/g", loss_g.item(), self._clock)
        for name, p in self._named:
            self._writer.add_scalar(f"gradient/{name}", p.grad.norm().item(), self._clock)
        self._clock += 1

    def close(self) -> None:
        self._writer.close()


class Histograms(Recorder):
    """A histogram of each parameter's gradient whenever one is computed, a line of JSON a step.

    Stands in for `wandb.watch((G, D), log="gradients", log_freq=1)`: the same tensor operations in
    the same order as `TorchHistory.log_tensor_stats` of wandb 0.31.0
    (wandb/integration/torch/wandb_torch.py). Its service process and network are left out.
    """

    def __init__(self, training: Hooked, directory: Path, watch: Stopwatch) -> None:
        super().__init__(training, directory, watch)
        self._named = [*_named_parameters(training)]
        self._handles: list[Any] = []
        self._row: dict[str, Any] = {}
        directory.mkdir()
        self._file: IO[str] = (directory / "history.jsonl").open("w")
        self.step = watch.timed("step()", self._record)  # type: ignore[method-assign]

    def attach(self) -> None:
        self._handles = [p.register_hook(self._hook(name)) for name, p in self._named]

    def detach(self) -> None:
        for handle in self._handles:
            handle.remove()

    def close(self) -> None:
        self._file.close()

    def _hook(self, name: str) -> Callable[[Tensor], None]:
        def log_tensor_stats(gradient: Tensor) -> None:
            self._row[f"gradients/{name}"] = _histogram(gradient)

        return self.watch.timed("gradient hooks", log_tensor_stats)

    def _record(self, loss_d: Tensor, loss_g: Tensor) -> None:
        json.dump(self._row, self._file)
        self._file.write("\n")
        self._row.clear()


RECORDERS: dict[str, type[Recorder]] = {
    "bare": Recorder,
    "bare again": Recorder,
    "gan_doctor": GanDoctor,
    "naive": Naive,
    "histograms": Histograms,
}


def _named_parameters(training: Hooked) -> list[tuple[str, nn.Parameter]]:
    networks = nn.ModuleDict({"g": training.G, "d": training.D})
    return list(networks.named_parameters())


def _histogram(tensor: Tensor) -> dict[str, list[float]] | None:
    flat = tensor.detach().clone().reshape(-1)
    if not flat.is_cuda:
        flat = flat.float()
    if (~torch.isfinite(flat)).all().item():
        return None
    if not torch.isfinite(flat).all():
        flat = flat[torch.isfinite(flat)]
    low, high = flat.min().item(), flat.max().item()
    if low == high:
        return {"values": [flat.numel()], "bins": [low, high]}
    counts = flat.histc(bins=BINS, min=low, max=high).cpu().detach().clone()
    return {"values": counts.tolist(), "bins": torch.linspace(low, high, BINS + 1).tolist()}


class _Hooks:
    """The hooks of a Monitor, to be timed, taken off for a while and put on again."""

    def __init__(self, doctor: gan_doctor.Monitor, watch: Stopwatch) -> None:
        assert doctor._hooks is not None
        self._hooks, self._pace = doctor._hooks, doctor._pace
        backward = self._hooks._backward
        for role, hooks in self._hooks._of_role.items():
            passes = [hook for player, hook in backward.items() if player.role == role]
            for hook in (*hooks, *passes):
                name = f"{role} {type(hook).__name__}"
                hook._after = watch.timed(name, hook._after)  # type: ignore[attr-defined]
        everywhere: dict[int, Any] = optimizers._global_optimizer_pre_hooks
        self._key, before = max(everywhere.items())
        self._before = watch.timed("optimizers", before)

    def take_off(self) -> None:
        self._hooks.listen(reading=False, remembering=False)
        optimizers._global_optimizer_pre_hooks.pop(self._key, None)

    def put_on(self) -> None:
        self._hooks.listen(self._pace.reading, self._pace.remembering)
        optimizers._global_optimizer_pre_hooks[self._key] = self._before
