"""`gan-doctor samples`: fakes of known faults, made of real digits."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from sklearn.datasets import load_digits

SIDE = 900  # digits on the real side; 897 are left


@pytest.fixture(scope="module")
def digits() -> tuple[np.ndarray, np.ndarray]:
    """(1797, 8, 8) bytes in random order, and their classes."""
    data = load_digits()
    order = np.random.default_rng(0).permutation(len(data.images))
    return (data.images[order] * 255 / 16).astype(np.uint8), data.target[order]


@pytest.fixture
def judge(command: Any, digits: tuple[np.ndarray, np.ndarray], tmp_path: Path) -> Any:
    """Judges fakes against half of the digits."""

    def run(fakes: np.ndarray, *options: str) -> Any:
        np.save(tmp_path / "fakes.npy", fakes)
        np.save(tmp_path / "reals.npy", digits[0][:SIDE])
        return command("samples", "fakes.npy", "--real", "reals.npy", *options)

    return run


def blurred(images: np.ndarray) -> np.ndarray:
    x = torch.from_numpy(images).float()[:, None]
    return torch.nn.functional.avg_pool2d(x, 3, 1, 1)[:, 0].byte().numpy()


def found(answer: Any) -> dict[str, str]:
    """Severity by slug."""
    return {f["slug"]: f["severity"] for f in json.loads(answer.out)["findings"]}


def test_help_teaches_with_examples(command: Any) -> None:
    answer = command("samples", "--help")
    assert answer.code == 0
    assert "gan-doctor samples out/fakes --real data/train" in answer.out
    assert "--grid 8x8 --padding 2" in answer.out
    assert " samples " in command("--help").out


def test_other_digits_are_all_right(judge: Any, digits: Any) -> None:
    answer = judge(digits[0][SIDE:])
    assert answer.code == 0
    assert answer.out.startswith("No problem found in the samples; ")
    assert "WARNING" not in answer.out
    assert answer.err == ""
    assert max(map(len, answer.out.splitlines())) <= 80


def test_one_image_over_and_over_is_mode_collapse(judge: Any, digits: Any) -> None:
    answer = judge(np.repeat(digits[0][SIDE:][:1], 400, 0))
    assert answer.code == 1
    assert "CRITICAL  mode-collapse (GD301)" in answer.out
    assert "step" not in answer.out.partition("Measures")[0].replace("steps", "")
    assert max(map(len, answer.out.splitlines())) <= 80


def test_blur_noise_and_missing_classes_are_told_apart(judge: Any, digits: Any) -> None:
    others, classes = digits[0][SIDE:], digits[1][SIDE:]
    noise = np.random.default_rng(0).integers(0, 256, (400, 8, 8), dtype=np.uint8)
    assert found(judge(blurred(others), "--json")) == {"blurry-output": "warning"}
    assert found(judge(noise, "--json")) == {"noise-output": "critical"}
    assert "The samples are noise: neighbouring" in judge(noise).out
    assert found(judge(others[classes < 5], "--json")) == {"mode-dropping": "warning"}


def test_a_range_of_its_own_comes_before_all_else(judge: Any, digits: Any) -> None:
    answer = judge((digits[0][SIDE:] / 255).astype(np.float32))
    assert answer.code == 1
    assert "FIRST  The fakes have another scale than the reals, 0 to 1 and not -1" in answer.out
    assert "What to do in the training" not in answer.out


def test_json_is_one_object_with_a_version(judge: Any, digits: Any) -> None:
    answer = judge(digits[0][SIDE:], "--json")
    report = json.loads(answer.out)
    assert (report["format"], report["version"]) == ("gan-doctor samples", 1)
    assert report["worst"] is None
    measures = {row["key"].partition("#")[0]: row for row in report["measures"]}
    recall = measures["sample/recall"]
    assert recall["low"] < recall["value"] < recall["high"]
    assert (recall["mark"], len(recall["values"]), recall["samples"]) == ("within", 3, 450)
    assert "GD303" not in {v["code"] for v in report["verdicts"]}


def test_what_counts_can_be_chosen(judge: Any, digits: Any) -> None:
    fakes = blurred(digits[0][SIDE:])
    assert judge(fakes, "--fail-on", "critical").code == 0
    assert judge(fakes, "--ignore", "blurry-output").code == 0
    assert found(judge(fakes, "--json", "--select", "GD3")) == {}
    assert "Did you mean 'blurry-output'?" in judge(fakes, "--select", "blury-output").err


def test_subfolders_are_classes_and_a_grid_is_cut(
    command: Any, digits: Any, tmp_path: Path
) -> None:
    images, classes = digits
    for i, (image, label) in enumerate(zip(images[:640], classes[:640], strict=True)):
        path = tmp_path / "reals" / str(label) / f"{i}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(path)
        asked = (label + 1) % 10  # G makes another class than it was asked for
        path = tmp_path / "fakes" / str(asked) / f"{i}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(images[640 + i]).save(path)
    classed = command("samples", "fakes", "--real", "reals", "--json")
    assert "condition-ignored" in found(classed)
    rows = images[640:1280].reshape(20, 32, 8, 8)
    Image.fromarray(rows.transpose(0, 2, 1, 3).reshape(160, 256)).save(tmp_path / "grid.png")
    answer = command("samples", "grid.png", "--grid", "20x32", "--real", "reals")
    assert answer.code == 0
    assert "cut from 1 grid into 640 tiles of 8x8 pixels" in " ".join(answer.out.split())


def test_points_get_the_measures_that_make_sense(command: Any, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    torch.save({"x": torch.from_numpy(rng.normal(size=(600, 2)))}, tmp_path / "fakes.pt")
    np.savez(tmp_path / "reals.npz", x=rng.normal(size=(600, 2)))
    answer = command("samples", "fakes.pt", "--real", "reals.npz", "--key", "x", "--json")
    names = {row["key"].partition("#")[0] for row in json.loads(answer.out)["measures"]}
    assert answer.code == 0
    assert "sample/recall" in names
    assert "sample/high_frequency" not in names
    text = command("samples", "fakes.pt", "--real", "reals.npz").out
    assert "Fine detail" not in text
    assert "blurry-output (GD402)" in text.partition("Not assessed")[2]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["absent", "--real", "few.npy"], "There is no absent"),
        (["few.npy", "--real", "few.npy"], "64 fakes and 128 reals are needed at least"),
        (["few.npy", "--real", "few.npy", "--grid", "8 by 8"], "--grid takes numbers such as 8x8"),
        (["few.npy", "--real", "few.npy", "--size", "0"], "--size takes numbers"),
        (["pickle.npy", "--real", "few.npy"], "save numbers, not Python objects"),
        (["few.npy", "--real", "few.npy", "--fail-on", "fatal"], "Known: critical"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(
    command: Any, tmp_path: Path, options: list[str], said: str
) -> None:
    np.save(tmp_path / "few.npy", np.ones((10, 2)))
    np.save(tmp_path / "pickle.npy", np.array([{}]), allow_pickle=True)
    answer = command("samples", *options)
    assert answer.code == 2
    assert said in answer.err
    assert answer.err.count("\n") == 1


def test_help_and_faults_need_no_torch(tmp_path: Path) -> None:
    import subprocess
    import sys

    code = (
        "import sys\nfrom gan_doctor.cli import main\n"
        "try: main(['samples', '--help'])\nexcept SystemExit: pass\n"
        "print('slow:', sorted({'torch', 'sklearn', 'matplotlib'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.endswith("slow: []\n")
