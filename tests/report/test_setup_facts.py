from __future__ import annotations

from dataclasses import replace

import pytest

from gan_doctor.core import Latent, Network, OptimizerFacts, Run, Setup, Upsampling
from gan_doctor.report.setup_facts import setup_facts


def test_what_was_seen_of_the_training_is_told():
    setup = Setup(
        sample_shape=(3, 64, 64),
        latent=Latent("normal", (100, 1, 1), 0.0, 1.0, -4.2, 4.1),
        real_range=(0.0, 255.0),
        fake_range=(-1.0, 0.98),
        dtype="bfloat16",
        amp="bfloat16",
        ema=True,
    )
    assert setup_facts(Run("r", setup=setup))["Training"] == (
        "loss not known; samples 3x64x64; D sees bfloat16; reals from 0 to 255; "
        "fakes from -1 to 0.98; normal latents 100x1x1; mixed precision in bfloat16; "
        "an untrained copy of G (EMA); length not declared"
    )


@pytest.mark.parametrize("law", ["other", None])
def test_a_law_that_is_not_known_is_not_named(law):
    setup = Setup(latent=Latent(law, (8,), 0.0, 1.0, -4.2, 4.1))
    assert "; latents 8;" in setup_facts(Run("r", setup=setup))["Training"]


def test_a_loss_that_was_inferred_is_told_from_one_that_was_declared(run):
    declared = setup_facts(run)["Training"]
    inferred = setup_facts(replace(run, setup=replace(run.setup, objective_inferred=True)))
    assert "non-saturating loss (sum over" in declared
    assert "non-saturating loss (told from losses and logits, sum over" in inferred["Training"]


def test_what_a_network_and_its_optimizer_are_made_of_is_told():
    strided = Upsampling("transposed", (4, 4), (2.0, 2.0))
    g = Network(
        "g",
        kind="G",
        parameters=10,
        upsampling=(strided, strided, Upsampling("nearest")),
        slopes=(0.1, 0.2),
        dtype="float16",
        frozen=0.25,
    )
    sgd = OptimizerFacts("g", kind="SGD", lr=0.1, momentum=0.9, group_lrs=(0.1, 0.01))
    assert setup_facts(Run("r", setup=Setup(networks=(g,), optimizers=(sgd,))))["G"] == (
        "G, 10 parameters; leaky ReLU with slope 0.1 and 0.2; "
        "2 upsamplings (transposed, kernel 4x4, stride 2x2); 1 upsampling (nearest); float16; "
        "25% frozen; SGD, lr 0.1 and 0.01 by group, momentum 0.9"
    )


def test_what_is_as_usual_takes_no_room():
    d = Network("d", kind="D", parameters=10, upsampling=(), slopes=(), dtype="float32", frozen=0.0)
    sgd = OptimizerFacts("d", kind="SGD", lr=0.1, momentum=0.0)
    setup = Setup(networks=(d,), optimizers=(sgd,), dtype="float32", ema=None)
    lines = setup_facts(Run("r", setup=setup))
    assert lines["D"] == "D, 10 parameters; SGD, lr 0.1"
    assert lines["Training"] == "loss not known; length not declared"
