from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import orjson
import pytest

from gan_doctor.training import TrainConfig
from gan_doctor.training.facts import facts

SETUP = {
    "objective": {"family": "wasserstein", "penalties": ["gradient-penalty"]},
    "networks": [{"role": "d", "norms": ["BatchNorm2d"]}],
}


@pytest.fixture
def contradictory_log(clear_log: Path) -> Path:
    """A run with BatchNorm in a D under a gradient penalty."""
    header = orjson.loads((clear_log / "run.json").read_bytes())
    (clear_log / "run.json").write_bytes(orjson.dumps({**header, "setup": SETUP}))
    return clear_log


def test_help_shows_examples(command: Any) -> None:
    answer = command("preflight", "--help")
    assert answer.code == 0
    assert "gan-doctor preflight runs/dcgan" in answer.out
    assert " preflight " in command("--help").out


def test_a_sound_preset_exits_with_0(command: Any) -> None:
    answer = command("preflight", "healthy")
    assert answer.code == 0
    assert answer.out.startswith("Nothing known speaks against this set-up\n")
    assert "Not known" not in answer.out
    assert answer.err == ""


def test_a_recorded_run_is_read_for_its_facts(command: Any, contradictory_log: Path) -> None:
    answer = command("preflight", contradictory_log)
    assert answer.code == 1
    assert answer.out.startswith("1 problem before the first step\n")
    assert "CRITICAL  incompatible-pair (GD606)" in answer.out
    assert "Do: Put GroupNorm" in answer.out
    assert "Not known: G, the optimizers," in answer.out


def test_the_preset_of_a_pair_is_told_before_it_trains(command: Any) -> None:
    answer = command("preflight", "incompatible-pair", "--json")
    report = json.loads(answer.out)
    assert answer.code == 1
    assert [f["code"] for f in report["findings"]] == ["GD606"]
    assert report["worst"] == "critical"
    assert report["setup"]["batch_size"] == 64


def test_a_file_of_settings_can_be_changed_on_the_way(command: Any, tmp_path: Path) -> None:
    TrainConfig.of("healthy").save(tmp_path / "config.toml")
    assert command("preflight", "config.toml").code == 0
    assert command("preflight", "config.toml", "--set", "data_range=unit").code == 1
    both = command(
        "preflight", "config.toml", "--trick", "r1-penalty", "--trick", "unrolled", "--json"
    )
    assert "third derivatives" in json.loads(both.out)["findings"][0]["message"]


def test_what_counts_can_be_chosen(command: Any, contradictory_log: Path, tmp_path: Path) -> None:
    assert command("preflight", contradictory_log, "--fail-on", "never").code == 0
    (tmp_path / "gan-doctor.toml").write_text('ignore = ["GD606"]\n')
    assert command("preflight", contradictory_log).code == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["helthy"], "Did you mean 'healthy'?"),
        (["no-such.toml"], "no-such.toml"),
        (["."], "no reader recognises it"),
        (["LOG", "--trick", "packing"], "config.toml"),
        (["healthy", "--trick", "pakking"], "Did you mean 'packing'?"),
        (["healthy", "--set", "lr_d"], "NAME=VALUE"),
        (["healthy", "--fail-on", "fatal"], "Known: critical, info, never, warning"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(
    command: Any, clear_log: Path, arguments: list[str], said: str
) -> None:
    answer = command("preflight", *[str(clear_log) if a == "LOG" else a for a in arguments])
    assert answer.code == 2
    assert said in answer.err
    assert answer.err.count("\n") == 1


def test_names_out_of_a_log_stay_letters(command: Any, contradictory_log: Path) -> None:
    header = orjson.loads((contradictory_log / "run.json").read_bytes())
    header["setup"]["networks"][0]["kind"] = "\x1b[2J[red]"
    (contradictory_log / "run.json").write_bytes(orjson.dumps(header))
    answer = command("preflight", contradictory_log)
    assert "\x1b" not in answer.out
    assert "[red]" in answer.out


def test_a_run_is_read_without_torch(contradictory_log: Path) -> None:
    code = (
        "import sys\nfrom gan_doctor.cli import main\n"
        f"try: main(['preflight', {str(contradictory_log)!r}])\nexcept SystemExit: pass\n"
        "print('slow:', sorted({'torch', 'sklearn', 'matplotlib'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.endswith("slow: []\n")


def test_the_facts_of_a_training_are_those_of_its_networks() -> None:
    found = facts(TrainConfig.of("healthy", ["spectral-norm"], {"width": 8, "steps": 5}))
    g, d = found.network("g"), found.network("d")
    assert g is not None
    assert d is not None
    assert (g.output_activation, d.spectral_norm) == ("Tanh", True)
    for role, network in (("g", g), ("d", d)):
        optimizer = found.optimizer(role)  # type: ignore[arg-type]
        assert optimizer is not None
        assert optimizer.parameters == network.parameters
    assert (found.total_steps, found.real_range) == (5, (-1.0, 1.0))
    assert found.tricks == ("spectral-norm",)
