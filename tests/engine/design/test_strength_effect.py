"""What a strength does to a curve is what a fit with it does."""

import math
from itertools import pairwise

import numpy as np
import pytest

import glmengine as ge
from glmengine.analysis.analysis import Analysis, Model
from glmengine.analysis.terms import CovariateTerm, Factor, HistoryTerm
from glmengine.basis import BSpline, CyclicBSpline, RaisedCosineLog
from glmengine.design.strength_effect import explained_term, information_a_bin, strength_effect

TUNING = CovariateTerm(factors=(Factor(variable="speed", basis=BSpline(n=9, bounds=(0.0, 30.0))),))
X = np.linspace(0.0, 30.0, 240)
COLUMNS = TUNING.factors[0].basis.evaluate(X)
HUMP = 0.5 - 0.5 * np.cos(2 * np.pi * X / 30.0)


@pytest.mark.parametrize(
    ("name", "penalty"), [("ridge", ge.Ridge(0.02)), ("ridge", ge.Ridge(1e-4)), ("smoothness", ge.Smoothness(0.1))]
)
def test_a_fit_of_a_hump_keeps_the_share_of_its_height_that_was_told(name, penalty):
    fit = ge.fit(COLUMNS, HUMP, family="gaussian", penalty=penalty)
    fitted = COLUMNS @ fit.coef[:, 0]
    centred = HUMP - HUMP.mean()
    told = strength_effect(Analysis(model=Model(family="gaussian", penalty=name)), TUNING, penalty.strength, math.nan)
    assert told.kept == pytest.approx(float(centred @ fitted / (centred @ centred)), abs=1e-6)


def test_a_lasso_leaves_out_what_is_below_the_threshold_and_no_more():
    analysis = Analysis(model=Model(family="gaussian", penalty="lasso"))
    told = strength_effect(analysis, TUNING, 0.01, math.nan)
    assert math.isnan(told.freedom)
    column = COLUMNS[:, 4]  # one function alone: its coefficient is zero below log(threshold), up to its own spread
    size = math.log(told.left_out_below) * np.median(COLUMNS.var(axis=0)) / column.var()
    for factor, zero in ((0.98, True), (1.02, False)):
        fit = ge.fit(column[:, None], factor * size * column, family="gaussian", penalty=ge.Lasso(0.01))
        assert (fit.coef[0, 0] == 0) == zero


def test_stronger_leaves_less_freedom_and_smears_more():
    analysis = Analysis(model=Model(penalty="smoothness"))
    told = [strength_effect(analysis, TUNING, strength, 0.1) for strength in (0.0, 1e-4, 1e-2, 1.0)]
    assert told[0].freedom == pytest.approx(8, abs=1e-3)
    assert all(one.freedom > other.freedom and one.width <= other.width for one, other in pairwise(told))
    assert [told[0].verdict, told[-1].verdict] == ["weak", "strong"]
    assert "stay as they are" in told[0].sentence("cm/s")
    assert "narrower than about" in told[2].sentence("cm/s")


def test_of_a_map_the_width_is_along_its_first_variable():
    axis = BSpline(n=6, bounds=(0.0, 100.0))
    field = CovariateTerm(factors=(Factor(variable="x", basis=axis), Factor(variable="y", basis=axis)))
    told = strength_effect(Analysis(model=Model(penalty="smoothness")), field, 1e-3, 0.1)
    assert told.variable == "x"
    assert told.most_freedom == pytest.approx(35, abs=1e-3)
    assert told.least_width < told.width < 100.0


def test_it_speaks_only_of_terms_and_links_that_it_can_speak_of():
    unbounded = CovariateTerm(factors=(Factor(variable="speed", basis=BSpline(n=6)),), name="unbounded")
    own = HistoryTerm(basis=RaisedCosineLog(n=4, window=0.1))
    circle = CovariateTerm(factors=(Factor(variable="angle", basis=CyclicBSpline(n=8, bounds=(0.0, 6.28))),))
    assert explained_term((own, unbounded, circle.with_(enabled=False), TUNING)) is TUNING
    assert explained_term((own, unbounded)) is None
    assert strength_effect(Analysis(model=Model(link="softplus")), TUNING, 1e-3, 0.1) is None
    assert information_a_bin(Model(), 0.3) == 0.3
    assert information_a_bin(Model(family="gaussian"), math.nan) == 2.0
