"""The curves of a diagnosis in one matplotlib figure, for a notebook."""

from __future__ import annotations

import io

import matplotlib
from matplotlib.figure import Figure

from gan_doctor.core import Diagnosis
from gan_doctor.report.charts import STYLE
from gan_doctor.report.curves import curve_chart
from gan_doctor.report.measures import measure_chart
from gan_doctor.report.panels import GRADIENTS, LOSSES, SEPARATION
from gan_doctor.report.sample_grid import sample_grid


class NotebookFigure(Figure):
    """A figure that a notebook shows also where `%matplotlib inline` was not said."""

    def _repr_png_(self) -> bytes:
        file = io.BytesIO()
        self.savefig(file, format="png")
        return file.getvalue()


def diagnosis_figure(diagnosis: Diagnosis) -> Figure:
    """Losses, D's separation, gradients and rates, as far as they were recorded.

    A run without them shows its sample measures, or else its samples.
    """
    with matplotlib.rc_context(STYLE):
        figure = (
            curve_chart(diagnosis, "Diagnosis", (*LOSSES, *SEPARATION, *GRADIENTS))
            or measure_chart(diagnosis)
            or sample_grid(diagnosis.run)
            or _nothing()
        )
    figure.__class__ = NotebookFigure
    return figure


def _nothing() -> Figure:
    figure = Figure(figsize=(6, 1))
    figure.text(0.02, 0.5, "The log has no series to draw.", va="center")
    return figure
