"""`gan-doctor preflight WHAT`: what speaks against a set-up before the first step."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gan_doctor.cli.options import FailOn, Json, Junit

if TYPE_CHECKING:
    from gan_doctor.core import Setup


def preflight(
    what: Annotated[
        str,
        typer.Argument(
            metavar="WHAT",
            help="Directory of a run, a file of training settings, or a preset: see train.",
        ),
    ],
    trick: Annotated[
        list[str] | None,
        typer.Option(metavar="SLUG", help="Switch a trick of the training on."),
    ] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="Any setting of the training."),
    ] = None,
    json: Json = False,
    junit: Junit = None,
    fail_on: FailOn = None,
) -> None:
    """Say what is known to fail in a set-up before it is trained, or was trained with.

    It reads layers, loss, penalties, optimizers, the range of the data and the tricks; it trains
    nothing. Exits with 0 if nothing speaks against it, 1 if a problem of at least --fail-on does,
    2 if it cannot be read.

    Examples:
      gan-doctor preflight runs/dcgan
      gan-doctor preflight runs/dcgan/config.toml --set loss=hinge
      gan-doctor preflight healthy --trick r1-penalty --set d_norm=batch
    """
    from rich.console import Console

    from gan_doctor.cli.report import exit_code
    from gan_doctor.core import load_config
    from gan_doctor.diagnosis.preflight import not_known
    from gan_doctor.diagnosis.preflight import preflight as fly
    from gan_doctor.report.preflight_report import preflight_json, preflight_report

    config = load_config().overruled(fail_on=fail_on)
    setup = _setup(what, trick or [], set_ or [])
    findings = tuple(f for f in fly(setup) if config.selects(f.code, f.slug))
    if json:
        sys.stdout.write(preflight_json(what, setup, findings, not_known(setup)).decode())
    else:
        Console().print(preflight_report(what, setup, findings, not_known(setup)))
    if junit is not None:
        from gan_doctor.report.junit import preflight_junit

        Path(junit).write_bytes(preflight_junit(what, findings, not_known(setup), config.fail_on))
    worst = findings[0].severity if findings else None
    raise typer.Exit(exit_code(worst, config.fail_on))


def _setup(what: str, tricks: list[str], settings: list[str]) -> Setup:
    """The facts of a run that was recorded, or of a training that was not."""
    path = Path(what)
    if path.is_dir():
        from gan_doctor.core import ConfigError
        from gan_doctor.readers import read

        if tricks or settings:
            raise ConfigError(
                f"{what} is a run, and its settings are what they are: to change them, name its "
                "config.toml"
            )
        return read(what).setup
    from gan_doctor.training import TrainConfig, read_setting
    from gan_doctor.training.facts import facts

    # What excludes each other is to be told, not refused.
    given = {**dict(read_setting(text) for text in settings), "allow_conflicts": True}
    is_file = path.is_file() or path.suffix == ".toml"
    preset, file = (None, path) if is_file else (what, None)
    return facts(TrainConfig.of(preset, tricks, given, file))
