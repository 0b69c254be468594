from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gan_doctor.core import Band, Event, Key, Run, Samples, Segment, Series, Setup, join

LOSS, AUROC, RECALL = Key("loss/d"), Key("auroc"), Key("sample/recall", features="random-conv")


@dataclass
class Record:
    """What a training wrote, row by row: (segment, step, what, value)."""

    segments: list[Segment] = field(default_factory=list)
    rows: list[tuple[int, float, Key | str, float]] = field(default_factory=list)

    def run(self, total_steps: int | None = None) -> Run:
        """The run that the rows make, counted one by one."""

        def count(what: Key | str, before: int) -> int:
            return sum(w == what and segment < before for segment, _, w, _ in self.rows)

        keys = list(dict.fromkeys(what for _, _, what, _ in self.rows if isinstance(what, Key)))
        series = {key: [(s, v) for _, s, what, v in self.rows if what == key] for key in keys}
        segments = [
            replace(
                segment,
                rows={str(key): count(key, k) for key in keys}
                | {word: count(word, k) for word in ("events", "samples")}
                | {"bands": count(RECALL, k)},
            )
            for k, segment in enumerate(self.segments)
        ]
        return Run(
            "made-up",
            series=tuple(Series(key, *np.transpose(rows)) for key, rows in series.items()),
            bands=tuple(
                Band(RECALL, 64, v, 0.1, 0, 1, step)
                for _, step, what, v in self.rows
                if what == RECALL
            ),
            samples=tuple(
                Samples(s, "fake", f"{v}.npy") for _, s, what, v in self.rows if what == "samples"
            ),
            events=tuple(
                Event(s, "note", detail={"n": v}) for _, s, what, v in self.rows if what == "events"
            ),
            segments=tuple(segments),
            setup=Setup(total_steps=total_steps),
            notes=("a note", "a note"),
        )


@st.composite
def records(draw, most_segments: int = 3) -> Record:
    record, value = Record(), 0.0
    for k in range(draw(st.integers(1, most_segments))):
        first = draw(st.integers(0, 300)) if k else 0
        record.segments.append(Segment(float(first), started=f"day {k}"))
        steps = draw(st.lists(st.integers(0, 120), unique=True, max_size=12).map(sorted))
        for step in steps:
            for what in draw(st.sets(st.sampled_from([LOSS, AUROC, RECALL, "samples", "events"]))):
                value += 1
                record.rows.append((k, float(first + step), what, value))
    return record


steps = st.integers(0, 450)
budgets = st.none() | st.integers(1, 40_000)


def resumed() -> Run:
    """Ran to step 500, was resumed from its checkpoint of step 300 and ran to 700."""
    record = Record([Segment(0.0), Segment(300.0)])
    for segment, ticks in enumerate((range(100, 501, 100), range(400, 701, 100))):
        record.rows += [(segment, float(step), LOSS, step + segment / 10) for step in ticks]
    return record.run()


@given(records())
def test_the_parts_joined_are_the_run(record):
    run = record.run()
    assert join(run.parts) == run


@given(records(), records())
def test_runs_that_were_read_apart_are_joined_whole(first, second):
    both = join([first.run(), second.run()])
    assert len(both.segments) == len(first.segments) + len(second.segments)
    for key in (LOSS, AUROC, RECALL):
        values = [v for record in (first, second) for _, _, what, v in record.rows if what == key]
        series = both.get(key.name)
        assert (list(series.values) if series else []) == values
    assert len(both.events) == len(first.run().events) + len(second.run().events)


@given(records())
def test_parts_have_one_segment_each_and_rising_steps(record):
    run = record.run()
    assert len(run.parts) == len(run.segments)
    for k, part in enumerate(run.parts):
        assert part.segments == (replace(record.segments[k], rows={}),)
        for series in part.series:
            written = [
                (s, v) for segment, s, what, v in record.rows if (segment, what) == (k, series.key)
            ]
            assert list(zip(series.steps, series.values, strict=True)) == written
            assert (np.diff(series.steps) > 0).all()


@given(records(), steps)
def test_until_is_what_had_been_written_when_the_record_went_beyond_the_step(record, step):
    beyond = (row for row, (_, s, _, _) in enumerate(record.rows) if s > step)
    row = next(beyond, None)
    if row is None:
        expected = record.run()
    else:
        segments = record.segments[: record.rows[row][0] + 1]
        expected = Record(segments, record.rows[:row]).run()
    cut = record.run().until(step)
    assert {s.key: s for s in cut.series} == {s.key: s for s in expected.series}
    assert replace(cut, series=()) == replace(expected, series=())


@given(records(), steps, steps)
def test_until_twice_is_until_the_earlier(record, a, b):
    a, b = sorted((a, b))
    assert record.run().until(b).until(a) == record.run().until(a)


def test_until_of_a_resumed_run_leaves_later_segments_out_whole():
    run = resumed()
    assert list(run.until(450).get("loss/d").steps) == [100, 200, 300, 400]
    assert len(run.until(450).segments) == 1
    assert list(run.until(500).get("loss/d").steps) == [100, 200, 300, 400, 500, 400, 500]
    assert run.until(700) == run


def test_an_event_of_the_future_is_not_in_the_past():
    run = Record([Segment()], [(0, 100.0, LOSS, 1.0), (0, 120.0, "events", 2.0)]).run()
    assert run.until(110).events == ()


@given(records(most_segments=1), steps, budgets)
def test_ticks_of_the_past_are_a_prefix_of_the_ticks(record, step, budget):
    run = record.run(budget)
    past = run.until(step).ticks
    assert list(past) == list(run.ticks[: len(past)])
    assert (run.ticks[len(past) :] > step).all()


@given(records(), budgets)
def test_a_tick_is_the_first_step_at_or_beyond_each_multiple(record, budget):
    for part in record.run(budget).parts:
        recorded = sorted({s for series in part.series for s in series.steps})
        last, ticks = part.segments[0].first_step // part.tick_steps, []
        for step in recorded:
            if step // part.tick_steps > last:
                last = step // part.tick_steps
                ticks.append(step)
        assert list(part.ticks) == ticks


@pytest.mark.parametrize(
    ("clock", "budget", "tick_steps"),
    [
        ("generator_step", None, 50),
        ("generator_step", 1_200, 6),
        ("iteration", 100_000, 50),
        ("generator_step", 10, 1),
        ("epoch", 200, 0),
        ("kimg", None, 0),
    ],
)
def test_the_distance_of_ticks_follows_clock_and_declared_budget(clock, budget, tick_steps):
    assert Run("a", clock=clock, setup=Setup(total_steps=budget)).tick_steps == tick_steps


def test_every_row_is_a_tick_where_the_clock_counts_epochs():
    run = Run("a", clock="epoch", series=(Series(LOSS, [0, 1, 2], [1, 1, 1]),))
    assert list(run.ticks) == [0, 1, 2]


def test_ticks_of_a_resumed_run_belong_to_its_parts():
    with pytest.raises(ValueError, match=r"use run\.parts"):
        _ = resumed().ticks
    assert [list(part.ticks) for part in resumed().parts] == [
        [100, 200, 300, 400, 500],
        [400, 500, 600, 700],
    ]


@given(records())
def test_current_keeps_the_last_record_of_each_step(record):
    kept: dict[Key, list[tuple[float, float]]] = {LOSS: [], AUROC: [], RECALL: []}
    seen = -1
    for k, first in enumerate(segment.first_step for segment in record.segments):
        kept = {
            key: [row for row in rows if k == 0 or row[0] <= first] for key, rows in kept.items()
        }
        for seen, step, what, value in record.rows:
            if seen == k and isinstance(what, Key):
                kept[what] = [*(row for row in kept[what] if row[0] < step), (step, value)]
    current = record.run().current
    assert len(current.segments) == 1
    for series in current.series:
        assert list(zip(series.steps, series.values, strict=True)) == kept[series.key]


def test_current_of_a_resumed_run_rises():
    assert list(resumed().current.get("loss/d").values) == [
        100,
        200,
        300,
        400.1,
        500.1,
        600.1,
        700.1,
    ]


def test_current_of_a_log_whose_resume_repeats_its_first_step():
    record = Record([Segment(), Segment(200.0)])
    record.rows = [(0, 100.0, LOSS, 1.0), (0, 200.0, LOSS, 2.0), (1, 200.0, LOSS, 3.0)]
    assert list(record.run().current.get("loss/d").values) == [1, 3]


def test_the_last_step_is_that_of_the_last_segment():
    assert resumed().last_step == 700
    assert resumed().until(300).last_step == 300
    assert Run("empty").last_step == 0
    assert Run("resumed", segments=(Segment(), Segment(300.0))).last_step == 300


def test_the_budget_is_the_declared_one_never_the_last_step():
    assert resumed().budget is None
    assert replace(resumed(), setup=Setup(total_steps=10_000)).budget == 10_000


def test_a_band_is_known_from_its_step_on_also_after_a_resume():
    record = Record([Segment(), Segment(300.0)], [(0, 100.0, RECALL, 0.9), (1, 400.0, LOSS, 1.0)])
    run = record.run()
    assert run.band(RECALL, 99) is None
    assert run.band(LOSS, 200) is None
    assert run.band(RECALL, 100).mean == 0.9
    assert run.parts[1].band(RECALL, 400).mean == 0.9


def test_the_last_recorded_band_counts():
    record = Record([Segment(), Segment(300.0)])
    record.rows = [(0, 500.0, RECALL, 0.9), (1, 320.0, RECALL, 0.8)]
    assert record.run().band(RECALL, 600).mean == 0.8


def test_a_series_is_found_by_name_player_and_features():
    inception = replace(RECALL, features="inception")
    class_3 = replace(RECALL, label=3)
    keys = [class_3, RECALL, inception, Key("loss/d", "A")]
    run = Run("a", series=tuple(Series(key, [1], [n]) for n, key in enumerate(keys)))
    assert run.get("sample/recall").key == RECALL
    assert run.get("sample/recall", features="inception").key == inception
    assert run.get("loss/d", "A").key == Key("loss/d", "A")
    assert run.get("loss/d") is None
    assert run.players == ("", "A")
    assert Run("empty").players == ("",)


def test_a_series_without_values_is_as_good_as_none():
    run = Run("a", series=(Series(RECALL, [], []), Series(Key("loss/d", "A"), [], [])))
    assert run.get("sample/recall") is None
    assert run.get("sample/recall", features="random-conv") is None
    assert run.players == ("",)


def test_samples_without_a_log_say_that_they_cannot_be_loaded():
    with pytest.raises(FileNotFoundError, match=r"samples/a\.npy"):
        Samples(1, "fake", "samples/a.npy").load()


def test_samples_are_loaded_from_their_path():
    samples = Samples(1, "fake", "a", open=lambda path: np.array([path]))
    assert samples.load() == ["a"]


def test_join_of_nothing_is_refused():
    with pytest.raises(ValueError, match="at least one run"):
        join([])


def test_series_of_classes_are_found_by_label_and_stay_out_of_the_whole():
    keys = [Key("sample/mode_share", features="raw", label=k) for k in (10, 2)]
    run = Run("made-up", series=tuple(Series(key, [1], [key.label]) for key in keys))
    assert list(run.by_label("sample/mode_share")) == [2, 10]
    assert run.by_label("sample/mode_share", features="raw")[10].values == 10
    assert run.by_label("sample/mode_share", features="other") == {}
    assert run.get("sample/mode_share") is None
