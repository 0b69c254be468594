"""SimGAN's buffer against a loop over lists; how it fills and shows is in test_replay.py."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from gan_doctor.core import ConfigError
from gan_doctor.nn import ReplayBuffer


def random(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def batch(k: int, n: int) -> Tensor:
    return torch.arange(n)[:, None] + 100.0 * k


def by_lists(batches: list[Tensor], size: int, share: float, seed: int) -> list[list[float]]:
    """The same draws, one fake at a time."""
    generator, shown = random(seed), []
    kept: list[float] = []
    for fakes in batches:
        values = fakes.flatten().tolist()
        if len(kept) < size:
            kept += values[-(size - len(kept)) :]
            shown.append(values)
            continue
        old = min(int(share * len(values)), size)
        places = torch.randperm(size, generator=generator).tolist()[:old]
        replaced = torch.randperm(size, generator=generator).tolist()[:old]
        fresh = len(values) - old
        shown.append(values[:fresh] + [kept[i] for i in places])
        for i, value in zip(replaced, values[fresh:], strict=True):
            kept[i] = value
    return shown


@pytest.mark.parametrize(
    ("size", "share", "n"), [(10, 0.5, 4), (7, 0.3, 5), (3, 0.9, 8), (4, 0, 4)]
)
def test_batches_equal_those_of_a_loop_over_lists(size: int, share: float, n: int) -> None:
    batches = [batch(k, n) for k in range(12)]
    buffer = ReplayBuffer(size, share, random(2))
    shown = [buffer.mix(fakes).fakes.flatten().tolist() for fakes in batches]
    assert shown == by_lists(batches, size, share, 2)


def test_old_fakes_are_kept_apart_from_what_was_given_and_shown() -> None:
    buffer, fakes = ReplayBuffer(4, 0.5, random()), batch(0, 4)
    buffer.mix(fakes)
    fakes.zero_()
    mixed = buffer.mix(batch(1, 4))
    assert set(mixed.fakes[2:].flatten().tolist()) <= {0.0, 1.0, 2.0, 3.0}
    saved = buffer.state_dict()["fakes"].clone()
    mixed.fakes.zero_()
    assert torch.equal(buffer.state_dict()["fakes"], saved)


def test_every_old_fake_is_shown_as_often() -> None:
    buffer, counts = ReplayBuffer(5, 0.5, random()), torch.zeros(5)
    buffer.mix(batch(0, 5))
    state = buffer.state_dict()
    for seed in range(1_000):
        state["generator"] = random(seed).get_state()
        buffer.load_state_dict(state)
        counts[buffer.mix(batch(1, 4)).fakes[2:].flatten().long()] += 1
    torch.testing.assert_close(counts / 1_000, torch.full((5,), 2 / 5), atol=0.06, rtol=0)


def test_a_saved_buffer_goes_on_with_its_conditions_and_is_apart_from_the_state() -> None:
    one, other = (ReplayBuffer(6, 0.5, random(seed)) for seed in (1, 9))
    for k in range(4):
        one.mix(batch(k, 4), torch.arange(4) + k)
    state = one.state_dict()
    other.load_state_dict(state)
    state["fakes"].zero_()
    for k in range(4, 8):
        mixed, again = (buffer.mix(batch(k, 4), torch.arange(4) + k) for buffer in (one, other))
        assert torch.equal(mixed.fakes, again.fakes)
        assert mixed.y is not None
        assert again.y is not None
        assert torch.equal(mixed.y, again.y)


def test_an_empty_buffer_can_be_saved() -> None:
    buffer = ReplayBuffer(4)
    buffer.mix(batch(0, 4))
    buffer.load_state_dict(ReplayBuffer(4).state_dict())
    assert len(buffer) == 0
    assert buffer.mix(torch.zeros(2, 7)).fresh == 2


def test_fakes_of_another_precision_come_back_in_theirs() -> None:
    buffer = ReplayBuffer(4, 0.5, random())
    buffer.mix(batch(0, 4))
    assert buffer.mix(batch(1, 4).half()).fakes.dtype == torch.float16


def test_what_does_not_fit_is_refused_by_name() -> None:
    buffer = ReplayBuffer(4, generator=random())
    with pytest.raises(ConfigError, match="y must hold 4 conditions, one a fake, got 3"):
        buffer.mix(batch(0, 4), torch.zeros(3))
    buffer.mix(batch(0, 4), torch.zeros(4))
    with pytest.raises(ConfigError, match="y must be given always or never"):
        buffer.mix(batch(0, 4))
    with pytest.raises(ConfigError, match=r"shape \(1,\), got \(2,\)"):
        buffer.mix(torch.zeros(4, 2), torch.zeros(4))
    with pytest.raises(ConfigError, match="holds 4 fakes, this one at most 3"):
        ReplayBuffer(3, generator=random()).load_state_dict(buffer.state_dict())
    with pytest.raises(ConfigError, match="same `generator` argument"):
        ReplayBuffer(4).load_state_dict(buffer.state_dict())
    with pytest.raises(ConfigError, match="size must be 1 or more, got 0"):
        ReplayBuffer(0)
