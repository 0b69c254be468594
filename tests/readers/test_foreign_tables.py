from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gan_doctor.core import Key, Run
from gan_doctor.readers._clock import placed
from gan_doctor.readers._naming import Naming
from gan_doctor.readers._table import Block, as_run


def block(place: dict[str, Any], first: int = 0, every: int = 1, **values: Any) -> Block:
    """Rows whose tags are given with underscores for blanks."""
    n = len(next(iter((place or values).values())))
    return Block(
        first + every * np.arange(n),
        {word: np.asarray(numbers, dtype=float) for word, numbers in place.items()},
        {tag: np.asarray(numbers, dtype=float) for tag, numbers in values.items()},
    )


def run(*blocks: Block, **naming: Any) -> Run:
    return as_run("log", "/logs/log", blocks, Naming(**naming))


def clock(**places: Any) -> Any:
    n = len(next(iter(places.values())))
    return placed({word: np.asarray(v, dtype=float) for word, v in places.items()}, n)


# The clock


def test_a_step_is_a_step_and_a_row_without_one_stands_where_the_last_did() -> None:
    found = clock(step=[np.nan, 100, np.nan, 200], steps=[np.nan, 9000, np.nan, 9000])
    assert (found.name, found.total) == ("iteration", 9000)
    assert found.steps.tolist() == [100, 100, 100, 200]


@pytest.mark.parametrize(
    ("epoch", "batch", "steps"),
    [
        ([0, 0, 1, 1], [0, 50, 0, 50], [0, 50, 100, 150]),
        ([1, 1, 2, 2], [50, 100, 50, 100], [50, 100, 150, 200]),
    ],
)
def test_epoch_and_batch_make_a_step_counted_from_0_or_from_1(
    epoch: list[int], batch: list[int], steps: list[int]
) -> None:
    found = clock(epoch=epoch, batch=batch)
    assert (found.name, found.steps.tolist()) == ("iteration", steps)
    assert "epoch x 100 + batch" in found.notes[0]


def test_how_many_batches_an_epoch_has_may_be_told() -> None:
    found = clock(epoch=[0, 1], batch=[168, 0], batches=[262, 262], epochs=[200, 200])
    assert found.steps.tolist() == [168, 262]
    assert found.total == 200 * 262


def test_steps_that_fall_with_each_epoch_are_batches() -> None:
    """CycleGAN prints `iters`, and begins anew with each epoch."""
    found = clock(epoch=[1, 1, 2, 2, 3], step=[100, 200, 56, 156, 12])
    assert found.name == "iteration"
    assert (np.diff(found.steps) > 0).all()


def test_steps_out_of_so_many_beside_epochs_out_of_so_many_are_batches_from_the_first_on() -> None:
    found = clock(epoch=[1, 1], epochs=[10, 10], step=[100, 200], steps=[600, 600])
    assert (found.steps.tolist(), found.total) == ([100, 200], 6000)


def test_steps_that_rise_over_the_epochs_are_steps() -> None:
    found = clock(epoch=[86, 86, 87], step=[107_000, 107_200, 107_400])
    assert found.steps.tolist() == [107_000, 107_200, 107_400]


def test_epochs_alone_are_the_clock_unless_many_rows_share_one() -> None:
    assert run(block({"epoch": [1, 2, 3]}, d_loss=[1, 1, 1])).clock == "epoch"
    crowded = run(block({"epoch": [1, 1, 1, 2, 2]}, d_loss=[1, 2, 3, 4, 5]))
    assert crowded.clock == "row"
    assert crowded.get("loss/d").values.tolist() == [1, 2, 3, 4, 5]  # type: ignore[union-attr]
    assert "an epoch has several rows" in crowded.notes[0]


def test_an_epoch_may_have_lines_of_two_kinds() -> None:
    both = run(
        block({"epoch": [1, 2, 3]}, 0, 2, d_loss=[1, 1, 1]),
        block({"epoch": [1, 2, 3]}, 1, 2, FID=[90, 80, 70]),
    )
    assert both.clock == "epoch"
    assert both.get("metric/fid").steps.tolist() == [1, 2, 3]  # type: ignore[union-attr]


def test_without_any_place_the_rows_are_counted() -> None:
    found = run(block({}, d_loss=[1.0, 2.0]))
    assert (found.clock, found.last_step) == ("row", 2)
    assert "it has none" in found.notes[0]


def test_thousand_images_are_a_clock_of_their_own() -> None:
    assert clock(kimg=[0.032, 4], step=[1, 2]).name == "kimg"


# Restarts and repeats


def test_a_step_back_begins_a_segment_once_for_all_series() -> None:
    """The losses step back at once, the metric at its next line."""
    found = run(
        block({"step": [100, 200, 300, 200, 300]}, 0, 10, d_loss=[1, 2, 3, 4, 5]),
        block({"step": [300, 200, 300]}, 21, 10, FID=[50, 60, 40]),
    )
    assert len(found.segments) == 2
    first, second = found.parts
    assert first.get("loss/d").steps.tolist() == [100, 200, 300]  # type: ignore[union-attr]
    assert second.get("metric/fid").values.tolist() == [60, 40]  # type: ignore[union-attr]
    assert second.segments[0].first_step == 200
    assert any("go back once" in note for note in found.notes)


def test_of_two_values_at_one_step_the_last_counts_and_it_is_said() -> None:
    found = run(block({"step": [100, 100, 200]}, d_loss=[1, 2, 3]))
    assert found.get("loss/d").values.tolist() == [2, 3]  # type: ignore[union-attr]
    assert any("1 values were followed" in note for note in found.notes)


def test_nan_stays_and_what_was_not_printed_is_no_value() -> None:
    rows = block({"step": [1, 2, 3]}, d_loss=[1, np.nan, np.nan], FID=[np.nan, np.nan, 5])
    present = {"FID": np.array([False, False, True])}
    found = run(Block(rows.order, rows.place, rows.values, present))
    assert np.isnan(found.get("loss/d").values).tolist() == [False, True, True]  # type: ignore[union-attr]
    assert found.get("metric/fid").steps.tolist() == [3]  # type: ignore[union-attr]


def test_a_log_without_rows_is_a_run_without_series() -> None:
    assert run().series == ()
    assert run(block({"step": []}, d_loss=[])).series == ()


# Names


def named(*tags: str, **naming: Any) -> dict[str, str]:
    return {tag: str(key) for tag, key in Naming(**naming).of(tags).keys.items()}


def test_what_a_person_tells_outranks_the_format_and_that_the_vocabulary() -> None:
    assert named("D_real") == {}
    assert named("D_real", dialect={"D_real": "score/real"}) == {"D_real": "score/real"}
    told = {"told": {"D_real": "loss/d/real"}, "dialect": {"D_real": "score/real"}}
    assert named("D_real", **told) == {"D_real": "loss/d/real"}
    assert named("errD", dialect={"errD": ""}) == {}


def test_players_are_told_apart() -> None:
    assert named("D_A", "G_A", "D_B") == {"D_A": "loss/d@A", "G_A": "loss/g@A", "D_B": "loss/d@B"}
    assert named("D_real_A", dialect={"D_real_?": "loss/d/real"}) == {"D_real_A": "loss/d/real@A"}


@pytest.mark.parametrize(
    ("tag", "key"),
    [
        ("Critic training loss", "loss/d"),
        ("my_gen_loss_total_v2", "loss/g"),
        ("G_adv_err", "loss/g/adversarial"),
        ("current_lr_0", "lr/g"),
        ("current_lr_1", "lr/d"),
        ("FID (10k)", "metric/fid"),
        ("r1 term", "penalty/d"),
    ],
)
def test_names_are_guessed_and_it_is_said(tag: str, key: str) -> None:
    found = Naming().of([tag])
    assert str(found.keys[tag]) == key
    assert found.notes == (f"guessed, overrule with --map TAG=SERIES: {tag} as {key}",)


@pytest.mark.parametrize(
    "tag", ["val_disc_loss", "G_L1", "cycle_A", "D_real_loss_x", "psnr", "IS_std", "G_cls_loss"]
)
def test_what_may_be_anything_is_left_over(tag: str) -> None:
    found = Naming().of([tag])
    assert found.keys == {}
    assert found.notes == (f"left over: {tag}",)


def test_the_clock_of_the_wall_is_not_even_left_over() -> None:
    assert Naming().of(["time", "elapsed_time", "data", "eta"]).notes == ()


def test_of_two_tags_of_one_meaning_the_surer_counts() -> None:
    found = Naming().of(["total critic loss", "d_loss"])
    assert {tag: str(key) for tag, key in found.keys.items()} == {"d_loss": "loss/d"}
    assert "left over: total critic loss" in found.notes


def test_halves_make_a_whole_where_there_is_none() -> None:
    halves = {"errD_real": [0.5, 0.25], "errD_fake": [0.5, 0.5]}
    found = run(block({"step": [1, 2]}, **halves))
    assert found.get("loss/d").values.tolist() == [1, 0.75]  # type: ignore[union-attr]
    assert "loss/d is the sum of its halves" in found.notes
    whole = run(block({"step": [1, 2]}, errD=[9, 9], **halves))
    assert whole.get("loss/d").values.tolist() == [9, 9]  # type: ignore[union-attr]
    assert Key("loss/d/real") in {series.key for series in whole.series}
