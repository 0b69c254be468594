from __future__ import annotations

import ast
import importlib
import shlex
from pathlib import Path

import pytest

from gan_doctor.core import Remedy, Run
from gan_doctor.report.html.snippets import OWN_LOOP, own_loop, reference_loop
from gan_doctor.training import TrainConfig, read_setting
from gan_doctor.tricks import known

PRESCRIBED = sorted(slug for slug, card in known().items() if card.treats)


def remedy(slug: str, **values: object) -> Remedy:
    return Remedy(slug, slug, "Do it.", values or known()[slug].settings)


@pytest.mark.parametrize("slug", sorted(OWN_LOOP))
def test_a_snippet_is_python_and_imports_what_there_is(slug: str) -> None:
    code = own_loop(remedy(slug))
    assert code is not None
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.ImportFrom):
            module = importlib.import_module(str(node.module))
            assert all(hasattr(module, alias.name) for alias in node.names)


def test_every_snippet_is_of_a_trick_and_most_that_are_prescribed_have_one() -> None:
    assert set(OWN_LOOP) <= set(known())
    assert len(set(PRESCRIBED) & set(OWN_LOOP)) > 0.8 * len(PRESCRIBED)


@pytest.mark.parametrize("slug", PRESCRIBED)
def test_the_command_is_one_that_the_reference_loop_takes(slug: str) -> None:
    command = reference_loop(Run("run"), remedy(slug))
    assert command is not None
    words = shlex.split(command)
    assert words[:2] == ["gan-doctor", "train"]
    options = list(zip(words[2::2], words[3::2], strict=True))
    tricks = [value for name, value in options if name == "--trick"]
    settings = dict(read_setting(value) for name, value in options if name == "--set")
    TrainConfig.of(None, tricks, {**settings, "allow_conflicts": True}, None)


def test_a_rate_that_the_remedy_leaves_alone_is_left_alone() -> None:
    one = remedy("learning-rate", lr_d=2e-4)
    assert own_loop(one) == 'for group in opt_d.param_groups: group["lr"] = 0.0002'
    command = reference_loop(Run("run"), one)
    assert command == "gan-doctor train --set lr_d=0.0002 --out runs/learning-rate"


def test_no_number_is_made_up_where_the_run_told_none() -> None:
    words_only = Remedy("ttur", "TTUR", "Give D a quarter of its learning rate.")
    assert own_loop(words_only) is None
    assert reference_loop(Run("run"), words_only) is None


def test_a_run_of_the_reference_loop_is_trained_again_with_its_own_settings(tmp_path: Path) -> None:
    folder = tmp_path / "with blank; rm"
    folder.mkdir()
    (folder / "config.toml").touch()
    words = shlex.split(
        reference_loop(Run("run", source=str(folder)), remedy("spectral-norm")) or ""
    )
    assert words[2:4] == ["--config", str(folder / "config.toml")]


def test_what_is_no_trick_has_no_snippet() -> None:
    unknown = Remedy("capacity", "Size", "Halve D.", {"d_width_factor": 0.5})
    assert own_loop(unknown) is None
    assert reference_loop(Run("run"), unknown) is None
