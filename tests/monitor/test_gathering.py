from __future__ import annotations

import numpy as np
import pytest
import torch

from gan_doctor.core import ConfigError
from gan_doctor.monitor.gathering import BATCHES, Gathering, N


def batch(value: float, size: int = 16) -> torch.Tensor:
    """Distinct samples around a value."""
    return value + torch.arange(size).float()[:, None] / 1e4 + torch.zeros(size, 2)


@pytest.fixture
def gathering() -> Gathering:
    return Gathering()


def test_fakes_are_copies_of_the_latest_batches(gathering):
    for i in range(BATCHES + 3):
        one = batch(i)
        gathering.offer_fake(one)
        one.zero_()
    assert gathering.full
    fakes = gathering.take_fakes().samples
    torch.testing.assert_close(fakes, torch.cat([batch(i) for i in range(3, BATCHES + 3)]))
    assert gathering.fakes == 0


def test_fakes_are_taken_only_where_a_check_is_near(gathering):
    gathering.wanted = False
    gathering.offer_fake(batch(1))
    gathering.offer_fake(batch(2), passed=True)
    assert gathering.fakes == 0


def test_a_batch_that_is_passed_drives_out_those_that_were_seen(gathering):
    gathering.offer_real(batch(1))
    gathering.offer_fake(batch(2))
    gathering.offer_real(batch(3), passed=True)
    gathering.offer_fake(batch(4), passed=True)
    gathering.offer_real(batch(1))
    gathering.offer_fake(batch(2))
    torch.testing.assert_close(gathering.reals.samples, batch(3))
    torch.testing.assert_close(gathering.take_fakes().samples, batch(4))


def test_fakes_may_be_passed_while_reals_are_seen(gathering):
    gathering.offer_fake(batch(4), passed=True)
    gathering.offer_real(batch(1))
    assert (gathering.fakes, len(gathering.reals)) == (16, 16)


def test_n_is_what_whole_batches_give_again_and_again(gathering):
    gathering.offer_real(batch(0, 1024))
    for size in (64,) * 8 + (5,):
        gathering.offer_fake(batch(1, size))
    assert (gathering.fakes, gathering.n) == (517, 512)
    gathering.take_fakes()
    for size in (16,) * 8 + (5,):
        gathering.offer_fake(batch(1, size))
    assert (gathering.fakes, gathering.n) == (133, 128)


def test_n_is_bounded_by_the_reals_and_by_what_one_wants(gathering):
    gathering.offer_real(batch(0, 300))
    gathering.put_fakes(batch(1, 2000))
    assert (gathering.fakes, gathering.n) == (N, 150)


def test_a_full_reservoir_looks_at_every_16th_batch(gathering):
    gathering.offer_real(batch(0, 2 * N))
    for i in range(1, 33):
        gathering.offer_real(batch(i))
    assert gathering.reals.seen == 2 * N + 2 * 16
    assert gathering.batch_size == 2 * N


@pytest.mark.parametrize("shape", [(16, 3), (16, 1, 2), (16,)])
def test_samples_of_two_shapes_are_refused(gathering, shape):
    gathering.offer_real(batch(0))
    gathering.offer_fake(torch.zeros(shape))
    with pytest.raises(ConfigError, match=r"shape \(2,\) and G makes .*doctor\.observe"):
        gathering.take_reals()


RANGES = {
    "-1 to 1": (-1.0, 1.0),
    "0 to 1": (0.0, 1.0),
    "0 to 255": (0.0, 255.0),
    "standardised": (-2.5, 2.5),
}


@pytest.mark.parametrize(("low", "high"), RANGES.values(), ids=RANGES)
def test_images_are_kept_as_bytes_whatever_their_range(gathering, low, high):
    levels = torch.linspace(0, 1, 256).view(1, 1, 16, 16)
    reals = low + (high - low) * torch.cat([levels, levels.flip(2)])
    gathering.offer_real(reals)
    gathering.offer_fake(reals)
    gathering.take_reals()
    kept = gathering.stored(reals)
    assert kept.dtype == np.uint8
    np.testing.assert_array_equal(kept[0].ravel(), np.arange(256))
    outside = torch.full((1, 1, 16, 16), high + 1)
    assert (gathering.stored(outside) == 255).all()


def test_points_are_kept_as_they_are(gathering):
    gathering.offer_real(batch(3))
    gathering.offer_fake(batch(3))
    np.testing.assert_array_equal(gathering.stored(gathering.take_reals()), batch(3).numpy())


def test_classes_stay_with_their_samples():
    gathering = Gathering()
    for first in range(0, 96, 32):
        classes = torch.arange(first, first + 32)
        samples = classes.float()[:, None].expand(-1, 3)
        gathering.offer_real(samples, labels=classes)
        gathering.offer_fake(samples, labels=classes)
    made = gathering.take_fakes()
    assert torch.equal(made.samples[:, 0], made.labels.float())
    assert torch.equal(made.batch, torch.arange(3).repeat_interleave(32))
    assert torch.equal(made.last(40).batch, made.batch[-40:])
    gathering.offer_fake(samples)
    reals = gathering.take_reals()
    assert torch.equal(reals[:, 0], gathering.reals.labels.float())


def test_classes_of_a_part_of_the_samples_are_no_classes():
    gathering = Gathering()
    gathering.offer_real(batch(1), labels=torch.zeros(16).long())
    gathering.offer_real(batch(2))
    gathering.offer_fake(batch(1), labels=torch.zeros(16).long())
    gathering.offer_fake(batch(2))
    gathering.take_reals()
    assert gathering.reals.labels is None
    assert gathering.take_fakes().labels is None


@pytest.mark.parametrize("labels", [torch.zeros(15).long(), torch.zeros(16)])
def test_classes_that_do_not_fit_the_batch_are_refused(labels):
    with pytest.raises(ConfigError, match=r"fake_labels must be .16,. whole numbers"):
        Gathering().offer_fake(batch(1), labels=labels)
