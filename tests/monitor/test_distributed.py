"""Two processes train one GAN, each with a doctor: one log, and nothing disturbed."""

from __future__ import annotations

import pickle
from pathlib import Path

import orjson
import pytest
import torch.multiprocessing
from loops.distributed_loops import STEPS, WAYS, WORLD, Seen, train
from loops.sameness import assert_same

import gan_doctor
from gan_doctor import Run

BOTH = [way for way, (_, ranks) in WAYS.items() if len(ranks) == WORLD]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where every way was trained."""
    folder = tmp_path_factory.mktemp("distributed")
    torch.multiprocessing.spawn(train, (folder,), WORLD)
    return folder


def seen(folder: Path, way: str) -> list[Seen]:
    return [pickle.loads((folder / f"{way}.{r}.pickle").read_bytes()) for r in range(WORLD)]


def recorded(run: Run, name: str) -> dict[int, float]:
    series = run.get(name)
    assert series is not None
    return dict(zip(map(int, series.steps), series.values.tolist(), strict=True))


@pytest.mark.parametrize("way", [way for way in WAYS if way != "alone"])
def test_the_doctor_changes_nothing_on_any_rank(folder, way):
    for alone, with_doctor in zip(seen(folder, "alone"), seen(folder, way), strict=True):
        assert_same(with_doctor.came_to, alone.came_to)


@pytest.mark.parametrize("name", ["logit/real", "logit/fake", "auroc", "gradient/d", "gradient/g"])
@pytest.mark.parametrize("way", BOTH)
def test_the_log_holds_the_mean_of_the_ranks(folder, way, name):
    rows = zip(*(s.rows for s in seen(folder, way)), strict=True)
    true = {i: sum(row[name] for row in both) / WORLD for i, both in enumerate(rows, start=1)}
    assert recorded(gan_doctor.read(folder / way), name) == pytest.approx(true, rel=1e-4, abs=1e-5)


def test_the_ranks_saw_different_batches(folder):
    first, second = seen(folder, "alone")
    assert first.rows[0]["logit/real"] != second.rows[0]["logit/real"]
    assert first.rows[0]["gradient/d"] == second.rows[0]["gradient/d"]  # all-reduced


@pytest.mark.parametrize("way", BOTH)
def test_the_second_rank_writes_nothing_but_its_scalars(folder, way):
    names = {path.name for path in (folder / way).iterdir()}
    assert "scalars.rank1.jsonl" in names
    assert {name for name in names if "rank" in name} == {"scalars.rank1.jsonl"}
    assert len([name for name in names if name.startswith("run")]) == 1
    last = (folder / way / "scalars.rank1.jsonl").read_bytes().splitlines()[-1]
    assert orjson.loads(last)["step"][-1] == STEPS


def test_a_doctor_on_the_first_rank_alone_records_that_rank_and_nobody_waits(folder):
    first, _ = seen(folder, "first-rank-only")
    true = {i: row["auroc"] for i, row in enumerate(first.rows, start=1)}
    run = gan_doctor.read(folder / "first-rank-only")
    assert recorded(run, "auroc") == pytest.approx(true, rel=1e-4)


@pytest.mark.parametrize("way", BOTH)
def test_nothing_had_to_be_noted(folder, way):
    run = gan_doctor.read(folder / way)
    assert [e for e in run.events if e.kind == "note"] == []
    assert run.notes == ()
