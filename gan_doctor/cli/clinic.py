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
Out = Annotated[Path, typer.Option(metavar="DIR", help="Where the results go.")]
Workers = Annotated[int, typer.Option(min=1, help="Cases at a time, one core each.")]
Commit = Annotated[
    str, typer.Option(metavar="HASH", help="Draw the seeds from this commit, for a release.")
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
    workers: Workers = 1,
    commit: Commit = "",
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
    from gan_doctor.clinic.cases import DATA, FIRST_SEED, cases, seed_of, tried
    from gan_doctor.clinic.errands import branch_all, run_all, run_references

    seed = seed_of(commit) if commit else FIRST_SEED
    if list_:
        chosen = (
            [case for data in DATA for case in tried(data)]
            if what is What.REFERENCES
            else cases(what.value, seed)
        )
        for case in chosen:
            typer.echo(case.name)
        return
    mnist = _digits(digits)
    with progress_of_many() as told:
        if what is What.REFERENCES:
            run_references(folder, mnist, workers, told)
        else:
            run_all(cases(what.value, seed), folder, mnist, workers, told)
            branch_all(cases(what.value, seed), folder, mnist, workers, told)


@clinic.command("treat")
def treat(
    what: Annotated[Graded, typer.Argument(help="Which split, trained before.")],
    digits: Digits = None,
    folder: Folder = _FOLDER,
    out: Out = _RESULTS,
    most: Annotated[
        int, typer.Option(min=1, help="Failures of the dynamics, and of the wiring, at most.")
    ] = 80,
    workers: Workers = 1,
) -> None:
    """Train failures again with what the doctor prescribes, and with what needs no doctor.

    Examples:
      gan-doctor clinic treat examination --digits mnist.npz --most 40 --workers 4
    """
    from gan_doctor.cli.progress import progress_of_many
    from gan_doctor.clinic.cases import cases
    from gan_doctor.clinic.errands import treat_all
    from gan_doctor.clinic.treatment_page import save

    with progress_of_many() as told:
        treated = treat_all(cases(what.value), folder, _digits(digits), most, workers, told)
    command = f"gan-doctor clinic treat {what.value} --most {most}"
    typer.echo(save(treated, what.value, out, {"command": command, "cases": len(treated)}))


@clinic.command("grade")
def grade(
    what: Annotated[Graded, typer.Argument(help="Which split.")],
    folder: Folder = _FOLDER,
    out: Out = _RESULTS,
    changed: Annotated[
        str, typer.Option(metavar="TEXT", help="What has changed since the last examination.")
    ] = "",
    workers: Workers = 1,
    commit: Commit = "",
) -> None:
    """Say how often the doctor was right on the cases of a split, and on which it was not.

    The examination may be graded five times: each is logged with what has changed since the last.
    For the numbers of a release, its seeds are drawn from the commit that is released.

    Examples:
      gan-doctor clinic grade design
      gan-doctor clinic grade examination --changed "limits of GD301 set on design cases"
      gan-doctor clinic grade examination --commit 94defee
    """
    from gan_doctor.cli.progress import progress_of_many
    from gan_doctor.clinic.cases import FIRST_SEED, cases, seed_of
    from gan_doctor.clinic.errands import compare_all, grade_all, log_examination
    from gan_doctor.clinic.page import save

    examination = what is Graded.EXAMINATION
    if examination and not commit:
        log_examination(out, changed)
    seed = seed_of(commit) if commit else FIRST_SEED
    with progress_of_many() as told:
        graded = grade_all(cases(what.value, seed), folder, workers, told)
        comparison = (
            compare_all(cases("design"), graded, folder, workers, told) if examination else []
        )
    hours = sum(case.seconds for case in graded) / 3600
    which = f"{what.value} --commit {commit}" if commit else what.value
    command = f"gan-doctor clinic run {which}; gan-doctor clinic grade {which}"
    facts = {"command": command, "CPU hours of the trainings": round(hours, 1)}
    typer.echo(save(graded, comparison, what.value, out, facts, commit))


def _digits(file: Path | None) -> str:
    from gan_doctor.core import ConfigError

    if file is None:
        raise ConfigError("The clinic trains on MNIST: pass --digits FILE")
    return str(file)
