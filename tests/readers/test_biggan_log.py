from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gan_doctor.core import Run, Source
from gan_doctor.readers import reader_for
from gan_doctor.readers.biggan_log import BigganLogReader

METALOG = (
    "datetime: 2019-03-18 13:27:59\nconfig: {'G_lr': 0.0001, 'D_lr': 0.0004, 'G_B1': 0.0, "
    "'D_B1': 0.0, 'G_B2': 0.999, 'D_B2': 0.999, 'num_D_steps': 2, 'G_activation': ReLU(inplace)}"
)


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    """As the code lays them out: the metrics beside a folder of series."""
    (tmp_path / "exp").mkdir()
    (tmp_path / "exp_log.jsonl").write_text(
        '{"itr": 1000, "IS_mean": 2.8, "IS_std": 0.02, "FID": 173.7, "_stamp": 1551403232.0}\n'
        '{"itr": 2000, "IS_mean": 3.1, "IS_std": 0.02, "FID": NaN, "_stamp": 1551403233.0}'
    )
    for name, numbers in (
        ("G_loss", ("1.234e+00", "nan")),
        ("D_loss_real", ("5.000e-01", "2.500e-01")),
        ("D_loss_fake", ("5.000e-01", "inf")),
        ("G_sv_0", ("1.000e+00", "1.000e+00")),
    ):
        text = "".join(f"{1000 * i}: {number}\n" for i, number in enumerate(numbers, 1))
        (tmp_path / "exp" / f"{name}.log").write_text(text)
    (tmp_path / "exp" / "metalog.txt").write_text(METALOG)
    return tmp_path


def values(run: Run, name: str) -> list[float]:
    series = run.get(name)
    assert series is not None, f"{name} is not among {[str(s.key) for s in run.series]}"
    return series.values.tolist()


def test_metrics_and_series_make_one_run(logs: Path) -> None:
    source = Source.of(logs)
    reader = reader_for(source)
    assert isinstance(reader, BigganLogReader)
    found = reader.read(source)[0]
    assert np.array_equal(values(found, "loss/g"), [1.234, np.nan], equal_nan=True)
    assert values(found, "loss/d") == [1, np.inf], "it is the sum of its halves"
    assert np.array_equal(values(found, "metric/fid"), [173.7, np.nan], equal_nan=True)
    assert values(found, "metric/is") == [2.8, 3.1], "the last line is a whole object"
    assert (found.clock, found.last_step) == ("iteration", 2000)
    assert any("left over: G_sv_0" in note for note in found.notes)


def test_the_folder_of_series_has_the_settings_beside_it(logs: Path) -> None:
    source = Source.of(logs / "exp")
    assert isinstance(reader_for(source), BigganLogReader)
    setup = BigganLogReader().read(source)[0].setup
    assert (setup.objective.family, setup.objective_inferred) == ("hinge", True)
    assert setup.d_steps == 2
    d = setup.optimizer("d")
    assert d is not None
    assert (d.lr, d.betas) == (4e-4, (0, 0.999))


def test_one_file_is_one_series_named_by_it(logs: Path) -> None:
    source = Source.of(logs / "exp" / "G_loss.log")
    assert isinstance(reader_for(source), BigganLogReader)
    assert values(BigganLogReader().read(source)[0], "loss/g")[0] == 1.234


def test_reading_again_goes_on_from_where_it_ended(logs: Path) -> None:
    reader, source = BigganLogReader(), Source.of(logs)
    _, cursor = reader.read(source)
    with (logs / "exp" / "G_loss.log").open("a") as file:
        file.write("3000: 2.000e+00\nbroken\n4000: 3.0")
    with (logs / "exp_log.jsonl").open("a") as file:
        file.write('\n{"itr": 3000, "IS_mean": 4, "FID": 90}\n')
    found, _ = reader.read(source, cursor)
    anew = reader.read(source)[0]
    assert (found.series, found.notes) == (anew.series, anew.notes)
    assert values(found, "loss/g")[2:] == [2]
    assert values(found, "metric/fid")[2:] == [90]
    assert "exp/G_loss.log: 1 broken lines left out" in found.notes
    assert "exp/G_loss.log: the last line is torn and left out" in found.notes


def test_a_restart_holds_for_all_files(logs: Path) -> None:
    for name in ("G_loss", "D_loss_real", "D_loss_fake"):
        with (logs / "exp" / f"{name}.log").open("a") as file:
            file.write("1000: 7.000e+00\n2000: 8.000e+00\n")
    found = BigganLogReader().read(Source.of(logs))[0]
    first, second = found.parts
    assert values(first, "metric/fid")[0] == 173.7
    assert (values(second, "loss/g"), values(second, "loss/d")) == ([7, 8], [14, 16])


@pytest.mark.parametrize("text", ["", "1000 1.5\n", "12: cats\n", '{"step": 1, "d_loss": 2}\n'])
def test_what_it_did_not_write_is_not_ours(text: str, tmp_path: Path) -> None:
    (tmp_path / "G_loss.log").write_text(text)
    for place in (tmp_path, tmp_path / "G_loss.log"):
        assert BigganLogReader().score(Source.of(place)) == 0


def test_a_real_log_of_metrics(real_logs: Path) -> None:
    source = Source.of(real_logs / "biggan-pt-bs256x8")
    reader = reader_for(source)
    assert isinstance(reader, BigganLogReader)
    found = reader.read(source)[0]
    assert {str(s.key): len(s) for s in found.series} == {"metric/is": 68, "metric/fid": 68}
    assert (found.clock, found.last_step, len(found.segments)) == ("iteration", 138_000, 1)
    assert found.setup.optimizer("g").lr == 1e-4  # type: ignore[union-attr]
