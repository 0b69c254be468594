"""All commands in one application, and what its exit codes mean."""

from __future__ import annotations

import io
import sys
import traceback
from collections.abc import Sequence
from typing import Annotated

import typer

import gan_doctor
from gan_doctor.cli.clinic import clinic
from gan_doctor.cli.compare import compare
from gan_doctor.cli.demo import demo
from gan_doctor.cli.explain import explain
from gan_doctor.cli.listing import listing
from gan_doctor.cli.preflight import preflight
from gan_doctor.cli.report import report
from gan_doctor.cli.samples import samples
from gan_doctor.cli.train import train
from gan_doctor.cli.triage import triage
from gan_doctor.cli.watch import watch

BAD_INPUT = 2
OUR_FAULT = 3

app = typer.Typer(
    name="gan-doctor",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes: 0 all right, 1 a problem found, 2 unreadable or bad input, 3 our fault.",
)
app.command("report")(report)
app.command("watch")(watch)
app.command("compare")(compare)
app.command("triage")(triage)
app.command("samples")(samples)
app.command("preflight")(preflight)
app.command("train")(train)
app.command("demo")(demo)
app.command("list")(listing)
app.command("explain")(explain)
app.add_typer(clinic, name="clinic")


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the command line; what is wrong with the input becomes one line and exit code 2.

    Args:
        arguments: Without the program's name; those of the process unless given.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a log may hold any letter
    try:
        app(arguments)
    except Exception as error:
        sys.exit(_explained(error))


def _explained(error: Exception) -> int:
    # Here, since it takes 0.15 s that --help does without.
    from gan_doctor.core import GanDoctorError, RunExistsError
    from gan_doctor.report.wording import harmless

    if isinstance(error, GanDoctorError | OSError):
        hint = " (here: --exists overwrite)" if isinstance(error, RunExistsError) else ""
        typer.echo(f"gan-doctor: {harmless(str(error))}{hint}", err=True)
        return BAD_INPUT
    traceback.print_exception(error)
    typer.echo("gan-doctor: this is a fault of gan-doctor's own; please report it.", err=True)
    return OUR_FAULT


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"gan-doctor {gan_doctor.__version__}")
        raise typer.Exit


@app.callback()
def _program(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Is this GAN training all right, what is wrong with it, and what should I try?

    Examples:
      gan-doctor demo                     a healthy and a sick GAN, on real digits
      gan-doctor report runs/dcgan        what is wrong with a run of your own
      gan-doctor watch runs/dcgan         the same, live, while it trains elsewhere
      gan-doctor compare runs/a runs/b    which is better, and where they part
      gan-doctor triage runs              which runs of a sweep to stop, which to keep
      gan-doctor samples out --real data  what is wrong with samples, without a log
      gan-doctor explain mode-collapse    what that is, and what helps
    """
