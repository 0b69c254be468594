from __future__ import annotations

import io
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gan_doctor.core import ReadError, Run, Source
from gan_doctor.readers import Cursor
from gan_doctor.readers._numbers import MARK, cut
from gan_doctor.readers.printed_text import PrintedTextReader


def read(text: str | bytes, **told: str) -> Run:
    data = text.encode() if isinstance(text, str) else text
    return PrintedTextReader(told).read(Source.of(io.BytesIO(data)))[0]


def sure(text: str | bytes) -> float:
    data = text.encode() if isinstance(text, str) else text
    return PrintedTextReader().score(Source.of(io.BytesIO(data)))


def values(run: Run) -> dict[str, list[float]]:
    return {str(series.key): series.values.tolist() for series in run.series}


def steps(run: Run, name: str = "loss/d") -> list[float]:
    series = run.get(name)
    assert series is not None
    return series.steps.tolist()


def notes(run: Run) -> str:
    return "; ".join(run.notes)


# Numbers


def test_numbers_are_the_floats_that_are_nearest_to_what_is_written() -> None:
    rng = random.Random(0)
    written = [repr(rng.uniform(-1e3, 1e3)) for _ in range(300)]
    written += [f"{rng.uniform(-9, 9):.{rng.randint(0, 8)}f}" for _ in range(300)]
    written += [f"{rng.uniform(1, 9):.{rng.randint(0, 8)}e}" for _ in range(100)]
    written += [f"{rng.uniform(1, 9):.4f}e{rng.randint(-330, 330)}" for _ in range(300)]
    written += [str(rng.randint(0, 10 ** rng.randint(1, 22))) for _ in range(300)]
    written += ["-0.0", "+3", ".5", "-.5", "1e-38", "1e999", "007", "3.e-5", "2.16e+4"]
    found = cut((" ".join(written) + "\n").encode())
    assert [number.hex() for number in found.numbers] == [float(text).hex() for text in written]


@pytest.mark.parametrize(
    ("text", "skeleton", "numbers"),
    [
        ("D_G_z1 fid50k x2", "D_G_z1 fid50k x2", []),
        ("1.2.3 1e5e6 1e5.3", "1.2.3 1e5e6 1e5.3", []),
        ("2020-09-15", "#-#-#", [2020, 9, 15]),
        ("Epochs-0", "Epochs-#", [0]),
        ("iter: 107,200, x", "iter: #, x", [107_200]),
        ("1,234,567 0,693 1,23", "# #,# #,#", [1_234_567, 0, 693, 1, 23]),
        ("21:41:17,816", "#:#:#,#", [21, 41, 17, 816]),
        ("loss 5.", "loss #.", [5]),
        ("50% 5.1s 2x", "#% #s #x", [50, 5.1, 2]),
        ("\x01", "?", []),
    ],
)
def test_numbers_are_cut_out_of_words_but_not_of_names(
    text: str, skeleton: str, numbers: list[float]
) -> None:
    found = cut(text.encode() + b"\n")
    assert found.skeletons == [skeleton.encode().replace(b"#", MARK)]
    assert found.numbers.tolist() == numbers


@given(st.text("0123456789.eE+-,:xN \n\r\x01\0", max_size=60))
def test_every_line_has_as_many_marks_as_numbers(text: str) -> None:
    found = cut(text.encode() + b"\n")
    ends = [*found.first[1:].tolist(), len(found.numbers)]
    marks = [skeleton.count(MARK) for skeleton in found.skeletons]
    assert marks == [end - first for first, end in zip(found.first.tolist(), ends, strict=True)]


# Shapes of lines

SHAPES: dict[str, tuple[str, str, list[float], dict[str, list[float]]]] = {
    "PyTorch's DCGAN example": (
        "[0/20][10/32]\tLoss_D: 2.0430  Loss_G: 10.29   D(x): 0.70  D(G(z)): 0.25 / 0.07\n"
        "[1/20][0/32]    Loss_D: 100.0000 Loss_G: -0.0  D(x): 1.0   D(G(z)): 1.0 / 1.0\n",
        "iteration", [10, 32],
        {"loss/d": [2.043, 100], "loss/g": [10.29, 0], "score/real": [0.7, 1],
         "score/fake": [0.25, 1], "score/fake/after": [0.07, 1]},
    ),
    "the same over several lines": (
        "[0/20][10/32]\nLoss_D: 1.5\nLoss_G: 2.5\n[0/20][20/32]\nLoss_D: 1.25\nLoss_G: 2.75\n",
        "iteration", [10, 20], {"loss/d": [1.5, 1.25], "loss/g": [2.5, 2.75]},
    ),
    "PyTorch-GAN": (
        "[Epoch 0/200] [Batch 5/938] [D loss: 0.693] [G loss: 0.69]\n"
        "[Epoch 1/200] [Batch 0/938] [D loss: 0.5] [G loss: 0.75]\n",
        "iteration", [5, 938], {"loss/d": [0.693, 0.5], "loss/g": [0.69, 0.75]},
    ),
    "Keras-GAN": (
        "0 [D loss: 0.75, acc.: 50.00%] [G loss: 0.69]\n1 [D loss: 0.5, acc.: 75%] [G loss: 1]\n",
        "iteration", [0, 1],
        {"loss/d": [0.75, 0.5], "accuracy/d": [0.5, 0.75], "loss/g": [0.69, 1]},
    ),
    "one word in two brackets": (
        "7: [D loss: 7.97, acc: 0.25]  [A loss: 0.03, acc: 1.0]\n",
        "iteration", [7], {"loss/d": [7.97], "accuracy/d": [0.25], "loss/g": [0.03]},
    ),
    "Udacity": (
        "Epoch [    1/  200] | d_loss: 0.7 | g_loss: 0.3\n"
        "Epoch [    2/  200] | d_loss: 0.5 | g_loss: nan\n",
        "epoch", [1, 2], {"loss/d": [0.7, 0.5], "loss/g": [0.3, np.nan]},
    ),
    "words for the batch": (
        "Epoch [1/10]        Batch 100/1563 Discriminator Loss: 0.5 Generator Loss: 1.25\n",
        "iteration", [100], {"loss/d": [0.5], "loss/g": [1.25]},
    ),
    "one bracket": (
        "[0/1000] D_loss=7.5 G_loss=-0.5 Total_loss = 7\n<Figure size 288x288 with 16 Axes>\n"
        "[50/1000] D_loss=3.5 G_loss=-8 Total_loss = -4\n",
        "epoch", [0, 50], {"loss/d": [7.5, 3.5], "loss/g": [-0.5, -8]},
    ),
    "Keras' bars": (
        "Epoch 2/5\n389/389 [======] - 5s 13ms/step - d_loss: 0.5 - g_loss: 0.75\n"
        "Epoch 3/5\n389/389 [======] - 5s 13ms/step - d_loss: 0.25 - g_loss: 0.5\n",
        "iteration", [778, 1167], {"loss/d": [0.5, 0.25], "loss/g": [0.75, 0.5]},
    ),
    "a bar with the word batch": (
        "Batch: 389/389  [====]  5.1s - c_loss: -15.5 - g_loss: -6.5 - real_out: 26.5 - GP: 4\n",
        "iteration", [389],
        {"loss/d": [-15.5], "loss/g": [-6.5], "score/real": [26.5], "penalty/d": [4]},
    ),
    "lucidrains": (
        "  3%|##   | 3000/100000 [1:02<2:00:00, 21.5it/s]G: 1.09 | D: 0.42 | GP: 69.44\n",
        "iteration", [3000], {"loss/g": [1.09], "loss/d": [0.42], "penalty/d": [69.44]},
    ),
    "tqdm": (
        "Epoch 2/250:  50%|█▌  | 5/10 [07:11<00:00, 21.73it/s, DR=713, DF=nan, G=1, GP=2.16e+4]\r"
        "Epoch 2/250: 100%|███| 10/10 [07:11<00:00, ?it/s, DR=512, DF=nan, G=nan, GP=1e+4]\n",
        "iteration", [15, 20],
        {"loss/d/real": [713, 512], "loss/d/fake": [np.nan] * 2, "loss/g": [1, np.nan],
         "penalty/d": [21600, 10000], "loss/d": [np.nan] * 2},
    ),
    "BMSG-GAN": (
        "Elapsed [8:37:01.056768] batch: 37350  d_loss: 0.000000  g_loss: 20.75\n",
        "iteration", [37350], {"loss/d": [0], "loss/g": [20.75]},
    ),
    "words instead of numbers": (
        "Epoch: 0563 D loss: -0.5 G loss: -2.5\nEpoch: 0564 D loss: nan G loss: inf\n"
        "Epoch: 0565 D loss: -inf G loss: N/A\n",
        "epoch", [563, 564, 565], {"loss/d": [-0.5, np.nan, -np.inf], "loss/g": [-2.5, np.inf]},
    ),
    "pix2pix-tensorflow": (
        "progress  epoch 50  step 602  image/sec 35.7  remaining 0m\n"
        "discrim_loss nan\ngen_loss_GAN 1.16629475e-36\ngen_loss_L1 380.16928\n",
        "iteration", [602], {"loss/d": [np.nan], "loss/g": [1.16629475e-36]},
    ),
    "coqui": (
        "   --> STEP: 24/352 -- GLOBAL_STEP: 244300\n     | > G_l1_spec_loss: 0.5  (0.25)\n"
        "     | > G_gen_loss: 16.5  (15.96176)\n     | > G_adv_loss: 0.00000  (0.5)\n"
        "     | > current_lr_0: 7.0e-111 \n     | > step_time: 0.29070  (0.29190)\n",
        "iteration", [244300],
        {"loss/g": [16.5], "loss/g/adversarial": [0], "lr/g": [7e-111]},
    ),
    "G before D": (
        "Epoch 1, Loss G:  1.25, Loss D: -0.5\nEpoch 2, Loss G:  1.5, Loss D: -0.25\n",
        "epoch", [1, 2], {"loss/d": [-0.5, -0.25], "loss/g": [1.25, 1.5]},
    ),
    "HiFi-GAN": (
        "Steps : 1380, Gen Loss Total : 77.188, Mel-Spec. Error : 1.468, s/b : 1.160\n",
        "iteration", [1380], {"loss/g": [77.188]},
    ),
    "logging": (
        "2024-07-02 21:41:17,816 - root - INFO - Epoch 3 D loss: 0.5, G loss: 0.25\n",
        "epoch", [3], {"loss/d": [0.5], "loss/g": [0.25]},
    ),
    "a date in words, colours and tensors": (
        "\x1b[32mTue Jul 2 21:41:17 2024\x1b[0m Step 5 loss_D: tensor(0.5, device='cuda:0')\n",
        "iteration", [5], {"loss/d": [0.5]},
    ),
    "scores only": (
        "Epochs-0 (train) , D(x) : 0.9677, D(G(x)) : 0.03298\n",
        "epoch", [0], {"score/real": [0.9677], "score/fake": [0.03298]},
    ),
    "a dict": (
        "{'d_loss': 0.5, 'g_loss': 0.75, 'epoch': 2.0, 'lr': None}\n",
        "epoch", [2], {"loss/d": [0.5], "loss/g": [0.75]},
    ),
    "names with nothing between": (
        "Epoch 3 Iter 100 d_loss 0.5 g_loss 0.75\n",
        "iteration", [100], {"loss/d": [0.5], "loss/g": [0.75]},
    ),
    "names with a bracket": (
        "Epoch 5 Loss (D): 0.5, Loss (G): 0.75\n",
        "epoch", [5], {"loss/d": [0.5], "loss/g": [0.75]},
    ),
}  # fmt: skip


@pytest.mark.parametrize("shape", SHAPES)
def test_lines_of_the_usual_shapes_are_understood(shape: str) -> None:
    text, clock, at, expected = SHAPES[shape]
    run = read(text)
    assert run.clock == clock
    first = next(series for series in run.series if len(series) == len(at))
    assert first.steps.tolist() == at
    found = values(run)
    assert found.keys() == expected.keys()
    for key, numbers in expected.items():
        np.testing.assert_array_equal(found[key], numbers)


def test_minus_zero_stays_minus_zero() -> None:
    found = read("epoch 1 D loss: -0.0\n").get("loss/d")
    assert found is not None
    assert np.signbit(found.values[0])


def test_the_budget_is_read_where_it_is_told() -> None:
    assert read("[0/20][10/32] Loss_D: 1\n").budget == 20 * 32
    assert read("step 10/500 d_loss: 1\n").budget == 500
    assert read("Epoch [1/200] d_loss: 1\n").budget == 200


@pytest.mark.parametrize(
    "line",
    [
        "Number of parameters: 4304387",
        "Time per epoch: 12.3",
        "saving checkpoint at step 500",
        "eta: 14:11:33 speed: 21.73it/s, 0.5 s/it, sec/tick 153.8, time 4h 36m 26s",
        "Epoch 5 Best FID: 33.1",
        "the value is 5",
        "D loss: 64x64",
        "D loss: 0,693",
        "D loss: -",
        "  warnings.warn('loss_function is deprecated, 3 left')",
    ],
)
def test_what_is_no_series_becomes_none(line: str) -> None:
    run = read(line + "\n")
    assert run.series == ()
    assert "left over" not in notes(run)


def test_pages_of_settings_before_the_first_row_are_no_series() -> None:
    settings = "".join(
        f"{name}: {i}\n"
        for i, name in enumerate(
            ["epoch", "step", "lr", "lambda_loss_G", "gp", "FID", "batch_size", "d_loss_weight"]
        )
    )
    run = read(settings + "".join(f"[{e}/5] d_loss: 0.5 g_loss: 1\n" for e in range(5)))
    assert values(run) == {"loss/d": [0.5] * 5, "loss/g": [1.0] * 5}
    assert steps(run) == [0, 1, 2, 3, 4]


def test_a_metric_on_a_line_of_its_own_stands_where_the_line_before_did() -> None:
    run = read("step 100 d_loss: 1\nFID: 50\nstep 200 d_loss: 1\nBest FID: 30\nFID: 40\n")
    assert steps(run, "metric/fid") == [100, 200]
    assert values(run)["metric/fid"] == [50, 40]


def test_a_loss_of_validation_is_not_that_of_training() -> None:
    run = read("epoch 1 d_loss: 0.5\nValidation: epoch 1 d_loss: 9 FID: 45\n")
    assert values(run) == {"loss/d": [0.5], "metric/fid": [45]}
    assert "left over: val d_loss" in notes(run)


def test_of_a_bar_at_one_position_the_last_state_counts() -> None:
    bar = "".join(f"\r 50%|#  | 5/10 [00:01<00:01, d_loss=0.{i}]" for i in range(1, 4))
    run = read(bar + "\r100%|###| 10/10 [00:02<00:00, d_loss=0.9]\n")
    assert (steps(run), values(run)["loss/d"]) == ([5, 10], [0.3, 0.9])


def test_a_number_that_all_lines_begin_with_is_no_step() -> None:
    run = read("".join(f"4711 d_loss: {i}\n" for i in range(5)))
    assert (run.clock, values(run)["loss/d"]) == ("row", [0, 1, 2, 3, 4])


def test_a_place_that_many_lines_share_is_not_their_step() -> None:
    run = read("step: 1\n" + "".join(f"d_loss: {i}\n" for i in range(5)))
    assert (run.clock, values(run)["loss/d"]) == ("row", [0, 1, 2, 3, 4])


def test_names_that_nobody_knows_are_listed_and_can_be_told() -> None:
    text = "epoch 1 loss1: 0.5 G_L1: 3\n"
    assert read(text).series == ()
    assert "left over: loss1, G_L1" in notes(read(text))
    assert values(read(text, loss1="loss/d")) == {"loss/d": [0.5]}


def test_carriage_returns_before_newlines_are_nothing() -> None:
    text = "step 1 d_loss: 1\nstep 2 d_loss: 2\n"
    assert read(text.replace("\n", "\r\n")).series == read(text).series


def test_shapes_that_take_turns_keep_their_order() -> None:
    rows = [f"step {i} d_loss: {'nan' if i % 3 == 0 else i}\n" for i in range(1, 2000)]
    found = read("".join(rows)).get("loss/d")
    assert found is not None
    assert found.steps.tolist() == [*range(1, 2000)]
    assert np.isnan(found.values).tolist() == [i % 3 == 0 for i in range(1, 2000)]


# What cannot be read


def test_binary_data_is_refused_with_the_remedy() -> None:
    text = "epoch 1 d_loss: 1\n".encode("utf-16")
    assert sure(text) == 0
    with pytest.raises(ReadError, match=r":1: it is no text in UTF-8.*iconv"):
        read(text)


def test_lines_with_nul_bytes_are_left_out_and_counted() -> None:
    run = read(b"step 1 d_loss: 1\n" + b"step 2 d_loss: 2\n" * 99 + b"\0\0\0 d_loss: 7\n\0\n")
    assert steps(run)[-1] == 2
    assert "2 lines hold NUL bytes" in notes(run)


def test_a_torn_last_line_is_left_out_until_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "train.log"
    path.write_bytes(b"step 1 d_loss: 1\nstep 2 d_loss: 0.1")
    reader = PrintedTextReader()
    run, cursor = reader.read(Source.of(path))
    assert steps(run) == [1]
    assert "the last line is torn" in notes(run)
    path.write_bytes(b"step 1 d_loss: 1\nstep 2 d_loss: 0.125\n")
    run, _ = reader.read(Source.of(path), cursor)
    assert values(run)["loss/d"] == [1, 0.125]
    assert "torn" not in notes(run)


def test_a_line_of_more_than_a_mebibyte_is_left_out_and_counted() -> None:
    run = read("step 1 d_loss: 1\n" + "x" * (2**20 + 9) + " d_loss: 5\nstep 2 d_loss: 2\n")
    assert steps(run) == [1, 2]
    assert "1 lines of over 1 MiB left out" in notes(run)


def test_a_bar_may_be_longer_than_a_mebibyte() -> None:
    bar = "".join(f"\r {i}/25000 [====>....] - d_loss: 0.5 - g_loss: 0.5" for i in range(1, 25001))
    assert len(bar) > 2**20
    assert len(steps(read(bar + "\n"))) == 25000


def test_ever_new_names_are_bounded_and_counted() -> None:
    lines = [f"step {i} value_{chr(97 + i % 26)}{'x' * (i // 26)}: 1\n" for i in range(900)]
    run = read("".join(lines) + "step 901 d_loss: 1\n")
    assert values(run) == {"loss/d": [1.0]}
    assert "400 lines are left out: ever new names" in notes(run)


@settings(max_examples=50)
@given(
    st.lists(
        st.sampled_from(
            ["epoch", "step", " ", "[", "]", "(", ")", "1", "2.5", "/", ":", "=", "D loss", "nan",
             "G_loss", "%", "|", "\n", "\r", "\t", ",", "-", "D(G(z))", "é", "\x1b[", "acc", "best"]
        ),
        max_size=40,
    )
)  # fmt: skip
def test_no_text_makes_reading_fail(pieces: list[str]) -> None:
    text = "".join(pieces)
    sure(text)
    run = read("step 1 d_loss: 1\n" + text + "\n")
    for part in run.parts:
        assert all((np.diff(series.steps) >= 0).all() for series in part.series)


def test_a_long_line_of_anything_takes_no_time() -> None:
    for piece in ("a.b-c/", "a ", "((", "\x01 ", "epoch [", "a: ", "D(G(z ", "  a"):
        read(f"step 1 d_loss: 1\n{(piece * 2000)[:1900]} 1\n")


# Reading on


def test_reading_on_equals_reading_anew_and_parses_only_what_came(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, reader = tmp_path / "train.log", PrintedTextReader()
    parsed: list[int] = []
    monkeypatch.setattr(
        "gan_doctor.readers._lines.cut", lambda text: (parsed.append(len(text)), cut(text))[1]
    )
    whole = "".join(f"[{i // 10}/9][{i % 10}/10] Loss_D: {i}\nFID: {i}\n" for i in range(90))
    cursor: Cursor | None = None
    for end in (0, 40, 41, 500, 501, len(whole)):
        path.write_text(whole[:end])
        run, cursor = reader.read(Source.of(path), cursor)
        now = len(parsed)
        assert run == reader.read(Source.of(path))[0]
        del parsed[now:]
    assert sum(parsed) == len(whole)


@pytest.mark.parametrize("other", ["step 9 d_loss: 9\n", "step 9 d_loss: 9\n" * 20])
def test_another_log_in_the_same_place_is_read_anew(other: str, tmp_path: Path) -> None:
    path, reader = tmp_path / "train.log", PrintedTextReader()
    path.write_text("step 1 d_loss: 1\nstep 2 d_loss: 2\n")
    _, cursor = reader.read(Source.of(path))
    path.write_text(other)
    assert values(reader.read(Source.of(path), cursor)[0])["loss/d"] == [9]


# Who is asked


def test_it_is_sure_only_of_the_losses_of_d_or_g() -> None:
    assert sure("[0/20][10/32] Loss_D: 1 Loss_G: 2\n") == 0.6
    assert sure("[D loss: 7.9, acc: 0.5]\n") == 0.3
    assert sure("step 100 accuracy: 0.9\n") == 0.15
    assert sure("epoch,d_loss,g_loss\n0,1.5,2.5\n") == 0
    assert sure("hello\n") == sure("") == sure("1,2,3\n") == sure("epoch 1\n") == 0
    assert sure('{"step": 1, "d_loss": 0.5}\n') < 0.2
    assert sure('{"gan_doctor": 1}') == 0


def test_pages_of_settings_before_the_rows_do_not_hide_them() -> None:
    assert sure("setting: value\n" * 20_000 + "step 1 d_loss: 1\n" * 3) == 0.6


def test_the_only_text_with_losses_in_a_folder_is_the_log(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("torch==2.0\n")
    (tmp_path / "train.log").write_text("step 1 d_loss: 1\nstep 2 d_loss: 2\n")
    reader = PrintedTextReader()
    assert 0 < reader.score(Source.of(tmp_path)) < 0.6
    assert steps(reader.read(Source.of(tmp_path))[0]) == [1, 2]
    (tmp_path / "run.json").write_text("{}")
    assert reader.score(Source.of(tmp_path)) == 0
    (tmp_path / "run.json").unlink()
    (tmp_path / "other.log").write_text("step 1 d_loss: 1\nstep 2 d_loss: 2\n")
    assert reader.score(Source.of(tmp_path)) == 0
    with pytest.raises(ReadError, match=r"not exactly one \*\.log or .* pass a file"):
        reader.read(Source.of(tmp_path))


# Real logs

REAL: dict[str, tuple[str, dict[str, int], str]] = {
    "celeba-gan-dcgan-log": ("iteration", {"loss/d": 41, "loss/g": 41}, "go back 17 times"),
    "iss-coqui-1003-hifigan-gonly": ("iteration", {"loss/g": 1, "loss/g/adversarial": 1}, ""),
    "iss-golbin-42-nan": ("epoch", {"loss/d": 8, "loss/g": 8}, ""),
    "iss-livelessons-10-dweak": ("row", {"loss/d": 1, "loss/g": 1, "accuracy/d": 1}, "A acc"),
    "iss-psgan-10-nan": ("iteration", {"loss/d": 1, "loss/g": 1}, "left over: gen_loss_L1"),
    "nb-cifar-dcgan-abhijit": ("iteration", {"loss/d": 150, "loss/g": 150}, "epoch x 1563"),
    "nb-dragan-tomorrow": ("epoch", {"loss/d": 20, "loss/g": 20}, "left over: Total_loss"),
    "nb-face-dcgan-akash": ("row", {"loss/d": 172, "loss/g": 172}, "an epoch has several rows"),
    "nb-face-lsgan-andia": ("epoch", {"loss/d": 200, "loss/g": 200}, ""),
    "txt-pokemon-dcgan-saturation": ("iteration", {"loss/d": 4, "score/fake/after": 4}, "x 262"),
}


@pytest.mark.parametrize("folder", REAL)
def test_a_real_log_is_read(folder: str, real_logs: Path) -> None:
    clock, lengths, said = REAL[folder]
    reader: Any = PrintedTextReader()
    source = Source.of(real_logs / folder)
    assert reader.score(source) > 0.2
    run, _ = reader.read(source)
    assert run.clock == clock
    found = {str(series.key): len(series) for series in run.series}
    assert found | lengths == found
    assert said in notes(run)


def test_a_place_that_no_clock_can_show_is_a_misprint() -> None:
    run = read(
        "[0/20][1/9e999] Loss_D: 1\n[0/20][2/40] Loss_D: 2\n[1/20][1e300/40] Loss_D: 3\n"
        "[1/20][3/40] Loss_D: 4\n"
    )
    assert steps(run)[:2] == [1, 2]
    assert run.budget == 20 * 40
