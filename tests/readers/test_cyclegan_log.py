from __future__ import annotations

import io
from pathlib import Path

import pytest

from gan_doctor.core import ReadError, Run, Source
from gan_doctor.readers import reader_for
from gan_doctor.readers.cyclegan_log import CycleGANLogReader

HEADER = "================ Training Loss (Wed Aug 30 12:07:29 2023) ================\n"
CYCLE = (
    "(epoch: {epoch}, iters: {iters}, time: 0.198, data: 0.278) D_A: 0.250 G_A: 0.322 "
    "cycle_A: 6.358 idt_A: 1.683 D_B: 0.278 G_B: 1.000 cycle_B: 3.978 idt_B: 3.178 \n"
)
PIX = (
    "(epoch: 1, iters: {iters}, time: 0.1, data: 0.2) G_GAN: 0.75 G_L1: 9.5 "
    "D_real: 0.25 D_fake: 0.5 \n"
)


def read(text: str) -> Run:
    return CycleGANLogReader().read(Source.of(io.BytesIO(text.encode())))[0]


def sure(text: str) -> float:
    return CycleGANLogReader().score(Source.of(io.BytesIO(text.encode())))


def test_two_players_are_read_and_epochs_are_counted_through() -> None:
    rows = [(1, 100), (1, 200), (2, 56), (2, 156)]
    run = read(HEADER + "".join(CYCLE.format(epoch=e, iters=i) for e, i in rows))
    assert run.players == ("A", "B")
    d, g = run.get("loss/d", "A"), run.get("loss/g", "B")
    assert d is not None
    assert g is not None
    assert (d.values.tolist(), g.values.tolist()) == ([0.25] * 4, [1.0] * 4)
    assert run.clock == "iteration"
    assert (d.steps[1:] > d.steps[:-1]).all()
    assert len(run.series) == 4


def test_of_pix2pix_real_and_fake_are_losses_and_their_sum_is_that_of_d() -> None:
    run = read(HEADER + PIX.format(iters=100) + PIX.format(iters=200))
    found = {str(series.key): series.values.tolist() for series in run.series}
    assert found == {
        "loss/d/real": [0.25] * 2, "loss/d/fake": [0.5] * 2,
        "loss/d": [0.75] * 2, "loss/g": [0.75] * 2,
    }  # fmt: skip


def test_a_restart_begins_a_segment() -> None:
    first = "".join(CYCLE.format(epoch=e, iters=100) for e in range(1, 6))
    again = "".join(CYCLE.format(epoch=e, iters=100) for e in range(3, 6))
    assert len(read(HEADER + first + HEADER + again + HEADER).segments) == 2


def test_a_log_with_only_headers_is_ours_but_holds_nothing(tmp_path: Path) -> None:
    path = tmp_path / "loss_log.txt"
    path.write_text(HEADER)
    reader = reader_for(Source.of(path))
    assert isinstance(reader, CycleGANLogReader)
    assert reader.read(Source.of(path))[0].series == ()


def test_it_is_sure_of_its_lines_only() -> None:
    assert sure(CYCLE.format(epoch=1, iters=1)) == 0.9
    assert sure("epoch 1 loss_D: 0.5\n") == 0
    assert sure("\0" + CYCLE.format(epoch=1, iters=1)) == 0


def test_a_folder_is_read_by_its_loss_log(tmp_path: Path) -> None:
    (tmp_path / "loss_log.txt").write_text(CYCLE.format(epoch=1, iters=1))
    (tmp_path / "train_opt.txt").write_text("lambda_A: 10.0\n")
    assert isinstance(reader_for(Source.of(tmp_path)), CycleGANLogReader)
    assert len(CycleGANLogReader().read(Source.of(tmp_path))[0].series) == 4
    (tmp_path / "loss_log.txt").unlink()
    with pytest.raises(ReadError, match="not exactly one"):
        CycleGANLogReader().read(Source.of(tmp_path))


def test_a_real_log_is_read(real_logs: Path) -> None:
    source = Source.of(real_logs / "cyclegan-syvia-horse2zebra")
    reader = reader_for(source)
    assert isinstance(reader, CycleGANLogReader)
    run, _ = reader.read(source)
    assert {str(series.key): len(series) for series in run.series} == {
        f"loss/{role}@{player}": 814 for role in "dg" for player in "AB"
    }
    assert len(run.segments) == 2
