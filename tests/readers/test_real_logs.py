"""Verdicts on the real logs, where they lie beside the checkout."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

import gan_doctor
from gan_doctor.core import Source
from gan_doctor.readers import reader_for

FAILED = {
    "iss-coqui-1003-hifigan-gonly": "GD105",
    "iss-golbin-42-nan": "GD101",
    "iss-livelessons-10-dweak": "GD202",
    "iss-psgan-10-nan": "GD101",
    "sg-c10-acgan": "GD404",
    "sg-c10-dcgan": "GD404",
    "sg-c10-wgan-wc": "GD204",
    "sg-ti-icrgan-p": "GD404",
    "sg-ti-lsgan": "GD404",
    "txt-pokemon-dcgan-saturation": "GD202",
}
# Also from their losses alone; those of the other two look as in a training that goes well.
BY_LOSSES = {"sg-c10-dcgan": "GD201", "sg-ti-icrgan-p": "GD201", "sg-ti-lsgan": "GD201"}
HEALTHY = (
    "biggan-pt-bs256x8",
    "cgan-qpo-run8",
    "nb-cifar-dcgan-abhijit",
    "sg-c10-biggan",
    "sg-c10-stylegan2",
    "sg2ada-rpgsprite",
)
READERS = {
    "biggan-pt-bs256x8": "biggan-log",
    "cgan-qpo-run1": "csv-table",
    "chainer-sndcgan64": "json-array",
    "cyclegan-syvia-horse2zebra": "cyclegan-log",
    "iss-basicsr-204-esrgan-late": "basicsr-log",
    "lightning-scrna-v1": "tensorboard",
    "nb-face-lsgan-andia": "printed-text",
    "sg-c10-biggan": "studiogan-log",
    "sg2ada-rpgsprite": "stylegan-run",
    "tssr-vfd-np-savetxt": "bare-numbers",
}


@pytest.mark.parametrize(("log", "code"), FAILED.items())
def test_a_run_that_failed_is_found_for_the_right_reason(
    real_logs: Path, log: str, code: str
) -> None:
    assert code in _standing(gan_doctor.diagnose(real_logs / log))


@pytest.mark.parametrize(("log", "code"), BY_LOSSES.items())
def test_it_is_found_with_the_fid_withheld_where_the_losses_show_it(
    real_logs: Path, log: str, code: str
) -> None:
    run = gan_doctor.read(real_logs / log)
    losses = tuple(s for s in run.series if not s.key.name.startswith("metric/"))
    diagnosis = gan_doctor.diagnose(replace(run, series=losses))
    assert _standing(diagnosis) == {code: "warning"}
    (finding,) = (f for f in diagnosis.findings if f.code == code)
    assert "no samples were held against the data" in finding.message


@pytest.mark.parametrize("log", HEALTHY)
def test_a_run_that_went_well_gets_nothing(real_logs: Path, log: str) -> None:
    assert _standing(gan_doctor.diagnose(real_logs / log)) == {}


def test_a_broken_metric_is_no_progress(real_logs: Path) -> None:
    diagnosis = gan_doctor.diagnose(real_logs / "sg2ada-rpgsprite")
    assert diagnosis.best_step == {}
    (regression,) = (v for v in diagnosis.verdicts if v.code == "GD404")
    assert regression.missing[0].why == "degenerate data"


@pytest.mark.parametrize(("log", "slug"), READERS.items())
def test_the_right_reader_takes_it(real_logs: Path, log: str, slug: str) -> None:
    assert reader_for(Source.of(real_logs / log)).slug == slug


def _standing(diagnosis: gan_doctor.Diagnosis) -> dict[str, str]:
    """Warnings and critical findings that stand, by code."""
    return {f.code: f.severity for f in diagnosis.findings if f.standing and f.severity != "info"}
