"""The advice of the article that is no code: what the doctor's judgement itself must follow."""

import io

import numpy as np
import pytest
from rich.console import Console

from gan_doctor.core import (
    Band,
    Finding,
    Key,
    Network,
    Objective,
    OptimizerFacts,
    Run,
    Series,
    Setup,
)
from gan_doctor.detectors import known as detectors
from gan_doctor.diagnosis import diagnose, tricks_for
from gan_doctor.diagnosis.corrections import corrections
from gan_doctor.diagnosis.decision_table import remedies
from gan_doctor.report.terminal import terminal_report
from gan_doctor.tricks import CATEGORIES, known

STEPS, CHECKS = np.arange(1, 1201), np.arange(24, 1201, 24)
NULL = {"precision": 0.88, "recall": 0.88, "coverage": 0.97, "modes": 1.0, "spread_ratio": 1.0}


def run(loss_d, auroc, quality):
    """A run of 1,200 steps; `quality` is the share of what real data gives."""
    scalars = {
        "loss/d": loss_d, "loss/d/clean": loss_d, "loss/g": 0 * loss_d + 2.0, "auroc": auroc,
        "logit/gradient": 0 * loss_d - 0.3,
    }  # fmt: skip
    series = [Series(Key(name), STEPS, values) for name, values in scalars.items()]
    bands = []
    for name, null in NULL.items():
        key = Key(f"sample/{name}", features="random-conv")
        series.append(Series(key, CHECKS, null * quality[CHECKS - 1]))
        bands.append(Band(key, 512, null, 0.01, null - 0.03, null + 0.03, 24))
    copied = Key("sample/copied_pairs", features="random-conv")
    series.append(Series(copied, CHECKS, np.zeros(len(CHECKS))))
    bands.append(Band(copied, 512, 0.0, 0.01, -0.03, 0.03, 24))
    setup = Setup(objective=Objective.of("non-saturating"), total_steps=1200)
    return Run("policy", series=tuple(series), bands=tuple(bands), setup=setup)


LEARNING = np.clip(STEPS / 400, 0.05, 0.9)


def test_3_1_a_sudden_jump_of_the_losses_stops_nothing():
    rng = np.random.default_rng(0)
    loss = 1.1 + 0.05 * rng.standard_normal(len(STEPS))
    loss[600:606] = 25.0
    diagnosis = diagnose(run(loss, 0 * loss + 0.8, LEARNING))
    assert diagnosis.worst is None
    assert diagnosis.outlook.action == "continue"


@pytest.mark.parametrize(
    "slug", sorted({slug for card in known().values() for slug in card.treats})
)
def test_6_12_tuning_comes_before_the_loss_before_the_architecture(slug):
    order = [CATEGORIES.index(card.category) for card in tricks_for(slug)]
    assert order == sorted(order)


@pytest.mark.parametrize("slug", detectors())
def test_6_12_holds_for_what_is_prescribed(slug):
    facts = Setup(
        objective=Objective("minimax", "sum", None, 1.0, 0.0, ()),
        networks=(Network("g"), Network("d")),
        optimizers=tuple(
            OptimizerFacts(role, kind="Adam", lr=1e-3, betas=(0.9, 0.999)) for role in ("g", "d")
        ),
        tricks=(),
        batch_size=64,
        sample_shape=(3, 32, 32),
    )
    run, found = Run("run", setup=facts), Finding("GD000", slug, "critical", "", 10, 20)
    offers = remedies(run, found)
    # What corrects the fault itself comes first, and has no card.
    places = {c.remedy.slug: c.category for c in corrections(run, found)}
    places |= {slug: card.category for slug, card in known().items()}
    order = [CATEGORIES.index(p) if (p := places[offer.slug]) else -1 for offer in offers]
    assert order == sorted(order)
    assert len(offers) <= 3


def test_6_13_d_that_wins_at_once_stops_only_while_the_samples_stay_bad():
    loss, ahead = 0 * STEPS + 1e-3, 0 * STEPS + 1.0
    lost = diagnose(run(loss, ahead, 0.01 + 0 * STEPS))
    learns = diagnose(run(loss, ahead, LEARNING))
    assert lost.outlook.action == "stop"
    assert learns.outlook.action == "continue"


def test_6_13_a_d_that_wins_late_is_no_reason_to_stop():
    late = STEPS > 700
    quality = np.where(late, 0.02, LEARNING)
    diagnosis = diagnose(run(np.where(late, 1e-3, 1.1), np.where(late, 1.0, 0.8), quality))
    assert diagnosis.outlook.action != "stop"


def test_6_14_one_change_at_a_time_and_more_than_one_seed():
    diagnosis = diagnose(run(0 * STEPS + 1e-3, 0 * STEPS + 1.0, 0.01 + 0 * STEPS))
    console = Console(width=100, file=io.StringIO())
    console.print(terminal_report(diagnosis))
    assert "one change at a time, each on 3 seeds" in console.file.getvalue()
