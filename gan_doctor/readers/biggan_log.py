"""Logs of BigGAN-PyTorch."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import PurePosixPath

import numpy as np

from gan_doctor.core import Objective, OptimizerFacts, ReadError, Run, Setup, Source
from gan_doctor.core.setup import Role
from gan_doctor.readers._base import Cursor, Reader
from gan_doctor.readers._folder import head_of
from gan_doctor.readers._naming import Naming
from gan_doctor.readers._number_file import NumberFile
from gan_doctor.readers._object_file import ObjectFile
from gan_doctor.readers._rows import in_one_order, name_of
from gan_doctor.readers._table import Block, as_run
from gan_doctor.readers._tail import fed

__all__ = ["BigganLogReader"]

_METRICS = re.compile(rb'\s*\{"itr": \d+.*"(?:IS_mean|FID)"')
_LINE = re.compile(rb"\d+: (?:[-+]?\d\.\d+e[-+]\d+|nan|-?inf)\r?\n")
_LOSSES = ("G_loss.log", "D_loss_real.log", "D_loss_fake.log")
_FACT = r"'{}': ({})[,}}]"
_NUMBER = r"[-+.\de]+"
_MOST_FACTS = 64 << 10  # bytes of metalog.txt


class BigganLogReader(Reader):
    """What BigGAN-PyTorch writes into its `logs` folder.

    What it reads:
        `<experiment>_log.jsonl`, the metrics at each evaluation (`itr`, `IS_mean`, `FID`), and the
        files of single series such as `G_loss.log`, `D_loss_real.log` and `D_loss_fake.log`, with
        lines `1000: 1.234e+00`. They lie in a folder named like the experiment: pass that folder,
        or the one above where it holds one experiment, or any one file. Of `metalog.txt` it takes
        the rates, the momenta, and how often D is stepped. The objective is taken to be the hinge
        loss, which is the only one in that code unless somebody has changed it.

        It can be read while it is written: a last line without a newline is torn and left out,
        unless it is a whole JSON object.

    What it does not read:
        The logs of singular values, and the samples.
    """

    title = "BigGAN-PyTorch"
    files = "<experiment>_log.jsonl, G_loss.log"

    def score(self, source: Source) -> float:
        """By the first lines of a file, or of the files that a folder of that code has."""
        if not source.is_dir():
            head = head_of(source, "")
            return 0.9 * bool(_METRICS.match(head) or _LINE.match(head))
        return 0.92 * any(_files(source))

    def read(self, source: Source, since: Cursor | None = None) -> tuple[Run, Cursor]:
        """Reads the log, going on from where an earlier reading ended."""
        metrics, losses = _files(source)
        if not metrics and not losses:
            raise ReadError(source.name, "it holds none of the logs of BigGAN-PyTorch")
        naming = Naming(self.told)
        before: _Log = since.state if since else _Log()
        log = _Log()
        useless = []
        for file in metrics[:1]:
            log.metrics[file] = fed(before.metrics.get(file), ObjectFile(file, naming), source)
        for file, tag in losses.items():
            if naming.of([tag]).keys:
                fresh = NumberFile(file, 2, b":")
                log.losses[file] = fed(before.losses.get(file), fresh, source)
            else:
                useless.append(tag)
        notes = [note for metric in log.metrics.values() for note in metric.notes]
        notes += [note for loss in log.losses.values() for note in loss.notes]
        notes += naming.of(useless).notes
        if metrics[1:]:
            notes.append(f"not read, pass one to read it: {', '.join(metrics[1:])}")
        blocks = in_one_order([one.objects.rows.blocks() for one in log.metrics.values()])
        blocks = in_one_order([blocks, *([_block(losses[f], n)] for f, n in log.losses.items())])
        run = as_run(name_of(source), source.name, blocks, naming, _setup(source), notes)
        return run, Cursor(log)


@dataclass
class _Log:
    """What has been read so far."""

    metrics: dict[str, ObjectFile] = field(default_factory=dict)
    losses: dict[str, NumberFile] = field(default_factory=dict)


def _files(source: Source) -> tuple[list[str], dict[str, str]]:
    """The files of metrics, and those of single series with their tags."""
    if not source.is_dir():
        tag = PurePosixPath(name_of(source)).stem
        is_metrics = head_of(source, "").lstrip().startswith(b"{")
        return ([""], {}) if is_metrics else ([], {"": tag})
    metrics = [f for f in source.files("*.jsonl") if _METRICS.match(head_of(source, f))]
    below = {""} | {file.removesuffix("_log.jsonl") for file in metrics if len(metrics) == 1}
    losses = {
        f"{folder}/{file}".lstrip("/"): PurePosixPath(file).stem
        for folder in sorted(below)
        if any(file in _LOSSES for file in source.files("*_loss*.log", below=folder))
        for file in source.files("*.log", below=folder)
        if _LINE.match(head_of(source, f"{folder}/{file}".lstrip("/")))
    }
    return metrics, losses


def _block(tag: str, file: NumberFile) -> Block:
    order, numbers = file.numbers
    return Block(order, {"step": numbers[:, 0]}, {tag: np.ascontiguousarray(numbers[:, 1])})


def _setup(source: Source) -> Setup:
    """What `metalog.txt` tells, which is the text of a Python dict; nothing in it is run."""
    objective = Objective("hinge", "sum")
    if not source.is_dir() or "metalog.txt" not in source.files("metalog.txt"):
        return Setup(objective, objective_inferred=True)
    with source.open("metalog.txt") as file:
        text = file.read(_MOST_FACTS).decode(errors="replace")
    roles: tuple[Role, ...] = ("d", "g")
    rates = {role: _fact(text, f"{role.upper()}_lr") for role in roles}
    optimizers = tuple(
        OptimizerFacts(role, kind="Adam", lr=rate, betas=_betas(text, role.upper()))
        for role, rate in rates.items()
        if rate is not None
    )
    return Setup(
        objective,
        optimizers=optimizers,
        d_steps=_fact(text, "num_D_steps"),
        objective_inferred=True,
    )


def _betas(text: str, player: str) -> tuple[float, float] | None:
    first, second = (_fact(text, f"{player}_B{i}") for i in (1, 2))
    return None if first is None or second is None else (first, second)


def _fact(text: str, name: str) -> float | None:
    match = re.search(_FACT.format(name, _NUMBER), text)
    try:
        return float(match[1]) if match else None
    except ValueError:
        return None
