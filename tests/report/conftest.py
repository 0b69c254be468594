from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from gan_doctor.core import (
    Band,
    Diagnosis,
    Event,
    Evidence,
    Finding,
    Key,
    Missing,
    Network,
    Objective,
    OptimizerFacts,
    Outlook,
    Progress,
    Remedy,
    Run,
    Samples,
    Series,
    Setup,
    Verdict,
)

STEPS = np.arange(1, 1201, dtype=float)


@pytest.fixture(autouse=True)
def no_wishes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody outside the test asks for colours or a width."""
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def run() -> Run:
    """A run of 1,200 steps in which D wins at step 420."""
    rng = np.random.default_rng(0)
    won = 1 / (1 + np.exp(-(STEPS - 420) / 30))
    noise = rng.normal(size=(4, len(STEPS)))
    curves = {
        "loss/d": 0.9 * (1 - won) + 0.02 + 0.05 * np.abs(noise[0]) * (1 - won) + 1e-3,
        "loss/g": 1 + 7 * won + 0.2 * noise[1],
        "auroc": 0.9 + 0.1 * won - 0.02 * np.abs(noise[2]) * (1 - won),
        "logit/real": 1 + 6 * won,
        "logit/fake": -1 - 7 * won,
        "gradient/d": np.exp(-3 * won + 0.2 * noise[3]),
        "gradient/g": np.exp(3 * won + 0.2 * noise[0]),
    }
    every = STEPS[49::50]
    recall = Key("sample/recall", features="random-conv")
    correlation = Key("sample/neighbour_correlation")
    series = [Series(Key(name), STEPS, values) for name, values in curves.items()]
    series += [
        Series(recall, every, 0.5 * (1 - won[49::50])),
        Series(correlation, every, 0.6 - 0.5 * won[49::50]),
    ]
    return Run(
        name="runs/sick",
        series=tuple(series),
        bands=(
            Band(recall, 512, 0.93, 0.01, 0.90, 0.96, step=50),
            Band(correlation, 512, 0.75, 0.01, 0.72, 0.78, step=50),
        ),
        samples=images(),
        setup=Setup(
            objective=Objective("non-saturating", "sum"),
            total_steps=1200,
            networks=(
                Network("g", kind="Generator", parameters=412_033, norms=("BatchNorm2d",)),
                Network("d", kind="Discriminator", parameters=138_817, spectral_norm=True),
            ),
            optimizers=(
                OptimizerFacts("g", kind="Adam", lr=1e-5, betas=(0.5, 0.999)),
                OptimizerFacts("d", kind="Adam", lr=2e-3, betas=(0.5, 0.999)),
            ),
            tricks=(),
            batch_size=64,
            sample_shape=(1, 16, 16),
            d_steps=1.0,
        ),
        events=(Event(600, "learning-rate", detail={"lr/d": 0.001}),),
    )


def images() -> tuple[Samples, ...]:
    """Kept batches: fakes that turn from stripes to noise, and the real stripes."""
    stripes = np.tile(np.arange(16) % 4 < 2, (16, 1)) * 255

    def load(path: str) -> np.ndarray:
        rng = np.random.default_rng(abs(hash(path)) % 2**32)
        noise = rng.integers(0, 256, (32, 1, 16, 16))
        share = 0 if path == "real.npy" else min(1, int(path.removesuffix(".npy")) / 1000)
        return (share * noise + (1 - share) * stripes).astype(np.uint8)

    fakes = [Samples(step, "fake", f"{step}.npy", open=load) for step in range(100, 1300, 100)]
    return (*fakes, Samples(50, "real", "real.npy", open=load))


@pytest.fixture
def sick(run: Run) -> Diagnosis:
    """Two findings that stand, one because of the other, one that has cleared, two unknowns."""
    lower_lr = Remedy(
        "learning-rates",
        "Learning rates",
        "Lower lr_d from 0.002 to 0.0002 and raise lr_g from 1e-5 to 0.0002.",
        values={"lr_d": 2e-4, "lr_g": 2e-4},
        check="AUROC falls below 0.99 within 500 steps and recall rises",
        avoid_when="Not where D is the weak one.",
        references=("Radford 2015",),
    )
    r1 = Remedy(
        "r1-penalty",
        "R1 penalty",
        "Add an R1 penalty with gamma 10 to D's loss.",
        values={"gamma": 10.0},
        cost=1.4,
        cost_note="A second backward pass through D.",
        check="D's gradient norm on reals falls within 200 steps",
        avoid_when="Not with BatchNorm in D.",
        if_not_already=True,
    )
    overpowering = Finding(
        "GD201",
        "discriminator-overpowering",
        "critical",
        "D tells every fake from every real since step 420, and recall has not risen since.",
        onset=420,
        alarm=640,
        confidence=0.97,
        evidence=(
            Evidence("loss/d", "dominance over the window", 0.984, 0.9, (420, 1200)),
            Evidence("auroc", "mean over the window", 0.99994, 0.99, (420, 1200), important=True),
            Evidence("gradient/g", "median over the window", 19.7, None, (420, 1200)),
        ),
        missing=(
            Missing("no series", "D's logits on held-out reals", "pass held_out= to Monitor"),
        ),
        remedies=(lower_lr, r1),
    )
    noise = Finding(
        "GD401",
        "noise-output",
        "critical",
        "The samples are noise: neighbouring pixels correlate 0.10 where the real data have 0.75.",
        onset=500,
        alarm=700,
        cause="discriminator-overpowering",
        evidence=(
            Evidence(
                "sample/neighbour_correlation",
                "mean over the window",
                0.1,
                0.72,
                (500, 1200),
                important=True,
                sense="below",
            ),
        ),
        remedies=(replace(lower_lr, action="The same again."),),
    )
    gone = Finding(
        "GD203",
        "stalled-at-chance",
        "info",
        "D called 50% of the batches right from step 50 to step 130.",
        onset=50,
        alarm=100,
        cleared=130,
    )
    no_labels = Missing("no series", "samples kept by class", "pass labels= to observe()")
    return Diagnosis(
        run,
        (
            Verdict("GD101", "non-finite", "clear"),
            Verdict("GD201", "discriminator-overpowering", "fired", (overpowering,)),
            Verdict("GD203", "stalled-at-chance", "clear", (gone,)),
            Verdict("GD301", "mode-collapse", "not assessed", missing=(no_labels,)),
            Verdict("GD302", "mode-dropping", "not assessed", missing=(no_labels,)),
            Verdict("GD401", "noise-output", "fired", (noise,)),
        ),
        Outlook("change", "D has won, and the samples have not improved for 780 steps.", None),
        Progress("worse", "sample/recall#random-conv", -0.31, -0.4, -0.22),
        {"raw": 400.0},
    )


@pytest.fixture
def healthy(run: Run) -> Diagnosis:
    """Everything was looked at and nothing found."""
    return Diagnosis(
        run,
        (Verdict("GD101", "non-finite", "clear"), Verdict("GD301", "mode-collapse", "clear")),
        Outlook("continue", "Nothing speaks against it."),
        Progress("improving", "sample/recall#random-conv", 0.12, 0.08, 0.16),
        {"raw": 1200.0, "ema": 1150.0},
    )
