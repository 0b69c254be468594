"""Where a command shows a diagnosis: text or JSON on the standard output, pictures in files."""

from __future__ import annotations

import sys

from rich.console import Console

from gan_doctor.core import Diagnosis
from gan_doctor.report import json_report, terminal_report


def show(diagnosis: Diagnosis, json: bool = False, png: str | None = None) -> None:
    """Prints the report and draws its pictures.

    Args:
        diagnosis: What to show.
        json: JSON instead of text.
        png: Directory of the pictures; None draws none.
    """
    if json:
        sys.stdout.write(json_report(diagnosis).decode())
    else:
        Console().print(terminal_report(diagnosis))
    if png is not None:
        from gan_doctor.report.charts import draw_charts  # matplotlib, which text does without

        drawn = draw_charts(diagnosis, png)
        # Beside JSON, the standard output holds nothing else.
        console = Console(stderr=json)
        console.print("\nPictures:" if drawn else "\nNo pictures: the log has no series to draw.")
        for path in drawn:
            console.print(f"  {path}", soft_wrap=True, markup=False, highlight=False)
