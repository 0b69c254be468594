"""Runs in the file store of MLflow."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

import numpy as np

from gan_doctor.core import ReadError, Run, Source
from gan_doctor.readers._base import Cursor, Reader
from gan_doctor.readers._folder import head_of
from gan_doctor.readers._naming import Naming
from gan_doctor.readers._number_file import NumberFile
from gan_doctor.readers._rows import MOST_TAGS, in_one_order, name_of
from gan_doctor.readers._table import Block, as_run
from gan_doctor.readers._tail import fed

__all__ = ["MlflowRunsReader"]

_LINE = re.compile(rb"\d+ \S+( -?\d+)?[^\n]*\n")
_NAME = re.compile(
    r"^run_name:[ \t]*(?P<quote>['\"]?)(?P<name>[^'\"\s].*?)(?P=quote)[ \t\r]*$", re.MULTILINE
)
_DEEPEST = 6
_MOST_PARAMETERS = 20
_MOST_VALUE = 200  # bytes of a parameter


class MlflowRunsReader(Reader):
    """The folder of one run below `mlruns`.

    What it reads:
        `metrics/<name>`, lines of time, value and step; a name with slashes is a path of folders.
        The run is called as `meta.yaml` says, and the notes list what `params` holds.

        It can be read while it is written: a last line without a newline is torn and left out.

    What it does not read:
        A folder with several runs: pass one of them, or let `gan-doctor triage` find them. Runs
        that MLflow keeps in a database: export them.
    """

    title = "MLflow run"
    files = "a directory with metrics/ and meta.yaml"

    def score(self, source: Source) -> float:
        """By the folder of metrics and the file beside it."""
        name = next(_metrics(source), None) if source.is_dir() else None
        if name is None or not _LINE.match(head_of(source, f"metrics/{name}")):
            return 0.0
        return 0.9 if "meta.yaml" in source.files("meta.yaml") else 0.5

    def read(self, source: Source, since: Cursor | None = None) -> tuple[Run, Cursor]:
        """Reads the log, going on from where an earlier reading ended."""
        naming = Naming(self.told)
        tags = list(islice(_metrics(source), MOST_TAGS)) if source.is_dir() else []
        if not tags:
            raise ReadError(source.name, "expected the folder of one run, with metrics in it")
        before: dict[str, NumberFile] = since.state if since else {}
        log = {}
        useless = []
        for tag in tags:
            if not naming.of([tag]).keys:
                useless.append(tag)
                continue
            log[tag] = fed(before.get(tag), NumberFile(f"metrics/{tag}", 3), source)
        notes = [note for file in log.values() for note in file.notes]
        notes += [*_parameters(source), *naming.of(useless).notes]
        if len(tags) == MOST_TAGS:
            notes.append(f"only its first {MOST_TAGS} metrics are looked at")
        blocks = in_one_order([[_block(tag, file)] for tag, file in log.items()])
        return as_run(_name(source), source.name, blocks, naming, notes=notes), Cursor(log)


def _metrics(source: Source, below: str = "", depth: int = 0) -> Iterator[str]:
    """The names of the metrics."""
    folder = f"metrics/{below}".rstrip("/")
    yield from (f"{below}{file}" for file in source.files(below=folder))
    if depth < _DEEPEST:
        for name in source.folders(folder):
            yield from _metrics(source, f"{below}{name}/", depth + 1)


def _block(tag: str, file: NumberFile) -> Block:
    order, numbers = file.numbers
    return Block(order, {"step": numbers[:, 2]}, {tag: np.ascontiguousarray(numbers[:, 1])})


def _name(source: Source) -> str:
    if "meta.yaml" in source.files("meta.yaml"):
        match = _NAME.search(head_of(source, "meta.yaml").decode(errors="replace"))
        if match:
            return match["name"]
    if "mlflow.runName" in source.files("mlflow.runName", below="tags"):
        return head_of(source, "tags/mlflow.runName").decode(errors="replace").strip()
    return name_of(source)


def _parameters(source: Source) -> list[str]:
    names = list(source.files(below="params"))
    told = []
    for name in names[:_MOST_PARAMETERS]:
        value = head_of(source, f"params/{name}").decode(errors="replace").strip()
        told.append(f"{name} = {value[:_MOST_VALUE]}")
    more = len(names) - len(told)
    rest = f" and {more} more" if more else ""
    return [f"parameters: {', '.join(told)}{rest}"] if told else []
