from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest

from gan_doctor.core import Objective, Run, Source
from gan_doctor.readers import reader_for
from gan_doctor.readers.studiogan_log import StudioGANLogReader

STAMP = "[INFO] 2020-09-15 13:24:04 > "
NAME = STAMP + "Run name : DCGAN-train-2020_09_15_13_23_51\n"
OLD = (
    STAMP + "Step:     {step} Progress: 0.1% Elapsed: 1 day, 0:00:05 temperature: no ada_p: No "
    "Discriminator_loss: {d} Generator_loss: 5.25 \n"
)
NEW = (
    STAMP + "Step:    {step} Progress: 0.0% Elapsed: 0:01:41 Gen_loss: 8.125 Dis_loss: {d} "
    "Cls_loss: N/A Topk:  N/A ada_p: 0.5 \n"
)
FID = (
    STAMP + "Inception score (Step: {step}, 50000 generated images): 3.5\n"
    + STAMP + "F_8 score (Step: {step}, Using test images): 0.1\n"
    + STAMP + "F_1/8 score (Step: {step}, Using test images): 0.2\n"
    + STAMP + "FID score (Step: {step}, Using test moments): {fid}\n"
    + STAMP + "Best FID score (Step: 0, Using test moments): 7.0\n"
)  # fmt: skip
SETTINGS = (
    STAMP + "{{'model': {{'conditional_strategy': '{how}'}}, 'optimization': {{'batch_size': 64, "
    "'d_lr': 0.0002, 'total_step': 100000}}, 'loss_function': {{'adv_loss': '{loss}', 'seed': 3}}\n"
)


def read(text: str) -> Run:
    return StudioGANLogReader().read(Source.of(io.BytesIO(text.encode())))[0]


def values(run: Run) -> dict[str, list[float]]:
    return {str(series.key): series.values.tolist() for series in run.series}


def test_the_old_and_the_new_form_are_read() -> None:
    old = read(NAME + OLD.format(step=100, d=0.006) + OLD.format(step=200, d="nan"))
    np.testing.assert_array_equal(values(old)["loss/d"], [0.006, np.nan])
    assert values(old)["loss/g"] == [5.25, 5.25]
    new = read(NAME + NEW.format(step=100, d=0.03))
    assert values(new) == {"loss/d": [0.03], "loss/g": [8.125], "augment/p": [0.5]}
    assert new.last_step == 100


def test_metrics_stand_at_their_own_steps_and_the_best_is_left_out() -> None:
    run = read(OLD.format(step=1900, d=1) + FID.format(step=2000, fid=114.9))
    fid = run.get("metric/fid")
    assert fid is not None
    assert (fid.steps.tolist(), fid.values.tolist()) == ([2000], [114.9])
    assert values(run)["metric/is"] == [3.5]
    assert not any("score" in note.partition("left over")[2] for note in run.notes)


def test_a_resumed_run_begins_a_segment() -> None:
    steps = [100, 200, 300, 200, 300]
    run = read("".join(OLD.format(step=step, d=1) for step in steps))
    assert [segment.first_step for segment in run.segments] == [0, 200]


def test_settings_are_no_series_but_tell_the_budget_and_the_batch_size() -> None:
    settings = SETTINGS.format(how="ProjGAN", loss="hinge")
    run = read(NAME + settings + OLD.format(step=100, d=1) + settings + OLD.format(step=200, d=1))
    assert (run.budget, run.setup.batch_size) == (100_000, 64)
    assert set(values(run)) == {"loss/d", "loss/g"}


@pytest.mark.parametrize(
    ("how", "loss", "family"),
    [
        ("no", "vanilla", Objective("non-saturating", "sum")),
        ("no", "least_square", Objective("least-squares", "mean")),
        ("ProjGAN", "wasserstein", Objective("wasserstein")),
        ("ACGAN", "hinge", Objective()),
        ("no", "unheard_of", Objective()),
    ],
)
def test_the_loss_family_is_told_unless_a_loss_for_classes_is_added(
    how: str, loss: str, family: Objective
) -> None:
    run = read(NAME + SETTINGS.format(how=how, loss=loss) + OLD.format(step=100, d=1))
    assert run.setup.objective == family


def test_it_is_sure_of_its_lines_only() -> None:
    for text, sure in ((NAME, 0.9), (OLD.format(step=1, d=1), 0.9), (FID, 0), ("Step: 1\n", 0)):
        assert StudioGANLogReader().score(Source.of(io.BytesIO(text.encode()))) == sure


@pytest.mark.parametrize(
    ("folder", "rows", "evaluations", "segments", "family", "budget"),
    [
        ("sg-c10-acgan", 1000, 50, 1, None, 100_000),
        ("sg-c10-biggan", 1000, 50, 1, "hinge", 100_000),
        ("sg-c10-dcgan", 2000, 100, 1, "non-saturating", 200_000),
        ("sg-c10-stylegan2", 2000, 21, 2, "non-saturating", 200_000),
        ("sg-c10-wgan-wc", 1000, 50, 1, "wasserstein", 100_000),
        ("sg-ti-icrgan-p", 1000, 50, 1, "hinge", 100_000),
        ("sg-ti-lsgan", 1000, 51, 1, "least-squares", 100_000),
    ],
)
def test_a_real_log_is_read(
    folder: str,
    rows: int,
    evaluations: int,
    segments: int,
    family: str | None,
    budget: int,
    real_logs: Path,
) -> None:
    source = Source.of(real_logs / folder)
    reader = reader_for(source)
    assert isinstance(reader, StudioGANLogReader)
    run, _ = reader.read(source)
    lengths = {str(series.key): len(series) for series in run.series}
    assert lengths["metric/fid"] in (evaluations, evaluations - 1)
    assert (lengths["loss/d"], lengths["loss/g"]) == (rows, rows)
    assert (len(run.segments), run.budget) == (segments, budget)
    assert run.setup.objective.family == family
