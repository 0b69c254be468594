from __future__ import annotations

import io
from pathlib import Path

import pytest

from gan_doctor.core import Run, Source
from gan_doctor.readers import reader_for
from gan_doctor.readers.basicsr_log import BasicSRLogReader

OLD = (
    "19-08-09 08:25:25.996 - INFO: <epoch: 86, iter: {step:,}, lr:2.500e-05> l_g_pix: 1.4819e-03 "
    "l_g_gan: 5.0000e-01 l_d_real: 1.5000e+00 l_d_fake: 2.5000e-01 "
    "D_real: -2.5625e+01 D_fake: -4.0036e+01 \n"
)
MMSR = (
    "20-05-22 17:42:09.481 - INFO: [epoch:  0, iter:{step:8,}, lr:(1.000e-04,1.000e-04,)] "
    "l_g_gan: 5.0000e-01 l_d_real: 1.5000e+00 l_d_fake: 2.5000e-01 "
    "D_real: 2.0e+01 D_fake: 1.0e+01 \n"
)
NEW = (
    "2024-07-02 21:41:17,816 INFO: [4x_SP..][epoch:  0, iter:{step:8,}, lr:(1.000e-04,)] "
    "[eta: 3 days, 14:11:33, time (data): 0.544 (0.004)] l_g_gan: 5.0000e-01 "
    "l_d_real: 1.5000e+00 out_d_real: 2.9309e+00 l_d_fake: 2.5000e-01 out_d_fake: -2.4104e+01 \n"
)


def read(text: str) -> Run:
    return BasicSRLogReader().read(Source.of(io.BytesIO(text.encode())))[0]


@pytest.mark.parametrize(
    ("line", "real", "fake"),
    [(OLD, -25.625, -40.036), (MMSR, 20, 10), (NEW, 2.9309, -24.104)],
    ids=["ESRGAN", "MMSR", "BasicSR"],
)
def test_halves_are_losses_and_d_real_is_what_d_says(line: str, real: float, fake: float) -> None:
    run = read(line.format(step=107_200) + line.format(step=1_107_400))
    found = {str(series.key): series.values.tolist() for series in run.series}
    rate = 2.5e-5 if line is OLD else 1e-4
    assert found == {
        "loss/g": [0.5] * 2, "loss/d/real": [1.5] * 2, "loss/d/fake": [0.25] * 2,
        "loss/d": [1.75] * 2, "score/real": [real] * 2, "score/fake": [fake] * 2,
        "lr/g": [rate] * 2,
    }  # fmt: skip
    assert run.series[0].steps.tolist() == [107_200, 1_107_400]
    assert run.clock == "iteration"


def test_settings_are_no_series_and_psnr_is_left_over() -> None:
    settings = "".join(f"  {name}: 7\n" for name in ("lr_G", "niter", "gan_weight", "epoch"))
    psnr = "19-08-09 08:23:24.709 - INFO: <epoch: 86, iter: 107,400> psnr: 1.3831e+01\n"
    run = read(settings + OLD.format(step=107_200) + psnr + OLD.format(step=107_600))
    assert {len(series) for series in run.series} == {2}
    assert any("psnr" in note for note in run.notes if note.startswith("left over"))


def test_it_is_sure_of_its_lines_only() -> None:
    texts = [OLD.format(step=1000), "settings: 1\n" * 9000 + NEW.format(step=5), "epoch: 3\n"]
    reader = BasicSRLogReader()
    assert [reader.score(Source.of(io.BytesIO(t.encode()))) for t in texts] == [0.9, 0.9, 0]


def test_a_real_log_is_read(real_logs: Path) -> None:
    source = Source.of(real_logs / "iss-basicsr-204-esrgan-late")
    reader = reader_for(source)
    assert isinstance(reader, BasicSRLogReader)
    run, _ = reader.read(source)
    d, real = run.get("loss/d"), run.get("score/real")
    assert d is not None
    assert real is not None
    assert d.steps.tolist() == [107_200, 107_400, 107_600]
    assert d.values[1] == pytest.approx(1.4901e-8 + 7.4506e-9)
    assert real.values.tolist() == [-25.625, -26.405, -21.21]
