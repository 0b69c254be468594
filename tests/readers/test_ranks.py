"""The log of a distributed training: a file of scalars from each rank, one run to read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from gan_doctor.core import Run, Series, Setup, Source
from gan_doctor.monitor.window import Columns
from gan_doctor.monitor.writer import RunLog
from gan_doctor.readers import Cursor
from gan_doctor.readers.run_log import RunLogReader


class Ranks:
    """The processes of a distributed training, each with its log."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.logs: list[RunLog] = []

    def start(self, world: int, exists: str = "error") -> None:
        """Rank 0 last: the others must not depend on it at that time."""
        self.stop()
        others = [RunLog(self.folder, Setup(), exists, rank) for rank in range(1, world)]
        self.logs = [RunLog(self.folder, Setup(), exists), *others]

    def stop(self) -> None:
        for log in self.logs:
            log.close()

    def rows(self, rank: int, steps: list[int], **columns: list[float]) -> None:
        named = {name.replace("__", "/"): np.array(c, float) for name, c in columns.items()}
        self.logs[rank].scalars([Columns(steps, named)])

    def raw(self, name: str, text: bytes) -> None:
        with (self.folder / name).open("ab") as file:
            file.write(text)

    def read(self) -> Run:
        return RunLogReader().read(Source.of(self.folder))[0]

    def table(self, name: str = "loss/d") -> dict[float, float]:
        series = self.read().get(name)
        assert isinstance(series, Series)
        return dict(zip(series.steps.tolist(), series.values.tolist(), strict=True))


@pytest.fixture
def ranks(tmp_path: Path) -> Iterator[Ranks]:
    ranks = Ranks(tmp_path / "run")
    yield ranks
    ranks.stop()


def test_each_step_is_the_mean_over_the_ranks(ranks):
    ranks.start(3)
    for rank, values in enumerate(([1, 2], [2, 4], [6, 9])):
        ranks.rows(rank, [1, 2], loss__d=values, loss__g=[rank, -rank])
    assert ranks.table() == {1: 3, 2: 5}
    assert ranks.table("loss/g") == {1: 1, 2: -1}
    assert ranks.read().notes == ()


def test_a_rank_that_lags_takes_no_step_from_the_others(ranks):
    ranks.start(3)
    ranks.rows(0, [1, 2, 3], loss__d=[1, 1, 1])
    ranks.rows(1, [1, 2], loss__d=[3, 3])
    ranks.rows(2, [1], loss__d=[8])
    assert ranks.table() == {1: 4, 2: 2, 3: 1}


def test_rank_0_may_lag_too(ranks):
    ranks.start(2)
    ranks.rows(1, [1, 2], loss__d=[3, 5])
    assert ranks.table() == {1: 3, 2: 5}
    ranks.rows(0, [1], loss__d=[1])
    assert ranks.table() == {1: 2, 2: 5}


def test_a_flush_that_one_rank_lost_leaves_the_mean_of_the_others(ranks):
    ranks.start(2)
    ranks.rows(0, [1, 2, 3], loss__d=[1, 1, 1])
    ranks.rows(1, [1], loss__d=[3])
    ranks.rows(1, [3], loss__d=[5])
    assert ranks.table() == {1: 2, 2: 1, 3: 3}


def test_ranks_that_take_their_values_at_other_steps_are_interleaved(ranks):
    ranks.start(2)
    ranks.rows(0, [1, 3, 4], loss__d=[1, 3, 4])
    ranks.rows(1, [2, 4, 6], loss__d=[2, 8, 6])
    assert ranks.table() == {1: 1, 2: 2, 3: 3, 4: 6, 6: 6}


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_on_one_rank_shows(value, ranks):
    ranks.start(3)
    for rank in range(3):
        ranks.rows(rank, [1, 2], loss__d=[1, value if rank == 2 else 1])
    np.testing.assert_equal(ranks.table(), {1: 1.0, 2: value})


def test_opposite_infinities_make_nan(ranks):
    ranks.start(2)
    ranks.rows(0, [1], loss__d=[np.inf])
    ranks.rows(1, [1], loss__d=[-np.inf])
    np.testing.assert_equal(ranks.table(), {1: np.nan})


def test_a_series_that_one_rank_alone_has_is_kept(ranks):
    ranks.start(2)
    ranks.rows(0, [1], loss__d=[1])
    ranks.rows(1, [1, 2], fid=[30, 20])
    assert ranks.table("fid") == {1: 30, 2: 20}
    assert ranks.table() == {1: 1}


def test_a_torn_line_of_one_rank_is_noted_by_its_file(ranks):
    ranks.start(2)
    for rank in range(2):
        ranks.rows(rank, [1], loss__d=[2 * rank])
    ranks.rows(0, [2], loss__d=[7])
    ranks.raw("scalars.rank1.jsonl", b'{"step":[2],"loss')
    assert ranks.table() == {1: 1, 2: 7}
    assert ranks.read().notes == ("scalars.rank1.jsonl: the last line is torn and left out",)


def test_a_broken_line_of_one_rank_is_counted_by_its_file(ranks):
    ranks.start(2)
    ranks.rows(0, [5], loss__d=[1])
    ranks.rows(1, [5], loss__d=[3])
    ranks.raw("scalars.rank1.jsonl", b'{"step":[4],"loss/d":[1]}\n')
    assert ranks.table() == {5: 2}
    assert ranks.read().notes == ("scalars.rank1.jsonl: 1 broken lines left out",)


@pytest.mark.parametrize(("first", "second"), [(1, 3), (3, 2), (2, 1)])
def test_a_run_is_resumed_with_another_number_of_ranks(first, second, ranks):
    ranks.start(first)
    for rank in range(first):
        ranks.rows(rank, [1, 2], loss__d=[rank, rank])
    ranks.start(second, "resume")
    for rank in range(second):
        ranks.rows(rank, [2, 3], loss__d=[10 * rank, 10 * rank])
    before, after = ranks.read().parts
    assert before.get("loss/d").values.tolist() == [(first - 1) / 2] * 2
    assert after.get("loss/d").steps.tolist() == [2, 3]
    assert after.get("loss/d").values.tolist() == [10 * (second - 1) / 2] * 2


def test_a_segment_of_which_there_is_only_the_header_goes_on_from_the_last_step(ranks):
    ranks.start(2)
    ranks.rows(0, [1, 2], loss__d=[1, 2])
    ranks.rows(1, [1, 2, 3], loss__d=[1, 2, 3])
    ranks.start(2, "resume")
    assert ranks.read().segments[1].first_step == 3
    assert ranks.read().last_step == 3


def test_files_that_only_look_like_those_of_a_rank_are_left_alone(ranks):
    ranks.start(1)
    ranks.rows(0, [1], loss__d=[1])
    for name in ("scalars.rank0.jsonl", "scalars.rank01.jsonl", "scalars.rankx.jsonl"):
        ranks.raw(name, b'{"step":[1],"loss/d":[9]}\n')
    assert ranks.table() == {1: 1}


Act = Callable[[Ranks], None]


def test_reading_on_equals_reading_anew(ranks):
    acts: list[Act] = [
        lambda r: r.start(3),
        lambda r: r.rows(1, [1], only__one=[1]),  # a rank before rank 0 was heard of
        lambda r: r.rows(0, [1, 2], loss__d=[1, 2]),
        lambda r: r.rows(2, [1, 2, 3], loss__d=[4, 5, 6]),
        lambda r: r.rows(1, [1, 2], loss__d=[7, 8]),  # at steps that were read before
        lambda r: r.rows(0, [3], loss__d=[9], loss__g=[1]),
        lambda r: r.raw("scalars.rank2.jsonl", b'{"step":[4],"loss'),
        lambda r: r.raw("scalars.rank2.jsonl", b'/d":["NaN"]}\n'),
        lambda r: r.raw("scalars.rank1.jsonl", b"broken\n"),
        lambda r: r.raw("scalars.jsonl", b"broken\n"),
        lambda r: r.start(4, "resume"),
        lambda r: r.rows(3, [4], loss__d=[1], loss__g=[1]),
        lambda r: r.rows(1, [4], loss__d=[2]),
        lambda r: r.rows(0, [4], loss__d=[3]),
        lambda r: None,
    ]
    cursor: Cursor | None = None
    for act in acts:
        act(ranks)
        run, cursor = RunLogReader().read(Source.of(ranks.folder), cursor)
        assert run == ranks.read()
    assert run.parts[0].get("loss/d").steps.tolist() == [1, 2, 3, 4]
    assert run.parts[1].get("loss/d").values.tolist() == [2]


def test_the_mean_over_ranks_is_that_of_a_slow_loop(ranks):
    rng = np.random.default_rng(0)
    ranks.start(4)
    by_step: dict[float, list[float]] = {}
    for rank in range(4):
        steps = np.flatnonzero(rng.random(500) < 0.7).tolist()
        values = rng.integers(-1000, 1000, len(steps)).tolist()
        for first in range(0, len(steps), 50):
            part = slice(first, first + 50)
            ranks.rows(rank, steps[part], loss__d=values[part], loss__g=values[part])
        for step, value in zip(steps, values, strict=True):
            by_step.setdefault(step, []).append(value)
    slow = {step: sum(values) / len(values) for step, values in sorted(by_step.items())}
    assert ranks.table() == slow
    assert ranks.table("loss/g") == slow


def test_series_of_the_same_lines_share_their_steps(ranks):
    ranks.start(2)
    for rank in range(2):
        ranks.rows(rank, [1, 2], loss__d=[1, 2], loss__g=[1, 2])
        ranks.rows(rank, [3], loss__d=[1], loss__g=[2])
    first, second = ranks.read().series
    assert first.steps is second.steps  # half of the memory of a long run
