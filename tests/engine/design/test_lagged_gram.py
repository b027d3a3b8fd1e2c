"""Products that use the structure of lagged counts: equal to those of the numbers, wherever the rows that count begin and end."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import glmengine as ge
from glmengine.analysis.analysis import Analysis, Time
from glmengine.analysis.terms import CouplingTerm, CovariateTerm, Factor, HistoryTerm
from glmengine.analysis.time_grid import make_grid
from glmengine.backend import jax_runtime as runtime
from glmengine.backend.observations import Observations
from glmengine.backend.rows import Rows
from glmengine.design.blocks import term as blocks
from glmengine.design.build import build_design
from glmengine.design.lagged_gram import lagged_cost, lagged_moments
from glmengine.recording.binned import count_spikes
from glmengine.timegrid.convolution import convolve_pieces, full_window

B = ge.basis


@settings(max_examples=60, deadline=None)
@given(
    pieces=st.lists(st.integers(1, 60), min_size=1, max_size=4),
    channels=st.integers(1, 4),
    length=st.integers(2, 9),
    first=st.integers(-10, 3),
    n=st.integers(1, 3),
    rate=st.sampled_from([0.0, 0.1, 2.0]),
    used=st.sampled_from([0.2, 0.9, 1.0]),
    seed=st.integers(0, 999),
)
def test_lagged_counts_are_multiplied_as_their_numbers_are(pieces, channels, length, first, n, rate, used, seed):
    rng = np.random.default_rng(seed)
    offsets = np.concatenate([[0], np.cumsum(pieces)])
    counts = rng.poisson(rate, (offsets[-1], channels)).astype(np.int8)
    lags, kernel = first + np.arange(length), rng.normal(size=(length, n))
    rows = full_window(lags, offsets) & (rng.random(offsets[-1]) < used)
    X = convolve_pieces(counts, lags, kernel, offsets)[rows]
    gram, sums = lagged_moments(counts, lags, kernel, rows)
    np.testing.assert_allclose(gram, X.T @ X, rtol=0, atol=1e-12 * max(1.0, np.linalg.norm(X) ** 2))
    np.testing.assert_allclose(sums, X.sum(axis=0), atol=1e-12 * max(1.0, np.abs(X).sum()))


def test_it_is_left_to_the_dense_product_where_that_is_faster_or_safer():
    rng = np.random.default_rng(0)
    rows = np.ones(200_000, bool)
    sparse = (rng.random((200_000, 60)) < 0.003).astype(np.int8)
    assert lagged_cost(sparse, 100, 8, rows) < 0.5
    assert lagged_cost(rng.poisson(1.0, (200_000, 60)).astype(np.int8), 100, 8, rows) > 0.5, "nothing is zero"
    assert lagged_cost(sparse.astype(float), 100, 8, rows) == np.inf, "not whole numbers"
    assert lagged_cost(sparse, 400, 400, rows) == np.inf, "the table would be large"
    assert lagged_cost(sparse, 100, 8, ~rows) == np.inf
    assert lagged_cost(sparse, 100, 8, rng.random(200_000) < 0.5) > 0.5, "a border every other bin"


@pytest.fixture
def design(small_recording, monkeypatch):
    """Tuning, history and coupling, in which history and coupling are made to use their structure."""
    monkeypatch.setattr(blocks, "_WORTH", np.inf)
    terms = (
        HistoryTerm(basis=B.RaisedCosineLog(n=3, window=0.1)),
        CovariateTerm(factors=(Factor(variable="head_direction", basis=B.CyclicBSpline(n=6)),)),
        CouplingTerm(basis=B.RaisedCosineLog(n=2, window=0.06)),
    )
    analysis = Analysis(time=Time(bin_size=0.02, intervals=((0.0, 30.0), (31.0, 80.0))), terms=terms)
    grid = make_grid(analysis.time, small_recording)
    usable = np.random.default_rng(0).random(grid.n_bins) < 0.97
    return build_design(analysis, small_recording, grid, unit_names=small_recording.unit_names, usable=usable)


def test_a_design_of_several_blocks_is_put_together(design):
    X = design.dense()[design.valid]
    gram, sums = design.moments()
    np.testing.assert_allclose(gram, X.T @ X, atol=1e-12 * np.linalg.norm(X) ** 2)
    np.testing.assert_allclose(sums, X.sum(axis=0), rtol=1e-12, atol=1e-9)
    np.testing.assert_array_equal(design.gram(), gram)
    weights = np.random.default_rng(1).random(design.n_rows)
    np.testing.assert_allclose(design.gram(weights), (X * weights[design.valid, None]).T @ X, rtol=1e-10, atol=1e-9)


def test_the_solver_begins_with_the_same_gram_either_way(small_recording, monkeypatch):
    terms = (CouplingTerm(basis=B.RaisedCosineLog(n=3, window=0.1), include_self=True),)
    analysis = Analysis(time=Time(bin_size=0.02), terms=terms)
    grid = make_grid(analysis.time, small_recording)
    design = build_design(analysis, small_recording, grid, unit_names=small_recording.unit_names)
    made = []
    monkeypatch.setattr(Rows, "gram", lambda rows, make=Rows.gram: made.append(make(rows)) or made[-1])

    def fitted(worth):
        monkeypatch.setattr(blocks, "_WORTH", worth)
        counts = count_spikes(small_recording, grid)
        return ge.fit(design, counts, penalty=ge.Ridge(1e-4), unit_names=small_recording.unit_names, solver="lbfgs")

    by_structure, by_numbers = fitted(np.inf), fitted(-1.0)
    assert [gram is None for gram in made] == [False, True]
    assert by_structure.converged.all()
    np.testing.assert_allclose(by_structure.coef, by_numbers.coef, atol=1e-7)


def test_the_prepared_gram_is_that_of_the_prepared_rows(design, small_recording):
    index = np.flatnonzero(design.valid)
    y = count_spikes(small_recording, design.grid)[index].T
    rows = Rows(design, index, Observations(y, np.ones((1, index.size))), columns=3, memory=1e9, centred=True)
    runtime.prepare()  # before JAX is imported there is nothing whose precision could be set
    with runtime.float64():
        X = np.concatenate([np.asarray(chunk.X) for chunk in rows])[: rows.n]
    X = np.column_stack([X, np.ones(rows.n)])
    np.testing.assert_allclose(rows.gram(), X.T @ X, atol=1e-9 * rows.n)
    fewer = Rows(design, index[:-5], Observations(y[:, :-5], np.ones((1, index.size - 5))), columns=3, memory=1e9, centred=True)
    assert fewer.gram() is None, "the design's own rows are others"


def test_rows_are_judged_without_making_columns_as_with_them(design, small_recording):
    X = design.dense()
    for start, stop in ((0, design.n_rows), (7, 8), (100, 1601)):
        np.testing.assert_array_equal(design.defined(start, stop), np.isfinite(X[start:stop]).all(axis=1))
    counts = design.blocks[2]._counts.astype(float)
    counts[500, 1] = np.nan
    torn = blocks.SpikeBlock(design.terms[2], counts, small_recording.unit_names, design.grid.offsets, 0.02)
    seen = torn.defined(490, 510)
    np.testing.assert_array_equal(seen, np.isfinite(torn.chunk(490, 510)).all(axis=1))
    assert np.flatnonzero(~seen).tolist() == [11, 12, 13]


@pytest.mark.parametrize(
    "bases",
    [
        (B.BSpline(n=100, bounds=(0.0, 100.0)), B.BSpline(n=4, order=2, bounds=(0.0, 100.0))),
        (B.Boxcar(n=200, bounds=(0.0, 80.0)),),
        (B.BSpline(n=20), B.CyclicBSpline(n=20, bounds=(0.0, 100.0))),
        (B.Boxcar(n=14), B.Boxcar(n=15)),
    ],
)
def test_matrices_that_are_mostly_zero_are_multiplied_as_such(small_recording, bases):
    """Beside a dense term, with rows outside the bounds, against the whole matrix."""
    names = ("position.x", "position.y")
    terms = (
        CovariateTerm(factors=(Factor(variable="head_direction", basis=B.CyclicBSpline(n=5)),)),
        CovariateTerm(name="wide", factors=tuple(Factor(variable=v, basis=b) for v, b in zip(names, bases, strict=False))),
    )
    analysis = Analysis(time=Time(bin_size=0.02), terms=terms)
    grid = make_grid(analysis.time, small_recording)
    design = build_design(analysis, small_recording, grid, unit_names=small_recording.unit_names)
    block, rng = design.blocks[1], np.random.default_rng(3)
    sparse = block.sparse(0, design.n_rows)
    assert design.blocks[0].sparse(0, 10) is None
    assert sparse.nnz <= 0.05 * np.prod(sparse.shape)
    dense = block.chunk(0, design.n_rows)
    known = np.isfinite(dense).all(axis=1)
    np.testing.assert_array_equal(sparse.toarray()[known], dense[known])
    assert not sparse.toarray()[~known].any()
    X = np.where(design.valid[:, None], design.dense(), 0.0)
    coefficients, residuals, weights = rng.normal(size=(X.shape[1], 3)), rng.normal(size=(len(X), 3)), rng.random(len(X))
    np.testing.assert_allclose(
        design.matvec(coefficients)[design.valid], (X @ coefficients)[design.valid], rtol=1e-12, atol=1e-12
    )
    np.testing.assert_allclose(design.tmatvec(residuals), X.T @ residuals, rtol=1e-12, atol=1e-10)
    np.testing.assert_allclose(design.gram(weights), (X * weights[:, None]).T @ X, rtol=1e-12, atol=1e-10)
    np.testing.assert_allclose(design.gram(), X.T @ X, rtol=1e-12, atol=1e-10)
