"""A diagnosis in; text, JSON or pictures out.

`report.charts`, which needs matplotlib, is imported by its own name.
"""

from gan_doctor.report.headline import headline
from gan_doctor.report.json_report import json_report
from gan_doctor.report.terminal import terminal_report

__all__ = ["headline", "json_report", "terminal_report"]
