from __future__ import annotations

import importlib.util
import subprocess
import sys

import numpy as np
import pytest
import torch
from scipy.linalg import sqrtm
from torch import Tensor

from gan_doctor.core import ConfigError, MissingExtraError
from gan_doctor.metrics import RandomConv, Raw, mmd2, polynomial_kernel
from gan_doctor.metrics import fidelity as module
from gan_doctor.metrics.fidelity import fidelity
from gan_doctor.metrics.prdc import prdc

# The import of torchvision alone takes seconds.
pytestmark = pytest.mark.timeout(600)


def points(n: int, f: int, seed: int) -> Tensor:
    return torch.randn(n, f, generator=torch.Generator().manual_seed(seed))


def closed_form(real: Tensor, fake: Tensor) -> float:
    """The Frechet distance of two Gaussians, Heusel et al. 2017, eq. 6."""
    (m, c), (n, d) = ((x.numpy().mean(0), np.cov(x.numpy(), rowvar=False)) for x in (real, fake))
    return float(((m - n) ** 2).sum() + np.trace(c + d - 2 * sqrtm(c @ d).real))


@pytest.fixture
def small(monkeypatch):
    """FID from 100 samples on, KID by subsets of 40: the same roads in less time."""
    monkeypatch.setattr(module, "FID_SAMPLES", 100)
    monkeypatch.setattr(module, "KID_SUBSET", 40)


@pytest.fixture
def asked(monkeypatch):
    """What torch-fidelity is asked for, without its answer."""
    library, calls = module._torch_fidelity(), []

    def calculate(**kwargs):
        calls.append(kwargs)
        return dict.fromkeys(
            [
                library.KEY_METRIC_FID,
                library.KEY_METRIC_KID_MEAN,
                library.KEY_METRIC_KID_STD,
                library.KEY_METRIC_PRECISION,
                library.KEY_METRIC_RECALL,
            ],
            0.5,
        )

    monkeypatch.setattr(library, "calculate_metrics", calculate)
    return calls


def test_fid_equals_the_closed_form(small):
    real, fake = points(300, 6, 0).double(), 1.2 * points(250, 6, 1).double() + 0.3
    found = fidelity(real, fake, lambda x: x, "as they are")
    assert found["fid"] == pytest.approx(closed_form(real, fake), rel=1e-6)
    assert found["features"] == "as they are"
    assert found["n"] == 250


def test_kid_equals_our_kernel_on_the_same_subsets(small):
    real, fake = points(120, 6, 0), points(90, 6, 1) + 0.5
    found = fidelity(real, fake, Raw(), "raw", seed=7)
    draw = np.random.RandomState(7)
    values = []
    for _ in range(100):
        # Fakes come first in torch-fidelity.
        y, x = (z[draw.choice(len(z), 40, replace=False)] for z in (fake, real))
        kernels = (polynomial_kernel(a, b) for a, b in ((x, x), (y, y), (x, y)))
        values.append(mmd2(*kernels).item())
    assert found["kid"] == pytest.approx(np.mean(values), rel=1e-4)
    assert found["kid_sd"] == pytest.approx(np.std(values), rel=1e-3)
    assert found["kid_subset"] == 40


def test_precision_and_recall_are_ours_and_not_swapped(small):
    real = points(200, 4, 0)
    fake = 0.5 * points(150, 4, 1)
    found, ours = fidelity(real, fake, Raw(), "raw"), prdc(real, fake)
    assert found["precision"] == pytest.approx(ours.precision, abs=1e-6)
    assert found["recall"] == pytest.approx(ours.recall, abs=1e-6)
    assert ours.precision > ours.recall + 0.2


def test_any_feature_space_serves_whatever_the_batch(small, digits):
    images = digits[0]
    space = RandomConv(1, (8, 8))
    found = fidelity(images[:150], images[150:300], space, space.name)
    again = fidelity(images[:150], images[150:300], space, space.name, batch=64)
    assert found["features"] == "random-conv"
    assert {k: v for k, v in again.items() if k != "features"} == pytest.approx(
        {k: v for k, v in found.items() if k != "features"}, rel=1e-3
    )


def test_two_feature_spaces_in_one_process_do_not_mix(small):
    real, fake = points(120, 4, 0), points(120, 4, 1)
    first = fidelity(real, fake, Raw(), "raw")
    doubled = fidelity(real, fake, lambda x: 2 * x, "doubled")
    assert doubled["fid"] == pytest.approx(4 * first["fid"])
    assert fidelity(real, fake, Raw(), "raw") == first


@pytest.mark.parametrize(("n", "has_fid"), [(10_000, True), (9_999, False)])
def test_fid_only_where_there_are_samples_enough(n, has_fid, asked):
    found = fidelity(torch.zeros(n, 2), torch.zeros(10_000, 2), Raw(), "raw")
    assert ("fid" in found) == has_fid
    assert asked[0]["fid"] == has_fid
    assert {"kid", "kid_sd", "precision", "recall"} < set(found)
    assert found["n"] == n


@pytest.mark.parametrize(("f", "has_fid"), [(60, False), (59, True)])
def test_fid_only_where_samples_are_more_than_twice_the_features(f, has_fid, asked, small):
    found = fidelity(torch.zeros(120, f), torch.zeros(130, f), Raw(), "raw")
    assert ("fid" in found) == has_fid
    assert asked[0]["fid"] == has_fid


@pytest.mark.parametrize(("n", "subset"), [(4, 2), (500, 250), (2_000, 1_000), (5_000, 1_000)])
def test_subsets_are_never_the_whole_set(n, subset, asked):
    found = fidelity(torch.zeros(n, 2), torch.zeros(6_000, 2), Raw(), "raw")
    assert found["kid_subset"] == subset
    assert asked[0]["kid_subset_size"] == subset


def test_kid_has_a_spread_also_in_small_sets():
    found = fidelity(points(60, 3, 0), points(60, 3, 1), Raw(), "raw")
    assert found["kid_sd"] > 0
    assert "fid" not in found


def test_random_numbers_of_a_training_are_not_touched(small):
    state, numbers = torch.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002
    fidelity(points(60, 3, 0), points(60, 3, 1), Raw(), "raw")
    assert torch.equal(torch.get_rng_state(), state)
    assert (np.random.get_state()[1] == numbers).all()  # noqa: NPY002


@pytest.mark.parametrize(
    ("real", "features", "message"),
    [
        (torch.zeros(3, 2), Raw(), "4 samples or more a side, got 3"),
        (torch.zeros(9, 2), lambda x: x[..., None], r"'mine' are to be \(N, F\), got \(9, 2, 1\)"),
        (torch.zeros(9, 2), lambda x: x.mean(0), r"to be \(N, F\), got \(2,\)"),
        (torch.full((9, 2), torch.nan), Raw(), "'mine' hold values that are not finite"),
    ],
)
def test_what_cannot_be_measured_is_refused_and_named(real, features, message):
    with pytest.raises(ConfigError, match=message):
        fidelity(real, torch.zeros(9, 2), features, "mine")


@pytest.mark.parametrize("missing", ["torch_fidelity", "torchvision"])
def test_without_torch_fidelity_the_extra_is_named(missing, monkeypatch):
    monkeypatch.setitem(sys.modules, missing, None)
    # Without its cache, which knows of the library by now.
    monkeypatch.setattr(module, "_torch_fidelity", module._torch_fidelity.__wrapped__)
    with pytest.raises(MissingExtraError, match=r"pip install 'gan-doctor\[fidelity\]'"):
        fidelity(torch.zeros(9, 2), torch.zeros(9, 2), Raw(), "raw")


def test_importing_our_module_imports_neither_library():
    code = "import sys, gan_doctor.metrics.fidelity; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"torch_fidelity", "torchvision"} & set(done.stdout.split())


# A torchvision that dies as the real one does when it was built for another torch, and works once
# its operators are declared.
TORCHVISION = """
import torch
from torchvision import extension
torch.library.register_fake("torchvision::nms", lambda dets, scores, iou_threshold: scores)
assert torchvision_attempts["extension"] == {attempts}
"""
EXTENSION = """
import builtins
builtins.torchvision_attempts["extension"] += 1
"""


@pytest.mark.parametrize("declared", [False, True])
def test_a_torchvision_built_for_another_torch_is_repaired_and_no_other(declared, tmp_path):
    """`operator torchvision::nms does not exist`: met with the CPU build of torch."""
    (tmp_path / "torchvision").mkdir()
    text = TORCHVISION.format(attempts=1 if declared else 2)
    (tmp_path / "torchvision/__init__.py").write_text(text)
    (tmp_path / "torchvision/extension.py").write_text(EXTENSION)
    declare = """
library = torch.library.Library("torchvision", "DEF")
library.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
"""
    code = f"""
import builtins, sys, torch
builtins.torchvision_attempts = {{"extension": 0}}
sys.path.insert(0, {str(tmp_path)!r})
{declare if declared else ""}
from gan_doctor.metrics import _torchvision
module = _torchvision.import_torchvision()
assert module is sys.modules["torchvision"]
assert module.__file__.startswith({str(tmp_path)!r})
assert _torchvision.import_torchvision() is module
assert len(_torchvision._declared) == {0 if declared else 1}
torch.ops.torchvision.nms
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_another_failure_of_the_import_is_not_hidden(tmp_path):
    (tmp_path / "torchvision.py").write_text("raise RuntimeError('compiled for CUDA 11')")
    code = f"""
import sys
sys.path.insert(0, {str(tmp_path)!r})
from gan_doctor.metrics import _torchvision
try:
    _torchvision.import_torchvision()
except RuntimeError as error:
    assert str(error) == "compiled for CUDA 11"
    assert not _torchvision._declared
else:
    raise AssertionError
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_installed_torchvision_is_imported_whole():
    assert importlib.util.find_spec("torchvision")
    code = """
from gan_doctor.metrics._torchvision import import_torchvision
module = import_torchvision()
module.extension, module.models.inception_v3, module.transforms, module.ops
"""
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True)
