"""`gan-doctor compare RUN RUN...`: what differs, where they part, which is better."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from gan_doctor.cli.options import Ignore, Json, Select, names


def compare(
    runs: Annotated[
        list[str],
        typer.Argument(metavar="RUN RUN...", help="Two runs or more, of any format."),
    ],
    json: Json = False,
    select: Select = None,
    ignore: Ignore = None,
) -> None:
    """Compare runs: which is better, where they part, what was found, what was set.

    The first run is what the others are held against. Runs that differ in their
    seed alone are taken together: what lies between them is the noise.

    Exits with 0, and with 2 if a log cannot be read.

    Examples:
      gan-doctor compare runs/sick runs/cured
      gan-doctor compare runs/base_s* runs/r1_s*
      gan-doctor compare runs/sick runs/cured --json > comparison.json
    """
    from rich.console import Console

    from gan_doctor.core import load_config
    from gan_doctor.diagnosis.comparison import compare as compare_runs
    from gan_doctor.report.comparison_json import comparison_json
    from gan_doctor.report.comparison_report import comparison_report

    config = load_config().overruled(select=names(select), ignore=names(ignore))
    comparison = compare_runs(runs, config)
    if json:
        sys.stdout.write(comparison_json(comparison).decode())
    else:
        Console().print(comparison_report(comparison))
