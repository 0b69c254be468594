from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gan_doctor.core import Key, Series

keys = st.builds(
    Key, st.text(min_size=1), st.text(), st.text(), st.none() | st.integers(-(10**6), 10**6)
)


@given(keys)
def test_the_text_form_of_a_key_reads_back(key):
    assert Key.parse(str(key)) == key


@given(keys, keys)
def test_different_keys_have_different_texts(a, b):
    assert (str(a) == str(b)) == (a == b)


@pytest.mark.parametrize(
    ("key", "text"),
    [
        (Key("loss/d"), "loss/d"),
        (Key("loss/d", "A"), "loss/d@A"),
        (Key("sample/recall", features="random-conv"), "sample/recall#random-conv"),
        (Key("sample/recall", "A", "random-conv", 3), "sample/recall@A#random-conv=3"),
        (Key("D(G(z)) [%]"), "D(G(z)) [%25]"),
        (Key("Verlust für D"), "Verlust für D"),
    ],
)
def test_the_text_form_is_as_the_docs_say(key, text):
    assert str(key) == text
    assert Key.parse(text) == key


@pytest.mark.parametrize("word", ["step", "segment", "events", "bands", "samples"])
def test_no_key_reads_like_a_word_of_the_log(word):
    assert str(Key(word)) != word
    assert Key.parse(str(Key(word))) == Key(word)


@pytest.mark.parametrize("text", ["", "@A", "loss=x", "loss@", "a@b@c", "a=1=2"])
def test_what_is_not_a_key_is_refused_with_its_text(text):
    with pytest.raises(ValueError, match="is not a series key"):
        Key.parse(text)


def test_a_key_needs_a_name():
    with pytest.raises(ValueError, match="needs a name"):
        Key("")


def test_keys_with_and_without_a_label_sort():
    recall = Key("sample/recall", features="random-conv")
    labelled = [Key("sample/recall", features="random-conv", label=n) for n in (10, 3, 0, -1)]
    assert sorted([*labelled, Key("auroc"), recall]) == [Key("auroc"), recall, *labelled[::-1]]


def test_series_are_equal_by_content_with_nan_in_it():
    a = Series(Key("auroc"), [1, 2, 3], [0.5, math.nan, math.inf])
    b = Series(Key("auroc"), np.array([1.0, 2, 3]), np.array([0.5, math.nan, math.inf]))
    assert a == b
    assert a != Series(Key("auroc"), [1, 2, 3], [0.5, 0.5, math.inf])
    assert a != Series(Key("auroc"), [1, 2, 4], [0.5, math.nan, math.inf])
    assert a != Series(Key("loss/d"), [1, 2, 3], [0.5, math.nan, math.inf])
    assert a != "auroc"


def test_the_arrays_of_a_series_cannot_be_written_to():
    series = Series(Key("auroc"), [1, 2], [0.5, 0.6])
    with pytest.raises(ValueError, match="read-only"):
        series.values[0] = 1
    with pytest.raises(ValueError, match="read-only"):
        series[1:].steps[0] = 1


def test_a_series_does_not_follow_the_array_it_was_made_from():
    values = np.array([0.5, 0.6])
    series = Series(Key("auroc"), [1, 2], values)
    values[0] = 9
    assert series.values[0] == 0.5


def test_a_slice_shares_the_memory_of_its_series():
    series = Series(Key("auroc"), np.arange(10), np.arange(10))
    assert np.shares_memory(series[:5].values, series.values)


@pytest.mark.parametrize("shape", [(3,), (2, 1), ()])
def test_steps_and_values_of_different_shapes_are_refused_with_the_name(shape):
    with pytest.raises(ValueError, match=r"Series 'auroc' needs as many steps as values"):
        Series(Key("auroc"), [1, 2], np.zeros(shape))
