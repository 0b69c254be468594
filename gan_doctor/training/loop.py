"""The reference training: steps in turn, with the doctor beside them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from torch import nn

from gan_doctor.core import RunExistsError
from gan_doctor.metrics import auroc
from gan_doctor.training import checkpoint
from gan_doctor.training.assembly import assembled, held_out
from gan_doctor.training.config import CONFIG_FILE, TrainConfig
from gan_doctor.training.drawing import Drawing
from gan_doctor.training.seeding import seeded
from gan_doctor.training.steps import Steps

if TYPE_CHECKING:
    from gan_doctor.core import Finding
    from gan_doctor.monitor import Monitor

_REPORTS = 100  # of the progress over a training


@dataclass(frozen=True)
class Trained:
    """What a training leaves behind.

    Args:
        config: Its settings.
        generator: G, in training mode, on the device of the training.
        discriminator: D.
        directory: Where its log lies, None if none was written.
        average: The running average of G, where the trick `ema` kept one.
        drawing: Draws samples of G, or of its average.
    """

    config: TrainConfig
    generator: nn.Module
    discriminator: nn.Module
    directory: Path | None
    average: nn.Module | None
    drawing: Drawing


def train(
    config: TrainConfig,
    directory: str | Path | None = None,
    monitor: bool = True,
    sample_every: int | Literal["auto"] = "auto",
    exists: Literal["error", "overwrite", "resume"] = "error",
    progress: Callable[[int, Mapping[str, float]], None] | None = None,
    checkpoint_every: int = 0,
    look: Callable[[int, Drawing], None] | None = None,
    look_every: int = 0,
    until: Callable[[int, Monitor | None], bool] | None = None,
    on_finding: Callable[[Finding], None] | None = None,
) -> Trained:
    """Trains a GAN. The same configuration gives bit-equal weights on a CPU, resumed or not.

    Args:
        config: What to train.
        directory: Where log, configuration, checkpoint and grids go; None writes nothing.
        monitor: Whether the monitor is attached; it needs a directory.
        sample_every: Generator steps between two checks of the samples.
        exists: What to do where the directory already holds a run; `resume` goes on from its
            checkpoint.
        progress: Called about 100 times with the step, the losses `loss_d` and `loss_g`, and
            `auroc`, D's separation of the last batch.
        checkpoint_every: Generator steps between two checkpoints, of which the last one is kept; 0
            for none.
        look: Called with the step and what draws samples; it cannot change the training.
        look_every: Generator steps between two looks, and one comes at the end; 0 for none.
        until: Asked after each generator step, with it and the monitor, whether to end here.
        on_finding: As of `Monitor`.

    Raises:
        ConfigError: The data or the device of the configuration cannot be used, or the checkpoint
            is of another configuration.
        RunExistsError: The directory holds a run and `exists` is "error".
    """
    folder = Path(directory) if directory is not None else None
    steps, data = assembled(config)
    plan, now, drawing = steps.plan, steps.now, Drawing(steps, data)
    told_every = max(1, config.steps // _REPORTS)
    with seeded(plan.subseed("layers"), plan.device):
        for hook in plan.at_start:
            hook(now)
        if folder and exists == "resume":
            checkpoint.load(folder, config, steps)
        with _recorded(config, folder, steps, monitor, sample_every, exists, on_finding) as doctor:
            for step in range(now.step, config.steps):
                for hook in plan.before_step:
                    hook(now)
                for _ in range(plan.d_steps):
                    loss_d, penalty = steps.d_step(doctor)
                loss_g, adversarial = steps.g_step()
                now.step = step + 1
                for hook in plan.after_step:
                    hook(now)
                if doctor:
                    others = {"penalty/d": penalty} if penalty is not None else {}
                    doctor.step(loss_d, loss_g, adversarial if plan.g_losses else None, others)
                if folder and _is_due(now.step, config.steps, checkpoint_every):
                    checkpoint.save(folder, config, steps)
                if look and _is_due(now.step, config.steps, look_every):
                    look(now.step, drawing)
                if progress and _is_due(now.step, config.steps, told_every):
                    state = {"loss_d": loss_d.item(), "loss_g": loss_g.item()}
                    progress(now.step, state | {"auroc": auroc(*steps.logits).item()})
                if until and until(now.step, doctor):
                    break
    return Trained(config, now.G, now.D, folder, now.average, drawing)


def _is_due(step: int, steps: int, every: int) -> bool:
    """At each so many steps, and at the end."""
    return every > 0 and (step % every == 0 or step == steps)


def _recorded(
    config: TrainConfig,
    folder: Path | None,
    steps: Steps,
    monitor: bool,
    sample_every: int | Literal["auto"],
    exists: Literal["error", "overwrite", "resume"],
    on_finding: Callable[[Finding], None] | None,
) -> AbstractContextManager[Monitor | None]:
    """Saves the configuration and attaches the monitor, as far as each is wanted."""
    if folder is None:
        return nullcontext()
    file = folder / CONFIG_FILE
    if exists == "error" and (file.exists() or file.with_name("run.json").exists()):
        raise RunExistsError(
            f"{folder} already holds a training: choose another directory, or pass "
            "exists='overwrite' to delete it, or exists='resume' to go on from its checkpoint"
        )
    doctor, plan, now = None, steps.plan, steps.now
    if monitor:
        from gan_doctor.monitor import Monitor

        doctor = Monitor(
            folder,
            generator=now.G,
            discriminator=now.D,
            loss=plan.objective,
            total_steps=config.steps,
            held_out=held_out(config),
            sample_every=sample_every,
            exists=exists,
            on_finding=on_finding,
        )
        doctor.declare(tricks=config.tricks, paired=plan.paired)
        if now.step:
            doctor.load_state_dict({"step": now.step})
    folder.mkdir(parents=True, exist_ok=True)
    config.save(file)
    return doctor or nullcontext()
