from __future__ import annotations

import math

import pytest
import torch
from scipy import stats
from sklearn.datasets import load_digits
from torch.nn.functional import normalize, one_hot

from gan_doctor.monitor.latent import anderson_darling, inspect_latent, latent_law

N = 4096
SEEDS = 100


def normal(n: int = N) -> torch.Tensor:
    return torch.randn(n)


def uniform(n: int = N) -> torch.Tensor:
    return torch.rand(n)


def cut(at: float) -> torch.Tensor:
    """Normals beyond `at` are drawn again."""
    x = torch.randn(8 * N)
    return x[x.abs() < at][:N]


LATENTS = {
    "normal": (normal, "normal"),
    "normal, shifted and scaled": (lambda: 3 * normal() + 5, "normal"),
    "normal in 16 bits": (lambda: normal().half(), "normal"),
    "normal in bfloat16": (lambda: normal().bfloat16(), "normal"),
    "normal, kept on a sphere": (lambda: normalize(torch.randn(32, 512)), "normal"),
    "uniform": (uniform, "uniform"),
    "uniform on [-1, 1]": (lambda: 2 * uniform() - 1, "uniform"),
    "uniform in 16 bits": (lambda: 2 * uniform().half() - 1, "uniform"),
    "uniform in bfloat16": (lambda: (2 * uniform() - 1).bfloat16(), "uniform"),
}
OTHERS = {
    "cut at 2 sd": lambda: cut(2),
    "cut at 1 sd": lambda: cut(1),
    "clamped": lambda: normal().clamp(-1, 1),
    "half": lambda: normal().abs(),
    "laplace": lambda: (uniform() / uniform()).log(),
    "logistic": lambda: uniform().logit(),
    "heavy tails": lambda: torch.distributions.StudentT(5.0).sample((N,)),
    "the sum of two uniforms": lambda: uniform() + uniform(),
    "two normals": lambda: torch.cat([normal(N // 2) - 2, normal(N // 2) + 2]),
    "a circle": lambda: normalize(torch.randn(N // 2, 2)),
    "with a condition": lambda: torch.cat(
        [torch.randn(64, 100), one_hot(torch.randint(10, (64,)), 10)], 1
    ),
}


@pytest.mark.parametrize(("draw", "law"), LATENTS.values(), ids=LATENTS)
def test_latents_are_told_by_their_law(draw, law):
    found = []
    for seed in range(SEEDS):
        torch.manual_seed(seed)
        found.append(latent_law(draw()))
    assert found.count(law) >= SEEDS - 2  # p = 0.001


@pytest.mark.parametrize("draw", OTHERS.values(), ids=OTHERS)
def test_numbers_of_another_law_are_told_as_such(draw):
    for seed in range(SEEDS):
        torch.manual_seed(seed)
        assert latent_law(draw()) == "other"


NO_LATENTS = {
    "constant": torch.full((N,), 0.3),
    "one-hot": one_hot(torch.arange(N) % 10).float(),
    "labels": torch.arange(N) % 10,
    "large whole numbers": torch.randint(10**9, (N,), generator=torch.Generator().manual_seed(0)),
    "grey levels, all as frequent": (torch.arange(N) % 256) / 127.5 - 1,
    "digits": torch.from_numpy(load_digits().images) / 8 - 1,
    "signs": torch.sign(torch.randn(N, generator=torch.Generator().manual_seed(0))),
    "with a NaN": torch.cat([torch.linspace(0, 1, N), torch.tensor([math.nan])]),
    "with an infinity": torch.cat([torch.linspace(0, 1, N), torch.tensor([math.inf])]),
}


@pytest.mark.parametrize("values", NO_LATENTS.values(), ids=NO_LATENTS)
def test_what_is_no_latent_has_no_law(values):
    assert latent_law(values) == "other"


def test_few_values_tell_nothing():
    torch.manual_seed(0)
    assert latent_law(normal(2047)) is None
    assert latent_law(normal(2048)) == "normal"


def test_a_coordinate_of_its_own_kind_is_not_missed():
    torch.manual_seed(0)
    z = torch.randn(4096, 8)
    z[:, 3] = 0
    assert latent_law(z) == "other"


def test_the_random_numbers_of_the_training_are_left_alone():
    torch.manual_seed(0)
    before = torch.get_rng_state()
    latent_law(torch.linspace(0, 1, 10_000))
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.filterwarnings("ignore::FutureWarning")  # of the p-value that is not asked for
@pytest.mark.parametrize("n", [5, 50, 5000])
def test_the_statistic_is_scipys(n):
    torch.manual_seed(n)
    x = torch.randn(n, dtype=torch.float64).exp().sort().values
    scores = (x - x.mean()) / x.std()
    ours = anderson_darling(torch.special.log_ndtr(scores), torch.special.log_ndtr(-scores))
    theirs = stats.anderson(x.numpy(), "norm").statistic
    assert ours == pytest.approx(theirs, rel=1e-9)


def test_shape_and_extent_are_as_seen():
    torch.manual_seed(0)
    z = 2 * torch.rand(64, 100, 1, 1) - 1
    seen = inspect_latent(z.clone().requires_grad_())
    assert (seen.law, seen.shape) == ("uniform", (100, 1, 1))
    assert (seen.low, seen.high) == (float(z.min()), float(z.max()))
    assert seen.mean == pytest.approx(float(z.mean()), abs=1e-6)
    assert seen.sd == pytest.approx(3**-0.5, abs=0.01)


def test_labels_for_a_latent_are_shown_as_they_are():
    seen = inspect_latent(torch.arange(4096) % 10)
    assert (seen.law, seen.shape, seen.low, seen.high) == ("other", (), 0, 9)
