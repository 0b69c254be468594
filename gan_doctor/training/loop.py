"""The reference training: one page that knows no trick by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import torch
from torch import Tensor, nn
from torch.optim import Adam

from gan_doctor.core import RunExistsError
from gan_doctor.losses import discriminator_loss, generator_loss
from gan_doctor.nn import pack
from gan_doctor.training.config import TrainConfig
from gan_doctor.training.data import batches, load
from gan_doctor.training.networks import build
from gan_doctor.tricks import Plan

if TYPE_CHECKING:
    from gan_doctor.monitor import Monitor

CONFIG_FILE = "config.toml"
_REPORTS = 100  # of the progress over a training


@dataclass(frozen=True)
class Trained:
    """What a training leaves behind.

    Args:
        config: Its settings.
        generator: G, in training mode, on the device of the training.
        discriminator: D.
        directory: Where its log lies, None if none was written.
    """

    config: TrainConfig
    generator: nn.Module
    discriminator: nn.Module
    directory: Path | None = None


def train(
    config: TrainConfig,
    directory: str | Path | None = None,
    monitor: bool = True,
    sample_every: int | Literal["auto"] = "auto",
    exists: Literal["error", "overwrite"] = "error",
    progress: Callable[[int, Mapping[str, float]], None] | None = None,
) -> Trained:
    """Trains a GAN. The same configuration gives bit-equal weights on a CPU.

    Args:
        config: What to train.
        directory: Where the run log and the configuration go; None writes nothing.
        monitor: Whether the monitor is attached; it needs a directory.
        sample_every: Generator steps between two checks of the samples.
        exists: What to do where the directory already holds a run.
        progress: Called about 100 times with the step and the losses `loss_d` and `loss_g`.

    Raises:
        ConfigError: The data or the device of the configuration cannot be used.
        RunExistsError: The directory holds a run and `exists` is "error".
    """
    plan = config.plan()
    data = load(config.data, config.size, config.data_file).to(plan.device)
    G, D = build(config, plan, data.shape[1:])
    opt_g = Adam(G.parameters(), plan.lr_g, plan.betas)
    opt_d = Adam(D.parameters(), plan.lr_d, plan.betas)
    n = config.batch_size * plan.group
    reals = batches(data, n, plan.generator("data", "cpu"))
    random = plan.generator("latent")

    def fakes() -> Tensor:
        z = torch.randn(n, config.latent, generator=random, device=plan.device)
        return G(z)  # type: ignore[no-any-return]

    def seen(x: Tensor) -> Tensor:
        for change in plan.d_inputs:
            x = change(x, step / config.steps)
        return pack(x, plan.group)

    with _recorded(config, plan, G, D, directory, monitor, sample_every, exists) as doctor:
        for step in range(config.steps):
            for _ in range(plan.d_steps):
                real = next(reals)
                with torch.no_grad():
                    fake = fakes()
                real_seen, fake_seen = seen(real), seen(fake)
                on_real, on_fake = D(real_seen), D(fake_seen)
                if doctor:
                    doctor.observe(real=real, fake=fake, real_logits=on_real, fake_logits=on_fake)
                loss_d = discriminator_loss(plan.family, on_real, on_fake, plan.real_label)
                penalties = [term(D, real_seen, fake_seen) for term in plan.d_losses]
                opt_d.zero_grad()
                sum(penalties, loss_d).backward()
                opt_d.step()
            loss_g = generator_loss(plan.family, D(seen(fakes())))
            opt_g.zero_grad()
            loss_g.backward()
            opt_g.step()
            if doctor:
                penalty = {"penalty/d": sum(penalties)} if penalties else {}
                doctor.step(loss_d, loss_g, scalars=penalty)
            if progress and _worth_telling(step + 1, config.steps):
                progress(step + 1, {"loss_d": loss_d.item(), "loss_g": loss_g.item()})
    return Trained(config, G, D, Path(directory) if directory is not None else None)


def _worth_telling(step: int, steps: int) -> bool:
    return step == steps or step % max(1, steps // _REPORTS) == 0


def _recorded(
    config: TrainConfig,
    plan: Plan,
    G: nn.Module,
    D: nn.Module,
    directory: str | Path | None,
    monitor: bool,
    sample_every: int | Literal["auto"],
    exists: Literal["error", "overwrite"],
) -> AbstractContextManager[Monitor | None]:
    """Saves the configuration and attaches the monitor, as far as each is wanted."""
    if directory is None:
        return nullcontext()
    file = Path(directory) / CONFIG_FILE
    if exists == "error" and (file.exists() or file.with_name("run.json").exists()):
        raise RunExistsError(
            f"{directory} already holds a training: choose another directory, "
            "or pass exists='overwrite' to delete it"
        )
    doctor = None
    if monitor:
        from gan_doctor.monitor import Monitor

        doctor = Monitor(
            directory,
            generator=G,
            discriminator=D,
            loss=plan.objective,
            total_steps=config.steps,
            sample_every=sample_every,
            exists=exists,
        )
        doctor.declare(tricks=config.tricks)
    file.parent.mkdir(parents=True, exist_ok=True)
    config.save(file)
    return doctor or nullcontext()
