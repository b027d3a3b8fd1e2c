"""Comparison of nested models on one split, and what each term contributes: the numbers against separate fits."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

import glmengine as ge
from glmengine.analysis.selection import NamedModel, Selection, TermBlock, candidates_of, models_of
from glmengine.context import CallbackContext
from glmengine.design.prepare import prepare
from glmengine.errors import Cancelled, GlmError
from glmengine.selection.comparison import interval, weighted_interval
from glmengine.selection.contributions import commonality, contributions
from glmengine.selection.fold_scores import scores_against
from glmengine.selection.held_out import strengths_by_fold
from glmengine.selection.nested_models import NestedModels, make_ground
from glmengine.selection.select import compare_models
from glmengine.timegrid.gaussian import smooth_known

DIRECTION = {
    "kind": "covariate",
    "name": "direction",
    "factors": [{"variable": "head_direction", "basis": {"family": "cyclic_b_spline", "n": 5}}],
}
X_POSITION = {
    "kind": "covariate",
    "name": "x",
    "factors": [{"variable": "position.x", "basis": {"family": "b_spline", "n": 5}}],
}
Y_POSITION = {
    "kind": "covariate",
    "name": "y",
    "factors": [{"variable": "position.y", "basis": {"family": "b_spline", "n": 5}}],
}
HISTORY = {"kind": "history", "name": "history", "basis": {"family": "raised_cosine_log", "n": 2, "window": 0.2}}


def question(*terms, strengths=(1e-4,), **parts) -> ge.Analysis:
    return ge.Analysis.from_dict(
        {"time": {"bin_size": 0.05}, "terms": list(terms), "model": {"strengths": list(strengths)}, **parts}
    )


@pytest.fixture(scope="module")
def compared(small_recording):
    return compare_models(question(DIRECTION, X_POSITION, Y_POSITION), small_recording)


def test_scores_are_those_of_separate_fits_on_the_same_folds(compared, small_recording):
    prepared = prepare(question(DIRECTION, X_POSITION, Y_POSITION), small_recording)
    X, Y = prepared.design.dense(), prepared.counts
    used = prepared.design.valid
    blocks = np.array_split(np.flatnonzero(used), 10)
    parts = prepared.design.slices
    for name, terms in {"direction": ("direction",), "direction + x": ("direction", "x")}.items():
        columns = np.concatenate([np.arange(parts[term].start, parts[term].stop) for term in terms])
        for fold in (0, 7):
            test = blocks[fold]
            train = np.setdiff1d(np.flatnonzero(used), test)
            fit = ge.fit(X[np.ix_(train, columns)], Y[train], penalty=ge.Ridge(1e-4))
            mu, y, mean = fit.predict(X[np.ix_(test, columns)]), Y[test].astype(float), Y[train].mean(axis=0)
            own = compared.models.sel(model=name).isel(fold=fold)
            with np.errstate(divide="ignore", invalid="ignore"):
                deviance = 2 * (np.where(y > 0, y * np.log(y / mu), 0) - (y - mu)).sum(axis=0)
                null = 2 * (np.where(y > 0, y * np.log(y / mean), 0) - (y - mean)).sum(axis=0)
            gain = (y * np.log(mu / mean) - mu + mean).sum(axis=0)
            np.testing.assert_allclose(own["deviance_explained"], 1 - deviance / null, rtol=1e-6, atol=1e-8)
            np.testing.assert_allclose(own["cohen"], own["deviance_explained"])
            np.testing.assert_allclose(own["bits_per_spike"], gain / y.sum(axis=0) / np.log(2), rtol=1e-6, atol=1e-8)
            from scipy.special import gammaln

            total = (y * np.log(mu) - mu - gammaln(y + 1)).sum(axis=0)
            null_total = (y * np.log(mean) - mean - gammaln(y + 1)).sum(axis=0)
            np.testing.assert_allclose(own["log_likelihood"], total / len(test), rtol=1e-7)
            np.testing.assert_allclose(own["mcfadden"], 1 - total / null_total, rtol=1e-6, atol=1e-8)
            for unit in range(Y.shape[1]):
                a, b = smooth_known(y[:, unit], 0.2 / 0.05), smooth_known(mu[:, unit], 0.2 / 0.05)
                np.testing.assert_allclose(own["correlation"][unit], np.corrcoef(a, b)[0, 1], rtol=1e-6)


def test_the_constant_rate_is_always_among_them_and_scores_nothing(compared):
    assert compared.models["model"].values[0] == "constant"
    constant = compared.models.sel(model="constant")
    np.testing.assert_allclose(constant["deviance_explained"], 0.0, atol=1e-12)
    np.testing.assert_allclose(constant["log_likelihood"], constant["null_log_likelihood"], rtol=1e-12)
    assert list(compared.models["model"].values) == [
        "constant",
        "direction",
        "x",
        "y",
        "x + y",
        "direction + y",
        "direction + x",
        "direction + x + y",
    ]


def test_likelihood_ratios_and_aic_are_those_of_the_fits(compared, small_recording):
    prepared = prepare(question(DIRECTION, X_POSITION, Y_POSITION), small_recording)
    place = prepared.design.slices["direction"]
    X = np.where(prepared.design.valid[:, None], prepared.design.dense(), np.nan)
    larger = ge.fit(X[:, : prepared.design.slices["x"].stop], prepared.counts, penalty=ge.Ridge(1e-4))
    smaller = ge.fit(X[:, place], prepared.counts, penalty=ge.Ridge(1e-4))
    own = compared.differences.sel(model="direction + x", other="direction")
    expected = larger.likelihood_ratio(smaller)
    np.testing.assert_allclose(own["lr"], expected["statistic"], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(own["lr_p"], expected["p"], rtol=1e-4, atol=1e-12)
    np.testing.assert_allclose(own["d_aic"], larger.aic - smaller.aic, rtol=1e-5, atol=1e-5)
    # not nested: no likelihood ratio, but paired all the same
    other = compared.differences.sel(model="direction", other="x")
    assert np.isnan(other["lr"]).all()
    assert np.isfinite(other["gain"]).all()


def test_paired_differences_hold_what_the_units_were_made_with(compared):
    beside_constant = compared.differences.sel(other="constant")
    assert float(beside_constant["low"].sel(model="direction", unit="hd")) > 0
    assert float(beside_constant["low_parts"].sel(model="direction", unit="hd")) > 0
    assert float(beside_constant["low"].sel(model="x", unit="place")) > 0
    assert float(beside_constant["p"].sel(model="direction", unit="hd")) == pytest.approx(0.5**10)
    assert (beside_constant["low"].sel(unit="flat", model=["direction", "x", "y"]) < 0).all()
    swapped = compared.differences["gain"]
    np.testing.assert_allclose(swapped.values, -swapped.transpose("other", "model", "unit").values, atol=1e-12)


def test_scores_against_another_model(compared):
    against = scores_against(compared.models, "x")
    own, other = compared.models.sel(model="direction + x"), compared.models.sel(model="x")
    found = against.sel(model="direction + x")
    np.testing.assert_allclose(found["deviance_explained"], 1 - own["deviance"] / other["deviance"])
    np.testing.assert_allclose(found["bits_per_spike"], own["bits_per_spike"] - other["bits_per_spike"], atol=1e-12)
    np.testing.assert_allclose(against.sel(model="x")["log_likelihood"], 0.0, atol=1e-15)
    with pytest.raises(GlmError, match="no model 'speed'"):
        scores_against(compared.models, "speed")
    with pytest.raises(GlmError, match="other folds"):
        scores_against(compared.models, other.isel(fold=slice(0, 5)))
    with pytest.raises(GlmError, match="other folds"):
        scores_against(compared.models, other.assign_coords(fold=[f"lap {fold}" for fold in other["fold"].values]))
    with pytest.raises(GlmError, match="other units"):
        scores_against(compared.models, other.assign_coords(unit=[f"other {unit}" for unit in other["unit"].values]))
    fewer = scores_against(compared.models, other.sel(unit=["flat", "hd"]))
    xr.testing.assert_allclose(fewer, against.sel(unit=["hd", "flat"]))


def test_intervals_over_folds_are_widened_for_shared_training_data():
    values = np.array([[1.0, 2.0, 3.0, 4.0, np.nan]])
    mean, low, high = interval(values)
    wide = interval(values, overlapping=True)
    half = 3.182446305284263 * np.sqrt(values[0, :4].var(ddof=1) / 4)
    np.testing.assert_allclose([mean[0], high[0] - mean[0], mean[0] - low[0]], [2.5, half, half])
    np.testing.assert_allclose((wide[2] - wide[0])[0], half * np.sqrt((1 / 4 + 1 / 3) * 4))
    assert np.isnan(interval(np.array([[1.0, np.nan]]))[1]).all()


def test_a_gain_that_all_folds_share_is_certain_however_unlike_the_folds_are():
    weights = np.array([10.0, 200.0, 35.0, 1.0, np.nan])
    mean, low, high = weighted_interval(np.array([0.1, 0.1, 0.1, 0.1, np.nan]), weights)
    np.testing.assert_allclose([mean, low, high], 0.1)
    gains = np.array([0.1, 0.3, 0.2, 0.9, np.nan])
    mean, low, high = weighted_interval(gains, weights)
    np.testing.assert_allclose(mean, np.average(gains[:4], weights=weights[:4]))
    assert low < mean < high
    np.testing.assert_allclose(weighted_interval(gains, np.ones(5)), np.ravel(interval(gains[None], overlapping=True)))


def test_no_score_chooses_its_own_strength():
    scores = np.array([[0.0, 5.0], [1.0, 0.0], [1.0, 0.0], [np.nan, np.nan]])
    by_fold, best = strengths_by_fold(scores, np.array([1.0, 0.1]))
    assert by_fold.tolist()[:3] == [0, 1, 1]  # the first fold, which likes the second strength, has no say in its own
    assert best == 1
    assert strengths_by_fold(np.zeros((3, 2)), np.array([0.1, 1.0]))[0].tolist() == [1, 1, 1]  # ties: the stronger


def test_parts_of_the_explained_deviance_sum_to_the_whole(small_recording):
    nested = NestedModels(make_ground(question(DIRECTION, X_POSITION, Y_POSITION), small_recording, Selection()))
    shares, common = contributions(nested), commonality(nested)
    np.testing.assert_allclose(common["deviance"].sum("part"), shares["full"].isel(term=0), atol=1e-10)
    for term in ("direction", "x", "y"):
        np.testing.assert_allclose(common["deviance"].sel(part=term), shares["unique"].sel(term=term), atol=1e-10)
    np.testing.assert_allclose(shares["full"] - shares["dropped"], shares["unique"])
    assert float(shares["unique"].sel(term="direction", unit="hd")) > 0.1
    assert abs(float(shares["unique"].sel(term="y", unit="flat"))) < 0.02
    assert float(shares["q"].sel(term="direction", unit="hd")) < 0.05 < float(shares["q"].sel(term="direction", unit="flat"))


def test_blocks_and_terms_that_are_always_in(small_recording):
    selection = Selection(
        blocks=(TermBlock(name="place", terms=("x", "y")),),
        always=("history",),
        models=(NamedModel(name="where", terms=("place",)), NamedModel(terms=("place", "direction"))),
    )
    analysis = question(DIRECTION, X_POSITION, Y_POSITION, HISTORY, selection=selection.model_dump())
    found = compare_models(analysis, small_recording)
    assert list(found.models["model"].values) == ["history", "where", "history + place + direction"]
    assert list(found.contributions["term"].values) == ["place", "direction"]
    assert float(found.contributions["unique"].sel(term="place", unit="place")) > 0.1
    named = compare_models(analysis, small_recording, {"a": "direction", "b": ["place"]})
    assert list(named.models["model"].values) == ["history", "a", "b"]


def test_names_that_are_not_there_are_refused():
    labels = ["direction", "x", "y"]
    with pytest.raises(GlmError, match=r"names 'speed'.*direction, x, y") as caught:
        candidates_of(Selection(candidates=("speed",)), labels)
    assert caught.value.field == "selection.candidates"
    with pytest.raises(GlmError, match="'x' is in 'x' and in 'place'"):
        candidates_of(Selection(candidates=("place", "x"), blocks=(TermBlock(name="place", terms=("x", "y")),)), labels)
    with pytest.raises(GlmError, match="every term is always in"):
        candidates_of(Selection(always=("direction", "x", "y")), labels)
    with pytest.raises(GlmError, match="a model has 'y', which is no candidate"):
        models_of(Selection(candidates=("x",), models=(NamedModel(terms=("y",)),)), ["x"])
    with pytest.raises(GlmError, match="both called 'x'"):
        candidates_of(Selection(blocks=(TermBlock(name="x", terms=("y",)),)), labels)
    with pytest.raises(GlmError, match="'x' is there twice"):
        Selection(candidates=("x", "x"))


def test_one_unit_and_a_unit_that_is_silent_in_a_half(small_recording):
    import pynapple as nap

    spikes = small_recording.spikes
    half = nap.Ts(spikes[0].t[spikes[0].t < 30.0], time_support=small_recording.epochs["all"])
    never = nap.Ts(np.zeros(0), time_support=small_recording.epochs["all"])
    whole = nap.TsGroup({0: nap.Ts(spikes[0].t), 1: half, 2: never}, time_support=small_recording.epochs["all"])
    names = ("hd", "half", "never")
    recording = ge.Recording("three", names, whole, covariates=small_recording.covariates, epochs=small_recording.epochs)
    found = compare_models(question(DIRECTION, X_POSITION), recording)
    assert np.isfinite(found.models["deviance_explained"].sel(unit="hd")).all()
    assert str(found).splitlines()[2] == "never: no scores, as it has no spikes in the time that is fitted"
    alone = ge.Recording(
        "one", ("hd",), nap.TsGroup({0: spikes[0]}), covariates=small_recording.covariates, epochs=small_recording.epochs
    )
    one = compare_models(question(DIRECTION, X_POSITION), alone)
    np.testing.assert_allclose(
        one.models["log_likelihood"].sel(unit="hd"), found.models["log_likelihood"].sel(unit="hd"), rtol=1e-8
    )
    coupling = {"kind": "coupling", "name": "coupling", "basis": {"family": "raised_cosine_log", "n": 2, "window": 0.2}}
    left_out = "The term 'coupling' was left out: there is no other unit that could drive the one that is fitted."
    without = compare_models(question(DIRECTION, X_POSITION, coupling), alone)
    assert without.notes.count(left_out) == 1
    np.testing.assert_array_equal(without.models["log_likelihood"], one.models["log_likelihood"])
    assert left_out in ge.run(question(DIRECTION, coupling), alone).notes
    with pytest.raises(GlmError, match=f"no term is left: {left_out}"):
        ge.run(question(coupling), alone)
    others = {**DIRECTION, "name": "of half", "only_units": ["half"]}
    with pytest.raises(GlmError, match="'of half' has no column for any of the units"):
        compare_models(question(DIRECTION, others, units={"names": ["hd"]}), recording)


def test_cancelled_and_stopped_comparisons(small_recording):
    analysis = question(DIRECTION, X_POSITION, Y_POSITION)
    seen = []

    def stop() -> bool:
        return len(seen) > 12

    with pytest.raises(Cancelled):
        compare_models(analysis, small_recording, context=CallbackContext(seen.append, cancelled=stop))
    seen.clear()
    kept = compare_models(analysis, small_recording, context=CallbackContext(seen.append, stopped=stop))
    assert kept.models.sizes["model"] < 8
    assert any("stopped" in note for note in kept.notes)
    assert np.isfinite(kept.models["log_likelihood"]).all()
    seen.clear()
    nothing = compare_models(analysis, small_recording, context=CallbackContext(seen.append, stopped=lambda: True))
    assert nothing.models.sizes["model"] == 0
    fractions = [progress.fraction for progress in seen]
    assert fractions
    assert fractions == sorted(fractions)
