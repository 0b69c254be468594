from dataclasses import replace

import pytest

from gan_doctor.core import Network, Objective, Setup
from gan_doctor.detectors._pairs import pairs_in
from gan_doctor.detectors.incompatible_pair import IncompatiblePair

BATCH_NORM = Network("d", norms=("BatchNorm2d",))


@pytest.fixture
def examine(make_run):
    def examine(**facts):
        run = make_run({"loss/d": 1.0})
        return IncompatiblePair().examine(replace(run, setup=Setup(total_steps=1200, **facts)))

    return examine


def d(*networks, **facts):
    return {"networks": networks or (Network("d"),), **facts}


def loss(family, *penalties, **labels):
    return Objective(family, penalties=penalties, **labels)


CRITICAL = {
    "BatchNorm x R1": d(BATCH_NORM, objective=loss("hinge", "r1")),
    "BatchNorm x R2": d(BATCH_NORM, objective=loss("hinge", "r2")),
    "BatchNorm x gradient penalty": d(BATCH_NORM, objective=Objective.of("wgan-gp")),
    "SyncBatchNorm x R1": d(
        Network("d", norms=("SyncBatchNorm",)), objective=loss("hinge", "r1")
    ),
    **{
        f"smoothing x {family}": d(objective=loss(family, smoothing=0.9))
        for family in ("wasserstein", "hinge", "relativistic-paired", "relativistic-average")
    },
    "flips x hinge": d(objective=loss("hinge", flip=0.05)),
    "noisy labels x wasserstein": d(objective=loss("wasserstein"), tricks=("noisy-labels",)),
    **{
        f"sigmoid x {family}": d(
            Network("d", output_activation="Sigmoid"), objective=loss(family)
        )
        for family in ("wasserstein", "hinge", "least-squares", "relativistic-paired")
    },
    "probabilities x hinge": d(objective=loss("hinge"), discriminator_output="probability"),
    "clipping x gradient penalty": d(
        objective=Objective.of("wgan-gp"), tricks=("weight-clipping",)
    ),
    "ADA x wasserstein": d(objective=loss("wasserstein"), tricks=("ada",)),
    "ADA x relativistic": d(objective=loss("relativistic-average"), tricks=("ada",)),
    "pixel loss x unpaired": d(
        objective=loss("non-saturating"), tricks=("pixel-loss",), paired=False
    ),
}  # fmt: skip

WARNING = {
    "BatchNorm x DRAGAN": d(BATCH_NORM, objective=loss("non-saturating", "dragan")),
    "spectral norm x R1": d(Network("d", spectral_norm=True), objective=loss("hinge", "r1")),
    "minibatch stddev x gradient penalty": d(
        Network("d", layers={"MinibatchStdDev": 1}), objective=Objective.of("wgan-gp")
    ),
    "small batch x BatchNorm": d(
        Network("d"), Network("g", norms=("BatchNorm2d",)), objective=loss("hinge"), batch_size=4
    ),
    "small batch x minibatch stddev": d(
        objective=loss("hinge"), batch_size=4, tricks=("minibatch-stddev",)
    ),
    "smoothing x flips": d(objective=loss("non-saturating", smoothing=0.9, flip=0.05)),
}

HEALTHY = {
    "DCGAN": d(
        BATCH_NORM, Network("g", norms=("BatchNorm2d",), output_activation="Tanh"),
        objective=loss("non-saturating"), batch_size=64, tricks=("one-sided-labels",),
    ),
    "DCGAN with a sigmoid": d(
        Network("d", output_activation="Sigmoid"), objective=loss("non-saturating"),
        discriminator_output="probability",
    ),
    "StyleGAN2": d(
        Network("d", layers={"MinibatchStdLayer": 1}), objective=loss("non-saturating", "r1"),
        batch_size=4, tricks=("ada", "minibatch-stddev"),
    ) | {"batch_size": 32},
    "SAGAN": d(
        Network("d", spectral_norm=True),
        Network("g", spectral_norm=True, norms=("BatchNorm2d",)), objective=loss("hinge"),
    ),
    "WGAN": d(objective=loss("wasserstein"), tricks=("weight-clipping",)),
    "WGAN-GP": d(Network("d", norms=("LayerNorm",)), objective=Objective.of("wgan-gp")),
    "R3GAN": d(objective=Objective.of("r3gan"), batch_size=64),
    "pix2pix": d(BATCH_NORM, objective=loss("non-saturating"), tricks=("pixel-loss",), paired=True),
    "momentum of .9": d(objective=loss("non-saturating")),
}  # fmt: skip


@pytest.mark.parametrize("facts", CRITICAL.values(), ids=CRITICAL)
def test_fires_on(examine, facts):
    verdict = examine(**facts)
    (finding,) = verdict.findings
    assert (verdict.status, finding.severity, finding.onset) == ("fired", "critical", 1)
    assert finding.alarm == 6
    assert finding.message.startswith("Since step 1 two parts of the set-up do not go together:")


@pytest.mark.parametrize("facts", WARNING.values(), ids=WARNING)
def test_warns_of(examine, facts):
    (finding,) = examine(**facts).findings
    assert (finding.severity, finding.onset) == ("warning", 1)


@pytest.mark.parametrize("facts", HEALTHY.values(), ids=HEALTHY)
def test_stays_silent_on(examine, facts):
    assert examine(**facts).status == "clear"


def test_one_finding_lists_all_pairs(examine):
    both = Network("d", norms=("BatchNorm2d",), spectral_norm=True)
    (finding,) = examine(networks=(both,), objective=loss("wasserstein", "r1", flip=0.1)).findings
    assert finding.severity == "critical"
    assert finding.message.startswith("Since step 1, 3 pairs of the set-up do not go together:")
    assert finding.evidence[0].value == 3


@pytest.mark.parametrize(
    ("facts", "why"),
    [
        ({}, "objective unknown"),
        ({"networks": (BATCH_NORM,)}, "objective unknown"),
        ({"objective": loss("hinge", "r1")}, "no series"),
    ],
)
def test_what_is_not_known_is_not_assessed(examine, facts, why):
    verdict = examine(**facts)
    assert (verdict.status, verdict.findings) == ("not assessed", ())
    assert verdict.missing[0].why == why


def test_what_contradicts_is_told_before_more_is_known(examine):
    facts = {"objective": loss("hinge", smoothing=0.9)}
    assert examine(**facts).findings[0].severity == "critical"


def test_each_pair_says_what_to_do():
    for facts in (CRITICAL | WARNING).values():
        for pair in pairs_in(Setup(**facts)):
            assert pair.why
            assert pair.instead[0].isupper()
            assert not pair.instead.endswith(".")


def test_penalties_that_nobody_declared_are_not_guessed():
    assert pairs_in(Setup(networks=(BATCH_NORM,), objective=Objective("hinge"))) == ()
