"""From a training to its diagnosis: each sick preset is named, the healthy one is left alone."""

import pytest

import gan_doctor
from gan_doctor.detectors import known as detectors
from gan_doctor.training import PRESETS, TrainConfig, train

STEPS = 500
# Those that there is a detector for.
SICK = [name for name in detectors() if PRESETS[name].images is not None]


@pytest.fixture(scope="module")
def diagnosed(tmp_path_factory):
    def diagnosed(preset, data="digits", steps=STEPS):
        directory = tmp_path_factory.mktemp("run") / preset
        config = TrainConfig.of(preset, settings={"data": data, "steps": steps})
        train(config, directory, sample_every=steps // 50)
        return gan_doctor.diagnose(directory)

    return diagnosed


@pytest.mark.parametrize("name", SICK)
def test_a_sick_training_on_digits_is_named_and_answered(name, diagnosed):
    diagnosis = diagnosed(name)
    found = {f.code: f for f in diagnosis.findings if f.standing}
    finding = found[PRESETS[name].code]
    assert finding.severity in ("warning", "critical")
    assert finding.alarm <= 0.3 * STEPS
    assert diagnosis.outlook.action in ("watch", "change", "roll back", "stop")
    headline = diagnosis.findings[0]
    assert 1 <= len(headline.remedies) <= 3
    assert all(remedy.action for remedy in headline.remedies)


def test_a_healthy_training_on_digits_is_left_alone(diagnosed):
    diagnosis = diagnosed("healthy", steps=700)
    assert diagnosis.worst is None
    assert all(f.severity != "critical" for f in diagnosis.findings)
    assert diagnosis.outlook.action == "continue"


def test_a_healthy_training_on_the_ring_is_left_alone(diagnosed):
    diagnosis = diagnosed("healthy", data="ring", steps=2000)
    assert diagnosis.worst is None


def test_a_collapsed_training_on_the_ring_is_named(diagnosed):
    diagnosis = diagnosed("mode-collapse", data="ring", steps=1500)
    assert "GD301" in {f.code for f in diagnosis.findings if f.standing}
