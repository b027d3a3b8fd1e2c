"""Products that use structure against dense ones: where they win, and where they do not.

    python tests/benchmarks/structured_speed.py [--hour]

Dense products are those of the solver: a cacheful of rows at a time, on one thread, the symmetric one of the BLAS.
"""

from __future__ import annotations

import sys
import time

import numpy as np
from threadpoolctl import threadpool_limits

import glmengine as ge
from glmengine.analysis.terms import CovariateTerm, Factor
from glmengine.design.blocks.term import ProductBlock
from glmengine.design.design import Design
from glmengine.design.lagged_gram import lagged_cost, lagged_moments
from glmengine.timegrid.convolution import convolve_pieces, full_window


def seconds(work, repeats: int = 3) -> float:
    best = np.inf
    for _ in range(repeats):
        started = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - started)
    return best


def lagged(title: str, rows: int, units: int, bin_size: float, rate: float, measured: int | None = None) -> tuple[float, float]:
    """The Gram matrix of 8 log raised cosines over 100 bins of each unit; the dense one of `measured` rows, taken times."""
    rng = np.random.default_rng(0)
    counts = np.stack([(rng.random(rows, dtype=np.float32) < rate * bin_size).astype(np.int8) for _ in range(units)], axis=1)
    lags, kernel = ge.basis.RaisedCosineLog(n=8, window=100 * bin_size).kernel(bin_size)
    offsets = np.array([0, rows])
    valid = full_window(lags, offsets)
    measured = measured or rows

    def dense():
        total = 0.0
        for start in range(100, measured, 4096):
            X = convolve_pieces(counts, lags, kernel, offsets, start, min(start + 4096, measured))
            total = total + X.T @ X
        return total

    by_structure = seconds(lambda: lagged_moments(counts, lags, kernel, valid), 1 if rows > 10**6 else 3)
    by_numbers = seconds(dense, 1 if rows > 10**6 else 3) * rows / measured
    predicted = lagged_cost(counts, *kernel.shape, valid)
    print(
        f"{title}: {rows:,} rows x {8 * units} columns, {rate:g} Hz in bins of {1e3 * bin_size:g} ms: by structure {by_structure:.2f} s, "
        f"dense {by_numbers:.2f} s, {by_numbers / by_structure:.1f} times (expected {1 / predicted:.1f})",
        flush=True,
    )
    return by_structure, by_numbers


def local(title: str, columns: np.ndarray, units: int = 1) -> None:
    """A matrix with few numbers in each row as a sparse one: product with coefficients, its transpose, and weighted Gram."""
    from scipy.sparse import csr_array, diags_array

    rows, p = columns.shape
    rng = np.random.default_rng(1)
    sparse, weights = csr_array(columns), rng.random(rows)
    B, R = rng.normal(size=(p, units)), rng.normal(size=(rows, units))
    works = {
        "X B": (lambda: columns @ B, lambda: sparse @ B),
        "X' R": (lambda: columns.T @ R, lambda: sparse.T @ R),
        "X' W X": (
            lambda: (lambda half: half.T @ half)(columns * np.sqrt(weights)[:, None]),
            lambda: (sparse.T @ (diags_array(weights) @ sparse)).toarray(),
        ),
    }
    said = []
    for name, (dense, other) in works.items():
        np.testing.assert_allclose(other(), dense(), rtol=1e-9, atol=1e-8)
        said.append(f"{name} {seconds(dense) / seconds(other):.2f}")
    print(
        f"{title}: {rows:,} x {p}, {sparse.nnz / columns.size:.1%} not zero, times as fast by structure: {', '.join(said)}",
        flush=True,
    )


def wide(title: str, *bases) -> None:
    """Products of a design with one tuning term, made as a sparse matrix from the bases and as numbers."""
    rng, rows = np.random.default_rng(2), 100_000
    samples = rng.uniform(0, 1, (len(bases), rows))
    factors = tuple(Factor(variable=name, basis=basis) for name, basis in zip("xyz", bases, strict=False))
    block = ProductBlock(CovariateTerm(factors=factors), samples)
    design = Design((block,), None, np.ones(rows, bool))
    B, R, weights = rng.normal(size=(design.n_columns, 5)), rng.normal(size=(rows, 5)), rng.random(rows)
    works = {"X B": lambda: design.matvec(B), "X' R": lambda: design.tmatvec(R), "X' W X": lambda: design.gram(weights)}
    said = []
    for name, work in works.items():
        times = []
        for make in (block.sparse, lambda start, stop: None):
            block.sparse = make
            times.append(seconds(work))
        del block.sparse
        said.append(f"{name} {times[0]:.3f} s instead of {times[1]:.3f}")
    print(f"{title}, {rows:,} x {design.n_columns}, made from the bases: {', '.join(said)}", flush=True)


def main() -> None:
    x, y = np.random.default_rng(0).uniform(0, 1, (2, 100_000))

    def field(n):
        one, other = (ge.basis.BSpline(n=n, bounds=(0, 1)).evaluate(v) for v in (x, y))
        return (one[:, :, None] * other[:, None, :]).reshape(len(x), -1)

    with threadpool_limits(1, user_api="blas"):
        local("B-splines of one variable", ge.basis.BSpline(n=12, bounds=(0, 1)).evaluate(x))
        local("8 x 8 B-splines", field(8))
        local("8 x 8 B-splines, 20 units", field(8), 20)
        local("20 x 20 B-splines", field(20))
        local("10 boxes", ge.basis.Boxcar(n=10, bounds=(0, 1)).evaluate(x))
        local("100 boxes", ge.basis.Boxcar(n=100, bounds=(0, 1)).evaluate(x))
        wide("20 x 20 B-splines", *[ge.basis.BSpline(n=20, bounds=(0, 1))] * 2)
        wide("20 x 20 boxes", *[ge.basis.Boxcar(n=20, bounds=(0, 1))] * 2)
        lagged("20 coupled units", 180_000, 20, 0.01, 5.0)
        lagged("20 coupled units, fine bins", 500_000, 20, 0.001, 5.0)
        lagged("100 coupled units, fine bins", 300_000, 100, 0.001, 5.0, measured=60_000)
        if "--hour" in sys.argv:
            lagged("100 coupled units for an hour", 3_600_000, 100, 0.001, 5.0, measured=60_000)


def test_lagged_counts_in_fine_bins_are_multiplied_faster_by_their_structure():
    with threadpool_limits(1, user_api="blas"):
        by_structure, by_numbers = lagged("50 coupled units, fine bins", 200_000, 50, 0.001, 5.0)
    assert by_numbers > 2 * by_structure


if __name__ == "__main__":
    main()
