"""Rows of named numbers, kept as they come and given as blocks of one shape."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from gan_doctor.core import FloatArray, Source
from gan_doctor.readers._naming import Naming
from gan_doctor.readers._table import Block, BoolArray, IntArray

# What people call the columns that say where in the training a row stands; the surer name first,
# for W&B's `_step` counts the calls of its logger.
_PLACES = {
    "step": (
        "trainer_global_step", "global_step", "generator_step", "g_step", "train_step", "step",
        "steps", "iteration", "iterations", "iter", "iters", "n_iter", "itr", "it", "_step",
    ),
    "epoch": ("epoch", "epochs"),
    "batch": ("batch", "batch_idx", "batch_index", "batches"),
    "kimg": ("kimg", "progress_kimg"),
}  # fmt: skip
_WORDS = {name: word for word, names in _PLACES.items() for name in names}
_RANK = {name: i for i, name in enumerate(_WORDS)}

# A log that names ever new things, in ever new combinations, is no table.
MOST_TAGS = 1_000
MOST_SHAPES = 1_000
_LONGEST_TAG = 200


def place_of(tag: str) -> str | None:
    """The word of `PLACES` for a tag that says where in the training a row stands."""
    return _WORDS.get(_folded(tag))


def telling(tags: Iterable[str], naming: Naming) -> int:
    """How many series there are that tell how a training goes; a learning rate does not."""
    return sum(not key.name.startswith("lr/") for key in naming.of(tags).keys.values())


def name_of(source: Source) -> str:
    """What a run is called: the last part of its address."""
    name = source.name.rstrip("/")
    return name.rpartition("/")[2] or name


@dataclass(frozen=True)
class _Piece:
    """Some rows of one shape: where each stands, what it holds, and whether it does."""

    order: IntArray
    columns: Mapping[str, FloatArray]
    present: Mapping[str, BoolArray] = field(default_factory=dict)


class Rows:
    """All rows of a log so far.

    Args:
        naming: What is known of its tags; of those that it knows nothing of, only the name is kept.
    """

    def __init__(self, naming: Naming) -> None:
        self.count = 0
        self._naming = naming
        self._wanted: dict[str, bool] = {}
        self._pieces: dict[tuple[str, ...], list[_Piece]] = {}
        self._beyond = 0

    def wanted(self, tag: str) -> bool:
        """Whether the numbers of a tag are of use: a place, or a series that may be known."""
        if tag not in self._wanted:
            if len(self._wanted) >= MOST_TAGS or len(tag) > _LONGEST_TAG:
                return False
            known = place_of(tag) is not None or bool(self._naming.of([tag]).keys)
            self._wanted[tag] = known
        return self._wanted[tag]

    def add(
        self,
        order: IntArray,
        columns: Mapping[str, FloatArray],
        present: Mapping[str, BoolArray] | None = None,
    ) -> None:
        """Keeps rows of one shape.

        Args:
            order: (N,) where each row stands among all rows.
            columns: (N,) each, what it holds by tag, places too.
            present: (N,) whether it holds it, for the tags that some of these rows leave out.
        """
        present = present or {}
        kept = {tag: values for tag, values in columns.items() if self.wanted(tag)}
        shape = tuple(kept)
        if shape not in self._pieces and len(self._pieces) >= MOST_SHAPES:
            self._beyond += len(order)
        elif kept and len(order):
            holes = {tag: there for tag, there in present.items() if tag in kept}
            self._pieces.setdefault(shape, []).append(_Piece(order, kept, holes))

    def blocks(self) -> list[Block]:
        """All rows, those of one shape in one block."""
        for shape, pieces in self._pieces.items():
            self._pieces[shape] = [_joined(pieces)]
        pieces = [pieces[0] for pieces in self._pieces.values()]
        places = _places(pieces)
        blocks = [_block(piece, places) for piece in pieces]
        if blocks:
            blocks[0] = self._naming_all(blocks[0])
        return blocks

    @property
    def notes(self) -> list[str]:
        """What was left out."""
        notes = [] if self._pieces else list(self._naming.of(self._useless).notes)
        if len(self._wanted) >= MOST_TAGS:
            notes.append(f"it has more than {MOST_TAGS} names: the later ones are left out")
        if self._beyond:
            notes.append(f"{self._beyond} rows are left out: ever new names stand together in them")
        return notes

    @property
    def _useless(self) -> list[str]:
        """The tags that mean nothing to us, which a report lists."""
        return [tag for tag, wanted in self._wanted.items() if not wanted]

    def _naming_all(self, block: Block) -> Block:
        """With the tags that mean nothing to us; they hold nothing."""
        n = len(block.order)
        values = {tag: np.broadcast_to(np.nan, n) for tag in self._useless}
        holes = {tag: np.broadcast_to(np.False_, n) for tag in self._useless}
        return Block(
            block.order, block.place, {**values, **block.values}, {**holes, **block.present}
        )


def in_one_order(logs: Sequence[Sequence[Block]]) -> list[Block]:
    """The rows of several logs of one training, as if it had written them into one.

    Wherever the steps of a log go back, the training began anew; the first stretch of each log
    comes before the second of any.
    """
    logs = [kept for log in logs if (kept := [block for block in log if len(block.order)])]
    blocks = [block for log in logs for block in log]
    if len(logs) < 2:
        return blocks
    which = np.repeat(np.arange(len(logs)), [sum(len(b.order) for b in log) for log in logs])
    within = np.concatenate([block.order for block in blocks])
    sort = np.lexsort((within, which))
    steps = np.concatenate([_main_place(block) for block in blocks])[sort]
    # A row that says nothing stands where the row before it does.
    steps = steps[np.maximum.accumulate(np.where(np.isnan(steps), 0, np.arange(len(steps))))]
    back = (np.diff(steps, prepend=np.inf) < 0) & (np.diff(which[sort], prepend=-1) == 0)
    stretch = np.cumsum(back)
    stretch -= stretch[np.searchsorted(which[sort], which[sort])]  # each log begins with its first
    ranks = np.empty(len(sort), dtype=np.int64)
    ranks[sort[np.lexsort((which[sort], steps, stretch))]] = np.arange(len(sort))
    ends = np.cumsum([len(block.order) for block in blocks])[:-1]
    return [
        Block(rank, block.place, block.values, block.present)
        for block, rank in zip(blocks, np.split(ranks, ends), strict=True)
    ]


def _folded(tag: str) -> str:
    folded = re.sub(r"[\s_\-./:]+", "_", tag.strip().lower())
    return folded if folded in _WORDS else folded.strip("_")


def _joined(pieces: Sequence[_Piece]) -> _Piece:
    if len(pieces) == 1:
        return pieces[0]
    holed = {tag for piece in pieces for tag in piece.present}
    return _Piece(
        np.concatenate([piece.order for piece in pieces]),
        {
            tag: np.concatenate([piece.columns[tag] for piece in pieces])
            for tag in pieces[0].columns
        },
        {tag: np.concatenate([_there(piece, tag) for piece in pieces]) for tag in holed},
    )


def _there(piece: _Piece, tag: str) -> BoolArray:
    return piece.present.get(tag, np.ones(len(piece.order), dtype=bool))


def _places(pieces: Sequence[_Piece]) -> dict[str, str]:
    """The tag of each place: of several, the one that most rows have, or the surer name."""
    rows: dict[str, dict[str, int]] = {}
    for piece in pieces:
        for tag in piece.columns:
            word = place_of(tag)
            if word:
                known = rows.setdefault(word, {})
                known[tag] = known.get(tag, 0) + int(_there(piece, tag).sum())
    return {
        max(tags, key=lambda tag: (tags[tag], -_RANK[_folded(tag)])): word
        for word, tags in rows.items()
    }


def _block(piece: _Piece, places: Mapping[str, str]) -> Block:
    place, values = {}, {}
    for tag, column in piece.columns.items():
        if tag in places:
            place[places[tag]] = np.where(_there(piece, tag), column, np.nan)
        elif place_of(tag) is None:
            values[tag] = column
    present = {tag: there for tag, there in piece.present.items() if tag in values}
    return Block(piece.order, place, values, present)


def _main_place(block: Block) -> FloatArray:
    """(N,) by which the rows of several logs are sorted; NaN where a row does not say."""
    for word in ("step", "kimg", "epoch"):
        if word in block.place:
            return block.place[word]
    return np.asarray(block.order, dtype=np.float64)
