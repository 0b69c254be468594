"""A table of numbers, as the reader's own CSV."""

from __future__ import annotations

import csv
from pathlib import Path

import torch

from gan_doctor.core import ConfigError
from gan_doctor.training.data.dataset import Dataset

# What `data_file` must be.
TABLE = "a CSV of numbers, separated by commas, with or without a line of names"

_LARGEST = 1e100  # whose square is still a number; NaN and infinity are not below it


def table(file: str) -> Dataset:
    """The rows (N, F), each column with mean 0 and sd 1.

    Args:
        file: The CSV. A first line without any number in it names the columns.

    Raises:
        ConfigError: The file cannot be read, a cell is no number, a row is too short or too long,
            or a column says nothing as all its numbers are the same.
    """
    path = Path(file)
    lines = _lines(path)
    names = [f"column {i}" for i in range(1, len(lines[0][1]) + 1)] if lines else []
    if lines and all(_number(cell) is None for cell in lines[0][1]):
        names = [f"column {i} ({cell.strip()})" for i, cell in enumerate(lines[0][1], 1)]
        lines = lines[1:]
    if not lines:
        raise ConfigError(f"{path} holds no rows of numbers: set data_file to {TABLE}")
    rows = [_numbers(path, line, cells, names) for line, cells in lines]
    x = torch.tensor(rows, dtype=torch.float64)  # (N, F)
    sd = x.std(0, correction=0)
    # The sd of equal numbers need not round to 0.
    for name, constant in zip(names, (x.amin(0) == x.amax(0)) | (sd == 0), strict=True):
        if constant:
            raise ConfigError(
                f"{path}: {name} is the same in all {len(x)} rows, so that there is nothing to "
                "learn: leave the column out"
            )
    return Dataset(((x - x.mean(0)) / sd).float())


def _lines(path: Path) -> list[tuple[int, list[str]]]:
    """The lines that are not empty, with their numbers."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file)
            lines = [(reader.line_num, cells) for cells in reader]
            return [(n, cells) for n, cells in lines if len(cells) > 1 or "".join(cells).strip()]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ConfigError(
            f"Cannot read numbers from {path} ({error}): set data_file to {TABLE}"
        ) from error


def _numbers(path: Path, line: int, cells: list[str], names: list[str]) -> list[float]:
    if len(cells) != len(names):
        raise ConfigError(
            f"{path}, line {line}: expected {len(names)} numbers, got {len(cells)}; the file must "
            f"be {TABLE}"
        )
    numbers = [_number(cell) for cell in cells]
    for name, number, cell in zip(names, numbers, cells, strict=True):
        if number is None or not abs(number) < _LARGEST:
            raise ConfigError(
                f"{path}, line {line}: {name} must be a finite number, got {cell!r}: enter one, or "
                "leave the line out"
            )
    return [number for number in numbers if number is not None]


def _number(cell: str) -> float | None:
    try:
        return float(cell)
    except ValueError:
        return None
