"""`gan-doctor train`: the reference GAN, with the doctor attached."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from gan_doctor.cli.options import ExistsOrResume, Notify, NotifyCommand, alerts_to, every

if TYPE_CHECKING:
    from gan_doctor.training import TrainConfig


def train(
    preset: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Where to start from: gan-doctor list presets."),
    ] = None,
    twin: Annotated[
        bool, typer.Option("--twin", help="The healthy twin of the preset: without its fault.")
    ] = False,
    data: Annotated[
        str | None, typer.Option(metavar="NAME", help="gan-doctor list data; digits by default.")
    ] = None,
    data_file: Annotated[
        str | None,
        typer.Option(metavar="PATH", help="MNIST, a folder of images, or a CSV of numbers."),
    ] = None,
    size: Annotated[int | None, typer.Option(help="Side of an image.")] = None,
    loss: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="minimax, non-saturating, least-squares, hinge, ..."),
    ] = None,
    trick: Annotated[
        list[str] | None,
        typer.Option(metavar="SLUG", help="Switch a trick on: gan-doctor list tricks."),
    ] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="Any setting: lr_d=2e-4, packing.m=3."),
    ] = None,
    config: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Settings, such as a run's config.toml.")
    ] = None,
    steps: Annotated[int | None, typer.Option(help="Generator steps.")] = None,
    batch_size: Annotated[int | None, typer.Option(help="Samples in a batch.")] = None,
    seed: Annotated[int | None, typer.Option(help="The same seed gives the same run.")] = None,
    device: Annotated[str | None, typer.Option(help="auto, cpu, cuda, cuda:1, mps, ...")] = None,
    amp: Annotated[
        str | None, typer.Option(metavar="TYPE", help="Mixed precision: bfloat16 or float16.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Where the log goes: runs/PRESET.")
    ] = None,
    exists: Annotated[
        ExistsOrResume, typer.Option(help="If a run is there already.")
    ] = ExistsOrResume.ERROR,
    monitor: Annotated[
        bool, typer.Option("--monitor/--no-monitor", help="Whether the doctor watches.")
    ] = True,
    sample_every: Annotated[
        str, typer.Option(metavar="STEPS", help="Between two looks at the samples, or auto.")
    ] = "auto",
    checkpoint_every: Annotated[
        int | None, typer.Option(min=0, help="Steps between checkpoints; 0 for none.")
    ] = None,
    treat: Annotated[
        bool,
        typer.Option(
            "--treat", help="On a critical finding, begin anew with what the doctor prescribes."
        ),
    ] = False,
    grid_every: Annotated[
        int, typer.Option(min=0, help="Steps between pictures of samples; 0 for none.")
    ] = 0,
    notify: Notify = None,
    notify_command: NotifyCommand = None,
) -> None:
    """Train the reference GAN with the doctor attached.

    Settings come from the preset, then --config, then the options. A checkpoint is written each
    tenth of the steps, from which --exists resume goes on.

    Examples:
      gan-doctor train --steps 600
      gan-doctor train --preset mode-collapse --out runs/sick
      gan-doctor train --preset mode-collapse --twin --out runs/well
      gan-doctor train --data ring --trick packing --set packing.m=3
      gan-doctor train --data images --data-file photos/ --size 64 --device auto
      gan-doctor train --config runs/sick/config.toml --set lr_d=2e-4 --out runs/cured
      gan-doctor train --out runs/long --steps 50000 --exists resume
      gan-doctor train --preset mode-collapse --treat --out runs/treated
    """
    from gan_doctor.cli.progress import progress
    from gan_doctor.core import ConfigError
    from gan_doctor.training import TrainConfig, grids_into, read_setting
    from gan_doctor.training import train as train_gan

    options = {
        "twin": twin or None,
        "data": data,
        "data_file": data_file,
        "size": size,
        "loss": loss,
        "steps": steps,
        "batch_size": batch_size,
        "seed": seed,
        "device": device,
        "amp": amp,
    }
    settings = {name: value for name, value in options.items() if value is not None}
    settings |= dict(read_setting(text) for text in set_ or ())
    plan = TrainConfig.of(preset, trick or (), settings, config)
    for caution in plan.cautions:
        typer.echo(f"Careful: {caution}", err=True)
    name = f"{plan.preset}-twin" if plan.twin else plan.preset
    directory = out or Path("runs", name)
    if (notify or notify_command) and (treat or not monitor):
        raise ConfigError(
            "--notify tells what the doctor finds in one training: it goes with "
            "neither --treat nor --no-monitor"
        )
    if treat:
        _treat(plan, directory, name, every(sample_every))
        return
    kept = max(1, plan.steps // 10) if checkpoint_every is None else checkpoint_every
    with (
        alerts_to(notify, notify_command, str(directory)) as alerts,
        progress(f"Training {name}", plan.steps) as tell,
    ):
        train_gan(
            *(plan, directory, monitor, every(sample_every), exists.value, tell),
            checkpoint_every=kept,
            look=grids_into(directory / "grids"),
            look_every=grid_every,
            on_finding=alerts,
        )
    if monitor:
        _conclude(directory)
    else:
        typer.echo(f"Trained without the doctor; the settings are in {directory}")


def _treat(
    plan: TrainConfig, directory: Path, name: str, sample_every: int | Literal["auto"]
) -> None:
    from gan_doctor.cli.progress import progress
    from gan_doctor.training.treatment import RECORD, treat

    with progress(f"Training {name}", plan.steps) as tell:
        attempts = treat(
            plan, directory, sample_every=sample_every,
            progress=lambda attempt, step, losses: tell(step, losses),
        )  # fmt: skip
    for attempt in attempts:
        what = f"{attempt.directory}: {attempt.action or 'as it was set up'}"
        ended = f"stopped at step {attempt.steps}: {attempt.message}" if attempt.found else (
            f"came to its end at step {attempt.steps} with nothing critical"
        )  # fmt: skip
        typer.echo(f"{what}\n  {ended}")
    typer.echo(f"The record is {directory / RECORD}; each attempt: gan-doctor report DIR")


def _conclude(directory: Path) -> None:
    from gan_doctor.core import load_config
    from gan_doctor.diagnosis import diagnose
    from gan_doctor.report import headline

    typer.echo(headline(diagnose(directory, load_config())))
    typer.echo(f"The log is in {directory}: gan-doctor report {directory}")
