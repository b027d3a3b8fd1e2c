"""The report on a design: what is the same is named, what is normal is called normal, and nothing is missed for scale or offset."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import glmengine as ge
from glmengine.analysis.analysis import Analysis, Time
from glmengine.analysis.terms import CouplingTerm, CovariateTerm, Factor, HistoryTerm
from glmengine.analysis.time_grid import make_grid
from glmengine.context import Context
from glmengine.design.build import build_design
from glmengine.design.design import Block, Column, Design
from glmengine.design.identifiability import identifiability
from glmengine.errors import Cancelled

B = ge.basis


class Columns(Block):
    """Columns that are there as numbers."""

    def __init__(self, name, values):
        self.term = CovariateTerm(name=name, factors=(Factor(variable=name, basis=B.Identity()),))
        self.values = values
        self.columns = [Column(f"{name}[{j}]", name, 0, j) for j in range(values.shape[1])]

    def chunk(self, start, stop):
        return self.values[start:stop]

    def penalty_matrix(self):
        return np.zeros((self.values.shape[1],) * 2)


def made(**parts):
    blocks = tuple(Columns(name, np.atleast_2d(values.T).T) for name, values in parts.items())
    valid = np.isfinite(np.hstack([block.values for block in blocks])).all(axis=1)
    return Design(blocks, None, valid)


def kinds(report):
    return {(finding.kind, finding.terms) for finding in report.findings}


@pytest.fixture
def rng():
    return np.random.default_rng(5)


def test_independent_terms_are_told_apart(rng):
    report = identifiability(made(speed=rng.normal(size=(500, 3)), angle=rng.normal(size=(500, 2))))
    assert report.good
    assert not report.findings
    assert (report.n_rows, report.n_columns, report.rank) == (500, 5, 5)
    assert report.condition < 2
    assert "can tell all terms apart" in str(report)


@pytest.mark.parametrize(("scale", "offset"), [(1.0, 0.0), (1e6, 0.0), (1e-6, 3.0), (1.0, 1e4)])
def test_the_same_variable_under_two_names_is_named(rng, scale, offset):
    speed = rng.normal(size=(400, 1))
    report = identifiability(made(speed=speed, angle=rng.normal(size=400), running=scale * speed + offset))
    assert kinds(report) == {("shared", ("speed", "running"))}
    assert report.rank == 2
    assert not report.good
    assert "'speed' and 'running' carry the same information" in str(report)
    assert "cannot be told apart" in report.headline


def test_a_term_within_another_is_said_to_lie_in_it(rng):
    wide = rng.normal(size=(400, 6))
    report = identifiability(made(wide=wide, narrow=wide[:, :2] @ rng.normal(size=(2, 2)), other=rng.normal(size=400)))
    assert kinds(report) == {("shared", ("wide", "narrow"))}
    assert "Whatever 'narrow' can say, 'wide' can say too" in str(report)
    assert report.rank == 7


def test_a_term_made_of_two_others_names_all_three(rng):
    a, b, c = rng.normal(size=(3, 300))
    report = identifiability(made(left=a, right=b, other=c, difference=a - b))
    assert kinds(report) == {("several", ("left", "right", "difference"))}
    assert report.rank == 3


def test_what_a_term_shares_with_each_of_two_others_is_not_told_a_third_time(rng):
    a, b, c = rng.normal(size=(3, 300))
    report = identifiability(made(one=np.column_stack([a, c]), two=b, both=np.column_stack([a, b])))
    assert kinds(report) == {("shared", ("one", "both")), ("shared", ("two", "both"))}
    assert report.rank == 3


def test_three_copies_are_two_pairs_too_many(rng):
    a = rng.normal(size=(200, 2))
    report = identifiability(made(x=a, y=a, z=a))
    assert kinds(report) == {("shared", pair) for pair in (("x", "y"), ("x", "z"), ("y", "z"))}
    assert report.rank == 2


def test_splines_and_categories_that_add_up_to_one_are_harmless(rng):
    x = rng.uniform(0, 1, 2000)
    splines, groups = B.BSpline(n=8, bounds=(0, 1)).evaluate(x), np.eye(3)[rng.integers(0, 3, 2000)]
    report = identifiability(made(speed=splines, context=groups))
    assert kinds(report) == {("sum", ("speed",)), ("sum", ("context",))}
    assert report.good
    assert report.rank == 9
    assert "add up to a constant" in str(report)
    assert "normal" in str(report)
    assert np.isfinite(report.condition)
    assert report.condition < 100


def test_two_columns_alike_within_a_term_that_also_adds_up_to_one(rng):
    groups = np.eye(4)[rng.integers(0, 4, 500)]
    report = identifiability(made(context=np.column_stack([groups, groups[:, 1]])))
    assert kinds(report) == {("within", ("context",)), ("sum", ("context",))}
    within = next(finding for finding in report.findings if finding.kind == "within")
    assert within.dimensions == 1
    assert "context[1]" in within.text
    assert "context[4]" in within.text
    assert report.rank == 3


def test_bins_of_a_basis_that_are_never_visited_and_columns_that_stand_still(rng):
    x = rng.uniform(0, 0.4, 1000)
    report = identifiability(
        made(place=B.Boxcar(n=10, bounds=(0, 1)).evaluate(x), bias=np.full(1000, 7.0), speed=rng.normal(size=1000))
    )
    assert ("empty", ("place",)) in kinds(report)
    assert ("constant", ("bias",)) in kinds(report)
    empty = next(finding for finding in report.findings if finding.kind == "empty")
    assert empty.dimensions == 6
    assert "6 of 10 columns" in empty.text
    assert "place[4]" in empty.text
    assert report.rank == 3 + 1
    assert "as far as they were visited" in report.headline


def test_nearly_the_same_is_told_with_the_inflation_of_the_variance(rng):
    a, noise = rng.normal(size=(2, 20_000))
    report = identifiability(made(speed=a, energy=a + 0.1 * noise))
    (finding,) = report.findings
    assert finding.kind == "near"
    correlation = np.corrcoef(a, a + 0.1 * noise)[0, 1]
    np.testing.assert_allclose(finding.inflation, 1 / (1 - correlation**2), rtol=1e-6)
    assert "nearly collinear" in finding.text
    assert "only just" in report.headline


def test_rows_that_are_not_valid_do_not_count(rng):
    a, b = rng.normal(size=(2, 300))
    a[200:] = b[200:] = np.nan
    other = b.copy()
    other[:200] = a[:200]
    report = identifiability(made(a=a, b=b, other=np.where(np.isnan(other), 9.0, other)))
    assert report.n_rows == 200
    assert kinds(report) == {("shared", ("a", "other"))}


def test_a_design_without_a_valid_row_is_no_fault(rng):
    report = identifiability(made(a=np.full(50, np.nan)))
    assert report.n_rows == 0
    assert report.rank == 0
    assert str(report)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), sizes=st.lists(st.integers(1, 4), min_size=1, max_size=4), lost=st.integers(0, 3))
def test_the_rank_is_that_of_the_matrix(seed, sizes, lost):
    rng = np.random.default_rng(seed)
    P = sum(sizes)
    X = rng.normal(size=(120, P)) * 10.0 ** rng.integers(-4, 5, P)
    for _ in range(lost):
        one, other = rng.integers(0, P, 2)
        X[:, one] = X[:, other] * 3.0
    ends = np.cumsum([0, *sizes])
    report = identifiability(made(**{f"t{k}": X[:, a:b] for k, (a, b) in enumerate(itertools.pairwise(ends))}))
    standard = (X - X.mean(axis=0)) / X.std(axis=0)
    assert report.rank == np.linalg.matrix_rank(standard, tol=1e-6 * np.sqrt(120))
    assert report.good == (report.rank == P)


def test_each_unit_is_judged_by_what_it_may_use(small_recording):
    kernel = B.RaisedCosineLog(n=3, window=0.1)
    units = small_recording.unit_names

    def report_of(*terms):
        analysis = Analysis(time=Time(bin_size=0.02), terms=terms)
        design = build_design(analysis, small_recording, make_grid(analysis.time, small_recording), unit_names=units)
        return identifiability(design, units)

    fine = report_of(HistoryTerm(basis=kernel), CouplingTerm(basis=kernel))
    assert not [finding for finding in fine.findings if finding.kind == "shared"]
    assert fine.n_columns == 9
    double = report_of(HistoryTerm(basis=kernel), CouplingTerm(basis=kernel, include_self=True))
    shared = [finding for finding in double.findings if finding.kind == "shared"]
    assert len(shared) == 1
    assert shared[0].units == ()
    assert shared[0].dimensions == 3
    assert double.n_columns == 12
    assert double.rank == 9


def test_it_can_be_cancelled(rng):
    class Stop(Context):
        def check(self):
            raise Cancelled

    with pytest.raises(Cancelled):
        identifiability(made(a=rng.normal(size=(100, 2))), context=Stop())
