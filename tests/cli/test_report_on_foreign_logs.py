from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import Any

import pytest

DCGAN = "".join(
    f"[{i // 10}/20][{i % 10}/10]\tLoss_D: {d:.4f}\tLoss_G: {g:.4f}\n"
    for i, (d, g) in enumerate([(1.38, 0.7)] * 40 + [(100.0, 0.0)] * 60)
)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    file = tmp_path / "train.log"
    file.write_text("loading data\n" + DCGAN)
    return file


def stdin(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))


def test_a_printed_log_is_judged_and_its_names_are_told(command: Any, log: Path) -> None:
    answer = command("report", log)
    assert answer.code == 1
    assert "discriminator-failing (GD202)" in answer.out
    assert "read: Loss_D as loss/d, Loss_G as loss/g" in answer.out.replace("\n", " ")
    assert "steps are counted as epoch x 10 + batch" in answer.out


def test_standard_input_is_a_log(command: Any, log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stdin(monkeypatch, DCGAN)
    answer = command("report", "-")
    assert answer.code == 1
    assert "discriminator-failing (GD202)" in answer.out
    assert "[0/20][0/10]" not in answer.out


def test_standard_input_can_be_passed_on_as_it_comes(
    capsysbinary: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from gan_doctor.cli.standard_input import standard_input

    stdin(monkeypatch, DCGAN)
    stream = standard_input(tee=True)
    assert capsysbinary.readouterr().out == DCGAN.encode()
    assert stream.read() == DCGAN.encode()


def test_what_is_broken_off_is_the_log_so_far(monkeypatch: pytest.MonkeyPatch) -> None:
    from gan_doctor.cli.standard_input import standard_input

    class Torn(io.BytesIO):
        def readline(self, size: int | None = -1) -> bytes:
            line = super().readline()
            if line.startswith(b"[2/20]"):
                raise KeyboardInterrupt
            return line

    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(Torn(DCGAN.encode())))
    assert standard_input(tee=True).read().count(b"\n") == 20


def test_a_name_can_be_told(command: Any, tmp_path: Path) -> None:
    table = tmp_path / "odd.csv"
    table.write_text("step,cost one,cost two\n" + "".join(f"{i},1,2\n" for i in range(1, 60)))
    assert command("report", table).code == 2
    answer = command("report", table, "--map", "cost one=loss/d", "--map", "cost two=loss/g")
    assert answer.code == 0
    assert "read: cost one as loss/d, cost two as loss/g" in answer.out.replace("\n", " ")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("loss1", "takes TAG=SERIES such as loss1=loss/d"),
        ("=loss/d", "takes TAG=SERIES such as loss1=loss/d"),
        ("loss1=loss/q", "No series is called 'loss/q'"),
    ],
)
def test_a_wrong_meaning_is_refused(command: Any, log: Path, given: str, said: str) -> None:
    answer = command("report", log, "--map", given)
    assert answer.code == 2
    assert said in answer.err


def test_where_rows_are_left_out_the_onset_lies_between_two_of_them(
    command: Any, tmp_path: Path
) -> None:
    table = tmp_path / "loss.csv"
    rows = [(i, 1.38 if i < 20_000 else 100.0, 0.7 if i < 20_000 else 0.0)
            for i in range(1000, 60_000, 1000)]  # fmt: skip
    table.write_text("step,d_loss,g_loss\n" + "".join(f"{i},{d},{g}\n" for i, d, g in rows))
    answer = command("report", table)
    assert "Began in iterations 19,000 to 20,000, noticed at" in answer.out
