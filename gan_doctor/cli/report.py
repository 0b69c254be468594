"""`gan-doctor report RUN`: what is wrong with a training run, and what to do."""

from __future__ import annotations

from typing import Annotated

import typer

from gan_doctor.cli.options import FailOn, Ignore, Json, Junit, Select, meanings, names


def _schema(asked: bool) -> None:
    if asked:
        from gan_doctor.report.schema import schema_text

        typer.echo(schema_text(), nl=False)
        raise typer.Exit


def report(
    run: Annotated[
        str, typer.Argument(help="Directory or file that the training wrote; - for standard input.")
    ],
    json: Json = False,
    png: Annotated[
        str | None, typer.Option(metavar="DIR", help="Draw the pictures into this directory.")
    ] = None,
    html: Annotated[
        str | None, typer.Option(metavar="FILE", help="Write the report as one HTML file.")
    ] = None,
    junit: Junit = None,
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
    schema: Annotated[
        bool,
        typer.Option(
            "--schema", callback=_schema, is_eager=True, help="Show the JSON schema of --json."
        ),
    ] = False,
) -> None:
    """Say what is wrong with a training run, since when, on what evidence, and what to do.

    Exits with 0 if nothing is wrong, 1 if a problem of at least --fail-on stands,
    2 if the log cannot be read. What gan-doctor.toml or pyproject.toml set holds
    unless it is overruled here.

    Examples:
      gan-doctor report runs/dcgan --html report.html
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
    show(diagnosis, json=json, png=png, html=html)
    if junit is not None:
        from pathlib import Path

        from gan_doctor.report.junit import report_junit

        Path(junit).write_bytes(report_junit(diagnosis, config.fail_on))
    raise typer.Exit(exit_code(diagnosis.worst, config.fail_on))


def exit_code(worst: str | None, fail_on: str) -> int:
    """1 if the worst severity is one to fail on, else 0."""
    rank = ("info", "warning", "critical", "never").index
    return int(worst is not None and rank(worst) >= rank(fail_on))
