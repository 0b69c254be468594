from __future__ import annotations

import io
from itertools import islice

import pytest
import torch

from gan_doctor.core import ConfigError
from gan_doctor.training.data import Batches, Dataset


def random(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def numbers(n: int) -> Dataset:
    return Dataset(torch.arange(float(n)).unsqueeze(1))


def labelled() -> Dataset:
    return Dataset(torch.arange(9.0).unsqueeze(1), torch.arange(9) % 3, classes=3)


def values(batches: Batches, n: int) -> list[list[float]]:
    return [x.flatten().tolist() for x, _ in islice(batches, n)]


def test_a_pass_shows_every_sample_once_but_the_rest() -> None:
    one_pass = values(Batches(numbers(10), 3, random()), 3)
    assert len({number for batch in one_pass for number in batch}) == 9


def test_passes_come_in_different_orders_and_repeat_by_seed() -> None:
    first, second = values(Batches(numbers(8), 8, random(1)), 2)
    assert first != second
    assert values(Batches(numbers(8), 8, random(1)), 1) == [first]


def test_batches_are_the_pieces_of_one_permutation_a_pass() -> None:
    generator = random(3)
    passes = [torch.randperm(10, generator=generator).float().tolist() for _ in range(2)]
    expected = [order[start : start + 4] for order in passes for start in (0, 4)]
    assert values(Batches(numbers(10), 4, random(3)), 4) == expected


def test_samples_come_with_what_they_are_of() -> None:
    x, y = next(Batches(labelled(), 6, random()))
    assert y is not None
    assert torch.equal(x.flatten().long() % 3, y)
    assert next(Batches(numbers(6), 6, random()))[1] is None


def test_a_batch_that_the_data_does_not_fill_is_refused_at_once() -> None:
    with pytest.raises(ConfigError, match=r"batch of 64 .* the data has 10"):
        Batches(numbers(10), 64, random())


def test_unshuffled_classes_come_one_after_the_other_in_every_pass() -> None:
    ours = values(Batches(labelled(), 3, random(), shuffle=False), 6)
    assert ours == [[0, 3, 6], [1, 4, 7], [2, 5, 8]] * 2


def test_unshuffled_data_without_classes_comes_as_it_lies() -> None:
    vectors = Dataset(torch.arange(6.0).unsqueeze(1), torch.rand(6, 2), paired=True)
    for data in (numbers(6), vectors):
        assert values(Batches(data, 2, random(), shuffle=False), 3) == [[0, 1], [2, 3], [4, 5]]


def test_unshuffled_batches_draw_nothing() -> None:
    generator = random()
    before = generator.get_state()
    next(Batches(labelled(), 3, generator, shuffle=False))
    assert torch.equal(generator.get_state(), before)


@pytest.mark.parametrize("shuffle", [True, False])
@pytest.mark.parametrize("seen", [0, 1, 2, 3, 7])
def test_what_is_taken_up_again_goes_on_as_if_never_left(seen: int, shuffle: bool) -> None:
    whole = Batches(labelled(), 4, random(5), shuffle)
    values(whole, seen)
    file = io.BytesIO()
    torch.save(whole.state_dict(), file)
    file.seek(0)
    resumed = Batches(labelled(), 4, random(99), shuffle)
    next(resumed)
    resumed.load_state_dict(torch.load(file, weights_only=True))
    assert values(resumed, 6) == values(whole, 6)


def test_a_state_stays_what_it_was_while_the_batches_go_on() -> None:
    batches = Batches(numbers(6), 2, random())
    next(batches)
    state = batches.state_dict()
    expected = values(batches, 5)
    batches.load_state_dict(state)
    assert values(batches, 5) == expected


def test_a_state_of_other_data_is_refused() -> None:
    other = Batches(numbers(7), 2, random())
    next(other)
    with pytest.raises(ConfigError, match=r"made on 7 samples, and the data has 6"):
        Batches(numbers(6), 2, random()).load_state_dict(other.state_dict())


def test_batches_go_where_they_are_asked_to() -> None:
    x, y = next(Batches(labelled(), 2, random(), device="meta"))
    assert x.device.type == "meta"
    assert y is not None
    assert y.device.type == "meta"
