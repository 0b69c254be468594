"""The two histories of fakes: SimGAN's buffer and CycleGAN's pool."""

from __future__ import annotations

import pytest
import torch

from gan_doctor.core import ConfigError
from gan_doctor.nn import ImagePool, ReplayBuffer


def batch(k: int, n: int = 8) -> torch.Tensor:
    """n fakes that say which batch they are of."""
    return torch.full((n, 2), float(k)) + torch.arange(n)[:, None] / 100


def random(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_while_it_fills_up_only_current_fakes_come_back() -> None:
    buffer = ReplayBuffer(16, 0.5, random())
    for k in range(2):
        mixed = buffer.mix(batch(k))
        assert torch.equal(mixed.fakes, batch(k))
        assert mixed.fresh == 8
    assert len(buffer) == 16


def test_a_full_buffer_shows_old_fakes_at_the_end_of_the_batch() -> None:
    buffer = ReplayBuffer(16, 0.5, random())
    for k in range(3):
        mixed = buffer.mix(batch(k))
    assert mixed.fresh == 4
    assert torch.equal(mixed.fakes[:4], batch(2)[:4])
    assert (mixed.fakes[4:] < 2).all()
    assert len(mixed.fakes.unique(dim=0)) == 8


def test_what_gave_way_takes_the_place_of_old_ones() -> None:
    buffer = ReplayBuffer(16, 0.5, random())
    for k in range(3):
        buffer.mix(batch(k))
    kept = buffer.state_dict()["fakes"]
    assert len(kept) == 16
    assert sorted(kept[kept[:, 0] >= 2, 0].tolist()) == pytest.approx(batch(2)[4:, 0].tolist())


def test_conditions_stay_with_their_fakes_and_no_gradient_flows() -> None:
    buffer = ReplayBuffer(16, 0.5, random())
    for k in range(4):
        fakes = batch(k).requires_grad_()
        mixed = buffer.mix(fakes, torch.full((8,), k))
    assert mixed.y is not None
    assert mixed.y.tolist() == mixed.fakes[:, 0].floor().long().tolist()
    assert not mixed.fakes.requires_grad


@pytest.mark.parametrize("kind", ["buffer", "pool"])
def test_a_saved_history_goes_on_bit_for_bit(kind: str) -> None:
    def made() -> tuple[object, object]:
        if kind == "buffer":
            one = ReplayBuffer(16, 0.5, random(5))
            return one, lambda x: one.mix(x).fakes
        pool = ImagePool(16, random(5))
        return pool, pool.query

    (one, ask), (other, ask_other) = made(), made()
    for k in range(4):
        ask(batch(k))  # type: ignore[operator]
    other.load_state_dict(one.state_dict())  # type: ignore[attr-defined]
    for k in range(4, 8):
        assert torch.equal(ask(batch(k)), ask_other(batch(k)))  # type: ignore[operator]


def test_the_pool_stores_first_and_then_returns_half_from_its_past() -> None:
    pool = ImagePool(50, random())
    for k in range(7):
        assert torch.equal(pool.query(batch(k, 7)), batch(k, 7))
    pool.query(batch(7, 1))
    old = [bool(pool.query(batch(k, 1))[0, 0] < k) for k in range(10, 2010)]
    assert sum(old) / len(old) == pytest.approx(0.5, abs=0.05)


def test_bad_arguments_are_refused() -> None:
    with pytest.raises(ConfigError, match="size"):
        ReplayBuffer(0)
    with pytest.raises(ConfigError, match="share"):
        ReplayBuffer(4, 1.0)
    buffer = ReplayBuffer(16)
    buffer.mix(batch(0))
    with pytest.raises(ConfigError, match="shape"):
        buffer.mix(torch.zeros(8, 3))
    with pytest.raises(ConfigError, match="y must"):
        buffer.mix(batch(0), torch.zeros(8))
