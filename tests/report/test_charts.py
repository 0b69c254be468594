from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from gan_doctor.core import Diagnosis, Key, Run, Samples, Series
from gan_doctor.report.charts import draw_charts
from gan_doctor.report.curves import curve_chart
from gan_doctor.report.measures import measure_chart
from gan_doctor.report.panels import LOSSES
from gan_doctor.report.sample_grid import sample_grid

ALL = ["losses", "d-separation", "gradients", "sample-measures", "samples"]


def texts(figure: Figure) -> str:
    return "\n".join(text.get_text() for text in figure.findobj(match=is_text))


def is_text(artist: object) -> bool:
    return hasattr(artist, "get_text")


def test_draws_one_picture_of_each_kind(sick: Diagnosis, tmp_path: Path) -> None:
    drawn = draw_charts(sick, tmp_path / "new" / "folder")
    assert [path.stem for path in drawn] == ALL
    for path in drawn:
        with Image.open(path) as image:
            assert len(image.convert("L").getcolors(256)) > 10  # not an empty sheet


def test_charts_keep_no_state_of_pyplot() -> None:
    code = "import sys, gan_doctor.report.charts; sys.exit('matplotlib.pyplot' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_what_was_not_recorded_makes_no_picture(sick: Diagnosis, tmp_path: Path) -> None:
    losses = tuple(s for s in sick.run.series if s.key.name.startswith("loss/"))
    bare = replace(sick, run=replace(sick.run, series=losses, samples=()))
    assert [path.stem for path in draw_charts(bare, tmp_path)] == ["losses"]
    nothing = replace(sick, run=Run("empty"), verdicts=())
    assert draw_charts(nothing, tmp_path) == []


def test_every_finding_is_named_and_marked_at_its_onset(sick: Diagnosis) -> None:
    figure = curve_chart(sick, "Losses", LOSSES)
    assert figure is not None
    assert "GD201 discriminator-overpowering, critical" in texts(figure)
    assert "GD203 stalled-at-chance, cleared" in texts(figure)
    marks = {float(line.get_xdata()[0]) for line in figure.axes[1].lines if line.get_ls() == "--"}
    assert {420.0, 500.0, 50.0} <= marks


def test_the_loss_of_a_winner_falls_on_a_log_scale(sick: Diagnosis) -> None:
    figure = curve_chart(sick, "Losses", LOSSES)
    assert figure is not None
    assert [ax.get_yscale() for ax in figure.axes[1:]] == ["log", "linear"]
    assert "equilibrium, 1.386" in texts(figure)


def test_of_two_curves_that_cover_each_other_one_is_drawn(sick: Diagnosis) -> None:
    loss = sick.run.series[0]
    for other, curves in ((loss.values, 1), (loss.values + 1, 2)):
        clean = Series(Key("loss/d/clean"), loss.steps, other)
        run = replace(sick.run, series=(loss, clean))
        figure = curve_chart(replace(sick, run=run, verdicts=()), "Losses", LOSSES)
        assert figure is not None
        assert len(figure.axes[1].collections) == curves  # an envelope each


def test_measures_show_their_band(sick: Diagnosis) -> None:
    figure = measure_chart(sick)
    assert figure is not None
    assert "real against real" in texts(figure)
    assert "recall (random-conv), higher is better" in texts(figure)


def test_the_grid_has_a_row_a_step_and_one_of_reals(run: Run) -> None:
    figure = sample_grid(run)
    assert figure is not None
    names = [ax.get_ylabel() for ax in figure.axes]
    assert names[0] == "step 100"
    assert names[-2:] == ["step 1,200", "real"]
    assert len(names) == 9  # of twelve batches eight


def test_the_grid_says_what_it_could_not_read(run: Run) -> None:
    def fail(path: str) -> np.ndarray:
        raise FileNotFoundError(path)

    first, *others = run.samples
    figure = sample_grid(replace(run, samples=(replace(first, open=fail), *others)))
    assert figure is not None
    assert "(1 batch could not be read)" in texts(figure)


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_images_of_any_number_of_channels_are_drawn(run: Run, channels: int) -> None:
    batch = np.zeros((3, channels, 4, 4), np.uint8)
    samples = (Samples(1, "fake", "a", open=lambda _: batch),)
    assert sample_grid(replace(run, samples=samples)) is not None


def test_points_of_the_plane_are_scattered_over_the_real_ones(run: Run) -> None:
    points = np.random.default_rng(0).normal(size=(50, 2))
    samples = (
        Samples(1, "fake", "a", open=lambda _: points * 100),
        Samples(1, "real", "b", open=lambda _: points),
    )
    figure = sample_grid(replace(run, samples=samples))
    assert figure is not None
    assert "% outside" in figure.axes[0].get_title()
    assert figure.axes[0].get_xlim()[1] < 10  # far fakes do not squeeze the reals


@pytest.mark.parametrize("shape", [(5, 7), (5,), (0, 1, 4, 4)])
def test_other_samples_make_no_grid(run: Run, shape: tuple[int, ...]) -> None:
    samples = (Samples(1, "fake", "a", open=lambda _: np.zeros(shape, np.uint8)),)
    assert sample_grid(replace(run, samples=samples)) is None


def test_foreign_names_are_neither_formulas_nor_missing_letters(
    sick: Diagnosis, tmp_path: Path
) -> None:
    player = r"$\frac{ 模 \x1b"
    curve = Series(Key("loss/d", player), np.arange(3), np.ones(3))
    run = replace(sick.run, name=player, series=(curve,), samples=())
    assert len(draw_charts(replace(sick, run=run), tmp_path)) == 1


def test_holes_and_infinities_are_drawn_around(sick: Diagnosis, tmp_path: Path) -> None:
    values = np.where(np.arange(1200) > 600, np.nan, 1.0)
    values[300] = np.inf
    broken = Series(Key("loss/d"), np.arange(1200), values)
    empty = Series(Key("loss/g"), np.arange(1200), np.full(1200, np.nan))
    run = replace(sick.run, series=(broken, empty), samples=())
    assert [path.stem for path in draw_charts(replace(sick, run=run), tmp_path)] == ["losses"]
