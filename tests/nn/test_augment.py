"""DiffAugment and ADA: what D sees of images."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from gan_doctor.core import ConfigError
from gan_doctor.nn import AdaptiveAugment, diff_augment


def images(n: int = 6, channels: int = 3, side: int = 16) -> torch.Tensor:
    return torch.rand(n, channels, side, side, generator=random(1)) * 2 - 1


def random(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def certain(p: float = 1.0, seed: int = 0) -> AdaptiveAugment:
    augment = AdaptiveAugment(4, generator=random(seed))
    augment.p = p
    return augment


@pytest.mark.parametrize("channels", [1, 3, 6])
def test_shapes_stay_and_gradients_flow(channels: int) -> None:
    for change in (lambda x: diff_augment(x, generator=random()), certain()):
        x = images(channels=channels).requires_grad_()
        changed = change(x)
        assert changed.shape == x.shape
        changed.square().sum().backward()
        assert x.grad is not None
        assert x.grad.isfinite().all()
        assert x.grad.abs().sum() > 0


def test_the_same_seed_changes_the_same_way_and_another_does_not() -> None:
    x = images()
    for make in (lambda s: diff_augment(x, generator=random(s)), lambda s: certain(seed=s)(x)):
        assert torch.equal(make(3), make(3))
        assert not torch.equal(make(3), make(4))


def test_a_sample_is_changed_for_itself() -> None:
    x = images()
    other = x.clone()
    other[1:] = other[1:].flip(0)
    for make in (lambda y: diff_augment(y, generator=random(3)), lambda y: certain(seed=3)(y)):
        torch.testing.assert_close(make(x)[0], make(other)[0])


def test_shifts_go_an_eighth_far_at_most_and_leave_zeros() -> None:
    x = torch.ones(200, 1, 16, 16)
    shifted = diff_augment(x, ("translation",), random())
    lost = (shifted == 0).flatten(1).sum(1)
    assert lost.max() <= 16**2 - 14**2
    assert (shifted[lost == 0] == 1).all()
    assert 0 < (lost > 0).float().mean() < 1


def test_cutout_hides_at_most_a_quarter() -> None:
    cut = diff_augment(torch.ones(200, 1, 16, 16), ("cutout",), random())
    hidden = (cut == 0).float().mean((1, 2, 3))
    assert hidden.max() <= 0.25 + 1e-6
    assert hidden.min() > 0


def test_vectors_and_unknown_policies_are_refused() -> None:
    with pytest.raises(ConfigError):
        diff_augment(torch.zeros(4, 2))
    with pytest.raises(ConfigError):
        certain()(torch.zeros(4, 2))
    with pytest.raises(ConfigError, match="colour"):
        diff_augment(images(), ("colour",))


def test_without_probability_nothing_changes() -> None:
    x = images()
    assert torch.equal(certain(0.0)(x), x)


def test_p_follows_the_sign_of_the_logits_by_the_rule_of_the_paper() -> None:
    augment = AdaptiveAugment(4, target=0.6, interval=2, ada_kimg=0.1, generator=random())
    step, p = 4 * 2 / 100, 0.0
    for logits in ([1.0, 1, 1, 1], [1.0, 1, 1, 1], [1.0, -1, 1, -1], [-1.0, -1, -1, -1]) * 3:
        for _ in range(2):
            augment.watch(torch.tensor(logits))
        r_t = sum(1 if logit > 0 else -1 for logit in logits) / 4
        p = min(1.0, max(0.0, p + (step if r_t > 0.6 else -step)))
        assert augment.r_t == pytest.approx(r_t)
        assert augment.p == pytest.approx(p)


def test_a_saved_augmentation_goes_on_bit_for_bit() -> None:
    one, other = (AdaptiveAugment(4, ada_kimg=0.05, generator=random(2)) for _ in range(2))
    for _ in range(9):
        one.watch(torch.ones(4))
    one(images())
    other.load_state_dict(one.state_dict())
    assert one.p == other.p > 0
    assert torch.equal(one(images()), other(images()))


def test_colours_equal_a_loop_over_images() -> None:
    x = images().double()
    bright, saturated, contrasted = torch.rand(3, 6, generator=random(3), dtype=torch.float64)
    expected = []
    for i, image in enumerate(x):
        y = image + bright[i] - 0.5
        grey = (y[0] + y[1] + y[2]) / 3
        y = grey + 2 * saturated[i] * (y - grey)
        expected.append(y.mean() + (0.5 + contrasted[i]) * (y - y.mean()))
    changed = diff_augment(x, ("color",), random(3))
    torch.testing.assert_close(changed, torch.stack(expected))


def test_each_shift_is_a_cut_from_the_image_with_a_border_of_zeros() -> None:
    x = torch.rand(300, 2, 12, 8, generator=random(1)) + 1
    padded = nn.functional.pad(x, (1, 1, 2, 2))
    seen = set()
    for i, shifted in enumerate(diff_augment(x, ("translation",), random(2))):
        places = [(a, b) for a in range(5) for b in range(3)]
        (place,) = ((a, b) for a, b in places if padded[i, :, a : a + 12, b : b + 8].equal(shifted))
        seen.add(place)
    assert len(seen) == 15


@pytest.mark.parametrize("side", [6, 7, 8])
def test_cutout_hides_a_rectangle_and_every_row_now_and_then(side: int) -> None:
    cut = diff_augment(torch.ones(2_000, 1, side, side), ("cutout",), random())
    hidden = cut[:, 0] == 0
    rows, columns = hidden.any(2), hidden.any(1)
    assert torch.equal(hidden, rows[:, :, None] & columns[:, None])
    for line in (rows, columns):
        assert line.sum(1).max() == int(side / 2 + 0.5)
        # One piece: it begins once.
        starts = line & ~nn.functional.pad(line, (1, 0))[:, :-1]
        assert (starts.sum(1) == 1).all()
        shares = line.double().mean(0)
        torch.testing.assert_close(shares, shares.flip(0), atol=0.05, rtol=0)


def test_a_policy_is_followed_in_its_order_and_an_empty_one_does_nothing() -> None:
    x, one = images(), random(5)
    first = diff_augment(x, ("cutout",), one)
    step_by_step = diff_augment(first, ("color",), one)
    assert torch.equal(diff_augment(x, ("cutout", "color"), random(5)), step_by_step)
    assert torch.equal(diff_augment(x, ()), x)


def test_gradients_of_the_first_and_second_order_are_right() -> None:
    x = images(2, 3, 8)[:, :, :4, :4].double().requires_grad_()

    def changed(x: torch.Tensor) -> torch.Tensor:
        return diff_augment(x, generator=random(4)).square()

    assert torch.autograd.gradcheck(changed, (x,))
    assert torch.autograd.gradgradcheck(changed, (x,))
