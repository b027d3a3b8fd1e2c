"""The signed-rank test and the false discovery rate against other libraries, and against counting."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from glmengine.inference.multiplicity import false_discovery_rate
from glmengine.inference.signed_rank import signed_rank, smallest_p


def test_signed_rank_against_scipy():
    from scipy.stats import wilcoxon

    rng = np.random.default_rng(0)
    for n in (5, 10, 17, 40):
        values = rng.normal(0.3, 1.0, n)
        assert signed_rank(values) == pytest.approx(wilcoxon(values, alternative="greater", method="exact").pvalue, rel=1e-12)
    long = rng.normal(0.1, 1.0, 80)
    assert signed_rank(long) == pytest.approx(wilcoxon(long, alternative="greater", method="exact").pvalue, abs=2e-3)


def test_signed_rank_with_ties_by_counting():
    values = np.array([1.0, 1.0, 2.0, -1.0, 3.0, -2.0])
    ranks = np.array([2.0, 2.0, 4.5, 2.0, 6.0, 4.5])
    seen = ranks[values > 0].sum()
    ways = [(np.array(signs) * ranks).sum() >= seen for signs in product((0, 1), repeat=6)]
    assert signed_rank(values) == pytest.approx(np.mean(ways))


def test_signed_rank_of_what_does_not_count():
    table = np.array([[1.0, np.nan], [2.0, np.nan], [np.nan, np.nan], [0.0, np.nan]])
    p = signed_rank(table)
    assert p[0] == 0.25
    assert np.isnan(p[1])
    assert signed_rank(np.zeros(5)) == 1.0
    assert smallest_p(10) == signed_rank(np.arange(1.0, 11.0)) == 1 / 1024


def test_false_discovery_rate_against_scipy():
    from scipy.stats import false_discovery_control

    p = np.random.default_rng(1).uniform(size=(4, 6))
    np.testing.assert_allclose(false_discovery_rate(p).ravel(), false_discovery_control(p.ravel()), rtol=1e-12)
    with_gap = np.array([0.01, np.nan, 0.04])
    np.testing.assert_allclose(false_discovery_rate(with_gap), [0.02, np.nan, 0.04])
    assert false_discovery_rate(np.full(3, np.nan)).shape == (3,)
