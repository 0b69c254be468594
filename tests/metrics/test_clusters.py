from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy.spatial.distance import jensenshannon

from gan_doctor.metrics import Modes, RandomConv, jensen_shannon, reached


@pytest.fixture
def ring() -> torch.Tensor:
    """(800, 2): 100 points around each of 8 Gaussians on a circle."""
    angles = torch.arange(8) * math.tau / 8
    centres = torch.stack([angles.cos(), angles.sin()], 1)
    noise = torch.randn(800, 2, generator=torch.Generator().manual_seed(0))
    return centres.repeat_interleave(100, 0) + 0.02 * noise


def test_finds_the_gaussians_of_a_ring_and_their_shares(ring):
    modes = Modes.fit(ring, 8)
    assert modes.centres.norm(dim=1).tolist() == pytest.approx([1] * 8, abs=0.02)
    assert modes.occupancy(ring).tolist() == pytest.approx([1 / 8] * 8)


def test_occupancy_equals_a_loop_over_samples():
    torch.manual_seed(0)
    x, modes = torch.randn(90, 3), Modes(torch.randn(6, 3))
    counts = np.zeros(6)
    for row in x:
        counts[int((modes.centres - row).norm(dim=1).argmin())] += 1
    np.testing.assert_allclose(modes.occupancy(x), counts / 90, rtol=1e-6)


def test_dropped_modes_are_counted(ring):
    modes = Modes.fit(ring, 8)
    real, fake = modes.occupancy(ring), modes.occupancy(ring[:300])
    assert reached(fake, real).item() == pytest.approx(3 / 8)
    assert reached(real, real).item() == 1
    assert jensen_shannon(fake, real) > 0.2


def test_a_missing_digit_leaves_its_clusters_empty(digits):
    images, labels = digits
    features = RandomConv(1, (8, 8))(images)
    real, rest, rest_labels = features[:800], features[800:], labels[800:]
    modes = Modes.fit(real, 20)
    whole, without = modes.occupancy(rest), modes.occupancy(rest[rest_labels != 0])
    share = modes.occupancy(real)
    assert reached(whole, share).item() == 1
    assert reached(without, share).item() < 1
    assert jensen_shannon(without, share) > 2 * jensen_shannon(whole, share)


def test_the_same_seed_gives_the_same_clusters_whatever_the_global_seed(ring):
    np.random.seed(1)  # noqa: NPY002
    first = Modes.fit(ring, 5, seed=3)
    np.random.seed(2)  # noqa: NPY002
    assert torch.equal(Modes.fit(ring, 5, seed=3).centres, first.centres)


def test_fewer_different_rows_than_clusters_give_fewer_clusters_and_no_warning():
    rows = torch.tensor([[0.0, 0], [1, 1], [2, 0]]).repeat(10, 1)
    modes = Modes.fit(rows, 8)
    assert modes.centres.shape == (3, 2)
    assert modes.occupancy(rows).tolist() == pytest.approx([1 / 3] * 3)
    assert Modes.fit(torch.ones(4, 2), 8).centres.tolist() == [[1, 1]]


def test_jensen_shannon_equals_scipy_also_with_zeros():
    torch.manual_seed(0)
    p, q = torch.rand(20, 7) * (torch.rand(20, 7) > 0.4), torch.rand(20, 7)
    p, q = p / p.sum(1, keepdim=True), q / q.sum(1, keepdim=True)
    expected = [jensenshannon(a.numpy(), b.numpy()) ** 2 for a, b in zip(p, q, strict=True)]
    np.testing.assert_allclose(jensen_shannon(p, q), expected, atol=1e-6)


def test_jensen_shannon_ends_at_zero_and_ln_2():
    p = torch.tensor([0.3, 0.7, 0.0])
    assert jensen_shannon(p, p).item() == 0
    weights = torch.rand(1000, 8)
    close = jensen_shannon(weights.softmax(1), (weights + 1e-4 * torch.rand(8)).softmax(1))
    assert (close >= 0).all()
    apart = jensen_shannon(torch.tensor([1.0, 0.0]), torch.tensor([0.0, 1.0]))
    assert apart.item() == pytest.approx(math.log(2))
    torch.testing.assert_close(jensen_shannon(p, p.flip(0)), jensen_shannon(p.flip(0), p))


def test_jensen_shannon_of_two_draws_is_the_documented_bias():
    rng = np.random.default_rng(0)
    counts = rng.multinomial(512, np.full(20, 1 / 20), size=(300, 2))
    draws = jensen_shannon(*torch.from_numpy(counts / 512).unbind(1))
    assert draws.mean().item() == pytest.approx(19 / 8 * 2 / 512, rel=0.1)


def test_a_stray_sample_in_a_large_cluster_does_not_reach_it_but_one_in_a_small_does():
    real = torch.tensor([0.50, 0.498, 0.002, 0.0])
    fake = torch.tensor([0.997, 0.002, 0.001, 0.0])
    assert reached(fake, real).item() == pytest.approx(2 / 3)
    assert reached(torch.tensor([0.5, 0.4, 0.0, 0.1]), real).item() == pytest.approx(2 / 3)


def test_a_healthy_draw_reaches_all_clusters_of_usual_size():
    rng = np.random.default_rng(1)
    real, fake = torch.from_numpy(rng.multinomial(512, np.full(20, 1 / 20), size=(2, 500)) / 512)
    assert (reached(fake, real) == 1).all()


def test_many_draws_at_once_equal_a_loop():
    modes, x = Modes(torch.randn(4, 3)), torch.randn(5, 2, 30, 3)
    p = modes.occupancy(x)
    assert p.shape == (5, 2, 4)
    assert torch.equal(p[3, 1], modes.occupancy(x[3, 1]))
    for measure in (jensen_shannon, reached):
        together = measure(p, p[0, 0])
        assert torch.equal(together[3, 1], measure(p[3, 1], p[0, 0]))


def test_the_order_of_clusters_does_not_matter():
    p, q, order = torch.rand(6), torch.rand(6), torch.randperm(6)
    p, q = p / p.sum(), q / q.sum()
    torch.testing.assert_close(jensen_shannon(p[order], q[order]), jensen_shannon(p, q))
    torch.testing.assert_close(reached(p[order], q[order]), reached(p, q))
