"""The import of torchvision, also where it was built for another flavour of torch."""

from __future__ import annotations

import importlib
from functools import cache
from types import ModuleType
from typing import TYPE_CHECKING

from gan_doctor.core.errors import MissingExtraError

if TYPE_CHECKING:
    import torch


def import_torchvision() -> ModuleType:
    """Imports torchvision.

    A torchvision beside a torch of another flavour (CUDA beside CPU) cannot load its compiled
    operators, and its import dies with `operator torchvision::nms does not exist`. Only then are
    the schemas of the two missing operators defined, and the import is tried again. Data sets and
    transforms work; the two operators themselves, of object detection, do not.

    Returns:
        The module `torchvision`.

    Raises:
        MissingExtraError: It is not installed.
    """
    try:
        return importlib.import_module("torchvision")
    except ModuleNotFoundError as error:
        if error.name != "torchvision":
            raise
        raise MissingExtraError("torchvision", "vision") from error
    except RuntimeError as error:
        if "operator torchvision::nms does not exist" not in str(error):
            raise
    _missing_operators()
    return importlib.import_module("torchvision")


@cache  # The schemas live as long as the library object, so it is kept.
def _missing_operators() -> torch.library.Library:
    import torch

    library = torch.library.Library("torchvision", "DEF")
    for name in ("nms", "qnms"):
        library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    return library
