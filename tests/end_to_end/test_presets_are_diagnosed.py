"""From a training to its diagnosis: each sick preset is named, the healthy one is left alone.

All presets and their twins, on two grounds: tests/benchmarks/preset_matrix.py.
"""

import pytest

import gan_doctor
from gan_doctor.training import PRESETS, TrainConfig, train

# Those whose fault shows within a short training, and the steps that it needs for that.
SICK = {
    "non-finite": 500,
    "nan-injected": 300,
    "discriminator-overpowering": 500,
    "discriminator-failing": 500,
    "stalled-at-chance": 500,
    "auxiliary-loss-dominates": 200,
    "mode-collapse": 500,
    "latent-ignored": 300,
    "condition-ignored": 300,
    "noise-output": 500,
    "player-not-updated": 150,
    "discriminator-not-updated": 150,
    "double-sigmoid": 150,
    "labels-swapped": 150,
    "data-not-shuffled": 300,
    "incompatible-pair": 100,
    "train-eval-mismatch": 150,
}


@pytest.fixture(scope="module")
def diagnosed(tmp_path_factory):
    def diagnosed(preset, steps):
        directory = tmp_path_factory.mktemp("run") / preset
        settings = {"data": PRESETS[preset].home, "steps": steps}
        train(TrainConfig.of(preset, settings=settings), directory, sample_every=steps // 50)
        return gan_doctor.diagnose(directory)

    return diagnosed


@pytest.mark.parametrize("name", SICK)
def test_a_sick_training_is_named_and_answered(name, diagnosed):
    diagnosis = diagnosed(name, SICK[name])
    found = {f.code: f for f in diagnosis.findings if f.standing}
    finding = found[PRESETS[name].code]
    assert finding.severity in ("warning", "critical")
    assert finding.alarm <= 0.4 * SICK[name]
    assert diagnosis.outlook.action in ("watch", "change", "roll back", "stop")
    headline = diagnosis.findings[0]
    assert 1 <= len(headline.remedies) <= 3
    assert all(remedy.action for remedy in headline.remedies)


@pytest.mark.parametrize(
    "name", ["labels-swapped", "player-not-updated", "train-eval-mismatch", "latent-ignored"]
)
def test_a_fault_of_the_wiring_is_the_headline_and_the_rest_follows_from_it(name, diagnosed):
    first, *others = [f for f in diagnosed(name, SICK[name]).findings if f.standing]
    assert first.code == PRESETS[name].code
    critical = [f for f in others if f.severity == "critical"]
    assert all(f.cause for f in critical)


def test_a_healthy_training_on_digits_is_left_alone(diagnosed):
    diagnosis = diagnosed("healthy", steps=700)
    assert diagnosis.worst is None
