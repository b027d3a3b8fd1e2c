"""Smoothing under a Gaussian: the same by sums and by transforms, and nothing where nothing is."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter1d

from glmengine.timegrid import gaussian
from glmengine.timegrid.gaussian import smooth_known


@pytest.mark.parametrize("n", [1, 7, 500, 30_000])
@pytest.mark.parametrize("width", [29.0, 31.0, 400.0])
def test_a_wide_gaussian_is_the_same_as_by_sums(n, width):
    rng = np.random.default_rng(0)
    values = (rng.random(n) < 0.02) * 1000.0
    values[n // 2 :: 5] = np.nan
    known = np.isfinite(values)
    sums = gaussian_filter1d(np.where(known, values, 0.0), width, mode="constant")
    weights = gaussian_filter1d(known.astype(float), width, mode="constant")
    expected = np.where(known, sums / np.where(known, weights, 1.0), np.nan)
    np.testing.assert_allclose(smooth_known(values, width), expected, rtol=1e-9, atol=1e-9)


def test_a_silent_stretch_stays_silent(monkeypatch):
    monkeypatch.setattr(gaussian, "_WIDE", 0.0)
    values = np.zeros(5000)
    values[2500] = 1.0
    smooth = smooth_known(values, 50.0)
    assert smooth.min() == 0.0
    assert np.count_nonzero(smooth) == 2 * 200 + 1
    assert smooth.argmax() == 2500


def test_nothing_known_gives_nothing():
    assert np.isnan(smooth_known(np.full(200, np.nan), 40.0)).all()
