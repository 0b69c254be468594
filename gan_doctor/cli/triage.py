"""`gan-doctor triage DIR...`: which runs of a sweep to stop, to look at, to leave alone."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from enum import Enum
from typing import TYPE_CHECKING, Annotated

import typer

from gan_doctor.cli.options import FailOn, Ignore, Json, Junit, Select, names

if TYPE_CHECKING:
    from gan_doctor.triage import Row


class Backend(str, Enum):
    """Where runs are read."""

    LOKY = "loky"
    DASK = "dask"
    RAY = "ray"


def triage(
    places: Annotated[
        list[str],
        typer.Argument(metavar="DIR...", help="Paths, or addresses such as s3://bucket/runs."),
    ],
    json: Json = False,
    csv: Annotated[bool, typer.Option("--csv", help="Comma separated values.")] = False,
    html: Annotated[
        str | None, typer.Option(metavar="FILE", help="Write a page for a browser, too.")
    ] = None,
    junit: Junit = None,
    where: Annotated[
        str | None,
        typer.Option(metavar="CHOICE", help="Only these, as paths, one a line: 'outlook==stop'."),
    ] = None,
    workers: Annotated[
        int, typer.Option(min=0, help="Processes that read at a time; 0 for one a core.")
    ] = 0,
    backend: Annotated[
        Backend, typer.Option(help="This machine (loky), or a Dask or Ray cluster.")
    ] = Backend.LOKY,
    cache: Annotated[
        str | None,
        typer.Option(metavar="DIR", help="Keep what was read: unchanged runs are not read again."),
    ] = None,
    watch: Annotated[
        float | None,
        typer.Option(metavar="SECONDS", min=0, help="Look again after so long, until Ctrl-C."),
    ] = None,
    select: Select = None,
    ignore: Ignore = None,
    fail_on: FailOn = None,
) -> None:
    """Say of each run below some directories what to do, what needs a person first.

    Whatever a reader knows is a run; one that cannot be read is a row with the
    reason. Runs that differ in their seed alone are counted together.

    With --where it prints paths for a script, or with --json or --csv those
    rows. Its fields: outlook (stop, roll back, change, unread, watch, continue,
    fine), state (running, finished, stopped), severity, finding, onset, step,
    budget, wasted (0 to 1), measure, best, clock, group, format, name, path,
    reason, error.

    Exits with 0 if nothing is wrong, 1 if a problem of at least --fail-on
    stands in a run that is shown, 2 if there is no run.

    Examples:
      gan-doctor triage runs --html sweep.html
      gan-doctor triage runs --where "wasted>.5 and state==running"
      gan-doctor triage s3://bucket/runs --cache ~/.cache/triage --backend dask
      gan-doctor triage runs --watch 60
    """
    from gan_doctor.cli.report import exit_code
    from gan_doctor.core import SEVERITIES, ConfigError, load_config
    from gan_doctor.triage import Sweep
    from gan_doctor.triage import where as chooses

    if json and csv:
        raise ConfigError("--json and --csv exclude each other")
    config = load_config().overruled(select=names(select), ignore=names(ignore), fail_on=fail_on)
    is_meant = chooses(where) if where is not None else lambda row: True
    sweep = Sweep(places, config, workers, backend.value, cache)
    how = "json" if json else "csv" if csv else "text" if where is None else "paths"
    rows: list[Row] = []
    try:
        while True:
            with _progress() as tell:
                rows = [row for row in sweep.look(tell) if is_meant(row.plain())]
            _show(rows, how, html)
            if junit is not None:
                from pathlib import Path

                from gan_doctor.report.junit import triage_junit

                plain = [row.plain() for row in rows]
                Path(junit).write_bytes(triage_junit(plain, config.fail_on))
            if watch is None:
                break
            time.sleep(watch)
    except KeyboardInterrupt:
        if watch is None:
            raise
    severities = [s for s in SEVERITIES if any(row.examined.severity == s for row in rows)]
    raise typer.Exit(exit_code(severities[-1] if severities else None, config.fail_on))


def _show(rows: Sequence[Row], how: str, html: str | None) -> None:
    from gan_doctor.report.triage_table import triage_csv, triage_json, triage_text
    from gan_doctor.triage import FIELDS, groups

    plain = [row.plain() for row in rows]
    configurations = [asdict(group) for group in groups(rows)]
    if how == "json":
        sys.stdout.write(triage_json(plain, configurations).decode())
    elif how == "csv":
        sys.stdout.write(triage_csv(plain, list(FIELDS)))
    elif how == "paths":
        _print_paths(rows)
    else:
        from rich.console import Console

        Console().print(triage_text(plain, configurations), soft_wrap=True)
    sys.stdout.flush()
    if html is not None:
        from pathlib import Path

        from gan_doctor.report.triage_page import triage_page

        Path(html).write_text(
            triage_page(plain, configurations), encoding="utf-8", errors="xmlcharrefreplace"
        )


def _print_paths(rows: Sequence[Row]) -> None:
    for row in rows:
        path = row.found.path
        if path.isprintable():
            typer.echo(path)
        else:  # a line of it might be the path of another run
            typer.echo(f"gan-doctor: {path!r} is left out: it is not one line", err=True)


@contextmanager
def _progress() -> Iterator[Callable[[str, int, int], None]]:
    """Gives a function to call with the name of a run that was read, and how far all are."""
    from gan_doctor.cli.progress import progress_of_many

    with progress_of_many() as told:
        # Of many runs not each: where nobody watches a bar, it is a line.
        yield (
            lambda name, done, total: (
                told(name, done, total) if done == total or done % (total // 20 + 1) == 0 else None
            )
        )
