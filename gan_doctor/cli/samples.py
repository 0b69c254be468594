"""`gan-doctor samples FAKE --real REAL`: what is wrong with samples, without any log."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from gan_doctor.cli.options import FailOn, Ignore, Json, Select, by, names


def samples(
    fake: Annotated[
        str,
        typer.Argument(
            metavar="FAKE",
            help="What G made: a folder of images, a .npz, .npy, .pt or .pth, or a grid image.",
        ),
    ],
    real: Annotated[
        str,
        typer.Option(metavar="REAL", help="The data it should look like, best what it learned of."),
    ],
    grid: Annotated[
        str | None,
        typer.Option(
            metavar="ROWSxCOLS",
            help="Each image of FAKE shows so many samples: cut it. REAL too if it is one image.",
        ),
    ] = None,
    real_grid: Annotated[
        str | None, typer.Option(metavar="ROWSxCOLS", help="The same for a folder of reals.")
    ] = None,
    padding: Annotated[
        int, typer.Option(min=0, help="Pixels between the tiles; save_image makes 2.")
    ] = 0,
    size: Annotated[
        str | None,
        typer.Option(
            metavar="PIXELS",
            help="Side of the images, or HEIGHTxWIDTH. Else the commonest, at most 128, and of "
            "both sides the smaller.",
        ),
    ] = None,
    key: Annotated[
        str | None, typer.Option(help="Which array, where a .npz or .pt holds several.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Of the random draws and features.")] = 0,
    json: Json = False,
    select: Select = None,
    ignore: Ignore = None,
    fail_on: FailOn = None,
) -> None:
    """Say what is wrong with samples by holding them against real data; no log is needed.

    64 fakes and 128 reals are enough to begin with, 1,536 and 1,024 are best;
    of more, as many are drawn. Subfolders are classes. Images and arrays of
    bytes become -1 to 1, floats stay as they are. A folder counts as one set:
    of a training, name its last. Pickles are refused. Exits with 0 if nothing
    is wrong, 1 if a problem of at least --fail-on stands, 2 if something
    cannot be read.

    Examples:
      gan-doctor samples out/fakes --real data/train
      gan-doctor samples epoch_90.png --grid 8x8 --padding 2 --real data/train
      gan-doctor samples fakes.npz --key x --real reals.npy --json > samples.json
      gan-doctor samples fakes.pt --real reals.pt --select mode-dropping,GD4
    """
    from rich.console import Console

    from gan_doctor.cli.report import exit_code
    from gan_doctor.core import load_config
    from gan_doctor.diagnosis.samples import diagnose_samples
    from gan_doctor.report.samples_report import samples_json, samples_report

    config = load_config().overruled(select=names(select), ignore=names(ignore), fail_on=fail_on)
    tiles, sides = by("--grid", grid), by("--size", size)
    real_tiles = by("--real-grid", real_grid) or (tiles if _is_file(real) else None)

    from gan_doctor.sampling.files import load_samples
    from gan_doctor.sampling.judged import DRAWS, MOST, judged

    with _shown("Reading reals") as tell:
        reals = load_samples(
            real, sides, real_tiles, padding, key, most=2 * MOST, seed=seed, tell=tell
        )
    with _shown("Reading fakes") as tell:
        fakes = load_samples(
            fake, sides, tiles, padding, key, most=DRAWS * MOST, seed=seed, tell=tell
        )
    with _shown("Measuring"):
        run = judged(fakes, reals, seed, f"{fake} against {real}")
    diagnosis = diagnose_samples(run, config)
    if json:
        sys.stdout.write(samples_json(diagnosis).decode())
    else:
        Console().print(samples_report(diagnosis))
    raise typer.Exit(exit_code(diagnosis.worst, config.fail_on))


def _is_file(path: str) -> bool:
    from pathlib import Path

    return not Path(path).is_dir()


@contextmanager
def _shown(what: str) -> Iterator[Callable[[int, int], None]]:
    """Gives a function to tell how far something is; a terminal shows it while it lasts."""
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bars:
        task = bars.add_task(what, total=None)
        yield lambda done, total: bars.update(task, completed=done, total=total)
