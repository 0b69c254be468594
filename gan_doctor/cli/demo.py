"""`gan-doctor demo`: a healthy and a sick GAN on real digits, and what the doctor says of both."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gan_doctor.cli.options import Exists

PRESETS = ("healthy", "mode-collapse")
SAMPLE_EVERY = 50  # fixed, so that the reports do not depend on how fast the machine is


def demo(
    out: Annotated[
        Path, typer.Option(metavar="DIR", help="Where the logs and pictures go.")
    ] = Path("runs/demo"),
    exists: Annotated[Exists, typer.Option(help="If there are runs already.")] = Exists.ERROR,
) -> None:
    """Train a healthy and a sick GAN on real digits, and report on both, with pictures.

    Takes about two minutes, and downloads nothing.

    Examples:
      gan-doctor demo
      gan-doctor demo --out /tmp/demo --exists overwrite
    """
    import torch

    from gan_doctor.cli.output import show
    from gan_doctor.cli.progress import progress
    from gan_doctor.diagnosis import diagnose
    from gan_doctor.report import headline
    from gan_doctor.training import TrainConfig, train

    # Images this small gain nothing from threads, and lose much where the cores are busy.
    torch.set_num_threads(1)
    for preset in PRESETS:
        config = TrainConfig.of(preset)
        with progress(f"Training {preset}", config.steps) as tell:
            train(config, out / preset, True, SAMPLE_EVERY, exists.value, tell)
    diagnoses = {preset: diagnose(out / preset) for preset in PRESETS}
    for preset, diagnosis in diagnoses.items():
        typer.echo(f"\n{'=' * 24} {preset} {'=' * 24}\n")
        show(diagnosis, png=str(out / preset / "pictures"))
    typer.echo("\nIn short:")
    for preset, diagnosis in diagnoses.items():
        typer.echo(f"  {preset:<15} {headline(diagnosis)}")
    typer.echo(f"\nLook at {out / PRESETS[-1] / 'pictures' / 'samples.png'} first.")
