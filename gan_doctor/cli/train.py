"""`gan-doctor train`: the reference GAN, with the doctor attached."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gan_doctor.cli.options import Exists, every


def train(
    preset: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Where to start from: gan-doctor list presets."),
    ] = None,
    data: Annotated[
        str | None, typer.Option(metavar="NAME", help="digits (default), mnist or ring.")
    ] = None,
    data_file: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="MNIST: an .npz, or the folder of torchvision."),
    ] = None,
    size: Annotated[int | None, typer.Option(help="Side of an image: 16 or 28 for mnist.")] = None,
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
    device: Annotated[str | None, typer.Option(help="cpu, cuda, cuda:1, mps, ...")] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Where the log goes: runs/PRESET.")
    ] = None,
    exists: Annotated[Exists, typer.Option(help="If a run is there already.")] = Exists.ERROR,
    monitor: Annotated[
        bool, typer.Option("--monitor/--no-monitor", help="Whether the doctor watches.")
    ] = True,
    sample_every: Annotated[
        str, typer.Option(metavar="STEPS", help="Between two looks at the samples, or auto.")
    ] = "auto",
) -> None:
    """Train the reference GAN with the doctor attached.

    Settings come from the preset, then --config, then the options.

    Examples:
      gan-doctor train --steps 600
      gan-doctor train --preset mode-collapse --out runs/sick
      gan-doctor train --data ring --trick packing --set packing.m=3
      gan-doctor train --config runs/sick/config.toml --set lr_d=2e-4 --out runs/cured
    """
    from gan_doctor.cli.progress import progress
    from gan_doctor.training import TrainConfig, read_setting
    from gan_doctor.training import train as train_gan

    options = {
        "data": data,
        "data_file": data_file,
        "size": size,
        "loss": loss,
        "steps": steps,
        "batch_size": batch_size,
        "seed": seed,
        "device": device,
    }
    settings = {name: value for name, value in options.items() if value is not None}
    settings |= dict(read_setting(text) for text in set_ or ())
    plan = TrainConfig.of(preset, trick or (), settings, config)
    directory = out or Path("runs", plan.preset)
    with progress(f"Training {plan.preset}", plan.steps) as tell:
        train_gan(plan, directory, monitor, every(sample_every), exists.value, tell)
    if monitor:
        _conclude(directory)
    else:
        typer.echo(f"Trained without the doctor; the settings are in {directory}")


def _conclude(directory: Path) -> None:
    from gan_doctor.core import load_config
    from gan_doctor.diagnosis import diagnose
    from gan_doctor.report import headline

    typer.echo(headline(diagnose(directory, load_config())))
    typer.echo(f"The log is in {directory}: gan-doctor report {directory}")
