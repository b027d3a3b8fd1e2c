"""What the one driver of all fits judges and keeps: units, folds, grids, stops, own columns."""

from __future__ import annotations

import numpy as np
import pytest

import glmengine as ge
from glmengine.context import CallbackContext
from glmengine.fitting.fit_result import Fit
from glmengine.inference.inference import Inference

RNG = np.random.default_rng(11)
X = RNG.normal(size=(900, 4))
Y = RNG.poisson(np.exp(X @ (0.3 * RNG.normal(size=(4, 3))) - 0.5)).astype(float)


def of_own(n_units=6, n_own=8, rows=3000):
    """Shared columns, and some that each unit has for itself."""
    rng = np.random.default_rng(5)
    shared, own = rng.normal(size=(rows, 10)), rng.normal(size=(rows, n_own * n_units))
    mask = np.ones((10 + n_own * n_units, n_units), bool)
    for unit in range(n_units):
        mask[10:, unit] = False
        mask[10 + n_own * unit : 10 + n_own * (unit + 1), unit] = True
    counts = rng.poisson(np.exp(0.2 * shared[:, :n_units] + 0.2 * own[:, ::n_own] - 1.0)).astype(float)
    return np.column_stack([shared, own]), counts, mask


@pytest.mark.parametrize("penalty", [None, ge.Ridge(1e-3)])
def test_units_with_own_columns_are_one_batch_and_as_if_alone(penalty):
    design, counts, mask = of_own()
    counts[:, 3] = 0.0  # nobody is held up by a silent one
    found = ge.fit(design, counts, penalty=penalty, mask=mask)
    assert len(found.parts) == 1
    assert found.status.tolist() == ["ok", "ok", "ok", "silent", "ok", "ok"]
    cv = ge.cross_validate(design, counts, penalty=penalty or "none", strengths=[1e-3 if penalty else 0.0], mask=mask, folds=3)
    for unit in (0, 5):
        own = mask[:, unit]
        alone = ge.fit(design[:, own], counts[:, unit], penalty=penalty)
        np.testing.assert_allclose(found.coef[own, unit], alone.coef[:, 0], atol=1e-9)
        np.testing.assert_allclose(found.standard_errors[own, unit], alone.standard_errors[:, 0], rtol=1e-8)
        assert found.intercept_se[unit] == pytest.approx(alone.intercept_se[0], rel=1e-8)
        assert found.edf[unit] == pytest.approx(alone.edf[0], rel=1e-9)
        assert not found.coef[~own, unit].any()
        wald = found.wald([np.flatnonzero(own)[-3:]]), alone.wald([range(15, 18)])
        assert float(wald[0]["wald"][0, unit]) == pytest.approx(float(wald[1]["wald"][0, 0]), rel=1e-7)
        scores = ge.cross_validate(
            design[:, own], counts[:, unit], penalty=penalty or "none", strengths=[1e-3 if penalty else 0.0], folds=3
        ).scores
        np.testing.assert_allclose(cv.scores.values[:, 0, unit], scores.values[:, 0, 0], atol=1e-9)


def test_penalties_that_make_zeros_have_own_columns_too():
    design, counts, mask = of_own(n_units=3)
    found = ge.fit(design, counts, penalty=ge.Lasso(1e-2), mask=mask)
    alone = ge.fit(design[:, mask[:, 1]], counts[:, 1], penalty=ge.Lasso(1e-2))
    np.testing.assert_allclose(found.coef[mask[:, 1], 1], alone.coef[:, 0], atol=1e-9)


@pytest.mark.parametrize("family", ["poisson", "bernoulli", "negative_binomial"])
def test_a_mask_and_a_silent_unit(family):
    counts = np.minimum(Y, 1.0) if family == "bernoulli" else Y.copy()
    counts[:, 2] = 0.0
    mask = np.array([[1, 1, 1], [1, 1, 1], [0, 0, 0], [1, 0, 1]], bool)
    found = ge.fit(X, counts, family, mask=mask)
    assert found.status.tolist() == ["ok", "ok", "silent"]
    assert not found.coef[2].any()
    small = ge.fit(np.ones((60, 3)) * np.arange(60)[:, None], np.zeros((60, 3)), mask=[[1, 1, 1], [1, 1, 1], [0, 0, 0]])
    assert small.status.tolist() == ["silent"] * 3


def test_a_fold_without_training_spikes_is_left_out_and_said():
    counts = Y.copy()
    counts[: 4 * 180, 1] = 0.0  # there only in the last of five blocks
    found = ge.cross_validate(X, counts, strengths=[1e-3], folds=5, unit_names=["a", "late", "c"])
    assert np.isnan(found.scores.values[:, 0, 1]).all()
    assert np.isfinite(found.scores.values[:, 0, [0, 2]]).all()
    late = "fold 4 has no spikes in the bins to fit to, folds 0, 1, 2, 3 have no spikes in the bins held out"
    assert f"Folds without a held-out score: late: {late}." in found.notes
    many = np.tile(counts, (1, 20))  # units that lack the same folds are named together
    (said,) = [note for note in ge.cross_validate(X, many, strengths=[1e-3], folds=5).notes if "without a held-out" in note]
    assert said.count("fold 4") == 1
    assert "and 12 more: fold 4 has" in said
    counts[2 * 180 : 4 * 180, 1] = Y[2 * 180 : 4 * 180, 1]
    some = ge.cross_validate(X, counts, strengths=[1e-3], folds=5)
    assert np.isfinite(some.scores.values[:, 0, 1]).tolist() == [False, False, True, True, True]
    both = np.where(np.arange(900) < 450, 0, 1)
    half = Y.copy()
    half[:450, 1] = 0.0
    two = ge.cross_validate(X, half, strengths=[1e-3], folds=both, unit_names=["a", "late", "c"])
    assert np.isnan(two.scores.values[:, 0, 1]).all()
    assert np.isnan(two.best_strength[1])
    assert np.isnan(two.deviance_explained[1])
    assert any("No held-out score for late" in note for note in two.notes)


def test_a_unit_of_one_fifth_of_the_session_gains_nothing_by_its_own_silence():
    rng = np.random.default_rng(2)
    late = np.r_[np.zeros(1600), rng.poisson(2.0, 400)]
    past = np.concatenate([[0.0], late[:-1]])[:, None]  # what a term of its history sees: that nothing came
    found = ge.cross_validate(past, late, strengths=[1e-3], folds=5)
    assert np.isnan(found.deviance_explained[0])
    shared = ge.cross_validate(past, late, strengths=[1e-3], folds=np.arange(2000) % 5)
    assert shared.deviance_explained[0] > 0.2


def test_a_signal_without_variation_in_training_is_left_out():
    signal = np.zeros(900)
    signal[-180:] = RNG.normal(size=180)
    found = ge.cross_validate(X, signal, "gaussian", strengths=[1e-3], folds=5)
    assert np.isnan(found.scores.values[4, 0, 0])
    assert np.isfinite(found.scores.values[:4]).all()


def test_a_grid_goes_on_where_the_best_is_at_its_end():
    noise = RNG.poisson(1.0, (900, 1)).astype(float)  # nothing to find: the stronger the better
    plain = ge.cross_validate(X, noise, strengths=[1e-3, 1e-2])
    assert plain.scores.sizes["strength"] == 2
    found = ge.cross_validate(X, noise, strengths=[1e-3, 1e-2], extend=True)
    strengths = found.scores["strength"].values
    assert np.all(np.diff(np.log10(strengths)) == pytest.approx(1.0))
    assert strengths[0] == 1e-3
    mean = found.scores.mean("fold").values[:, 0]
    inside = found.best_strength[0] < strengths[-1]
    assert inside or len(strengths) == 8 or abs(mean[-1] - mean[-2]) < 1e-6
    assert found.best_strength[0] > 1e-2
    assert any("tried besides" in note for note in found.notes)


def test_a_grid_goes_on_for_the_units_concerned_alone():
    tuned = RNG.poisson(np.exp(X @ np.linspace(-1.0, 1.0, X.shape[1]))).astype(float)
    noise = RNG.poisson(1.0, 900).astype(float)
    both = ge.cross_validate(X, np.column_stack([tuned, noise]), strengths=[1e-4, 1e-2, 1.0], extend=True)
    added = both.scores["strength"].values > 1.0
    assert added.any()
    assert np.isnan(both.scores.values[:, added, 0]).all()
    assert np.isfinite(both.scores.values[:, added, 1]).all()
    for m, alone in enumerate((tuned, noise)):
        one = ge.cross_validate(X, alone, strengths=[1e-4, 1e-2, 1.0], extend=True)
        assert one.best_strength[0] == both.best_strength[m]
        assert one.deviance_explained[0] == pytest.approx(both.deviance_explained[m], abs=1e-9)


def test_stopping_between_groups_keeps_what_is_done():
    design, counts, mask = of_own(n_units=4)
    calls = []

    def stopped():
        calls.append(None)
        return any("strength" in stage for stage in stages)

    stages: list[str] = []
    context = CallbackContext(on_progress=lambda progress: stages.append(progress.stage), stopped=stopped)
    found = ge.cross_validate(design, counts, penalty="lasso", strengths=[1e-1, 1e-2, 1e-3], mask=mask, context=context)
    reached = np.isfinite(found.scores.values).any(axis=(0, 1))
    assert reached[0]
    assert not reached.all()
    fit = ge.fit(design, counts, penalty=ge.Lasso(1e-2), mask=mask, context=CallbackContext(stopped=lambda: True))
    assert np.isfinite(fit.coef).all()
    assert fit.status.tolist() == ["stopped"] * 4
    assert not fit.converged.any()


def test_progress_of_later_strengths_is_theirs():
    seen = []
    rng = np.random.default_rng(0)
    wide = rng.normal(size=(4000, 30))
    counts = rng.poisson(np.exp(wide @ (0.2 * rng.normal(size=(30, 6))))).astype(float)
    context = CallbackContext(on_progress=lambda progress: seen.append((progress.stage, progress.fraction)))
    ge.cross_validate(wide, counts, strengths=[1e-4, 1e-3, 1e-2, 1e-1], context=context)
    fractions = [fraction for _, fraction in seen]
    assert fractions == sorted(fractions)
    ends = [0.0]
    for strength in ("0.1", "0.01", "0.001", "0.0001"):
        own = [fraction for stage, fraction in seen if stage.endswith(f"strength {strength}")]
        assert ends[-1] <= min(own)
        ends.append(max(own))
    shares = np.diff(ends)
    assert shares[0] == max(shares)  # it begins far from its end, with rows that are yet to be made ready
    np.testing.assert_allclose(shares[1:], shares[1], atol=0.03)
    assert ends[-1] > 0.95


def test_every_family_gives_one_type_of_fit():
    classes = RNG.integers(0, 3, (900, 1)).astype(float)
    for family, observed in (("poisson", Y), ("categorical", classes), ("negative_binomial", Y)):
        found = ge.fit(X, observed, family)
        assert type(found) is Fit
        assert isinstance(found.inference, Inference)
        found.assess(CallbackContext())
        assert np.isfinite(found.aic).all()
        assert found.wald([[0, 1]])["p"].shape == (1, observed.shape[1])


def test_the_wald_test_of_classes_is_that_of_two_classes():
    y = (RNG.random(900) < 1 / (1 + np.exp(-X[:, 0]))).astype(float)
    classes, spikes = ge.fit(X, y, "categorical", penalty=None), ge.fit(X, y, "bernoulli", penalty=None)
    for name in ("wald", "df", "p"):
        theirs = spikes.wald([[0], [1, 2]])[name].values
        np.testing.assert_allclose(classes.wald([[0], [1, 2]])[name].values, theirs, rtol=1e-6)


def test_the_null_model_has_the_offset():
    sm = pytest.importorskip("statsmodels.api")
    offset = RNG.normal(size=900)
    for family, theirs, observed in (
        ("poisson", sm.families.Poisson(), RNG.poisson(np.exp(0.3 * X[:, 0] + offset)).astype(float)),
        ("gaussian", sm.families.Gaussian(), X[:, 0] + offset + RNG.normal(size=900)),
        ("gamma", sm.families.Gamma(sm.families.links.Log()), RNG.gamma(2.0, np.exp(offset) / 2)),
    ):
        link = "log" if family == "gamma" else None
        found = ge.fit(X, observed, family, link, penalty=None, offset=offset)
        null = sm.GLM(observed, np.ones(900), family=theirs, offset=offset).fit(tol=1e-14)
        assert found.null_deviance[0] == pytest.approx(null.deviance, rel=1e-8)
        cv = ge.cross_validate(X, observed, family, link, penalty="none", strengths=[0.0], offset=offset, folds=3)
        train = cv.folds != 1
        part = sm.GLM(observed[train], np.ones(train.sum()), family=theirs, offset=offset[train]).fit(tol=1e-14)
        mean = part.predict(np.ones((~train).sum()), offset=offset[~train])
        assert cv.null_deviance.values[1, 0, 0] == pytest.approx(theirs.deviance(observed[~train], mean), rel=1e-7)


def test_aic_counts_as_the_guide_says():
    found = ge.fit(X, X[:, 0] + RNG.normal(size=900), "gaussian", penalty=None)
    assert found.aic[0] == pytest.approx(-2 * found.log_likelihood[0] + 2 * found.edf[0])


@pytest.mark.parametrize("strength", [1e-60, 1e-40, 1e-10])
def test_at_the_weakest_strengths_coefficients_and_errors_are_those_of_the_limit(strength):
    """Columns that no sample reaches, whose errors come from the penalty alone: those of a prior with the precision n a."""
    rng = np.random.default_rng(2)
    design, y = np.eye(6)[rng.integers(1, 5, 400)], rng.normal(size=400)
    weak, limit = (ge.fit(design, y, family="gaussian", penalty=ge.Smoothness(a), intercept=False) for a in (strength, 1e-9))
    np.testing.assert_allclose(weak.dispersion, limit.dispersion, rtol=1e-6)
    ends = [0, 5]
    np.testing.assert_allclose(
        weak.standard_errors[ends, 0] * np.sqrt(strength / 1e-9), limit.standard_errors[ends, 0], rtol=1e-3
    )


@pytest.mark.parametrize("size", [1.0, 1e4])
def test_errors_along_what_the_data_leave_open_are_those_of_the_penalty_at_any_strength(size):
    """Columns that add up to a constant: a ridge says how large they may be together, and its error goes with one over the root of its strength."""
    rng = np.random.default_rng(2)
    kind = rng.integers(0, 4, 500)
    y = rng.poisson(np.exp(0.3 * kind))
    fits = {a: ge.fit(size * np.eye(4)[kind], y, penalty=ge.Ridge(a * size**2)) for a in (1e-50, 1e-40, 1e-13, 1e-9, 1e-7)}
    expected = np.sqrt(1 / (500 * 4 * 1e-7)) / size  # a quarter of the variance 4 / (n a) of their sum
    for strength, fit in fits.items():
        np.testing.assert_allclose(fit.standard_errors[:, 0] * np.sqrt(strength / 1e-7), expected, rtol=1e-3)
        # what a rate needs is the same, whatever its parts are
        at_one = np.r_[1.0, size, 0, 0, 0]
        np.testing.assert_allclose(at_one @ fit.covariance(0) @ at_one, 1 / y[kind == 0].sum(), rtol=1e-3)
    free = ge.fit(size * np.eye(4)[kind], y, penalty=None)
    assert np.isnan(free.standard_errors).all()
    assert "Not determined by the data" in free.notes[0]
    smooth = ge.fit(size * np.eye(4)[kind], y, penalty=ge.Smoothness(1e-3))  # says nothing of their sum
    assert np.isnan(smooth.standard_errors).all()
    assert "Not determined by the data" in smooth.notes[0]


def test_labels_of_groups_one_a_column():
    labelled = ge.fit(X, Y, penalty=ge.GroupLasso(0.05, groups=[0, 0, 1, 1]))
    listed = ge.fit(X, Y, penalty=ge.GroupLasso(0.05, groups=[[0, 1], [2, 3]]))
    np.testing.assert_array_equal(labelled.coef, listed.coef)
    named = ge.fit(X, Y, penalty=ge.GroupLasso(0.05, groups=np.array(["b", "b", "a", "a"])))
    np.testing.assert_array_equal(named.coef, listed.coef)
    with pytest.raises(ge.GlmError, match="3 labels of groups for 4 columns"):
        ge.fit(X, Y, penalty=ge.GroupLasso(0.05, groups=[0, 0, 1]))
    with pytest.raises(ge.GlmError, match="the label None of a group is neither"):
        ge.fit(X, Y, penalty=ge.GroupLasso(0.05, groups=[None, 1, 1, 1]))


@pytest.mark.parametrize("call", [lambda s: ge.fit(X, Y, penalty=ge.Ridge(s)), lambda s: ge.fit(X, Y, strength=s),
                                  lambda s: ge.cross_validate(X, Y, strengths=[s]), lambda s: ge.fit_path(X, Y, strengths=[s])])  # fmt: skip
def test_strengths_have_a_bound(call):
    with pytest.raises(ge.GlmError, match=r"1e\+30"):
        call(1e308)
    call(1e30)
    with pytest.raises(ge.GlmError, match="1e-60"):  # below, what the penalty alone determines is lost in rounding
        call(1e-130)
    call(1e-60)
    call(0.0)


@pytest.mark.parametrize("solver", ["auto", "newton", "lbfgs"])
def test_an_optimum_far_away_is_no_separation_and_separation_is_said_by_every_solver(solver):
    rng = np.random.default_rng(0)
    design = np.column_stack([rng.normal(size=2000), np.arange(2000) < 50, rng.normal(size=2000)]).astype(float)
    counts = rng.poisson(np.exp(0.3 * design[:, 0])).astype(float)
    counts[:50] = 0.0
    for strength in (1e-6, 1e-12, 1e-30):
        assert ge.fit(design, counts, penalty=ge.Ridge(strength), solver=solver).status[0] == "ok"
    assert ge.fit(design, counts, penalty=None, solver=solver).status[0] == "separated"


def test_the_platform_is_an_option_and_what_served_is_said():
    found = ge.fit(X, Y, platform="cpu")
    assert "NumPy" in found.backend or "cpu" in found.backend
    with pytest.raises(ge.GlmError, match="platform"):
        ge.fit(X, Y, platform="abacus")
    for call in (ge.cross_validate, ge.fit_path):
        with pytest.raises(ge.GlmError, match="platform"):
            call(X, Y, platform="abacus")
