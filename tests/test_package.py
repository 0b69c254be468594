"""What holds for the package as a whole: its layers, what it imports, what is shipped."""

from __future__ import annotations

import ast
import itertools
import logging
import os
import re
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
from hatchling.build import build_sdist, build_wheel
from importlinter.cli import lint_imports
from twine.commands.check import check

import gan_doctor
from gan_doctor.core.config import tomllib

ROOT = Path(__file__).parents[1]
MODULES = sorted((ROOT / "gan_doctor").rglob("*.py"))

# The packages that the table of layers calls free of torch.
TORCH_FREE = ["cli", "core", "detectors", "diagnosis", "readers", "report", "stats", "tricks"]
# What a report in the terminal does without: .7 to 1.0 s each.
HEAVY = {"matplotlib", "scipy.signal", "scipy.stats", "sklearn", "torch"}


def loaded_by(code: str) -> set[str]:
    """The modules that a fresh interpreter has loaded after `code`."""
    result = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys\nprint(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    return set(result.stdout.split())


def test_imports_go_to_lower_rows_only(monkeypatch):
    monkeypatch.chdir(ROOT)
    assert lint_imports(no_cache=True) == 0


def test_importing_the_package_imports_nothing_but_the_standard_library():
    before = loaded_by("import importlib, logging, typing")
    ours = loaded_by("import gan_doctor") - before
    assert {name.partition(".")[0] for name in ours} <= {"gan_doctor", *sys.stdlib_module_names}
    assert "gan_doctor.core" not in ours


def test_the_terminal_path_loads_nothing_heavy():
    imports = "".join(f"import gan_doctor.{package}\n" for package in TORCH_FREE)
    plug_ins = "".join(
        f"gan_doctor.core.discover(gan_doctor.{package})\n"
        for package in ("detectors", "readers", "tricks")
    )
    assert loaded_by(imports + plug_ins) & HEAVY == set()


def test_every_public_name_is_listed_and_found():
    assert dir(gan_doctor) == sorted(gan_doctor.__all__)
    for name in gan_doctor.__all__:
        assert getattr(gan_doctor, name) is not None


def test_a_name_that_does_not_exist_is_an_attribute_error():
    with pytest.raises(AttributeError, match="has no attribute 'diagnoze'"):
        _ = gan_doctor.diagnoze


def test_the_logger_is_silent_until_somebody_listens():
    handlers = logging.getLogger("gan_doctor").handlers
    assert [type(handler) for handler in handlers] == [logging.NullHandler]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_is_printed_past_the_logger_and_the_console(path):
    calls = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
    prints = [call.lineno for call in calls if getattr(call.func, "id", "") == "print"]
    assert prints == []


def test_every_dependency_is_explained_with_its_bound():
    page = (ROOT / "docs/explanation/dependencies.md").read_text()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"].values()
    for requirement in [*project["dependencies"], *itertools.chain(*extras)]:
        name, bound = re.match(r"([\w-]+)[>=]=([\d.]+)", requirement).groups()
        assert any(name in row and bound in row for row in page.splitlines()), requirement


@pytest.fixture(scope="module")
def distributions(tmp_path_factory):
    """A wheel and a source archive of the checkout."""
    folder, before = tmp_path_factory.mktemp("dist"), Path.cwd()
    os.chdir(ROOT)
    try:
        return folder / build_wheel(str(folder)), folder / build_sdist(str(folder))
    finally:
        os.chdir(before)


def test_the_wheel_holds_the_package_its_types_license_and_command(distributions):
    with zipfile.ZipFile(distributions[0]) as wheel:
        names = set(wheel.namelist())
        info = f"gan_doctor-{gan_doctor.__version__}.dist-info"
        commands = wheel.read(f"{info}/entry_points.txt").decode()
    assert {path.relative_to(ROOT).as_posix() for path in MODULES} <= names
    assert {"gan_doctor/py.typed", f"{info}/licenses/LICENSE"} <= names
    assert {name.partition("/")[0] for name in names} == {"gan_doctor", info}
    assert "gan-doctor = gan_doctor.cli:main" in commands


def test_the_source_archive_holds_what_its_own_tests_need(distributions):
    with tarfile.open(distributions[1]) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"README.md", "CHANGELOG.md", "LICENSE", "Makefile", "constraints.txt"} <= names
    assert {"pyproject.toml", "tests/test_package.py", "gan_doctor/py.typed"} <= names


def test_a_package_index_would_show_both(distributions):
    assert not check([str(path) for path in distributions], strict=True)
