"""The pictures of a diagnosis, as PNG files."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import matplotlib

from gan_doctor.core import Diagnosis
from gan_doctor.report.curves import curve_chart
from gan_doctor.report.measures import measure_chart
from gan_doctor.report.panels import GRADIENTS, LOSSES, SEPARATION
from gan_doctor.report.sample_grid import sample_grid

STYLE: dict[Any, Any] = {
    "text.parse_math": False,  # a dollar sign in a log is no formula
    "font.size": 10,
    "axes.titlesize": 11,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.alpha": 0.25,
    "legend.frameon": False,
    "savefig.dpi": 120,
}


def draw_charts(diagnosis: Diagnosis, directory: str | os.PathLike[str]) -> list[Path]:
    """Draws what the run has recorded into PNG files of a directory, which is made if need be.

    Returns:
        The files: losses, d-separation, gradients, sample-measures and samples, as far as there
        is something to draw.

    Raises:
        OSError: The directory cannot be written.
    """
    folder = Path(directory)
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    with matplotlib.rc_context(STYLE):
        figures = {
            "losses": curve_chart(diagnosis, "Losses", LOSSES),
            "d-separation": curve_chart(
                diagnosis, "How far D separates real from fake", SEPARATION
            ),
            "gradients": curve_chart(diagnosis, "Gradients and learning rates", GRADIENTS),
            "sample-measures": measure_chart(diagnosis),
            "samples": sample_grid(diagnosis.run),
        }
        for name, figure in figures.items():
            if figure is not None:
                figure.savefig(folder / f"{name}.png")
                written.append(folder / f"{name}.png")
    return written
