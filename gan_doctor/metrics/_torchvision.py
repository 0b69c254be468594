"""Imports torchvision also where it was built for another flavour of torch.

There it cannot load its compiled operators, and dies because it describes two that do not exist:
`operator torchvision::nms does not exist`. What does not use them works once they are declared.
"""

from __future__ import annotations

import importlib
import sys
from types import ModuleType

import torch

_SCHEMA = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"
# The declarations last as long as this object: they belong to the process, as operators do.
_declared: list[torch.library.Library] = []


def import_torchvision() -> ModuleType:
    """The module torchvision.

    Raises:
        ImportError: It is not installed.
    """
    try:
        return importlib.import_module("torchvision")
    except RuntimeError as error:
        if "operator torchvision::" not in str(error):
            raise
    library = torch.library.Library("torchvision", "DEF")
    for operator in ("nms", "qnms"):
        library.define(operator + _SCHEMA)
    _declared.append(library)
    # The parts that did load know nothing of a package that is imported anew.
    for name in [name for name in sys.modules if name.partition(".")[0] == "torchvision"]:
        del sys.modules[name]
    return importlib.import_module("torchvision")
