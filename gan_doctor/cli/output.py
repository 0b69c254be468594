"""Where a command shows a diagnosis: text or JSON on the standard output, pictures in files."""

from __future__ import annotations

import sys
from pathlib import Path

from rich.console import Console

from gan_doctor.core import Diagnosis
from gan_doctor.report import json_report, terminal_report


def show(
    diagnosis: Diagnosis, json: bool = False, png: str | None = None, html: str | None = None
) -> None:
    """Prints the report, draws its pictures and writes its page.

    Args:
        diagnosis: What to show.
        json: JSON instead of text.
        png: Directory of the pictures; None draws none.
        html: File of the report as a page; None writes none.
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
    if html is not None:
        from gan_doctor.report.html import html_report  # loads what text does without

        Path(html).write_text(html_report(diagnosis), encoding="utf-8")
        Console(stderr=json).print(f"\nPage: {html}", soft_wrap=True, markup=False, highlight=False)
