from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

from gan_doctor.core import MissingExtraError
from gan_doctor.core.torchvision_import import import_torchvision

# What torchvision does where its compiled operators could not be loaded.
MISMATCHED = """
import torch

@torch.library.register_fake("torchvision::nms")
def nms(dets, scores, iou_threshold):
    return dets

@torch.library.register_fake("torchvision::qnms")
def qnms(dets, scores, iou_threshold):
    return dets

__version__ = "made up"
"""
IMPORT = """
from gan_doctor.core.torchvision_import import import_torchvision
print(import_torchvision().__version__)
assert import_torchvision() is import_torchvision()
"""


def python(code: str, path: Path | None = None) -> subprocess.CompletedProcess[str]:
    env = dict(os.environ) | ({"PYTHONPATH": str(path)} if path else {})
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, env=env
    )


@pytest.fixture
def made_up(tmp_path):
    """Makes a torchvision of the text given, to be found before any other."""

    def make(text: str) -> Path:
        (tmp_path / "torchvision.py").write_text(text)
        return tmp_path

    return make


def test_a_torchvision_for_another_torch_is_imported_all_the_same(made_up):
    path = made_up(MISMATCHED)
    plain = python("import torchvision", path)
    assert "operator torchvision::nms does not exist" in plain.stderr
    repaired = python(IMPORT, path)
    assert repaired.stdout == "made up\n", repaired.stderr


def test_any_other_fault_of_the_import_is_shown_as_it_is(made_up):
    for text in ("raise RuntimeError('out of luck')", "import not_installed"):
        result = python(IMPORT, made_up(text))
        assert result.returncode == 1
        assert ("out of luck" in result.stderr) or ("named 'not_installed'" in result.stderr)
        assert "MissingExtraError" not in result.stderr


def test_no_torchvision_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "torchvision", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'gan-doctor\[vision\]'"):
        import_torchvision()


@pytest.mark.skipif(importlib.util.find_spec("torchvision") is None, reason="needs torchvision")
def test_the_installed_torchvision_resizes_images_and_knows_mnist():
    result = python(
        IMPORT
        + "import torch, torchvision.datasets\n"
        + "from torchvision.transforms.v2 import Resize\n"
        + "print(tuple(Resize(16)(torch.zeros(1, 28, 28)).shape), torchvision.datasets.MNIST)\n"
    )
    assert "(1, 16, 16)" in result.stdout, result.stderr
