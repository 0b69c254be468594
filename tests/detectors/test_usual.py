import numpy as np
import pytest

from gan_doctor.detectors._usual import BASELINE, REMEMBERED, beyond_usual


def by_definition(values, factor, spread, anew=()):
    """Value by value, as it is said."""
    bounded, ratio, past = np.full(len(values), np.nan), np.full(len(values), np.nan), []
    for i, value in enumerate(values):
        if i in anew:
            past = []
        if not np.isfinite(value):
            continue
        latest = np.array(past[-REMEMBERED:])
        if len(latest) >= BASELINE and np.median(latest) > 0:
            usual = np.median(latest)
            deviation = 1.4826 * np.median(np.abs(latest - usual))
            ratio[i] = value / usual
            bounded[i] = value / max(factor * usual, usual + spread * deviation)
            if ratio[i] < factor:
                bounded[i] = ratio[i] / factor
        if not bounded[i] >= 1:
            past.append(value)
    return bounded, ratio


@pytest.mark.parametrize("spikes", [(), (40,), (300, 301, 302), (250, 500)])
@pytest.mark.parametrize("anew", [(), (260,), (10, 400)])
def test_equals_the_definition(spikes, anew):
    random = np.random.default_rng(0)
    values = np.exp(0.3 * random.standard_normal(600))
    values[list(spikes)] = 60
    values[[3, 77, 410]] = np.nan
    for ours, expected in zip(
        beyond_usual(values, 10, 10, anew), by_definition(values, 10, 10, anew), strict=True
    ):
        np.testing.assert_allclose(ours, expected)


def test_a_past_of_zeros_says_nothing():
    bounded, ratio = beyond_usual(np.array([0.0] * 300 + [5.0]), 10, 10)
    assert np.isnan(bounded).all()
    assert np.isnan(ratio).all()
