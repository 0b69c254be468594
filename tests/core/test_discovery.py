from __future__ import annotations

import importlib
import sys
from importlib.metadata import EntryPoint, EntryPoints

import pytest

from gan_doctor.core import ConfigError, discover, discovery

MODULE = "__all__ = ['Plugin']\n\nclass Plugin:\n    pass\n"


@pytest.fixture
def package(tmp_path, monkeypatch):
    """Makes and imports a package `made_up` of the modules given by name and text."""
    monkeypatch.syspath_prepend(tmp_path)

    def make(**modules: str):
        folder = tmp_path / "made_up"
        folder.mkdir()
        for name, text in {"__init__": "", **modules}.items():
            (folder / f"{name}.py").write_text(text)
        importlib.invalidate_caches()
        return importlib.import_module("made_up")

    yield make
    for name, module in list(sys.modules.items()):
        if str(tmp_path) in str(getattr(module, "__file__", None)):
            del sys.modules[name]


@pytest.fixture
def installed(monkeypatch):
    """Pretends that other distributions bring these entry points."""

    def pretend(group: str, **points: str) -> None:
        given = EntryPoints(EntryPoint(name, value, group) for name, value in points.items())
        monkeypatch.setattr(discovery, "entry_points", given.select)

    return pretend


def test_modules_are_plug_ins_by_their_name_with_hyphens(package):
    found = discover(package(noise=MODULE, mode_collapse=MODULE, _base="1 / 0"))
    assert list(found) == ["mode-collapse", "noise"]
    assert found["noise"].__module__ == "made_up.noise"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "class Plugin: ...",
        "__all__ = []",
        MODULE + "__all__ = ['Plugin', 'Plugin']",
        MODULE + "__all__ = ['Other']",
        "__all__ = ['number']\nnumber = 1",
    ],
)
def test_a_module_that_does_not_name_exactly_one_class_is_an_error(package, text):
    with pytest.raises(ConfigError, match=r"Plug-in made_up\.bad must name exactly one class"):
        discover(package(bad=text))


def test_entry_points_of_the_group_of_the_packages_name_are_plug_ins_too(
    package, installed, tmp_path
):
    (tmp_path / "foreign_blur.py").write_text(MODULE)
    installed("made_up", blur="foreign_blur")
    assert list(discover(package(noise=MODULE))) == ["foreign-blur", "noise"]
    installed("another", blur="foreign_blur")
    assert list(discover(importlib.import_module("made_up"))) == ["noise"]


def test_two_plug_ins_of_one_name_are_an_error_that_names_both(package, installed, tmp_path):
    (tmp_path / "noise.py").write_text(MODULE)
    installed("made_up", noise="noise")
    with pytest.raises(ConfigError, match=r"'noise': made_up\.noise and noise\. Rename"):
        discover(package(noise=MODULE))


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("not_installed", "cannot be loaded: No module named 'not_installed'"),
        ("made_up.noise:Plugin", "must name a module, got type"),
    ],
)
def test_an_entry_point_that_is_no_module_is_named_in_the_error(package, installed, value, reason):
    installed("made_up", foreign=value)
    with pytest.raises(ConfigError, match=rf"Plug-in 'foreign' \({value}\) {reason}"):
        discover(package(noise=MODULE))
