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

__all__ = ["Config", "Diagnosis", "Monitor", "Objective", "Run", "__version__", "diagnose", "read"]

logging.getLogger(__name__).addHandler(logging.NullHandler())


def __getattr__(name: str) -> Any:
    if name in _PUBLIC:
        return getattr(importlib.import_module(f"{__name__}.{_PUBLIC[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
