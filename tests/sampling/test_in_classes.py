"""Measures within classes, and of fakes against the classes they were asked for."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from gan_doctor.core import Key
from gan_doctor.sampling import Reference

N = 400


@pytest.fixture(scope="module")
def reference(digits) -> Reference:
    return Reference(digits[0][: 2 * N], N, labels=digits[1][: 2 * N])


@pytest.fixture
def fresh(digits) -> tuple[Tensor, Tensor]:
    return digits[0][2 * N : 3 * N], digits[1][2 * N : 3 * N]


def classes(reference: Reference, fake: Tensor, labels: Tensor) -> dict[str, tuple[float, float]]:
    """Value and mean of the null, by name."""
    values = reference.measure(fake, labels)
    return {
        band.key.name.removeprefix("sample/"): (values[band.key], band.mean)
        for band in reference.bands
        if band.key.name in ("sample/class_spread_ratio", "sample/label_agreement")
    }


def test_fresh_reals_are_of_their_classes_and_vary_within_them(reference, fresh):
    found = classes(reference, *fresh)
    assert set(found) == {"class_spread_ratio", "label_agreement"}
    for value, null in found.values():
        assert value == pytest.approx(null, abs=0.12)
    assert found["label_agreement"][1] > 0.8


def test_the_same_samples_under_other_labels_agree_by_chance(reference, fresh):
    value, _ = classes(reference, fresh[0], fresh[1].roll(1))["label_agreement"]
    assert abs(value) < 0.1


def test_one_sample_a_class_has_no_spread_and_is_of_its_class(reference, digits, fresh):
    first = torch.stack([digits[0][digits[1] == c][0] for c in range(10)])
    found = classes(reference, first[fresh[1]], fresh[1])
    assert found["class_spread_ratio"][0] < 1e-6
    assert found["label_agreement"][0] > 0.7


def test_a_g_that_changes_between_batches_does_not_vary_by_that(reference, digits, fresh):
    """It ignores z: each batch has one sample a class, and the next batch another one."""
    batch = torch.arange(N) // 80
    by_class = [digits[0][digits[1] == c] for c in range(10)]
    fake = torch.stack([by_class[c][b] for c, b in zip(fresh[1], batch, strict=True)])
    key = Key("sample/class_spread_ratio", features="random-conv")
    assert reference.measure(fake, fresh[1])[key] > 0.3
    assert reference.measure(fake, fresh[1], batch)[key] < 1e-6


def test_batches_of_one_g_change_nothing_but_by_chance(reference, fresh):
    key = Key("sample/class_spread_ratio", features="random-conv")
    batch = torch.arange(N) // 80
    whole, parts = reference.measure(*fresh)[key], reference.measure(*fresh, batch)[key]
    assert parts == pytest.approx(whole, rel=0.1)


def test_names_of_classes_do_not_matter(reference, digits, fresh):
    named = Reference(digits[0][: 2 * N], N, labels=7 * digits[1][: 2 * N] - 3)
    assert classes(named, fresh[0], 7 * fresh[1] - 3) == classes(reference, *fresh)


def test_labels_that_the_reals_do_not_have_are_left_out(reference, fresh):
    strange = fresh[1].clone()
    strange[:40] = 99
    assert classes(reference, fresh[0], strange)["label_agreement"][0] > 0.8


def test_few_samples_a_class_are_no_spread(digits):
    few = Reference(digits[0][:128], 64, labels=digits[1][:128])
    found = classes(few, digits[0][256:320], digits[1][256:320])
    assert math.isnan(found["class_spread_ratio"][0])


def test_a_single_class_has_nothing_to_agree_with(digits):
    ones = digits[0][digits[1] == 1]
    reference = Reference(ones[:128], 64, labels=torch.ones(128).long())
    assert set(classes(reference, ones[64:128], torch.ones(64).long())) == {"class_spread_ratio"}


def test_without_labels_of_the_fakes_classes_are_not_measured(reference, fresh):
    names = {key.name for key in reference.measure(fresh[0])}
    assert not names & {"sample/class_spread_ratio", "sample/label_agreement"}


def test_copies_of_the_reals_are_nearer_to_them_than_held_out_ones(reference, digits, fresh):
    held_out, new = digits[0][3 * N :], fresh[0]
    (copied,) = reference.copying(held_out, reference.real[:N] + 1e-3).values()
    (as_new,) = reference.copying(held_out, new).values()
    assert copied < -3
    assert abs(as_new) < 3
