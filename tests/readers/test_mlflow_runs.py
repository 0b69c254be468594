from __future__ import annotations

from pathlib import Path

import fsspec
import numpy as np
import pytest

from gan_doctor.core import ReadError, Run, Source
from gan_doctor.readers import reader_for
from gan_doctor.readers.mlflow_runs import MlflowRunsReader

FILES = {
    "metrics/d_loss": "1700000000000 0.5 100\n1700000001000 nan 200\n",
    "metrics/Loss/G/loss": "1700000000000 1.5 100\n1700000001000 2.5 200\n",
    "metrics/system/cpu": "1700000000000 93 0\n",
    "params/lr": "0.0002",
    "params/batch_size": "64",
    "meta.yaml": "artifact_uri: file:///x\nrun_id: 7f\nrun_name: lively-sun-7\nstatus: 1\n",
}


@pytest.fixture
def run_folder(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def values(run: Run, name: str) -> list[float]:
    series = run.get(name)
    assert series is not None, f"{name} is not among {[str(s.key) for s in run.series]}"
    return series.values.tolist()


def test_the_metrics_of_a_run_are_read_folders_too(run_folder: Path) -> None:
    source = Source.of(run_folder)
    reader = reader_for(source)
    assert isinstance(reader, MlflowRunsReader)
    found = reader.read(source)[0]
    assert np.array_equal(values(found, "loss/d"), [0.5, np.nan], equal_nan=True)
    assert found.get("loss/g").steps.tolist() == [100, 200]  # type: ignore[union-attr]
    assert (found.name, found.clock) == ("lively-sun-7", "iteration")
    assert "parameters: batch_size = 64, lr = 0.0002" in found.notes
    assert "left over: system/cpu" in found.notes


@pytest.mark.parametrize(
    ("meta", "name"),
    [("run_name: 'seed 1: high'\n", "seed 1: high"), ("run_name: ''\n", "tagged"), ("", "tagged")],
)
def test_the_name_is_where_mlflow_keeps_it(meta: str, name: str, run_folder: Path) -> None:
    (run_folder / "meta.yaml").write_text(meta)
    (run_folder / "tags").mkdir()
    (run_folder / "tags" / "mlflow.runName").write_text("tagged")
    assert MlflowRunsReader().read(Source.of(run_folder))[0].name == name


def test_broken_lines_are_left_out_and_more_words_do_no_harm(run_folder: Path) -> None:
    (run_folder / "metrics/d_loss").write_text("17 1 10 data 3f\n17 x 20\n17 3 30\n17 4 4")
    found = MlflowRunsReader().read(Source.of(run_folder))[0]
    assert values(found, "loss/d") == [1, 3]
    assert {
        "metrics/d_loss: 1 broken lines left out",
        "metrics/d_loss: the last line is torn and left out",
    } <= set(found.notes)


def test_reading_again_goes_on_from_where_it_ended(run_folder: Path) -> None:
    source = Source.of(run_folder)
    _, cursor = MlflowRunsReader().read(source)
    with (run_folder / "metrics/d_loss").open("a") as file:
        file.write("1700000002000 0.125 300\n")
    (run_folder / "metrics/fid").write_text("1700000002000 80 300\n")
    (run_folder / "metrics/Loss/G/loss").write_text("1700000009000 9 100\n")
    found, _ = MlflowRunsReader().read(source, cursor)
    assert values(found, "loss/d")[2:] == [0.125]
    assert values(found, "metric/fid") == [80]
    assert values(found, "loss/g") == [9], "the file was written anew"


def test_it_reads_through_fsspec() -> None:
    for name, text in FILES.items():
        with fsspec.open(f"memory://mlruns/0/7f/{name}", "wb") as file:
            file.write(text.encode())
    source = Source.of("memory://mlruns/0/7f")
    assert isinstance(reader_for(source), MlflowRunsReader)
    assert values(MlflowRunsReader().read(source)[0], "loss/g") == [1.5, 2.5]


def test_what_is_no_run_is_not_ours(run_folder: Path, tmp_path: Path) -> None:
    for place in (run_folder / "metrics", run_folder / "metrics" / "d_loss", run_folder / "params"):
        source = Source.of(place)
        assert MlflowRunsReader().score(source) == 0
        with pytest.raises(ReadError, match="expected the folder of one run"):
            MlflowRunsReader().read(source)
