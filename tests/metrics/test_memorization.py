from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.stats import mannwhitneyu
from torch import Tensor

from gan_doctor.metrics import Modes, data_copying, distances, nearest_ratio


def naive_copying(train: Tensor, held_out: Tensor, fake: Tensor, modes: Modes, at_least: int):
    """Cell by cell with the statistic of scipy."""
    t, p, q = (x.double().numpy() for x in (train, held_out, fake))
    centres = modes.centres.double().numpy()
    of_t, of_p, of_q = (np.array([cell(row, centres) for row in x]) for x in (t, p, q))
    total = weight = 0.0
    for c in range(len(centres)):
        inside = t[of_t == c]
        n, m = (of_p == c).sum(), (of_q == c).sum()
        if m < at_least or n == 0 or len(inside) == 0:
            continue
        l_p, l_q = (
            [np.linalg.norm(inside - row, axis=1).min() for row in x]
            for x in (p[of_p == c], q[of_q == c])
        )
        u = mannwhitneyu(l_q, l_p, alternative="less", method="asymptotic").statistic
        z = (u - (n * m / 2 - 0.5)) / np.sqrt(n * m * (n + m + 1) / 12)
        total, weight = total + n * z, weight + n
    return total / weight if weight else np.nan


def cell(row: np.ndarray, centres: np.ndarray) -> int:
    return int(np.linalg.norm(centres - row, axis=1).argmin())


@pytest.mark.parametrize("at_least", [1, 12, 1000])
def test_equals_a_loop_over_cells_with_scipy(at_least):
    train, held_out, fake = torch.randn(60, 2), torch.randn(50, 2), torch.randn(70, 2)
    arguments = (train, held_out, fake, Modes(torch.randn(5, 2)), at_least)
    np.testing.assert_allclose(data_copying(*arguments), naive_copying(*arguments), rtol=1e-4)


def test_equals_it_with_many_ties():
    train, held_out, fake = (torch.randint(5, (n, 2)).float() for n in (15, 40, 60))
    arguments = (train, held_out, fake, Modes(torch.tensor([[0.9, 1.1], [3.3, 2.9]])), 1)
    np.testing.assert_allclose(data_copying(*arguments), naive_copying(*arguments), rtol=1e-5)


def test_is_about_0_with_a_deviation_of_1_in_one_cell_for_fresh_samples():
    x = torch.randn(400, 300, 2)
    values = data_copying(x[:, :100], x[:, 100:200], x[:, 200:], Modes(torch.zeros(1, 2)))
    assert values.mean().item() == pytest.approx(0, abs=0.25)
    assert values.std().item() == pytest.approx(1, abs=0.35)


def test_copies_are_far_below_0_and_noise_far_above(digits):
    images = digits[0].flatten(1)
    train, held_out, fresh = images[:600], images[600:1200], images[1200:]
    modes = Modes.fit(train, 5)
    copies = train + 0.01 * torch.randn_like(train)
    assert data_copying(train, held_out, copies, modes) < -8
    assert data_copying(train, held_out, train, modes) < -8
    assert abs(data_copying(train, held_out, fresh, modes)) < 2
    assert data_copying(train, held_out, fresh + 0.5 * torch.randn_like(fresh), modes) > 5


def test_copies_in_one_cell_show_though_another_cell_makes_up_for_them():
    # Pooled, fakes that are too far in one cell would hide those that are too near in the other.
    x = torch.randn(3, 400, 2)
    x[:, 200:] += 100
    fake = x[2].clone()
    fake[:200] = x[0, :200] + 1e-3
    modes = Modes(torch.tensor([[0.0, 0.0], [100.0, 100.0]]))
    both = data_copying(x[0], x[1], fake, modes)
    first = data_copying(x[0, :200], x[1, :200], fake[:200], modes)
    second = data_copying(x[0, 200:], x[1, 200:], fake[200:], modes)
    assert first < -10
    assert abs(second) < 3
    torch.testing.assert_close(both, (first + second) / 2)


def test_a_cell_without_training_or_held_out_samples_has_no_weight():
    x = torch.randn(3, 90, 2)
    modes = Modes(torch.tensor([[0.0, 0.0], [1000.0, 0.0]]))
    value = data_copying(*x, modes)
    stray = torch.tensor([[1000.0, 0.0]])
    assert data_copying(x[0], torch.cat([x[1], stray]), torch.cat([x[2], stray]), modes, 1) == value
    assert data_copying(torch.cat([x[0], stray]), x[1], torch.cat([x[2], stray]), modes, 1) == value


def test_no_cell_with_enough_fakes_or_a_nan_gives_nan():
    x, modes = torch.randn(3, 30, 2), Modes(torch.zeros(1, 2))
    assert data_copying(*x, modes, 31).isnan()
    assert data_copying(*x, modes, 30).isfinite()
    for spoilt in range(3):
        y = x.clone()
        y[spoilt, 4, 1] = torch.nan
        assert data_copying(*y, modes).isnan()


def test_many_draws_at_once_equal_a_loop():
    train, held_out, fake = torch.randn(40, 3), torch.randn(2, 30, 3), torch.randn(2, 35, 3)
    modes = Modes(torch.randn(3, 3))
    together = data_copying(train.expand(2, -1, -1), held_out, fake, modes, 2)
    alone = torch.stack([data_copying(train, *pair, modes, 2) for pair in zip(held_out, fake)])  # noqa: B905
    torch.testing.assert_close(together, alone)


def test_nearest_ratio_equals_a_loop():
    real, fake = torch.randn(21, 3), torch.randn(31, 3)
    to_real = [min(float((f - r).norm()) for r in real) for f in fake]
    among = [
        min(float((a - b).norm()) for j, b in enumerate(real) if i != j) for i, a in enumerate(real)
    ]
    value = nearest_ratio(distances(real, fake), distances(real, real))
    assert value.item() == pytest.approx(np.median(to_real) / np.median(among), rel=1e-5)


def test_nearest_ratio_is_0_for_copies_1_for_fresh_samples_and_more_for_noise(digits):
    images = digits[0].flatten(1)
    real, fresh = images[:800], images[800:1600]
    own = distances(real, real)
    assert nearest_ratio(distances(real, real[:50]), own).item() == 0
    assert nearest_ratio(distances(real, fresh), own).item() == pytest.approx(1, abs=0.05)
    assert nearest_ratio(distances(real, torch.randn_like(fresh)), own).item() > 2


def test_nearest_ratio_of_many_sets_and_of_twofold_reals():
    real, fake = torch.randn(3, 20, 2), torch.randn(3, 25, 2)
    cross, own = distances(real, fake), distances(real, real)
    torch.testing.assert_close(nearest_ratio(cross, own)[1], nearest_ratio(cross[1], own[1]))
    twice = real[0].repeat(2, 1)
    assert not nearest_ratio(distances(twice, fake[0]), distances(twice, twice)).isfinite()
