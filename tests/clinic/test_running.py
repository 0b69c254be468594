from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

import gan_doctor
from gan_doctor.cli.app import app
from gan_doctor.clinic import branches, errands, running
from gan_doctor.clinic.cases import Case, cases
from gan_doctor.clinic.features import Space, frechet, space, split_digits
from gan_doctor.clinic.instruments import Instruments
from gan_doctor.clinic.outcomes import Reference
from gan_doctor.clinic.running import FILE, LOG, run
from gan_doctor.core import ReadError
from gan_doctor.training.assembly import assembled, held_out
from gan_doctor.training.drawing import Drawing

RING = Case("ring", "non-saturating", "mlp")


@pytest.mark.usefixtures("short")
def test_a_case_is_trained_once_and_seen_by_both(
    tmp_path: Path, digits: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    halves = split_digits(digits, tmp_path)
    course = run(RING, tmp_path, halves)
    assert [look.step for look in course.looks] == list(range(20, 201, 20))
    assert course.untrained > 1
    assert all(look.finite and 0 <= look.ranked <= 1 for look in course.looks)
    log = gan_doctor.read(tmp_path / RING.name / LOG)
    assert log.last_step == 200
    assert log.get("sample/coverage") is not None
    monkeypatch.setattr(running, "train", lambda *a, **k: pytest.fail("it was trained already"))
    again = run(RING, tmp_path, halves)
    assert again.final == pytest.approx(course.final, rel=1e-3)


@pytest.mark.usefixtures("short")
def test_what_a_kill_has_left_is_begun_anew(
    tmp_path: Path, digits: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    halves = split_digits(digits, tmp_path)
    whole = running.Course.save
    monkeypatch.setattr(running.Course, "save", lambda *a: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        run(RING, tmp_path, halves)
    assert not (tmp_path / RING.name / FILE).exists()
    monkeypatch.setattr(running.Course, "save", whole)
    run(RING, tmp_path, halves)
    assert (tmp_path / RING.name / FILE).exists()


@pytest.mark.usefixtures("short")
def test_the_same_case_gives_the_same_course(tmp_path: Path, digits: str) -> None:
    halves = split_digits(digits, tmp_path)
    one, other = (run(RING, tmp_path / name, halves) for name in "ab")
    assert [look.to_json() for look in one.looks] == [look.to_json() for look in other.looks]


@pytest.mark.usefixtures("short")
def test_errands_tell_how_far_they_are(tmp_path: Path, digits: str) -> None:
    told: list[tuple[str, int, int]] = []
    both = [RING, replace(RING, seed=1)]
    first = errands.run_all(both[:1], tmp_path, digits, told=lambda *now: told.append(now))
    more = errands.run_all(both, tmp_path, digits, told=lambda *now: told.append(now))
    assert [now[1:] for now in told] == [(1, 1), (2, 2)]
    assert [course.case for course in first + more] == [both[0], *both]


@pytest.mark.usefixtures("short")
def test_a_branch_is_the_same_training_up_to_its_onset(
    tmp_path: Path, digits: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    halves = split_digits(digits, tmp_path)
    monkeypatch.setattr(branches, "candidates", lambda *_: {"GD201": (100, 0.0)})
    seen: list[list[tuple[float, ...]]] = []
    plain = branches.train

    def watched(config: Any, look: Any, **settings: Any) -> Any:
        mine: list[tuple[float, ...]] = []
        seen.append(mine)

        def both(step: int, drawing: Drawing) -> None:
            now = drawing.steps.now
            weights = (
                float(sum(p.detach().sum() for p in net.parameters())) for net in (now.G, now.D)
            )
            mine.append((step, *weights))
            look(step, drawing)

        return plain(config, look=both, **settings)

    monkeypatch.setattr(branches, "train", watched)
    course = run(RING, tmp_path, halves)
    assert course.branches is None
    reference = Reference.of([course])
    branches.branch(course, tmp_path, reference, halves)
    one, other = ({step: rest for step, *rest in mine} for mine in seen)
    assert one[100] == other[100]
    assert one[120][0] != other[120][0]  # G under other latents
    assert one[200][1] == one[100][1]  # D at a rate of 0
    again = running.Course.load(tmp_path / RING.name)
    assert again.branches is not None
    assert len(set(again.branches["GD201"])) == branches.SEEDS
    monkeypatch.setattr(branches, "train", lambda *a, **k: pytest.fail("it was run already"))
    branches.branch(again, tmp_path, reference, halves)


def weights(net: torch.nn.Module) -> float:
    return float(sum(p.detach().sum() for p in net.parameters()))


def test_a_folder_without_a_course_is_no_course(tmp_path: Path) -> None:
    with pytest.raises(ReadError, match="no course of a case"):
        running.Course.load(tmp_path)
    (tmp_path / FILE).write_text('{"case": {}}')
    with pytest.raises(ReadError, match="no course of a case"):
        running.Course.load(tmp_path)


def test_the_command_lists_the_cases_and_asks_for_digits() -> None:
    said = CliRunner().invoke(app, ["clinic", "run", "design", "--list"])
    assert said.stdout.split() == [case.name for case in cases("design")]
    missing = CliRunner().invoke(app, ["clinic", "run", "design"], env={"GAN_DOCTOR_MNIST": ""})
    assert "pass --digits FILE" in str(missing.exception)


# The spaces


def test_the_halves_of_the_digits_share_nothing(tmp_path: Path, digits: str) -> None:
    halves = [np.load(half)["images"] for half in split_digits(digits, tmp_path)]
    assert sum(map(len, halves)) == 300
    seen = [{image.tobytes() for image in half} for half in halves]
    assert not seen[0] & seen[1]


@pytest.fixture(scope="module")
def ring() -> Space:
    return space("ring", 0)


def test_the_distance_of_points_knows_modes_and_their_width(ring: Space) -> None:
    """A normal law of the same mean and covariance is no ring, though raw points cannot tell."""

    def distance(x: torch.Tensor) -> float:
        return frechet(ring.features(x), ring.reals)

    assert ring.modes is not None
    reals, modes = ring.images, ring.modes(ring.images)
    same = distance(reals[::2])
    random = torch.Generator().manual_seed(0)
    normal = torch.randn(5000, 2, generator=random) * reals.std(0) + reals.mean(0)
    wide = reals + 0.02 * torch.randn(reals.shape, generator=random)
    assert same < 0.1 * distance(wide)
    assert same < 0.1 * distance(reals[torch.tensor(modes != 0)])
    assert distance(wide) < distance(normal) < distance(reals[torch.tensor(modes == 0)])


def test_the_distance_is_that_of_normal_laws() -> None:
    random = np.random.default_rng(0)
    x = random.standard_normal((50_000, 3)) * [1, 2, 3]
    y = random.standard_normal((50_000, 3)) + np.array([1, 0, 0])
    # |m|^2 + sum (s - t)^2 where the covariances commute
    assert frechet(x, y) == pytest.approx(1 + 0 + 1 + 4, abs=0.1)
    assert frechet(x, x) == pytest.approx(0, abs=1e-6)


def test_a_d_that_cannot_be_asked_leaves_the_rest_of_a_look() -> None:
    """It is told classes, or sees several samples at once."""
    for tricks in ({"packing": {"m": 2}}, {"projection": {}}):
        steps, data = assembled(replace(RING.config(), tricks=tricks))
        instruments = Instruments(space("ring", 0))
        instruments.look(0, Drawing(steps, data))
        (look,) = instruments.looks
        assert np.isnan(look.ranked)
        assert look.frechet > 0


def test_reals_kept_from_a_training_tell_what_d_and_g_remember() -> None:
    config = replace(Case("digits", "hinge", "mlp", "data-128").config(), batch_size=8)
    steps, data = assembled(config)
    instruments = Instruments(space("digits", 8), held_out=held_out(config))
    drawing = Drawing(steps, data)
    instruments.look(0, drawing)
    reals, _ = data.batch(torch.randint(128, (1000,), generator=torch.Generator().manual_seed(0)))
    replay = reals + 0.01 * torch.randn(reals.shape, generator=torch.Generator().manual_seed(1))
    seen_before = {r.numpy().tobytes() for r in data.first(128)}

    def by_heart(x: torch.Tensor) -> torch.Tensor:
        return torch.tensor([float(one.numpy().tobytes() in seen_before) for one in x])

    steps.now.G.forward = lambda z: replay[: len(z)]  # type: ignore[method-assign]
    steps.now.D.forward = by_heart  # type: ignore[method-assign]
    instruments.look(1, drawing)
    untrained, copying = instruments.looks
    assert abs(untrained.forgotten) < 0.1
    assert copying.ranked == 1
    assert copying.forgotten == pytest.approx(0.5)
    assert untrained.copied < 0.05
    assert copying.copied > 0.95


def test_without_reals_kept_away_nothing_is_said_of_memory() -> None:
    instruments = Instruments(space("ring", 0))
    instruments.look(0, Drawing(*assembled(RING.config())))
    (look,) = instruments.looks
    assert np.isnan(look.forgotten)
    assert np.isnan(look.copied)


def test_modes_of_points_are_those_of_the_mixture(ring: Space) -> None:
    assert ring.modes is not None
    told = ring.modes(ring.images)
    assert ring.n_modes == 8
    assert np.mean(told < 0) < 0.02
    assert np.bincount(told[told >= 0], minlength=8).min() > 0.1 * len(told)
    assert ring.modes(torch.zeros(1, 2)).tolist() == [-1]


def test_the_classifier_of_small_digits_tells_those_it_has_not_learned() -> None:
    digits: Any = space("digits", 8)
    assert digits.accuracy > 0.8
    assert digits.features(digits.images[:5]).shape == (5, digits.reals.shape[1])


@pytest.mark.parametrize("data", ["low-diversity", "texture"])
def test_drawn_images_are_nearer_to_themselves_than_to_noise(data: str) -> None:
    drawn = space(data, 16)
    same = frechet(drawn.features(drawn.images[::2]), drawn.reals)
    noise = torch.rand(500, *drawn.images.shape[1:], generator=torch.Generator().manual_seed(0))
    assert same < 0.02 * frechet(drawn.features(2 * noise - 1), drawn.reals)
