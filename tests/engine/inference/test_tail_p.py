"""p of shuffles beyond what they can count: against the distribution that they come from."""

from __future__ import annotations

import numpy as np
import pytest

from glmengine.inference.tail_p import SMALLEST, shuffle_p, tail_p

SHUFFLES, TRIES = 200, 500


def _draws(random: np.random.Generator, n: int) -> np.ndarray:
    """Weighted sums of squares, as gains in log-likelihood are."""
    return (random.normal(size=(n, 5)) ** 2 / np.arange(1, 6)).sum(axis=1)


@pytest.mark.parametrize("true", [1e-3, 1e-4])
def test_what_no_shuffle_reaches_is_read_off_the_tail(true):
    random = np.random.default_rng(0)
    at = np.quantile(_draws(random, 1_000_000), 1.0 - true)
    null = np.stack([_draws(random, TRIES) for _ in range(SHUFFLES)])
    p = tail_p(np.vstack([np.full(TRIES, at), null]))
    assert 0.6 * true < np.median(p) < 1.6 * true
    assert p.mean() > 0.9 * true
    assert (p <= shuffle_p(np.vstack([np.full(TRIES, at), null]))).all()


def test_what_a_shuffle_reaches_is_counted():
    random = np.random.default_rng(1)
    gains = np.stack([_draws(random, TRIES) for _ in range(SHUFFLES + 1)])
    counted, read = shuffle_p(gains), tail_p(gains)
    reached = gains[0] <= gains[1:].max(axis=0)
    np.testing.assert_array_equal(read[reached], counted[reached])
    assert read.min() >= SMALLEST
    assert read.max() <= 1
    assert abs(np.mean(read <= 0.05) - 0.05) < 0.03
    np.testing.assert_array_equal(tail_p(gains[:21]), shuffle_p(gains[:21]))  # too few for a tail


def test_ends_that_say_nothing():
    gains = np.column_stack([np.r_[2.0, np.zeros(60)], np.zeros(61), np.r_[np.nan, np.ones(60)], np.r_[1e9, np.arange(60.0)]])
    p = tail_p(gains)
    assert p[0] == 1 / 61
    assert p[1] == 1.0
    assert np.isnan(p[2])
    assert p[3] == SMALLEST
