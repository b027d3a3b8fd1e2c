"""The operations over rows: both implementations give what plain formulas give, for every family and link, dense and sparse, with all that rows can have."""

from __future__ import annotations

import gc
import weakref
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
import pytest

from glmengine.backend import cells
from glmengine.backend.cells import cells_of
from glmengine.backend.class_formulas import ClassCurvatures, ClassLogLikelihood, ClassLosses
from glmengine.backend.column_preparation import OwnColumns
from glmengine.backend.formulas import Curvatures, Losses, LossSums, RowWeights, SquaredScores, Worth
from glmengine.backend.jax_operations import JaxOperations
from glmengine.backend.nonzeros import nonzeros_of
from glmengine.backend.numpy_operations import NumpyOperations
from glmengine.backend.observations import Observations
from glmengine.backend.operations import ALL_ROWS, View
from glmengine.backend.rows import Rows
from glmengine.context import SILENT
from glmengine.models import FAMILIES

KINDS = [
    pytest.param((family, family.link(link)), id=f"{family.name}-{link}")
    for family in FAMILIES.values()
    if not family.by_class
    for link in family.links
]
OPERATIONS = [NumpyOperations, JaxOperations]
T, M = 1500, 3


class Source:
    def __init__(self, X: np.ndarray) -> None:
        self.X, self.shape = X, X.shape

    def chunk(self, start: int, stop: int) -> np.ndarray:
        return self.X[start:stop]


@dataclass(frozen=True)
class Case:
    """Prepared rows, what columns see of them, and the same as plain arrays: z (K, n, Q), y, weights, offset (K, n)."""

    rows: Rows
    view: View
    theta: np.ndarray
    z: np.ndarray
    y: np.ndarray
    weights: np.ndarray
    offset: np.ndarray

    @property
    def eta(self) -> np.ndarray:
        return np.einsum("kq,knq->kn", self.theta, self.z) + self.offset

    @property
    def dispersion(self) -> np.ndarray | None:
        return None if self.view.dispersion is None else self.view.dispersion[:, None]


def case_of(
    family, link, *, design: str = "dense", own: bool, folds: bool, per_unit: bool, held_out: bool = False, seed: int = 0
) -> Case:
    rng = np.random.default_rng(seed)
    S = 60  # for every design, since steps are compiled for each size
    X = rng.normal(size=(T, S)) * np.geomspace(0.1, 10, S) + np.linspace(-1, 5, S)
    if design == "sparse":
        X *= rng.random((T, S)) < 0.05
        X[:, -2:] = rng.normal(size=(T, 2))
    if design == "cells":  # most rows in one of six, some on a border, some anywhere; the last columns everywhere
        kind = rng.integers(0, 6, T)
        live = np.arange(S) // 10 == kind[:, None]
        live[:60, :20] = False
        live[:60, rng.integers(0, 20, 60)] = True
        live[60:70] = rng.random((10, S)) < 0.5
        live[:, -8:] = True
        X *= live
    index = np.sort(rng.choice(T, T - 200, replace=False))
    n = index.size
    bounded = family.bounds_predictor(link)
    mean = rng.uniform(0.5, 2.0, (M, n))
    Y = (
        rng.poisson(mean)
        if family.counts
        else (rng.random((M, n)) < 0.4)
        if family.binary
        else rng.gamma(3.0, mean / 3)
        if family.positive
        else rng.normal(mean)
    ).astype(float)
    weights = rng.integers(0, 3, (M if per_unit else 1, n)).astype(float)
    offset = 0.1 * rng.random((M if per_unit else 1, n)) if folds else None
    fold = rng.integers(-1, 3, n).astype(np.int32) if folds else None
    division = None
    if own:
        columns = np.array([[S - 1, S - 2, S - 3], [S - 4, S - 5, -1], [S - 6, -1, -1]])
        division = OwnColumns(np.arange(S - 6), columns)
    observations = Observations(Y, weights, offset, fold)
    rows = Rows(Source(X), index, observations, columns=6, memory=1e9, centred=True, own=division)
    unit = np.array([0, 1, 1, 2, 0])
    held = np.array([ALL_ROWS, 0, 1, 2, 1]) if folds else np.full(5, ALL_ROWS)
    null = 0.4 + 0.1 * rng.random(5)
    view = View(unit, held, np.linspace(0.5, 1.5, 5) if family.estimates_dispersion else None, null, held_out)
    # what rows, parameters and weights amount to
    shared = np.arange(S) if division is None else division.shared
    z = np.zeros((5, n, rows.size))
    z[:, :, -1] = 1.0
    z[:, :, : shared.size] = (X[index][:, shared] - rows.preparation.centre) / rows.preparation.scale
    if division is not None:
        for k, u in enumerate(unit):
            for place, column in enumerate(division.own[u]):
                if column >= 0:
                    values = (X[index, column] - rows.preparation.own_centre[u, place]) / rows.preparation.own_scale[u, place]
                    z[k, :, rows.padded + place] = values
    theta = np.zeros((5, rows.size))
    theta[:, rows.places] = 0.05 * rng.normal(size=(5, rows.n_features)) / np.sqrt(S / 10)
    theta[:, -1] = 3.0 if bounded or link.name in ("identity", "inverse") else -0.3
    if division is not None:
        theta[:, rows.places] *= np.concatenate([np.ones((5, shared.size)), (division.own >= 0)[unit]], axis=1)
    whole = weights[unit if per_unit else np.zeros(5, int)]
    if folds:
        same = fold == held[:, None]
        whole = whole * (same if held_out else ~same)
    added = np.zeros((5, n)) if offset is None else offset[unit if per_unit else np.zeros(5, int)]
    return Case(rows, view, theta, z, Y[unit], whole, added)


def operations_of(kind, case: Case):
    return kind(case.rows, SILENT)


def close(found, expected, tolerance=1e-10):
    np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance * max(1e-300, np.abs(expected).max()))


VARIANTS = [
    pytest.param(
        {"design": design, "own": own, "folds": folds, "per_unit": per_unit}, id=f"{design}-{own=:d}-{folds=:d}-{per_unit=:d}"
    )
    for design, own, folds, per_unit in product(["dense", "sparse", "cells"], *[[False, True]] * 3)
    if (folds or not per_unit) and (own or not per_unit)
]


@pytest.fixture
def few_rows_are_worth_it(monkeypatch):
    monkeypatch.setattr(cells, "OVERHEAD", 0.0)


@pytest.mark.usefixtures("few_rows_are_worth_it")
@pytest.mark.parametrize("operations", OPERATIONS)
@pytest.mark.parametrize("variant", VARIANTS)
def test_slopes_curvatures_and_products_with_all_that_rows_can_have(operations, variant):
    family, link = FAMILIES["poisson"], FAMILIES["poisson"].link("log")
    case = case_of(family, link, **variant)
    if operations is NumpyOperations:
        assert (nonzeros_of(case.rows) is not None) == (variant["design"] == "sparse")
        assert (cells_of(case.rows) is not None) == (variant["design"] == "cells")
    check_all(operations_of(operations, case), case, family, link)
    check_products(operations_of(operations, case), case)


@pytest.mark.usefixtures("few_rows_are_worth_it")
@pytest.mark.parametrize("design", ["sparse", "cells"])
def test_rows_and_what_is_made_of_them_go_with_their_last_name(design):
    family, link = FAMILIES["poisson"], FAMILIES["poisson"].link("log")
    case = case_of(family, link, design=design, own=True, folds=True, per_unit=True)
    operations_of(NumpyOperations, case).gram()
    made = cells_of(case.rows) if design == "cells" else nonzeros_of(case.rows)
    left = [weakref.ref(case.rows), weakref.ref(made)]
    gc.disable()  # the memory of a cross-validation is gone before the fit begins, not when garbage is next collected
    try:
        del case, made
        assert [one() for one in left] == [None, None]
    finally:
        gc.enable()


@pytest.mark.parametrize("operations", OPERATIONS)
@pytest.mark.parametrize("kind", KINDS)
def test_every_family_and_link(operations, kind):
    case = case_of(*kind, own=True, folds=True, per_unit=True)
    check_all(operations_of(operations, case), case, *kind)


def weighted_gram(weights: np.ndarray, z: np.ndarray) -> np.ndarray:
    """z'Wz of each problem: weights (K, n), z (K, n, Q)."""
    return (weights[:, :, None] * z).transpose(0, 2, 1) @ z


def check_all(operations, case: Case, family, link) -> None:
    with np.errstate(over="ignore", invalid="ignore"):
        loss, score, fisher, observed = family.evaluate(case.eta, case.y, link, case.dispersion)
    found = operations.slopes(Losses(family, link), case.view, case.theta)
    close(found[0], np.sum(case.weights * loss, axis=1))
    close(found[1], np.einsum("kn,knq->kq", case.weights * score, case.z))
    close(found[2], np.sum(case.weights * np.abs(score), axis=1))
    for formula, weights in (
        (Curvatures(family, link, expected=True), fisher),
        (Curvatures(family, link, expected=False), np.maximum(observed, 0.0)),
        (Curvatures(family, link, expected=False, signed=True), observed),
        (SquaredScores(family, link), score**2),
    ):
        expected = weighted_gram(case.weights * weights, case.z)
        close(operations.grams(formula, case.view, case.theta), expected)
    sums = operations.sums(Worth(family, link), case.view, case.theta)
    mu, null = link.mean(case.eta), case.view.null[:, None]
    base = np.broadcast_to(null, mu.shape)
    used = case.weights > 0
    y = np.where(used, case.y, base)
    with np.errstate(divide="ignore", invalid="ignore"):
        expected = [
            np.ones_like(y),
            y,
            family.log_likelihood(mu, y, case.dispersion),
            family.deviance(mu, y, case.dispersion),
            family.log_likelihood(base, y, case.dispersion),
            family.deviance(base, y, case.dispersion),
            (y - mu) ** 2 / family.variance(mu, case.dispersion),
            (y - base) ** 2,
        ]
    for row, values in zip(sums, expected, strict=True):
        close(row, np.sum(np.where(used, case.weights * values, 0.0), axis=1))


def check_products(operations, case: Case) -> None:
    plain = weighted_gram(case.weights, case.z)
    close(operations.grams(RowWeights(), case.view, case.theta), plain)
    chosen = np.array([1, 4, 5])
    places = np.append(chosen, case.rows.size - 1)
    close(operations.grams(RowWeights(), case.view, case.theta, among=chosen), plain[:, places[:, None], places])
    shared = np.append(np.arange(case.rows.padded), case.rows.size - 1)
    z = case.z[0][:, shared]
    gram = operations.gram()
    close(gram[np.ix_(shared, shared)], z.T @ z)
    assert not gram[case.rows.padded : -1].any()
    residual = np.random.default_rng(1).normal(size=case.y.shape)
    close(operations.back(case.view, residual), np.einsum("kn,knq->kq", residual, case.z))
    parts = list(operations.predictor(case.view, case.theta))
    eta = np.full(case.eta.shape, np.nan)
    for rows, part in parts:
        eta[:, rows] = np.asarray(part)[: case.view.size, : eta[:, rows].shape[1]]
    close(eta, case.eta)
    formula = LossSums(FAMILIES["poisson"], FAMILIES["poisson"].link("log"))
    close(operations.sums_at(formula, case.view, parts), operations.sums(formula, case.view, case.theta))


@pytest.mark.parametrize("operations", OPERATIONS)
@pytest.mark.parametrize("own", [False, True])
@pytest.mark.usefixtures("few_rows_are_worth_it")
@pytest.mark.parametrize("design", ["dense", "sparse", "cells"])
def test_rows_held_out_alone(operations, own, design):
    family = FAMILIES["poisson"]
    link = family.link()
    case = case_of(family, link, design=design, own=own, folds=True, per_unit=True, held_out=True)
    case = replace(case, view=replace(case.view, held=np.array([0, 0, 1, 2, 1])))
    fold = case.rows.observations.fold
    weights = case.rows.observations.weights[case.view.unit] * (fold == case.view.held[:, None])
    loss = family.evaluate(case.eta, case.y, link)[0]
    found = operations_of(operations, case).sums(LossSums(family, link), case.view, case.theta)
    close(found[0], np.sum(weights * loss, axis=1))


@pytest.mark.parametrize("operations", OPERATIONS)
@pytest.mark.usefixtures("few_rows_are_worth_it")
@pytest.mark.parametrize("design", ["dense", "sparse", "cells"])
def test_half_the_digits_are_a_choice(operations, design):
    family = FAMILIES["poisson"]
    link = family.link()
    case = case_of(family, link, design=design, own=False, folds=True, per_unit=True)
    formula = Curvatures(family, link, expected=True)
    exact, single = (
        operations_of(operations, case).grams(formula, case.view, case.theta, precision=precision)
        for precision in ("float64", "float32")
    )
    assert single.dtype == np.float64
    close(single, exact, 1e-5)


@pytest.mark.parametrize("own", [False, True])
@pytest.mark.usefixtures("few_rows_are_worth_it")
@pytest.mark.parametrize("design", ["dense", "cells"])
def test_slopes_in_half_the_digits(own, design):
    family = FAMILIES["poisson"]
    case = case_of(family, family.link(), design=design, own=own, folds=True, per_unit=True)
    operations = NumpyOperations(case.rows, SILENT)
    assert operations.halves
    formula = Losses(family, family.link())
    exact, single = (
        operations.slopes(formula, case.view, case.theta, precision=precision) for precision in ("float64", "float32")
    )
    for one, other in zip(single[:2], exact[:2], strict=True):
        assert one.dtype == np.float64
        assert not np.array_equal(one, other)
        close(one, other, 1e-5)
    assert (single[2] >= exact[2]).all()  # a bound, where what was observed is summed by itself


@pytest.mark.parametrize("operations", OPERATIONS)
@pytest.mark.parametrize("memory", [0.0, 1e9])
def test_rows_that_are_not_kept_give_the_same(operations, memory):
    family = FAMILIES["bernoulli"]
    link = family.link()
    case = case_of(family, link, own=True, folds=True, per_unit=True)
    rows = case.rows
    again = Rows(rows.source, rows.index, rows.observations, columns=6, memory=memory, centred=True, own=rows.division)
    assert again.resident == bool(memory)
    check_all(operations(again, SILENT), replace(case, rows=again), family, link)


def test_raw_coefficients_and_parameters_are_each_others_reverse():
    family = FAMILIES["poisson"]
    case = case_of(family, family.link(), own=True, folds=True, per_unit=True)
    rows, unit = case.rows, case.view.unit
    coef, intercept = rows.preparation.to_raw(case.theta[:, :-1], case.theta[:, -1], unit)
    scaled, free = rows.preparation.from_raw(coef, intercept, unit)
    close(np.column_stack([scaled, free]), case.theta)
    division, X = rows.division, rows.source.X[rows.index]
    for k, u in enumerate(unit):
        columns = np.concatenate([division.shared, division.own[u]])
        there = columns >= 0
        eta = X[:, columns[there]] @ coef[k, there] + intercept[k]
        close(eta, case.eta[k] - case.offset[k])


@pytest.mark.parametrize("operations", OPERATIONS)
@pytest.mark.parametrize("reference", [None, 2])
def test_classes_are_taken_together(operations, reference):
    family = FAMILIES["poisson"]
    case = case_of(family, family.link(), own=False, folds=True, per_unit=True)
    labels = np.random.default_rng(5).integers(0, 3, case.rows.observations.y.shape).astype(float)
    rows = case.rows.observing(replace(case.rows.observations, y=labels, offset=None))
    classes = (0, 1, 2) if reference is None else (0, 1)
    k, unit, held = len(classes), 1, 2
    view, theta, z = View(np.full(k, unit), np.full(k, held)), case.theta[:k], case.z[0]
    weights = rows.observations.weights[unit] * (rows.observations.fold != held)
    eta = theta @ z.T
    whole = eta if reference is None else np.vstack([eta, np.zeros(len(z))])
    p = np.exp(whole) / np.exp(whole).sum(axis=0)
    observed = labels[unit] == np.arange(3)[:, None]
    serving = operations(rows, SILENT)
    loss, gradient, _ = serving.slopes(ClassLosses(classes, reference), view, theta)
    expected = -np.sum(weights * np.log(p[observed.argmax(axis=0), np.arange(len(z))]))
    close(loss, np.array([expected]))
    close(gradient, (weights * (p - observed))[:k] @ z)
    close(serving.sums(ClassLogLikelihood(classes, reference), view, theta), np.array([[-expected]]))
    found = serving.grams(ClassCurvatures(classes, reference), view, theta)
    pairs = [(one, other) for one in range(k) for other in range(one + 1)]
    for matrix, (one, other) in zip(found, pairs, strict=True):
        curvature = weights * p[one] * (1 - p[one] if one == other else p[other])
        close(matrix, (z * curvature[:, None]).T @ z)
