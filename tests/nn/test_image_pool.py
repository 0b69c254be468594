"""CycleGAN's pool against a loop over lists; its share of old fakes is in test_replay.py."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from gan_doctor.core import ConfigError
from gan_doctor.nn import ImagePool


def random(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def batch(k: int, n: int = 4) -> Tensor:
    return torch.arange(n)[:, None] + 100.0 * k


@pytest.mark.parametrize(("size", "n"), [(6, 4), (1, 3), (10, 1)])
def test_answers_equal_those_of_a_loop_over_lists(size: int, n: int) -> None:
    pool, generator = ImagePool(size, random(2)), random(2)
    kept: list[float] = []
    for k in range(15):
        coins = torch.rand(n, generator=generator).tolist()
        places = torch.randint(size, (n,), generator=generator).tolist()
        expected = []
        for value, coin, place in zip(batch(k, n).flatten().tolist(), coins, places, strict=True):
            if len(kept) < size:
                kept.append(value)
                expected.append(value)
            elif coin < 0.5:
                expected.append(kept[place])
                kept[place] = value
            else:
                expected.append(value)
        assert pool.query(batch(k, n)).flatten().tolist() == expected
    assert pool.state_dict()["images"].flatten().tolist() == kept


def test_no_fake_is_shown_from_the_pool_twice() -> None:
    pool, shown = ImagePool(3, random()), []
    for k in range(300):
        (value,) = pool.query(batch(k, 1)).flatten().tolist()
        shown.append((value, value < 100 * k))
    old = [value for value, is_old in shown if is_old]
    assert len(old) == len(set(old)) > 100


def test_an_empty_pool_leaves_batches_as_they_are_without_their_gradient() -> None:
    fakes = batch(0).requires_grad_()
    for pool in (ImagePool(0), ImagePool(4, random())):
        shown = pool.query(fakes)
        assert torch.equal(shown, fakes)
        assert not shown.requires_grad
    assert len(ImagePool(0)) == 0


def test_old_fakes_are_kept_apart_from_what_was_given_and_shown() -> None:
    pool, fakes = ImagePool(4, random()), batch(0)
    shown = pool.query(fakes)
    shown.zero_()
    fakes.zero_()
    assert torch.equal(pool.state_dict()["images"], batch(0))


def test_a_saved_pool_goes_on_whatever_the_other_held() -> None:
    one, other = (ImagePool(6, random(seed)) for seed in (1, 9))
    for k in range(4):
        one.query(batch(k))
        other.query(batch(k + 50))
    other.load_state_dict(one.state_dict())
    for k in range(4, 8):
        assert torch.equal(one.query(batch(k)), other.query(batch(k)))
    one.load_state_dict(ImagePool(6, random()).state_dict())
    assert len(one) == 0


def test_what_does_not_fit_is_refused_by_name() -> None:
    with pytest.raises(ConfigError, match="size must be 0 or more, got -1"):
        ImagePool(-1)
    pool = ImagePool(4, random())
    pool.query(batch(0))
    with pytest.raises(ConfigError, match=r"shape \(1,\), got \(2,\)"):
        pool.query(torch.zeros(4, 2))
    with pytest.raises(ConfigError, match="holds 4 fakes, this one at most 3"):
        ImagePool(3, random()).load_state_dict(pool.state_dict())
    with pytest.raises(ConfigError, match="same `generator` argument"):
        ImagePool(4).load_state_dict(pool.state_dict())
