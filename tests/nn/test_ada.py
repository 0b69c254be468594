"""ADA: each change against a slow form of it, and the steering of p.

The shared laws of augmentations are in test_augment.py.
"""

from __future__ import annotations

import itertools
import math

import pytest
import torch
from torch import Tensor
from torch.nn.functional import grid_sample, pad

from gan_doctor.core import ConfigError
from gan_doctor.nn import AdaptiveAugment
from gan_doctor.nn._pixels import interpolate, mirrored, pick


def random(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def augment(p: float = 1.0, seed: int = 0) -> AdaptiveAugment:
    made = AdaptiveAugment(4, generator=random(seed))
    made.p = p
    return made


def images(n: int = 5, H: int = 8, W: int = 8, channels: int = 3) -> Tensor:
    return torch.rand(n, channels, H, W, generator=random(1), dtype=torch.float64) * 2 - 1


class Draws:
    """What an augmentation with the same seed draws, one number for each image."""

    def __init__(self, n: int, seed: int) -> None:
        self.n, self.generator = n, random(seed)

    def uniform(self) -> Tensor:
        return torch.rand(self.n, 1, 1, generator=self.generator, dtype=torch.float64).flatten()

    def normal(self) -> Tensor:
        return torch.randn(self.n, 1, 1, generator=self.generator, dtype=torch.float64).flatten()

    def always(self, change: Tensor) -> Tensor:
        """The change, after which the block asks whether it is to be made: at p = 1 it is."""
        self.uniform()
        return change


@pytest.mark.parametrize(("H", "W", "turns"), [(8, 8, {0, 1, 2, 3}), (8, 16, {0, 2})])
def test_blitting_flips_turns_and_shifts_whole_pixels(H: int, W: int, turns: set[int]) -> None:
    x, seen = images(60, H, W, 1), set()
    down, right = H // 8, W // 8
    kinds = itertools.product((0, 1), turns, range(-down, down + 1), range(-right, right + 1))
    candidates = {}
    for flip, turn, i, j in kinds:
        moved = torch.rot90(x.flip(3) if flip else x, turn, (2, 3))
        wide = pad(moved, (right, right, down, down), mode="reflect")
        candidates[flip, turn, i, j] = wide[..., down - i :, right - j :][..., :H, :W]
    for k, blit in enumerate(augment()._blit(x)):
        (kind,) = (kind for kind, y in candidates.items() if y[k].equal(blit))
        seen.add(kind)
    for place, known in enumerate(zip(*candidates, strict=True)):
        assert {kind[place] for kind in seen} == set(known)


def test_geometry_equals_matrices_and_the_sampling_of_torch() -> None:
    x, draws = images(5, 8, 12), Draws(5, 3)
    scale = draws.always(0.2 * draws.normal()).exp2()
    draws.uniform()
    before = (2 * draws.uniform() - 1) * math.pi
    draws.uniform()
    after = (2 * draws.uniform() - 1) * math.pi
    stretch = draws.always(0.2 * draws.normal()).exp2()
    draws.uniform()
    shift = torch.stack([draws.normal() * 8 / 8, draws.normal() * 12 / 8], 1)
    middle = torch.tensor([3.5, 5.5], dtype=torch.float64)
    grid = torch.zeros(5, 8, 12, 2, dtype=torch.float64)
    for k in range(5):
        stretched = torch.diag(torch.stack([stretch[k], 1 / stretch[k]]))
        back = turning(before[k]) @ stretched @ turning(after[k]) / scale[k]
        for row, column in itertools.product(range(8), range(12)):
            place = torch.tensor([row, column], dtype=torch.float64) - middle
            grid[k, row, column] = (back @ (place - shift[k]) / middle).flip(0)
    expected = grid_sample(x, grid, padding_mode="reflection", align_corners=True)
    torch.testing.assert_close(augment(seed=3)._geometry(x), expected)


def turning(angle: Tensor) -> Tensor:
    return torch.stack([angle.cos(), -angle.sin(), angle.sin(), angle.cos()]).view(2, 2)


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_colours_equal_matrices(channels: int) -> None:
    x, draws = images(5, 4, 4, channels), Draws(5, 3)
    brightness = draws.always(0.2 * draws.normal())
    contrast = draws.always(0.5 * draws.normal()).exp2()
    luma = 1 - 2 * draws.always((2 * draws.uniform()).floor())
    hue = draws.always((2 * draws.uniform() - 1) * math.pi)
    saturation = draws.always(draws.normal()).exp2()
    grey = torch.full((channels, channels), 1 / channels, dtype=torch.float64)
    colour = torch.eye(channels, dtype=torch.float64) - grey
    cross = torch.tensor([[0.0, -1, 1], [1, 0, -1], [-1, 1, 0]]).double() / math.sqrt(3)
    for k, changed in enumerate(augment(seed=3)._color(x)):
        around = torch.matrix_exp(hue[k] * cross) if channels == 3 else torch.eye(channels).double()
        whole = (grey * luma[k] + saturation[k] * colour @ around) * contrast[k]
        expected = (whole @ (x[k].flatten(1) + brightness[k])).view_as(changed)
        torch.testing.assert_close(changed, expected)


def test_interpolation_equals_that_of_torch_and_picks_whole_places() -> None:
    x = images(2, 5, 7)
    rows = torch.rand(2, 4, 6, generator=random(2), dtype=torch.float64) * 20 - 8
    columns = torch.rand(2, 4, 6, generator=random(3), dtype=torch.float64) * 20 - 7
    grid = torch.stack([columns / 3 - 1, rows / 2 - 1], 3)
    expected = grid_sample(x, grid, padding_mode="reflection", align_corners=True)
    torch.testing.assert_close(interpolate(x, rows, columns), expected)
    picked = pick(x, mirrored(rows.long(), 5), mirrored(columns.long(), 7))
    torch.testing.assert_close(picked, interpolate(x, rows.trunc(), columns.trunc()))
    assert mirrored(torch.arange(-3, 6), 3).tolist() == [1, 2, 1, 0, 1, 2, 1, 0, 1]
    assert mirrored(torch.arange(-2, 3), 1).tolist() == [0] * 5


def test_each_change_meets_an_image_with_probability_p() -> None:
    # Of a plain grey image only brightness, contrast and, half the time, the luma flip show.
    x = torch.full((20_000, 3, 2, 2), 0.5)
    stayed = (augment(0.3)(x) == x).flatten(1).all(1).double().mean().item()
    assert stayed == pytest.approx(0.7 * 0.7 * 0.85, abs=0.015)


def test_one_of_the_two_rotations_meets_an_image_with_probability_p() -> None:
    made, x = augment(0.3), torch.zeros(20_000, 1, 1, 1)
    turned = (made._rotation(x) != 0) | (made._rotation(x) != 0)
    assert turned.double().mean().item() == pytest.approx(0.3, abs=0.015)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_is_met_no_more_often(dtype: torch.dtype) -> None:
    # Drawn in bfloat16, one number in 256 is 0 and lies below every p: reals in float32 and fakes
    # from autocast were augmented by two laws.
    x = images(4_000, 2, 2).to(dtype)
    narrow, wide = augment(0.001)(x), augment(0.001)(x.float())
    assert narrow.dtype == dtype
    assert torch.equal(narrow, wide.to(dtype))
    assert not torch.equal(narrow, x)


def test_gradients_of_the_first_and_second_order_are_right() -> None:
    x = images(2, 3, 3).requires_grad_()

    def changed(x: Tensor) -> Tensor:
        return augment(seed=3)(x).square()

    assert torch.autograd.gradcheck(changed, (x,))
    assert torch.autograd.gradgradcheck(changed, (x,))


def test_p_goes_from_0_to_1_in_ada_kimg_and_stays_within() -> None:
    made = AdaptiveAugment(10, interval=2, ada_kimg=0.2)
    for _ in range(20):
        made.watch(torch.ones(10))
    assert made.p == pytest.approx(1)
    for _ in range(4):
        made.watch(torch.ones(10))
    assert made.p == 1
    for _ in range(50):
        made.watch(-torch.ones(10))
    assert made.p == 0


def test_r_t_is_the_mean_over_the_whole_interval_and_on_target_p_rests() -> None:
    made = AdaptiveAugment(4, target=0.0, interval=2, ada_kimg=0.1)
    made.watch(torch.tensor([3.0, 0.0, 2.0]))
    assert made.r_t is None
    made.watch(torch.tensor([[-1.0], [0.0]]))
    assert made.r_t == pytest.approx(1 / 5)
    assert made.p == pytest.approx(0.08)
    for logits in ([1.0, -1.0], [-5.0, 0.1], [math.nan, 1.0], [1.0, 1.0]):
        made.watch(torch.tensor(logits))
    assert made.r_t is not None
    assert math.isnan(made.r_t)
    assert made.p == pytest.approx(0.08)


def test_a_state_saved_within_an_interval_goes_on() -> None:
    one, other = (AdaptiveAugment(4, interval=3, ada_kimg=0.1, generator=random()) for _ in "ab")
    one.watch(torch.ones(4, requires_grad=True))
    one.watch(-torch.ones(4))
    other.load_state_dict(one.state_dict())
    for made in (one, other):
        made.watch(torch.ones(4))
    assert one.r_t == other.r_t == pytest.approx(1 / 3)
    assert one.state_dict()["p"] == other.state_dict()["p"]


@pytest.mark.parametrize("name", ["batch_size", "interval", "ada_kimg"])
def test_settings_out_of_range_are_refused_by_name(name: str) -> None:
    with pytest.raises(ConfigError, match=f"{name} must be positive, got 0"):
        AdaptiveAugment(**{"batch_size": 4, name: 0})  # type: ignore[arg-type]


def test_a_state_of_other_random_numbers_is_refused() -> None:
    with pytest.raises(ConfigError, match="same `generator` argument"):
        augment().load_state_dict(AdaptiveAugment(4).state_dict())
    with pytest.raises(ConfigError, match="same `generator` argument"):
        AdaptiveAugment(4).load_state_dict(augment().state_dict())
