"""gan_doctor: a training-health monitor and early-failure detector for GANs."""

from __future__ import annotations

import importlib
import logging
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from gan_doctor.core import Config, Diagnosis, Objective, Run
    from gan_doctor.diagnosis.diagnose import diagnose
    from gan_doctor.monitor import Monitor
    from gan_doctor.readers import read
    from gan_doctor.report.figure import diagnosis_figure as diagnosis_figure
    from gan_doctor.report.notebook import diagnosis_html as diagnosis_html
    from gan_doctor.report.notebook import monitor_html as monitor_html

# Where each public name lives; nothing is imported until it is asked for (PEP 562).
_PUBLIC = {
    "Config": "core",
    "Diagnosis": "core",
    "Monitor": "monitor",
    "Objective": "core",
    "Run": "core",
    "diagnose": "diagnosis",
    "read": "readers",
}

# How types of the lower rows look in a notebook: since they do not know `report`, they ask here.
_SHOWN = {
    "diagnosis_figure": "report.figure",
    "diagnosis_html": "report.notebook",
    "monitor_html": "report.notebook",
}

__all__ = ["Config", "Diagnosis", "Monitor", "Objective", "Run", "__version__", "diagnose", "read"]

logging.getLogger(__name__).addHandler(logging.NullHandler())


def __getattr__(name: str) -> Any:
    place = _PUBLIC.get(name) or _SHOWN.get(name)
    if place is not None:
        return getattr(importlib.import_module(f"{__name__}.{place}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
