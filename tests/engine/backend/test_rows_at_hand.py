"""Rows of an array, which are read where they lie and kept in float32 columns x rows: the same sums as of rows that are prepared once and kept."""

from __future__ import annotations

import numpy as np
import pytest

from glmengine.backend import rows as rows_of_a_problem
from glmengine.backend import turned_rows
from glmengine.backend.formulas import Curvatures, Losses, RowWeights
from glmengine.backend.numpy_operations import NumpyOperations
from glmengine.backend.observations import Observations
from glmengine.backend.operations import ALL_ROWS, View
from glmengine.backend.pieces import pieces
from glmengine.backend.row_sources import ArrayRows
from glmengine.backend.rows import Rows
from glmengine.context import SILENT, CallbackContext
from glmengine.errors import Cancelled
from glmengine.models import FAMILIES

T, P, M = 3000, 9, 3
POISSON = FAMILIES["poisson"]
LOSSES, CURVATURES = Losses(POISSON, POISSON.link()), Curvatures(POISSON, POISSON.link(), expected=True)


class Prepared:
    """The same rows from a source of which nobody knows what reading them costs."""

    def __init__(self, X: np.ndarray) -> None:
        self.X, self.shape = X, X.shape

    def chunk(self, start: int, stop: int) -> np.ndarray:
        return self.X[start:stop]


def operations(source, X: np.ndarray, *, whole: bool = False, memory: float = 1e9) -> NumpyOperations:
    rng = np.random.default_rng(1)
    index = None if whole else np.sort(rng.choice(T, T - 300, replace=False))
    n = T if index is None else index.size
    observations = Observations(
        rng.poisson(0.2, (M, n)).astype(float), rng.uniform(0.5, 2.0, (M, n)), 0.1 * rng.random((1, n)), rng.integers(-1, 3, n)
    )
    return NumpyOperations(Rows(source(X), index, observations, columns=5, memory=memory, centred=True), SILENT)


@pytest.fixture(params=["near", "far"])
def X(request):
    rng = np.random.default_rng(0)
    size = np.geomspace(0.1, 10, P)
    return rng.normal(size=(T, P)) * size + size * np.linspace(-1, {"near": 1.0, "far": 1e5}[request.param], P)


@pytest.fixture
def view():
    return View(np.array([0, 1, 1, 2, 0]), np.array([ALL_ROWS, 0, 1, 2, 1]))


@pytest.fixture(autouse=True)
def several_blocks(monkeypatch):
    monkeypatch.setattr(turned_rows, "BLOCK_NUMBERS", 4096)
    monkeypatch.setattr(rows_of_a_problem, "LARGEST_CHUNK", 1024)


def parameters(of: NumpyOperations) -> np.ndarray:
    theta = 0.1 * np.random.default_rng(2).normal(size=(5, of.rows.size))
    theta[:, of.rows.n_features : -1] = 0.0
    return theta


@pytest.mark.parametrize("whole", [True, False])
@pytest.mark.parametrize("memory", [0.0, 1e9])
def test_sums_are_those_of_rows_that_are_kept(X, view, whole, memory):
    there, kept = (operations(source, X, whole=whole, memory=memory) for source in (ArrayRows, Prepared))
    assert there.rows.at_hand
    assert there.rows.near_centre == (np.abs(X.mean(axis=0) / X.std(axis=0)).max() < 10)
    assert not kept.rows.at_hand
    theta = parameters(there)
    for of_rows in (lambda of: of.slopes(LOSSES, view, theta), lambda of: [of.grams(CURVATURES, view, theta), of.observed(view)]):
        for one, other in zip(of_rows(there), of_rows(kept), strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-10)
    for precision, tolerance in (("float32", 3e-5), ("float64", 1e-12)):
        exact = kept.grams(CURVATURES, view, theta)
        for of in (there, kept):
            found = of.grams(CURVATURES, view, theta, precision=precision)
            np.testing.assert_allclose(found, exact, rtol=tolerance, atol=tolerance * np.abs(exact).max())
            some = of.grams(CURVATURES, view, theta, precision=precision, among=np.array([1, 4]))
            np.testing.assert_allclose(some[:, :2, :2], found[:, [[1], [4]], [1, 4]], rtol=tolerance)
            loss, gradient, _ = of.slopes(LOSSES, view, theta, precision=precision)
            np.testing.assert_allclose(loss, kept.slopes(LOSSES, view, theta)[0], rtol=tolerance)
            size = np.abs(kept.slopes(LOSSES, view, theta)[1]).max()
            np.testing.assert_allclose(gradient, kept.slopes(LOSSES, view, theta)[1], atol=tolerance * size)


def test_one_row_in_so_many_is_the_same_row(X, view):
    there, kept = (operations(source, X) for source in (ArrayRows, Prepared))
    weighted = [of.grams(RowWeights(), view, parameters(of), stride=3) for of in (there, kept)]
    np.testing.assert_allclose(*weighted, rtol=1e-12, atol=1e-10)


@pytest.mark.parametrize("source", [ArrayRows, Prepared])
def test_with_a_stride_so_many_blocks_of_float32_are_one_piece(X, source):
    of = operations(source, X)
    chunks = [slice(a, min(a + of.rows.chunk_rows, of.rows.n)) for a in range(0, of.rows.n, of.rows.chunk_rows)]
    every = np.concatenate([of.rows.reader(chunk)(0, chunk.stop - chunk.start) for chunk in chunks])
    blocks, found = list(pieces(of.rows, 1, "float32")), list(pieces(of.rows, 3, "float32"))
    assert len(found) == -(-len(blocks) // 3)
    rows = np.concatenate([np.arange(of.rows.n)[piece.rows] for piece in found])
    assert np.diff(rows).min() >= 1
    assert np.diff(rows).max() <= 3
    for piece in found:
        np.testing.assert_allclose(piece.X.T, every[piece.rows], rtol=1e-6, atol=1e-6 * np.abs(every).max())
        np.testing.assert_array_equal(piece.y, of.rows.observations.y[:, piece.rows])


def test_an_array_is_kept_only_where_it_is_read_often(X, view, monkeypatch):
    for name in ("FEW_READS", "FEW_READS_NEAR"):
        monkeypatch.setattr(rows_of_a_problem, name, 2)
    of = operations(ArrayRows, X)
    theta = parameters(of)
    first = of.slopes(LOSSES, view, theta)
    of.slopes(LOSSES, view, theta, precision="float32")
    assert not of.rows._kept
    for _ in range(2):
        again = of.slopes(LOSSES, view, theta)
    assert of.rows._kept
    for one, other in zip(first, again, strict=True):
        np.testing.assert_allclose(
            one, other, rtol=1e-13, atol=1e-13 * np.abs(other).max()
        )  # a sum is known to the rounding of its terms


@pytest.mark.parametrize("single", [False, True])
def test_a_sample_of_it_has_the_rows_that_a_kept_one_has(X, single):
    of = operations(ArrayRows, X)
    sample = of.rows.thinned(4, single=single)
    assert sample.n == -(-of.rows.n // 4)
    assert not of.rows._kept
    assert sample.observations.weights[0].sum() == pytest.approx(of.rows.observations.weights[0].sum(), rel=0.1)
    place = np.searchsorted(of.rows.index, sample.index)
    np.testing.assert_array_equal(of.rows.index[place], sample.index)
    np.testing.assert_array_equal(of.rows.observations.y[:, place], sample.observations.y)
    whole = np.concatenate([chunk.X for chunk in of.rows.here()])[: of.rows.n]
    np.testing.assert_array_equal(np.concatenate([chunk.X for chunk in sample.here()])[: sample.n], whole[place])


@pytest.mark.parametrize("source", [ArrayRows, Prepared])
def test_a_sample_of_many_chunks_is_given_up_at_one_of_them(X, source):
    """A live fit whose slider is moved meanwhile waits for it: of an hour its chunks are expanded here for the first time."""
    rows, looks = operations(source, X).rows, []
    with pytest.raises(Cancelled):
        rows.thinned(4, context=CallbackContext(cancelled=lambda: looks.append(1) or len(looks) > 1))
    assert len(looks) == 2
    assert rows.n_chunks > 2


def test_columns_that_lie_apart_are_not_at_hand(X):
    assert not ArrayRows(np.asfortranarray(X)).at_hand
    assert not ArrayRows(X, columns=np.arange(3)).at_hand
    assert not ArrayRows(X.astype(int)).at_hand
    assert ArrayRows(X[::2, 2:]).at_hand
