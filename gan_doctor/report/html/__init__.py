"""The report as one HTML file that loads nothing from elsewhere."""

from gan_doctor.report.html.page import html_report

__all__ = ["html_report"]
