from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict

import numpy as np
import pytest
import torch
from prdc import compute_prdc
from torch import Tensor

from gan_doctor.core import ConfigError
from gan_doctor.metrics import density_coverage, distances, precision_recall
from gan_doctor.metrics import prdc as module
from gan_doctor.metrics.prdc import prdc


def measures(real: Tensor, fake: Tensor, k_pr: int = 3, k_dc: int = 5, block: int = 768) -> dict:
    return asdict(prdc(real, fake, k_pr, k_dc, block))


POOL = ThreadPoolExecutor(1)


def points(real: Tensor, fake: Tensor) -> tuple:
    return module._points(real, fake, POOL)


def by_whole_matrices(real: Tensor, fake: Tensor, k_pr: int = 3, k_dc: int = 5) -> dict:
    own, cross = distances(real, real), distances(real, fake)
    precision, recall = precision_recall(own, distances(fake, fake), cross, k_pr)
    density, coverage = density_coverage(own, cross, k_dc)
    names = ("precision", "recall", "density", "coverage")
    values = (precision, recall, density, coverage)
    return {name: value.item() for name, value in zip(names, values, strict=True)}


def gaussian(n: int, f: int, seed: int = 0) -> Tensor:
    return torch.randn(n, f, generator=torch.Generator().manual_seed(seed))


def whole_numbers(n: int, f: int, high: int, seed: int) -> Tensor:
    return torch.randint(high, (n, f), generator=torch.Generator().manual_seed(seed)).float()


SETS = {
    "gaussian": lambda: (gaussian(300, 64), 0.97 * gaussian(250, 64, 1) + 0.02),
    "plane": lambda: (gaussian(300, 2), gaussian(300, 2, 1) + 0.3),
    "line of whole numbers": lambda: (whole_numbers(60, 1, 30, 0), whole_numbers(70, 1, 30, 1)),
    "grid": lambda: (whole_numbers(150, 2, 9, 0), whole_numbers(130, 2, 9, 1) + 2),
    "cube": lambda: (whole_numbers(200, 3, 5, 0), whole_numbers(200, 3, 5, 1)),
    "signs": lambda: (whole_numbers(200, 24, 2, 0), whole_numbers(200, 24, 2, 1)),
    "copies of reals": lambda: (gaussian(200, 16), gaussian(200, 16)[:100]),
    "two fakes over and over": lambda: (
        gaussian(200, 16),
        gaussian(200, 16)[:2].repeat_interleave(60, 0),
    ),
    "one fake over and over": lambda: (gaussian(200, 16), torch.full((200, 16), 0.1)),
    "all the same": lambda: (torch.full((50, 4), 0.1), torch.full((60, 4), 0.1)),
    "all zero": lambda: (torch.zeros(50, 4), torch.zeros(60, 4)),
    "duplicates on both sides": lambda: (
        gaussian(50, 8).repeat(4, 1),
        gaussian(80, 8)[30:].repeat(3, 1),
    ),
    "far from the origin": lambda: (gaussian(200, 8) + 1e3, gaussian(200, 8, 1) + 1e3),
    "tight clusters": lambda: (
        10 * gaussian(200, 32)[:5].repeat(40, 1) + 1e-2 * gaussian(200, 32, 1),
        10 * gaussian(200, 32)[:3].repeat(50, 1) + 1e-2 * gaussian(150, 32, 2),
    ),
    "heavy tails": lambda: (
        gaussian(300, 32) * gaussian(300, 1, 1).exp() ** 3,
        gaussian(300, 32, 2) * gaussian(300, 1, 3).exp() ** 3,
    ),
    "one far off": lambda: (
        torch.cat([gaussian(200, 16), torch.full((1, 16), 1e5)]),
        gaussian(200, 16, 1),
    ),
    "huge": lambda: (1e25 * gaussian(100, 16), 1e25 * gaussian(100, 16, 1)),
    "tiny": lambda: (1e-25 * gaussian(100, 16), 1e-25 * gaussian(100, 16, 1)),
    "half precision": lambda: (gaussian(100, 16).half(), gaussian(100, 16, 1).half()),
    "double precision": lambda: (gaussian(100, 16).double(), gaussian(100, 16, 1).double()),
}  # fmt: skip


@pytest.mark.parametrize("name", SETS)
def test_equals_whole_matrices(name):
    real, fake = SETS[name]()
    scale = 1 / max(1, real.abs().max()) if name == "huge" else 1e20 if name == "tiny" else 1
    expected = by_whole_matrices(real * scale, fake * scale)
    assert measures(real, fake) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("name", SETS)
def test_any_block_gives_the_same(name):
    real, fake = SETS[name]()
    whole = measures(real, fake)
    for block in (7, 64, 100):
        assert measures(real, fake, block=block) == whole


@pytest.mark.parametrize("name", SETS)
def test_order_does_not_matter(name):
    real, fake = SETS[name]()
    generator = torch.Generator().manual_seed(3)
    mixed = [z[torch.randperm(len(z), generator=generator)] for z in (real, fake)]
    assert measures(*mixed, block=64) == measures(real, fake)


@pytest.mark.parametrize(
    ("n", "m", "f", "k"), [(500, 400, 300, 5), (200, 600, 12, 3), (7, 90, 3, 1)]
)
def test_equals_the_prdc_package_where_there_are_no_ties(n, m, f, k):
    real, fake = gaussian(n, f).double(), 0.98 * gaussian(m, f, 1).double() + 0.02
    expected = compute_prdc(real.numpy(), fake.numpy(), nearest_k=k)
    assert measures(real, fake, k, k) == pytest.approx(expected, abs=1e-6)


def test_on_a_grid_only_what_the_package_counts_strictly_differs():
    real, fake = whole_numbers(150, 2, 9, 0), whole_numbers(150, 2, 9, 1)
    package = compute_prdc(real.double().numpy(), fake.double().numpy(), nearest_k=5)
    ours = measures(real, fake, 5, 5)
    assert ours["density"] == pytest.approx(package["density"], abs=1e-6)
    assert ours["coverage"] == pytest.approx(package["coverage"], abs=1e-6)
    assert ours["precision"] > package["precision"]
    assert ours["recall"] > package["recall"]


def test_the_two_neighbour_counts_go_where_they_belong():
    real, fake = SETS["gaussian"]()
    assert measures(real, fake, 2, 7) == pytest.approx(by_whole_matrices(real, fake, 2, 7))
    assert measures(real, fake, 7, 2) == pytest.approx(by_whole_matrices(real, fake, 7, 2))


def test_decides_again_what_float32_leaves_open(monkeypatch):
    """Ties on a lattice away from the origin: the rough distances alone get them wrong."""
    real, fake = (0.1 * whole_numbers(300, 6, 4, seed).double() + 7 for seed in (0, 1))
    expected = by_whole_matrices(real, fake)
    assert measures(real, fake) == pytest.approx(expected, abs=1e-6)
    monkeypatch.setattr(module, "_again", lambda *_: [])
    assert measures(real, fake) != pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_single_pairs_and_whole_products_decide_alike(share, monkeypatch):
    monkeypatch.setattr(module, "_DENSE", share)
    for name, sets in SETS.items():
        real, fake = sets()
        chosen = measures(real, fake)
        monkeypatch.undo()
        assert measures(real, fake) == chosen, name
        monkeypatch.setattr(module, "_DENSE", share)


@pytest.mark.parametrize("f", [2, 64, 512, 2048])
@pytest.mark.parametrize("kind", ["gaussian", "positive", "equal", "low rank", "heavy"])
def test_rough_distances_are_lower_bounds_and_close_ones(f, kind):
    x = {
        "gaussian": lambda: gaussian(200, f),
        "positive": lambda: gaussian(200, f).abs(),
        "equal": lambda: torch.full((200, f), 0.1) * (1 + gaussian(200, 1).abs()),
        "low rank": lambda: gaussian(200, 3) @ gaussian(3, f),
        "heavy": lambda: gaussian(200, f) * gaussian(200, 1).exp() ** 3,
    }[kind]()
    a, b = points(x[:100], x[100:])
    exact_a, exact_b = (p.all_exact[0] for p in (a, b))
    exact = torch.cdist(exact_a, exact_b, compute_mode="donot_use_mm_for_euclid_dist").square()
    rough = module._lower_bounds(a, slice(None), b).double()
    squares = a.squares[:, None] + b.squares
    assert (rough <= exact).all()
    assert (exact <= rough + 2 * a.error * squares).all()


def test_the_radii_lie_within_their_bounds():
    for sets in SETS.values():
        x, y = points(*sets())
        balls = module._balls(x, y, (3, 5), 64, POOL)
        exact = x.all_exact[0]
        own = torch.cdist(exact, exact, compute_mode="donot_use_mm_for_euclid_dist").square()
        radius = own.sort(1).values[:, [3, 5]].T
        assert (balls.low <= radius).all()
        assert (radius <= balls.high).all()


@pytest.mark.parametrize("precision", ["high", "medium"])
def test_coarse_products_of_a_training_are_not_used(precision):
    real, fake = SETS["tight clusters"]()
    expected = measures(real, fake)
    torch.set_float32_matmul_precision(precision)
    try:
        assert points(real, fake)[0].rough.dtype == torch.float64
        assert measures(real, fake) == expected
    finally:
        torch.set_float32_matmul_precision("highest")


def test_autocast_changes_nothing():
    real, fake = SETS["gaussian"]()
    expected = measures(real, fake)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert measures(real, fake) == expected


@pytest.mark.parametrize("threads", [1, 3])
def test_the_number_of_threads_changes_nothing_and_is_given_back(threads):
    before = torch.get_num_threads()
    expected = {name: measures(*sets()) for name, sets in SETS.items()}
    torch.set_num_threads(threads)
    try:
        for name, sets in SETS.items():
            assert measures(*sets(), block=32) == expected[name]
        assert torch.get_num_threads() == threads
        with pytest.raises(ConfigError):
            prdc(torch.zeros(3, 2), torch.zeros(3, 2))
        assert torch.get_num_threads() == threads
    finally:
        torch.set_num_threads(before)


def test_leaves_arguments_and_random_numbers_as_they_were():
    real, fake = SETS["gaussian"]()
    before, state = (real.clone(), fake.clone()), torch.get_rng_state()
    prdc(real.requires_grad_(), fake)
    assert torch.equal(real, before[0])
    assert torch.equal(fake, before[1])
    assert torch.equal(torch.get_rng_state(), state)


def test_a_collapse_is_precise_but_has_no_recall(digits):
    images = digits[0].flatten(1)
    real, fake = images[:400], images[400:410].repeat(40, 1)
    fake = fake + 0.01 * gaussian(*fake.shape)
    collapsed, healthy = prdc(real, fake), prdc(real, images[400:800])
    assert collapsed.precision > 0.7
    assert collapsed.recall == 0
    assert collapsed.coverage < 0.2
    assert healthy.recall > 0.8
    assert healthy.coverage > 0.9


def test_the_expected_values_under_the_null_are_the_documented_ones():
    found = [prdc(gaussian(128, 4, 2 * i), gaussian(128, 4, 2 * i + 1)) for i in range(40)]
    expected = 1 - np.prod([(128 - i) / (256 - i) for i in range(1, 6)])
    assert np.mean([one.density for one in found]) == pytest.approx(1, abs=0.03)
    assert np.mean([one.coverage for one in found]) == pytest.approx(expected, abs=0.005)


@pytest.mark.parametrize(
    ("real", "fake", "message"),
    [
        (torch.zeros(9, 3), torch.zeros(9, 2), r"got \(9, 3\) and \(9, 2\)"),
        (torch.zeros(9, 3, 1), torch.zeros(9, 3, 1), r"are needed, got \(9, 3, 1\)"),
        (torch.zeros(5, 3), torch.zeros(9, 3), "5-th nearest .* 6 reals or more, got 5"),
        (torch.zeros(9, 3), torch.zeros(3, 3), "3-th nearest .* 4 fakes or more, got 3"),
        (torch.zeros(9, 3), torch.full((9, 3), torch.nan), "9 of 9 fakes hold values .* finite"),
        (torch.full((9, 3), torch.inf), torch.zeros(9, 3), "9 of 9 reals hold values .* finite"),
    ],
)
def test_what_cannot_be_measured_is_refused_and_named(real, fake, message):
    with pytest.raises(ConfigError, match=message):
        prdc(real, fake)


def test_no_neighbour_at_all_is_refused():
    with pytest.raises(ConfigError, match="k >= 1"):
        prdc(torch.zeros(9, 3), torch.zeros(9, 3), k_pr=0)
