"""What holds for every measurement: it waits for nothing, disturbs nothing, answers in float32."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from gan_doctor import metrics

_GENERATOR = torch.Generator().manual_seed(0)
A, B = (torch.randn(32, 6, generator=_GENERATOR) for _ in range(2))
IMAGES = torch.randn(32, 1, 16, 16, generator=_GENERATOR)
SHARES = torch.rand(2, 5, generator=_GENERATOR)
LABELS = torch.randint(5, (32,), generator=_GENERATOR)
APART, KERNEL = metrics.distances(A, B), metrics.polynomial_kernel(A, B)
AMONG, POWER = metrics.distances(A, A), metrics.power_spectrum(IMAGES)
MODES, PHI = metrics.Modes(A[:4]), metrics.RandomConv(1, (16, 16))
OTHERS = 1.1 * IMAGES.flip(-1)
# Brighter to the right: what is turned, mirrored or cut out differs.
LEAK = metrics.AugmentationLeak.fit(
    IMAGES / 4 + torch.linspace(0, 3, 16), PHI, torch.Generator().manual_seed(0)
)
RBF, NET = metrics.rbf_kernel(A, A, 2.0), torch.nn.Linear(6, 1)


def _two_inputs(z: Tensor, y: Tensor) -> Tensor:
    return z + y


CALLS: dict[str, Callable[[], Tensor | tuple[Tensor, Tensor]]] = {
    "auroc": lambda: metrics.auroc(A, B),
    "auroc_by_cluster": lambda: metrics.auroc_by_cluster(A[:, 0], B, LABELS, 5),
    "auroc_by_row": lambda: metrics.auroc_by_row(A, B),
    "mixture_quality": lambda: metrics.mixture_quality(A[:, :2], B[:4, :2], 1.0),
    "mode_coverage": lambda: metrics.mode_coverage(LABELS, 5),
    "copied_pairs": lambda: metrics.copied_pairs(AMONG, 0.1),
    "density_coverage": lambda: metrics.density_coverage(AMONG, APART),
    "distances": lambda: metrics.distances(A, B),
    "duplicates": lambda: metrics.duplicates(AMONG, 0.1),
    "high_frequency_share": lambda: metrics.high_frequency_share(POWER),
    "jensen_shannon": lambda: metrics.jensen_shannon(*SHARES),
    "mean_pairwise": lambda: metrics.mean_pairwise(AMONG),
    "mmd2": lambda: metrics.mmd2(KERNEL, KERNEL, KERNEL),
    "Modes": lambda: MODES.occupancy(A),
    "nearest": lambda: metrics.nearest(AMONG),
    "nearest_radii": lambda: metrics.nearest_radii(AMONG, 3),
    "neighbour_correlation": lambda: metrics.neighbour_correlation(IMAGES),
    "norm": lambda: metrics.norm([A, B.half(), IMAGES]),
    "norms": lambda: metrics.norms([A, B.half(), IMAGES]),
    "polynomial_kernel": lambda: metrics.polynomial_kernel(A, B),
    "power_spectrum": lambda: metrics.power_spectrum(IMAGES),
    "precision_recall": lambda: metrics.precision_recall(AMONG, AMONG, APART),
    "RandomConv": lambda: PHI(IMAGES),
    "Raw": lambda: metrics.Raw()(IMAGES),
    "reached": lambda: metrics.reached(*SHARES),
    "spectral_slope": lambda: metrics.spectral_slope(POWER),
    "spread": lambda: metrics.spread(A),
    "spread_within": lambda: metrics.spread_within(A, LABELS, B, LABELS, 5, 2),
    "bin_z": lambda: metrics.bin_z(*SHARES, 32, 32),
    "ndb": lambda: metrics.ndb(*SHARES, 32, 32),
    "cosine": lambda: metrics.cosine([A, B.half(), IMAGES], [B, A.half(), IMAGES]),
    "cosine_kernel": lambda: metrics.cosine_kernel(A, B),
    "rbf_kernel": lambda: metrics.rbf_kernel(A, B, 1.0),
    "median_bandwidth": lambda: metrics.median_bandwidth(AMONG),
    "vendi_score": lambda: metrics.vendi_score(RBF),
    "effective_rank": lambda: metrics.effective_rank(A),
    "data_copying": lambda: metrics.data_copying(A, A[1:], B, MODES, 1),
    "nearest_ratio": lambda: metrics.nearest_ratio(APART, AMONG),
    "ms_ssim": lambda: metrics.ms_ssim(IMAGES[:16], IMAGES[16:]),
    "mean_ms_ssim": lambda: metrics.mean_ms_ssim(IMAGES, 5, torch.Generator().manual_seed(0)),
    "r_v": lambda: metrics.r_v(A + 1, B + 1, B),
    "sign_mean": lambda: metrics.sign_mean(A),
    "latent_sensitivity": lambda: metrics.latent_sensitivity(NET, A, B),
    "variation_over_condition": lambda: metrics.variation_over_condition(_two_inputs, A, B),
    "variation_over_latent": lambda: metrics.variation_over_latent(_two_inputs, A, B),
    "duality_gap": lambda: metrics.duality_gap(torch.nn.Identity(), NET, A, lambda n: B[:n], 2),
    "AugmentationLeak": lambda: torch.stack([*LEAK.shares(PHI(IMAGES)).values()]),
    "laplacian_variance": lambda: metrics.laplacian_variance(IMAGES),
    "upsampling_peaks": lambda: metrics.upsampling_peaks(POWER),
    "border_distance": lambda: metrics.border_distance(IMAGES, OTHERS),
    "outside": lambda: metrics.outside(IMAGES, OTHERS),
    "unreached": lambda: metrics.unreached(IMAGES, OTHERS),
    "value_distance": lambda: metrics.value_distance(IMAGES, OTHERS),
}  # fmt: skip


class _NoWaiting(TorchDispatchMode):
    """Refuses operations whose answer or shape depends on values: CUDA waits for them."""

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        waits = {torch.Tag.data_dependent_output, torch.Tag.dynamic_output_shape}
        assert not waits & set(func.tags), f"{func} waits for the device"
        return func(*args, **(kwargs or {}))


def test_every_public_measurement_is_held_to_this():
    assert set(CALLS) == set(metrics.__all__) - {"Features", "MixtureQuality", "feature_space"}


# An optimizer reads its own count of steps, which lies on the CPU.
@pytest.mark.parametrize("name", sorted(set(CALLS) - {"duality_gap"}))
def test_does_not_wait_for_the_device(name):
    with _NoWaiting():
        CALLS[name]()


@pytest.mark.parametrize("wait", [lambda x: x.sum().item(), lambda x: x[x > 0]])
def test_waiting_would_be_noticed(wait):
    with pytest.raises(AssertionError, match="waits for the device"), _NoWaiting():
        wait(A)


@pytest.mark.parametrize("name", CALLS)
def test_answers_in_float32_also_where_the_default_is_float64(name):
    expected = CALLS[name]()
    torch.set_default_dtype(torch.float64)
    try:
        answer = CALLS[name]()
    finally:
        torch.set_default_dtype(torch.float32)
    torch.testing.assert_close(answer, expected)
    assert all(part.dtype == torch.float32 for part in torch.atleast_1d(answer))


@pytest.mark.parametrize("name", CALLS)
def test_leaves_its_arguments_as_they_were(name):
    arguments = (A, B, IMAGES, SHARES, APART, KERNEL, AMONG, POWER, MODES.centres, NET.weight)
    before = [argument.clone() for argument in arguments]
    CALLS[name]()
    assert all(torch.equal(x, y) for x, y in zip(arguments, before, strict=True))


def test_no_random_state_is_touched():
    before = torch.get_rng_state(), np.random.get_state()[1].copy(), random.getstate()  # noqa: NPY002
    for call in CALLS.values():
        call()
    metrics.RandomConv(3, (32, 32))
    metrics.Modes.fit(A, 4)
    assert torch.equal(torch.get_rng_state(), before[0])
    assert (np.random.get_state()[1] == before[1]).all()  # noqa: NPY002
    assert random.getstate() == before[2]
