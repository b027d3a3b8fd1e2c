"""Wald and likelihood-ratio tests: the textbook numbers, and how often they are wrong where nothing is there."""

import numpy as np
import pytest
import scipy.stats
import statsmodels.api as sm

import glmengine as ge
from glmengine.errors import GlmError


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(800, 5)) * [1, 1, 100, 1, 1] + [0, 3, 0, 0, 0]
    eta = 0.2 + 0.3 * X[:, 0] - 0.002 * X[:, 2]
    return X, eta, rng


FAMILIES = [
    ("poisson", sm.families.Poisson(), lambda eta, rng: rng.poisson(np.exp(eta))),
    ("bernoulli", sm.families.Binomial(), lambda eta, rng: (rng.random(eta.size) < 1 / (1 + np.exp(-eta))).astype(float)),
    ("gaussian", sm.families.Gaussian(), lambda eta, rng: eta + rng.normal(size=eta.size)),
    ("gamma", sm.families.Gamma(sm.families.links.Log()), lambda eta, rng: rng.gamma(2.0, np.exp(eta) / 2.0)),
]


@pytest.mark.parametrize(("family", "theirs", "draw"), FAMILIES, ids=[name for name, _, _ in FAMILIES])
def test_without_a_penalty_they_are_those_of_statsmodels(data, family, theirs, draw):
    X, eta, rng = data
    y = draw(eta, rng)
    fit = ge.fit(X, y, family, penalty=None)
    reference = sm.GLM(y, sm.add_constant(X), family=theirs).fit(tol=1e-14)
    groups = {"some": [0, 3], "one": [2], "all": range(5)}
    found = fit.wald(groups)
    for name, columns in groups.items():
        restriction = np.eye(6)[[column + 1 for column in columns]]
        test = reference.wald_test(restriction, use_f=family in ("gaussian", "gamma"), scalar=True)
        times = len(columns) if family in ("gaussian", "gamma") else 1
        assert float(found["wald"].sel(term=name)[0]) == pytest.approx(float(test.statistic) * times, rel=1e-6)
        assert float(found["df"].sel(term=name)[0]) == len(columns)
        assert float(found["p"].sel(term=name)[0]) == pytest.approx(float(test.pvalue), rel=1e-5, abs=1e-300)
    singly = fit.wald()
    assert list(singly["term"].values) == list(fit.feature_names)
    assert singly["wald"].values[:, 0] == pytest.approx((fit.coef / fit.standard_errors)[:, 0] ** 2, rel=1e-8)


def test_the_likelihood_ratio_is_that_of_statsmodels(data):
    X, eta, rng = data
    y = rng.poisson(np.exp(eta))
    ratio = ge.fit(X, y, penalty=None).likelihood_ratio(ge.fit(X[:, :2], y, penalty=None))
    more = sm.GLM(y, sm.add_constant(X), family=sm.families.Poisson()).fit(tol=1e-14)
    less = sm.GLM(y, sm.add_constant(X[:, :2]), family=sm.families.Poisson()).fit(tol=1e-14)
    statistic = 2 * (more.llf - less.llf)
    assert float(ratio["statistic"][0]) == pytest.approx(statistic, rel=1e-8)
    assert float(ratio["df"][0]) == pytest.approx(3)
    assert float(ratio["p"][0]) == pytest.approx(scipy.stats.chi2.sf(statistic, 3), rel=1e-6)
    signal = eta + rng.normal(size=eta.size)
    ratio = ge.fit(X, signal, "gaussian", penalty=None).likelihood_ratio(ge.fit(X[:, :2], signal, "gaussian", penalty=None))
    more, less = sm.OLS(signal, sm.add_constant(X)).fit(), sm.OLS(signal, sm.add_constant(X[:, :2])).fit()
    value, p, df = more.compare_f_test(less)
    assert float(ratio["statistic"][0]) == pytest.approx(value * df, rel=1e-8)
    assert float(ratio["p"][0]) == pytest.approx(p, rel=1e-6)


def test_redundant_columns_count_by_their_rank():
    rng = np.random.default_rng(1)
    k = rng.integers(0, 4, 2000)
    X = np.eye(4)[k]
    y = rng.poisson(1.0 + 0.2 * (k == 2))
    dummy = ge.fit(X[:, 1:], y, penalty=None).wald({"k": range(3)})
    onehot = ge.fit(X, y, penalty=None).wald({"k": range(4)})
    assert float(onehot["df"][0, 0]) == 3
    assert float(onehot["wald"][0, 0]) == pytest.approx(float(dummy["wald"][0, 0]), rel=1e-6)


@pytest.mark.parametrize("penalty", [None, ge.Ridge(1e-2), ge.Smoothness(1e-2)], ids=["none", "ridge", "smoothness"])
@pytest.mark.parametrize("family", ["poisson", "gaussian"])
def test_where_nothing_is_there_they_are_wrong_as_often_as_they_say(penalty, family):
    rng = np.random.default_rng(2)
    basis = ge.basis.BSpline(n=8, bounds=(0, 1))
    X = np.column_stack([basis.evaluate(rng.random(1500)), rng.normal(size=1500)])
    Y = rng.poisson(1.0, (1500, 400)) if family == "poisson" else rng.normal(size=(1500, 400))
    fit = ge.fit(X, Y, family, penalty=penalty)
    p = fit.wald({"curve": range(8)})["p"].values[0]
    rejected = np.mean(p < 0.05)
    low = 0.005 if isinstance(penalty, ge.Ridge) else 0.02  # a ridge makes the test cautious
    assert low < rejected < 0.09, rejected
    assert 0.25 < np.mean(p < 0.5) < 0.6
    # and an effect is found
    there = ge.fit(X, rng.poisson(np.exp(0.6 * np.sin(7 * X[:, :8] @ np.arange(8) / 7)), (1500,)) + 0.0, penalty=penalty)
    assert float(there.wald({"curve": range(8)})["p"][0, 0]) < 1e-6


def test_units_masks_and_penalties_that_make_zeros():
    rng = np.random.default_rng(3)
    X = rng.normal(size=(500, 3))
    Y = np.column_stack([rng.poisson(1.0, 500), np.zeros(500), rng.poisson(np.exp(0.5 * X[:, 0]))]).astype(float)
    mask = np.array([[1, 1, 1], [1, 1, 0], [1, 1, 1]])
    fit = ge.fit(X, Y, penalty=None, mask=mask, unit_names=("a", "silent", "c"))
    found = fit.wald([[0], [1], ["x0", "x1"]])
    assert found["p"].sel(unit="silent").isnull().all()
    assert found["p"].sel(unit="c").isnull().values.tolist() == [False, True, False]
    assert float(found["df"].sel(unit="c")[2]) == 1
    assert float(found["p"].sel(unit="c")[0]) < 1e-6
    assert ge.fit(X, Y[:, 0], penalty=ge.Lasso(1e-3)).wald()["p"].isnull().all()
    with pytest.raises(GlmError, match="no column 'speed'"):
        fit.wald({"a": ["speed"]})
    with pytest.raises(GlmError, match="no column 9"):
        fit.wald([[9]])
    with pytest.raises(GlmError, match="differ in family"):
        fit.likelihood_ratio(ge.fit(X, Y, "negative_binomial", unit_names=("a", "silent", "c")))
    with pytest.raises(GlmError, match="different rows"):
        fit.likelihood_ratio(ge.fit(X[:-1], Y[:-1], unit_names=("a", "silent", "c")))


def test_units_of_measure_do_not_matter(data):
    X, eta, rng = data
    y = rng.poisson(np.exp(eta))
    one, other = (ge.fit(X * scale, y, penalty=None).wald({"g": [1, 2]}) for scale in (1.0, [1, 1e-6, 1e6, 1, 1]))
    assert float(one["wald"][0, 0]) == pytest.approx(float(other["wald"][0, 0]), rel=1e-6)


def test_a_run_tests_its_terms_and_keeps_the_numbers(small_analysis, small_recording, small_result, tmp_path):
    tests = small_result.tests
    assert list(tests["term"].values) == [term.label for term in small_result.terms]
    p = tests["p"]
    assert float(p.sel(term="head_direction", unit="hd")) < 1e-6
    assert float(p.sel(term="place", unit="place")) < 1e-6
    assert float(p.sel(term="head_direction", unit="flat")) > 1e-3
    small_result.save(tmp_path / "a.nc")
    again = ge.Result.load(tmp_path / "a.nc")
    assert again.tests.equals(tests)
    from glmengine.export import write_outputs

    written = {path.name for path in write_outputs(small_result, tmp_path / "out", figures=False)}
    assert "tests.csv" in written
    lines = (tmp_path / "out" / "tests.csv").read_text(encoding="utf-8").splitlines()
    assert lines[0] == "term,unit,wald,df,p"
    assert len(lines) == 1 + tests["p"].size
    assert "Is each term needed?" in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    lasso = small_analysis.with_(model=small_analysis.model.with_(penalty="lasso"))
    assert ge.run(lasso, small_recording).tests["p"].isnull().all()


@pytest.mark.parametrize("penalty", [None, ge.Ridge(0.02)], ids=["none", "ridge"])
def test_many_columns_are_tested_without_their_directions(penalty, monkeypatch):
    rng = np.random.default_rng(6)
    X = rng.normal(size=(1200, 40))
    Y = np.column_stack([rng.poisson(1.0, (1200, 150)), rng.poisson(np.exp(X @ (0.15 * rng.normal(size=40))))])
    fit = ge.fit(X, Y, penalty=penalty)
    exact = fit.wald({"all": range(40)})
    monkeypatch.setattr("glmengine.inference.wald.MANY", 10)
    quick = fit.wald({"all": range(40)})
    if penalty is None:
        assert quick["wald"].values == pytest.approx(exact["wald"].values, rel=1e-8)
    assert quick["df"].values == pytest.approx(exact["df"].values)
    null = quick["p"].values[0, :-1]
    assert np.mean(null < 0.05) < 0.1
    assert 0.3 < np.mean(null < 0.5) < 0.65
    assert float(quick["p"][0, -1]) < 1e-6
    # a column that says nothing of its own is no obstacle
    twice = ge.fit(np.column_stack([X, X[:, :2]]), Y[:, 0], penalty=None).wald({"all": range(42)})
    assert float(twice["df"][0, 0]) == 40
