"""Files of numbers: .npy, .npz and .pt, read without running anything that is in them."""

from __future__ import annotations

import math
import pickle
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from gan_doctor.core import ConfigError

ENDINGS = (".npy", ".npz", ".pt", ".pth")


def read_array(
    path: Path, key: str | None = None, limit: int = 4 * 2**30
) -> np.ndarray[Any, Any] | Tensor:
    """The one array of a file, or the one that `key` names.

    A .npy is not read before its values are asked for.

    Args:
        path: Of the file.
        key: Which, where a .npz or the dict in a .pt holds several; the only one needs none.
        limit: Bytes that a .npz or .pt may fill.

    Raises:
        ConfigError: It is too large, broken, or holds objects, or `key` is wanting or unknown.
    """
    try:
        if path.suffix.lower() == ".npy":
            return _numbers(np.load(path, mmap_mode="r", allow_pickle=False), path)
        _check_size(path, limit)
        return _of_npz(path, key) if path.suffix.lower() == ".npz" else _of_torch(path, key)
    except pickle.UnpicklingError as error:
        raise ConfigError(
            f"{path} is broken or holds more than tensors, which could run code of its own: save "
            "the tensor alone, with torch.save(x.cpu(), path)"
        ) from error
    except ConfigError:
        raise
    except Exception as error:  # a broken file raises whatever its bytes lead to
        why = str(error).partition("\n")[0]
        objects = "allow_pickle" in why or "Python objects" in why
        hint = ": save numbers, not Python objects" if objects else ""
        raise ConfigError(f"Cannot read an array from {path} ({why}){hint}") from error


def _of_npz(path: Path, key: str | None) -> np.ndarray[Any, Any]:
    file = np.load(path, allow_pickle=False)
    if not isinstance(file, np.lib.npyio.NpzFile):
        raise ConfigError(f"{path} is no .npz, as np.savez writes it")
    with file:
        name = _chosen(path, {name: name for name in file.files}, key)
        return _numbers(file[name], path)


def _of_torch(path: Path, key: str | None) -> Tensor:
    found = torch.load(path, map_location="cpu", weights_only=True)
    if isinstance(found, Mapping):
        tensors = {str(k): v for k, v in found.items() if isinstance(v, Tensor)}
        found = _chosen(path, tensors, key)
    if not isinstance(found, Tensor):
        raise ConfigError(
            f"{path} holds a {type(found).__name__}, not a tensor: save one with "
            "torch.save(x.cpu(), path)"
        )
    if found.layout != torch.strided or found.device.type != "cpu" or found.is_complex():
        raise ConfigError(f"{path} must hold a plain tensor of real numbers: save x.cpu()")
    return found.detach()


def _chosen(path: Path, found: Mapping[str, Any], key: str | None) -> Any:
    if len(found) == 1:
        return next(iter(found.values()))
    if key is not None and key in found:
        return found[key]
    names = ", ".join(list(found)[:10]) or "none"
    if key is not None:
        raise ConfigError(f"{path} holds no array {key!r}. Known: {names}.")
    raise ConfigError(f"{path} holds {len(found)} arrays: name one with --key. Known: {names}.")


def _numbers(array: np.ndarray[Any, Any], path: Path) -> np.ndarray[Any, Any]:
    if array.dtype.kind not in "fiub":
        raise ConfigError(f"{path} must hold real numbers, got {array.dtype}")
    return array


def _check_size(path: Path, limit: int) -> None:
    """Refuses what is, or unpacks to, more than the limit."""
    size = path.stat().st_size
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as file:
            size = sum(member.file_size for member in file.infolist())
    if size > limit:
        raise ConfigError(
            f"{path} fills {math.ceil(size / 2**30)} GiB of memory, more than {limit / 2**30:.3g}: "
            "save fewer samples, 2,000 are enough, or a .npy, which is read in part"
        )
