"""`gan-doctor report RUN`: what is wrong with a training run, and what to do."""

from __future__ import annotations

from typing import Annotated

import typer

from gan_doctor.cli.options import FailOn, Ignore, Json, Select, meanings, names


def report(
    run: Annotated[
        str, typer.Argument(help="Directory or file that the training wrote; - for standard input.")
    ],
    json: Json = False,
    png: Annotated[
        str | None, typer.Option(metavar="DIR", help="Draw the pictures into this directory.")
    ] = None,
    select: Select = None,
    ignore: Ignore = None,
    fail_on: FailOn = None,
    format: Annotated[  # noqa: A002
        str | None,
        typer.Option(
            metavar="READER", help="Do not guess who wrote the log: gan-doctor list readers."
        ),
    ] = None,
    map_: Annotated[
        list[str] | None,
        typer.Option(
            "--map",
            metavar="TAG=SERIES",
            help="What a name in the log means: --map loss1=loss/d. gan-doctor list series.",
        ),
    ] = None,
    tee: Annotated[
        bool, typer.Option("--tee", help="Pass standard input on as it comes; report at its end.")
    ] = False,
) -> None:
    """Say what is wrong with a training run, since when, on what evidence, and what to do.

    Exits with 0 if nothing is wrong, 1 if a problem of at least --fail-on stands,
    2 if the log cannot be read. What gan-doctor.toml or pyproject.toml set holds
    unless it is overruled here.

    Examples:
      gan-doctor report runs/dcgan --png pictures
      gan-doctor report runs/dcgan --select GD3 --ignore mode-dropping
      gan-doctor report runs/dcgan --json --fail-on critical > report.json
      gan-doctor report train.log --map "critic cost=loss/d"
      python train.py | gan-doctor report - --tee
    """
    from gan_doctor.cli.output import show
    from gan_doctor.cli.standard_input import standard_input
    from gan_doctor.core import load_config
    from gan_doctor.diagnosis import diagnose
    from gan_doctor.readers import read

    config = load_config().overruled(select=names(select), ignore=names(ignore), fail_on=fail_on)
    place = standard_input(tee) if run == "-" else run
    diagnosis = diagnose(read(place, format, meanings(map_)), config)
    show(diagnosis, json=json, png=png)
    raise typer.Exit(exit_code(diagnosis.worst, config.fail_on))


def exit_code(worst: str | None, fail_on: str) -> int:
    """1 if the worst severity is one to fail on, else 0."""
    rank = ("info", "warning", "critical", "never").index
    return int(worst is not None and rank(worst) >= rank(fail_on))
