import numpy as np
import pytest
from scipy.stats import median_abs_deviation

from gan_doctor.stats import robust_sd


def test_agrees_with_scipy_and_with_the_sd_of_a_normal_law():
    x = 3 + 2 * np.random.default_rng(0).standard_normal(5000)
    assert robust_sd(x) == pytest.approx(median_abs_deviation(x, scale="normal"), rel=1e-4)
    assert robust_sd(x) == pytest.approx(2, rel=0.05)


def test_wild_values_do_not_count():
    x = np.random.default_rng(0).standard_normal(100)
    wild = x.copy()
    wild[:5] = 1e9
    assert robust_sd(wild) < 1.3 * robust_sd(x)
    assert robust_sd(np.append(x, [np.nan, np.inf])) == robust_sd(x)


def test_of_nothing_there_is_none():
    assert np.isnan(robust_sd(np.array([np.nan])))
