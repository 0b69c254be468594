"""TensorBoard event files."""

from __future__ import annotations

import re
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from posixpath import commonpath

import numpy as np

from gan_doctor.core import ReadError, Run, Source
from gan_doctor.readers._base import Cursor, Reader
from gan_doctor.readers._event_file import EventFile, first_tags
from gan_doctor.readers._event_folders import Folder, called, one_run, told_apart
from gan_doctor.readers._naming import Naming
from gan_doctor.readers._table import Block, Column, as_run

__all__ = ["TensorboardReader"]

_FILES = "*tfevents*"
_TIME = re.compile(r"tfevents\.(\d+)")
_MOST_VALUES = 50_000_000
_MOST_TOLD = 12  # runs in an error

_DEEPEST, _MOST_FOLDERS = 4, 2_000
_MOST_GLANCED, _MOST_FILES = 100, 3  # folders and files of each, to score
# Hidden folders, those of TensorBoard's plug-ins, and those that `add_hparams` names by the time.
_NO_FOLDERS = re.compile(r"\..*|plugins|\d{9,}\.\d+")

_STYLEGAN = "Progress/kimg"
_STYLEGAN_COSTS = re.compile(r"(Timing|Resources)/.*|Progress/(kimg|tick)")


class TensorboardReader(Reader):
    """The event files that TensorBoard shows, whatever wrote them.

    What it reads:
        One event file. A folder with several, which carry on from each other in the order in which
        they were begun. A folder whose event files lie in folders below it that make one run: a
        writer for each metric (`SummaryWriter.add_scalars`, mimicry), or for training and
        validation (Keras). A tag that several of these have is called by its folder. Scalars are
        read as TensorFlow 1, 2 and PyTorch write them; images, histograms, graphs, texts and
        hyperparameters are passed over. A file can be read while it is written.

        A step is an iteration. Where StyleGAN's tag `Progress/kimg` is, it is a thousand images.
        Where no writer was given a step, the rows are counted. A tag of which the steps are less
        than half of those beside it, such as a metric by epoch among losses by iteration, stands at
        the step at which it was written.

        A file that goes on where an earlier one ended is in one segment with it; one that steps
        back begins a new one. Two programs that write into one folder look like a restart.

    What it does not read:
        A folder with several runs below it, two of which have two tags in common or more; it says
        which there are. The time of day. Tensors that are not one number. The -1 that Lightning
        writes as `hp_metric` for want of another.

        Reading a file ends at a record that is torn, or whose checksum is wrong. Of records of more
        than 1 KiB only the length is checked unless there are scalars in them; a damaged one is
        left out. So are tags beyond the first 10,000 of a file, and records of over 64 MiB.
    """

    title = "TensorBoard"
    files = "events.out.tfevents.*, or a folder with such files"

    def score(self, source: Source) -> float:
        """Sure where there are scalars among the first records.

        A folder below which there are several runs, or one of which nothing lies here, is less than
        half: whoever searches for runs finds them in it.
        """
        if not source.is_dir():
            tags = _first_tags(source, "")
            named = tags is not None or list(source.files(_FILES))
            return 0.95 if tags else 0.1 if named else 0.0
        found = _found(source, islice(_folders(source), _MOST_GLANCED))
        if not found:
            return 0.0
        folders = one_run(
            Folder(path, _glance(source, files), self.told) for path, files in found.items()
        )
        if folders is None or commonpath(found):
            return 0.3
        if not any(folder.found for folder in folders):
            return 0.1
        return 0.8 if "" in found else 0.5

    def read(self, source: Source, since: Cursor | None = None) -> tuple[Run, Cursor]:
        """Reads the log, going on from where an earlier reading ended."""
        before: Mapping[str, EventFile] = since.state if since else {}
        paths = list(islice(_folders(source), _MOST_FOLDERS))
        found = _found(source, paths)
        if not found:
            raise ReadError(source.name, f"it holds no event files ({_FILES})")
        read: dict[str, EventFile] = {}
        folders = one_run(self._read(source, found, before, read))
        if folders is None:
            raise _several(source, found)
        columns, own = _columns(read, found, called(folders))
        notes = [note for file in read.values() for note in file.notes]
        if len(read) > 1:
            notes.append(f"{len(read)} event files, in the order in which they were begun")
        if len(paths) == _MOST_FOLDERS:
            notes.append(f"only the first {_MOST_FOLDERS:,} folders below were looked at")
        if own:
            notes.append(f"counted otherwise, placed where they were written: {', '.join(own)}")
        return self._run(source, columns, notes), Cursor(read)

    def _read(
        self,
        source: Source,
        found: Mapping[str, Sequence[str]],
        before: Mapping[str, EventFile],
        read: dict[str, EventFile],
    ) -> Iterator[Folder]:
        """Folder by folder, each with what its files hold; they are put into `read`."""
        for path, names in found.items():
            for name in names:
                read[name] = _fed(source, name, before.get(name))
            yield Folder(path, {tag for name in names for tag in read[name].tags}, self.told)
            if sum(file.scalars for file in read.values()) > _MOST_VALUES:
                raise ReadError(
                    source.name, f"it holds over {_MOST_VALUES:,} values: pass a single file of it"
                )

    def _run(self, source: Source, columns: Mapping[str, Column], notes: Sequence[str]) -> Run:
        stylegan = _STYLEGAN in columns
        if stylegan:
            costs = {tag for tag in columns if _STYLEGAN_COSTS.fullmatch(tag)}
            columns = {tag: column for tag, column in columns.items() if tag not in costs}
        counted = any(column.steps.any() for column in columns.values())
        if counted or all(len(column.order) < 2 for column in columns.values()):
            word = "kimg" if stylegan else "step"
            blocks = [
                Block(column.order, {word: column.steps}, {tag: column.values})
                for tag, column in columns.items()
            ]
        else:
            blocks = [_rows(columns)]
        name = source.name.rstrip("/").rpartition("/")[2]
        return as_run(name, source.name, blocks, Naming(self.told), notes=notes)


def _first_tags(source: Source, file: str) -> frozenset[str] | None:
    with source.open(file) as opened:
        try:
            return first_tags(opened)
        except OSError as error:
            raise ReadError(
                f"{source.name}/{file}".rstrip("/"), error.strerror or str(error)
            ) from error


def _glance(source: Source, files: Sequence[str]) -> set[str]:
    """Of what there are scalars at the beginning of the newest files."""
    return {tag for file in files[-_MOST_FILES:] for tag in _first_tags(source, file) or ()}


def _found(source: Source, folders: Iterable[str]) -> dict[str, list[str]]:
    """The event files by the folder that they lie in."""
    return {path: files for path in folders if (files := _event_files(source, path))}


def _folders(source: Source) -> Iterator[str]:
    """The source itself and the folders below it, the nearest first."""
    left = deque([("", 0)])
    while left:
        path, depth = left.popleft()
        yield path
        names = source.folders(path) if depth < _DEEPEST else ()
        left += [
            (f"{path}/{name}".lstrip("/"), depth + 1)
            for name in names
            if not _NO_FOLDERS.fullmatch(name)
        ]


def _event_files(source: Source, folder: str) -> list[str]:
    if not source.is_dir():
        return [""]
    return [f"{folder}/{name}".lstrip("/") for name in source.files(_FILES, below=folder)]


def _fed(source: Source, name: str, before: EventFile | None) -> EventFile:
    try:
        file = before if before is not None and before.goes_on(source) else EventFile(name)
        file.feed(source)
    except OSError as error:
        raise ReadError(f"{source.name}/{name}", error.strerror or str(error)) from error
    return file


def _several(source: Source, found: Mapping[str, Sequence[str]]) -> ReadError:
    runs = told_apart(list(found))
    more = f" and {len(runs) - _MOST_TOLD} more" if len(runs) > _MOST_TOLD else ""
    return ReadError(
        source.name,
        f"it holds several runs: {', '.join(runs[:_MOST_TOLD])}{more}. "
        "Choose one of them, or look at all with gan-doctor triage",
    )


def _columns(
    read: Mapping[str, EventFile],
    found: Mapping[str, Sequence[str]],
    names: Mapping[str, Mapping[str, str]],
) -> tuple[dict[str, Column], list[str]]:
    """All scalars of a run by what their tag is called, file behind file.

    Also the tags that had a clock of their own.
    """
    files = [(read[file], names[path]) for path, files in found.items() for file in files]
    all_columns: defaultdict[str, list[Column]] = defaultdict(list)
    own: dict[str, None] = {}
    first = 0
    for file, named in sorted(files, key=lambda pair: (_begun(pair[0]), pair[0].name)):
        columns = {named.get(tag, tag): column for tag, column in file.columns.items()}
        if "hp_metric" in columns and (columns["hp_metric"].values == -1).all():
            del columns["hp_metric"]
        moved = _on_one_clock(columns)
        own |= dict.fromkeys(moved)
        for tag, column in (columns | moved).items():
            all_columns[tag].append(replace(column, order=column.order + first))
        first += file.records
    return {
        tag: Column(
            np.concatenate([column.order for column in columns]),
            np.concatenate([column.steps for column in columns]),
            np.concatenate([column.values for column in columns]),
        )
        for tag, columns in all_columns.items()
    }, list(own)


def _on_one_clock(columns: Mapping[str, Column]) -> dict[str, Column]:
    """The columns that count slower than the longest one, epochs as a rule, by its steps.

    Each value stands behind those of the longest that were written before it.
    """
    if not columns:
        return {}
    longest = max(columns.values(), key=lambda column: len(column.order))
    moved = {}
    for tag, column in columns.items():
        if column is longest:
            continue
        before = np.searchsorted(longest.order, column.order) - 1
        steps = longest.steps[np.maximum(before, 0)]
        rise = len(steps) > 1 and (np.diff(steps) > 0).all()
        if rise and (2 * column.steps <= steps).all() and (np.diff(column.steps) >= 0).all():
            moved[tag] = replace(column, steps=steps)
    return moved


def _begun(file: EventFile) -> float:
    match = _TIME.search(file.name)
    return file.begun or (float(match[1]) if match else 0.0)


def _rows(columns: Mapping[str, Column]) -> Block:
    """One row for each value of the tag that has most; the others stand in the row they came in."""
    most = max(len(column.order) for column in columns.values())
    begins = min(
        (column.order for column in columns.values() if len(column.order) == most),
        key=lambda order: int(order[0]),
    )
    values, present = {}, {}
    for tag, column in columns.items():
        row = np.maximum(np.searchsorted(begins, column.order, side="right") - 1, 0)
        if not np.ptp(row):  # it has a file of its own
            row = np.arange(len(row))
        values[tag] = np.full(most, np.nan)
        values[tag][row] = column.values
        present[tag] = np.isin(np.arange(most), row)
    return Block(np.arange(most), {}, values, present)
