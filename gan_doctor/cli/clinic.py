"""`gan-doctor clinic`: how often the doctor is right."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

clinic = typer.Typer(
    no_args_is_help=True,
    help=(
        "Measure the doctor: how often it is right on runs that nobody tuned it on.\n\n"
        "The trainings take hours. They go on where they were stopped, and each is the same "
        "whenever and wherever it runs."
    ),
)

Folder = Annotated[Path, typer.Option(metavar="DIR", help="Where the trainings are kept.")]
Digits = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        envvar="GAN_DOCTOR_MNIST",
        help="An .npz with images (N, 28, 28) of uint8 and labels (N,) of MNIST.",
    ),
]
_FOLDER, _RESULTS = Path("runs/clinic"), Path("docs/results")


class What(str, Enum):
    """Which trainings."""

    REFERENCES = "references"
    DESIGN = "design"
    EXAMINATION = "examination"


class Graded(str, Enum):
    """Which split is graded."""

    DESIGN = "design"
    EXAMINATION = "examination"


@clinic.command("run")
def run(
    what: Annotated[What, typer.Argument(help="Which trainings.")],
    digits: Digits = None,
    folder: Folder = _FOLDER,
    workers: Annotated[int, typer.Option(min=1, help="Trainings at a time, one core each.")] = 1,
    list_: Annotated[bool, typer.Option("--list", help="Only say which there are.")] = False,
) -> None:
    """Train the cases of a split, or the healthy references that outcomes are held against.

    Where a case fails and D seems too strong or too weak, it is trained again with another learning
    rate of D from there on, which tells whether it was; for that the references must be there.

    Examples:
      gan-doctor clinic run references --digits mnist.npz --workers 4
      gan-doctor clinic run design --digits mnist.npz --workers 4
      gan-doctor clinic run examination --digits mnist.npz --list
    """
    from gan_doctor.cli.progress import progress_of_many
    from gan_doctor.clinic.cases import DATA, cases, tried
    from gan_doctor.clinic.errands import branch_all, run_all, run_references
    from gan_doctor.core import ConfigError

    if list_:
        chosen = (
            [case for data in DATA for case in tried(data)]
            if what is What.REFERENCES
            else cases(what.value)
        )
        for case in chosen:
            typer.echo(case.name)
        return
    if digits is None:
        raise ConfigError("The clinic trains on MNIST: pass --digits FILE")
    with progress_of_many() as told:
        if what is What.REFERENCES:
            run_references(folder, str(digits), workers, told)
        else:
            run_all(cases(what.value), folder, str(digits), workers, told)
            branch_all(cases(what.value), folder, str(digits), workers, told)


@clinic.command("grade")
def grade(
    what: Annotated[Graded, typer.Argument(help="Which split.")],
    folder: Folder = _FOLDER,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where the results go.")] = _RESULTS,
    changed: Annotated[
        str, typer.Option(metavar="TEXT", help="What has changed since the last examination.")
    ] = "",
    workers: Annotated[int, typer.Option(min=1, help="Cases at a time, one core each.")] = 1,
) -> None:
    """Say how often the doctor was right on the cases of a split, and on which it was not.

    The examination may be graded five times: each is logged with what has changed since the last.

    Examples:
      gan-doctor clinic grade design
      gan-doctor clinic grade examination --changed "limits of GD301 set on design cases"
    """
    from gan_doctor.cli.progress import progress_of_many
    from gan_doctor.clinic.cases import cases
    from gan_doctor.clinic.errands import compare_all, grade_all, log_examination
    from gan_doctor.clinic.page import save

    examination = what is Graded.EXAMINATION
    if examination:
        log_examination(out, changed)
    with progress_of_many() as told:
        graded = grade_all(cases(what.value), folder, workers, told)
        comparison = (
            compare_all(cases("design"), graded, folder, workers, told) if examination else []
        )
    hours = sum(case.seconds for case in graded) / 3600
    command = f"gan-doctor clinic run {what.value}; gan-doctor clinic grade {what.value}"
    facts = {"command": command, "CPU hours of the trainings": round(hours, 1)}
    typer.echo(save(graded, comparison, what.value, out, facts))
