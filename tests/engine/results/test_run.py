"""An analysis run from binning to curves: the numbers against independent arithmetic, and the real recordings."""

from __future__ import annotations

import itertools
import re
from dataclasses import replace

import numpy as np
import pytest

import glmengine as ge
from glmengine import analysis_run
from glmengine.analysis.analysis import Analysis
from glmengine.context import CallbackContext, Context
from glmengine.errors import Cancelled, GlmError
from glmengine.recording.binned import count_spikes, sample_covariate
from glmengine.recording.recording import Covariate, Recording

DIRECTION = {"kind": "covariate", "factors": [{"variable": "head_direction", "basis": {"family": "cyclic_b_spline", "n": 6}}]}
FLAT = {"kind": "covariate", "factors": [{"variable": "flat", "basis": {"family": "b_spline", "n": 5}}]}
HISTORY = {"kind": "history", "basis": {"family": "raised_cosine_log", "n": 3, "window": 0.1}}


def analysis(*terms, **parts) -> Analysis:
    return Analysis.from_dict({"time": {"bin_size": 0.02}, "terms": list(terms), "model": {"strengths": [1e-4]}, **parts})


def design_matrix(result, recording) -> tuple[np.ndarray, np.ndarray]:
    """Features and counts of the head-direction analysis in the bins that have a direction, made from the parts by hand."""
    from glmengine.analysis.time_grid import make_grid

    grid = make_grid(result.analysis.time, recording)
    angle = sample_covariate(recording.covariates["head_direction"], grid)
    known = np.isfinite(angle)
    assert known.mean() > 0.999
    return result.terms[0].factors[0].basis.evaluate(angle[known]), count_spikes(recording, grid)[known]


def test_held_out_scores_by_hand(small_recording):
    result = ge.run(analysis(DIRECTION), small_recording)
    X, Y = design_matrix(result, small_recording)
    blocks = np.array_split(np.arange(len(X)), 5)
    model, null, gain, spikes = np.zeros(3), np.zeros(3), np.zeros(3), np.zeros(3)
    for block in blocks:
        rest = np.setdiff1d(np.arange(len(X)), block)
        fit = ge.fit(X[rest], Y[rest], penalty=ge.Ridge(1e-4))
        mu, mean, y = fit.predict(X[block]), Y[rest].mean(axis=0), Y[block].astype(float)
        ratio = np.where(y > 0, y * np.log(np.where(y > 0, y, 1.0) / mu), 0.0)
        model += 2 * np.sum(ratio - (y - mu), axis=0)
        null += 2 * np.sum(np.where(y > 0, y * np.log(np.where(y > 0, y, 1.0) / mean), 0.0) - (y - mean), axis=0)
        gain += np.sum(y * np.log(mu / mean) - mu + mean, axis=0)
        spikes += y.sum(axis=0)
    np.testing.assert_allclose(result.scores["deviance_explained_heldout"], 1 - model / null, rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(result.scores["bits_per_spike_heldout"], gain / spikes / np.log(2), rtol=1e-6, atol=1e-7)


def test_effect_and_its_interval_by_hand(small_recording):
    result = ge.run(analysis(DIRECTION), small_recording)
    X, _Y = design_matrix(result, small_recording)
    curve = result.curves["head_direction"].sel(unit="hd")
    angles = curve["head_direction"].values
    B = result.terms[0].factors[0].basis.evaluate(angles)
    w, b = result.coefficients.sel(unit="hd").values, float(result.intercepts.sel(unit="hd"))
    mu = np.exp(X @ w + b)
    full = np.column_stack([np.ones(len(X)), X])
    penalty = len(X) * 1e-4 * np.diag([0.0, *np.ones(X.shape[1])])
    covariance = np.linalg.inv(full.T @ (mu[:, None] * full) + penalty)
    rows = np.column_stack([np.ones(len(B)), B])
    eta, spread = rows @ np.r_[b, w], 1.959963984540054 * np.sqrt(np.einsum("kp,pq,kq->k", rows, covariance, rows))
    np.testing.assert_allclose(curve["effect_link"], eta, rtol=1e-9)
    np.testing.assert_allclose(curve["effect_low"], np.exp(eta - spread) / 0.02, rtol=1e-6)
    np.testing.assert_allclose(curve["effect_high"], np.exp(eta + spread) / 0.02, rtol=1e-6)


def test_tuning_and_raw_data_by_hand(small_recording):
    result = ge.run(analysis(DIRECTION), small_recording)
    X, Y = design_matrix(result, small_recording)
    from glmengine.analysis.time_grid import make_grid

    angle = sample_covariate(small_recording.covariates["head_direction"], make_grid(result.analysis.time, small_recording))
    angle = angle[np.isfinite(angle)]
    curve = result.curves["head_direction"].sel(unit="hd")
    bins = np.linspace(0, 2 * np.pi, curve.sizes["head_direction"] + 1)
    place = np.clip(np.digitize(angle, bins) - 1, 0, len(bins) - 2)
    mu = np.exp(X @ result.coefficients.sel(unit="hd").values + float(result.intercepts.sel(unit="hd")))
    for k in (0, 13, 40):
        here = place == k
        assert float(curve["occupancy_s"][k]) == pytest.approx(here.sum() * 0.02)
        assert float(curve["data_hz"][k]) == pytest.approx(Y[here, 0].mean() / 0.02)
        assert float(curve["tuning_hz"][k]) == pytest.approx(mu[here].mean() / 0.02)
        gradient = np.r_[1.0, (mu[here, None] * X[here]).mean(axis=0) / mu[here].mean()]
        spread = 1.959963984540054 * np.sqrt(gradient @ result.covariance.sel(unit="hd").values @ gradient)
        assert float(curve["tuning_low"][k]) == pytest.approx(mu[here].mean() / 0.02 * np.exp(-spread))


def test_the_best_strength_is_chosen_per_unit(small_result):
    cv = small_result.cv
    best = cv["strength"].values[np.nanargmax(cv["scores"].mean("fold").transpose("unit", "strength").values, axis=1)]
    np.testing.assert_array_equal(small_result.scores["strength"], best)
    np.testing.assert_array_equal(cv["best_strength"], best)


def test_two_runs_are_the_same_bit_for_bit(small_analysis, small_recording, small_result):
    again = ge.run(small_analysis, small_recording)
    for name in ("coefficients", "standard_errors", "intercepts", "scores", "cv", "coupling"):
        assert getattr(again, name).identical(getattr(small_result, name)), name


def test_history_and_coupling_filters_are_kernels_times_coefficients(small_result):
    history = small_result.terms[2]
    lags, kernel = history.basis.kernel(0.02)
    rows = (small_result.coefficients["term"] == "history") & (small_result.coefficients["variable"] == "place")
    expected = kernel @ small_result.coefficients.sel(unit="place").values[rows.values]
    found = small_result.filters["history"].sel(unit="place")
    np.testing.assert_allclose(found["filter"], expected)
    np.testing.assert_allclose(found["lag_s"], lags * 0.02)
    assert bool(np.isnan(small_result.filters["coupling"]["filter"].sel(unit="hd", source="hd")).all())
    assert bool(np.isnan(small_result.coupling["strength"].sel(unit="hd", source="hd")))


# --- what is left out, and what is refused


@pytest.mark.parametrize("validation", [{"folds": 5}, {"folds": 2, "split": "halves"}])
def test_a_fold_without_spikes_is_called_as_in_the_table_of_scores(small_recording, validation):
    import pynapple as nap

    whole = small_recording.epochs["all"]
    times = small_recording.spikes[0].t
    early = nap.Ts(times[times < small_recording.duration / 3], time_support=whole)
    recording = replace(
        small_recording,
        spikes=nap.TsGroup({0: small_recording.spikes[0], 1: early}, time_support=whole),
        unit_names=("hd", "early"),
        unit_table=None,
    )
    result = ge.run(analysis(DIRECTION, validation=validation), recording)
    (note,) = [note for note in result.notes if note.startswith("Folds without a held-out score: early: fold")]
    scores = result.fold_scores["log_likelihood"].sel(unit="early")
    without = [str(name) for name in scores["fold"].values[~np.isfinite(scores.values)]]
    named = [name for part in re.findall(r"folds? (.*?) ha(?:s|ve) ", note) for name in part.split(", ")]
    assert sorted(named) == sorted(without)
    assert named


def test_a_silent_unit_is_named_and_spoils_nobody(small_recording):
    import pynapple as nap

    spikes = {index: small_recording.spikes[index] for index in range(3)} | {
        3: nap.Ts(t=np.array([]), time_support=small_recording.epochs["all"])
    }
    more = replace(
        small_recording,
        spikes=nap.TsGroup(spikes, time_support=small_recording.epochs["all"]),
        unit_names=("hd", "place", "flat", "mute"),
        unit_table=None,
    )
    alone, together = ge.run(analysis(DIRECTION), small_recording), ge.run(analysis(DIRECTION), more)
    np.testing.assert_allclose(together.coefficients.values[:, :3], alone.coefficients.values, rtol=1e-6, atol=1e-9)
    assert together.scores["status"].sel(unit="mute") == "silent"
    assert float(together.intercepts.sel(unit="mute")) == -np.inf
    assert any("mute" in note for note in together.notes)
    assert float(together.predict(more, [[1.0, 2.0]]).sel(unit="mute").max()) == 0.0


def test_units_with_few_spikes_are_left_out_by_name(small_recording):
    counts = [len(small_recording.spikes[index]) for index in range(3)]
    result = ge.run(analysis(DIRECTION, units={"min_spikes": sorted(counts)[1]}), small_recording)
    few = small_recording.unit_names[int(np.argmin(counts))]
    assert few not in result.units
    assert any(few in note for note in result.notes)


def with_constant(recording: Recording) -> Recording:
    import pynapple as nap

    times = recording.covariates["head_direction"].data.t
    return recording.with_covariates(
        Covariate("flat", nap.Tsd(times, np.full(times.size, 3.0), time_support=recording.epochs["all"]))
    )


def test_a_constant_covariate_is_left_out_with_a_note(small_recording):
    result = ge.run(analysis(DIRECTION, FLAT), with_constant(small_recording))
    bare = ge.run(analysis(DIRECTION), small_recording)
    assert any("flat" in note for note in result.notes)
    np.testing.assert_allclose(result.scores["deviance_explained_heldout"], bare.scores["deviance_explained_heldout"], atol=1e-9)


def test_nothing_but_a_constant_covariate_is_an_error(small_recording):
    with pytest.raises(GlmError) as caught:
        ge.run(analysis(FLAT), with_constant(small_recording))
    assert caught.value.field.startswith("terms")


def test_no_term_says_to_add_one(small_recording):
    for question in (analysis(), analysis({**DIRECTION, "enabled": False})):
        with pytest.raises(GlmError, match=r"no term.*add one"):
            ge.run(question, small_recording)


def test_a_term_that_is_switched_off_is_not_fitted(small_recording):
    result = ge.run(analysis(DIRECTION, {**HISTORY, "enabled": False}), small_recording)
    assert not result.filters
    assert set(result.coefficients["term"].values) == {"head_direction"}


# --- epochs to fit and to test on


def test_fit_here_test_there(small_recording):
    question = analysis(DIRECTION, validation={"folds": 0, "fit_epochs": ["first"], "test_epochs": ["second"]})
    result = ge.run(question, small_recording)
    X, Y = design_matrix(result, small_recording)
    half = 3000  # of the bins of 20 ms, only the very last has no direction
    assert half == int(result.scores["n_bins"][0])
    fit = ge.fit(X[:half], Y[:half], penalty=ge.Ridge(1e-4))
    np.testing.assert_allclose(result.coefficients, fit.coef, rtol=1e-6, atol=1e-7)
    mu, mean, y = fit.predict(X[half:]), Y[:half].mean(axis=0), Y[half:].astype(float)
    safe = np.where(y > 0, y, 1.0)
    deviance = 2 * np.nansum(np.where(y > 0, y * np.log(safe / mu), 0.0) - (y - mu), axis=0)
    null = 2 * np.nansum(np.where(y > 0, y * np.log(safe / mean), 0.0) - (y - mean), axis=0)
    np.testing.assert_allclose(result.scores["deviance_explained_test"], 1 - deviance / null, atol=1e-7)
    np.testing.assert_array_equal(result.scores["deviance_explained_heldout"], result.scores["deviance_explained_test"])


def test_epochs_to_test_on_are_never_fitted(small_recording):
    result = ge.run(analysis(DIRECTION, validation={"test_epochs": ["second"]}), small_recording)
    alone = ge.run(analysis(DIRECTION, time={"bin_size": 0.02, "epochs": ["first"]}), small_recording)
    np.testing.assert_allclose(result.coefficients, alone.coefficients, rtol=1e-7, atol=1e-9)
    assert not np.allclose(result.scores["deviance_explained_heldout"], result.scores["deviance_explained_test"])


def test_conditions_leave_bins_out_but_keep_their_spikes_as_history(small_recording):
    question = analysis(HISTORY, time={"bin_size": 0.02, "conditions": [{"variable": "position.x", "above": 50.0}]})
    result = ge.run(question, small_recording)
    everywhere = ge.run(analysis(HISTORY), small_recording)
    assert int(result.scores["n_bins"][0]) < 0.6 * int(everywhere.scores["n_bins"][0])
    x = small_recording.covariates["position"].data.values[:, 0]
    assert int(result.scores["n_bins"][0]) == pytest.approx(
        (x > 50).sum(), rel=0.03
    )  # no bin lost at the borders of the condition


# --- progress, stopping, cancelling


def test_progress_goes_from_nothing_to_done_and_never_back(small_analysis, small_recording):
    seen = []
    ge.run(small_analysis, small_recording, CallbackContext(seen.append))
    fractions = [progress.fraction for progress in seen]
    assert all(0 <= fraction <= 1 for fraction in fractions)
    assert all(later >= earlier - 1e-9 for earlier, later in itertools.pairwise(fractions))
    assert fractions[-1] == 1.0
    assert len({progress.stage for progress in seen}) >= 4


@pytest.mark.parametrize("share", [0.05, 0.3, 0.7, 0.9])
def test_cancelling_anywhere_ends_the_run(share, small_analysis, small_recording):
    at = [0.0]

    def note(progress):
        at[0] = progress.fraction

    with pytest.raises(Cancelled):
        ge.run(small_analysis, small_recording, CallbackContext(note, cancelled=lambda: at[0] >= share))


def test_stopping_keeps_what_there_is_and_says_so(small_analysis, small_recording, tmp_path):
    class Stopping(Context):
        stopping = True

    unvalidated = small_analysis.with_(
        model=small_analysis.model.with_(strengths=(1e-4,)), validation=small_analysis.validation.with_(folds=0)
    )
    result = ge.run(unvalidated, small_recording, Stopping())
    assert not result.converged
    assert (result.scores["status"].values != "ok").any()
    assert any("stopped" in note.lower() for note in result.notes)
    result.save(tmp_path / "stopped.nc")


def test_stopping_during_the_cross_validation_keeps_a_fit_and_not_zeros(small_analysis, small_recording, monkeypatch):
    monkeypatch.setattr(analysis_run, "_GRACE", 1e9)  # however busy the machine is

    class Stopping(Context):
        stopping = True

    result = ge.run(small_analysis, small_recording, Stopping())
    assert result.converged
    assert np.abs(result.coefficients.values).max() > 0
    assert any("cross-validation was stopped" in note for note in result.notes)
    # only the strongest was tried
    assert set(result.scores["strength"].values) == {max(small_analysis.model.strengths)}


# --- the real recordings


def test_head_direction_cells_all_explained_on_held_out_time(shared_data):
    recording = ge.open_recording(shared_data / "head-direction-npz")
    variable = next(name for name in recording.variables if "head" in name)
    term = {"kind": "covariate", "factors": [{"variable": variable, "basis": {"family": "cyclic_b_spline", "n": 12}}]}
    result = ge.run(analysis(term), recording)
    explained = result.scores["deviance_explained_heldout"].values
    assert len(explained) == 19
    assert explained.min() > 0
    assert np.median(explained) == pytest.approx(0.24, abs=0.02)
    assert explained.max() == pytest.approx(0.64, abs=0.02)
    assert result.converged


def test_place_cells_of_the_linear_track_while_running(shared_data):
    recording = ge.open_recording(shared_data / "linear-track.nwb")
    position = next(name for name in recording.covariates if len(recording.covariates[name].components) == 2)
    components = recording.covariates[position].variables
    factors = [{"variable": variable, "basis": {"family": "b_spline", "n": 10}} for variable in components]
    question = Analysis.from_dict(
        {
            "time": {"bin_size": 0.05, "conditions": [{"variable": "speed", "above": 20.0}]},
            "derived": [{"kind": "speed", "source": position}],
            "terms": [{"kind": "covariate", "factors": factors, "name": "place"}],
            "model": {"strengths": [1e-4, 1e-3]},
        }
    )
    result = ge.run(question, recording)
    scores = result.scores
    active = scores["n_spikes"].values > 100
    assert 8 <= active.sum() <= 20
    explained = scores["deviance_explained_heldout"].values[active]
    assert np.median(explained) > 0.05
    assert explained.max() > 0.4


def test_a_grid_cell_needs_position_and_head_direction(shared_data):
    recording = ge.open_recording(shared_data / "grid-cell-11207.nwb")
    position = next(covariate for covariate in recording.covariates.values() if len(covariate.components) == 2)
    direction = next(covariate for covariate in recording.covariates.values() if covariate.kind == "angle")
    place = {
        "kind": "covariate",
        "name": "place",
        "factors": [{"variable": variable, "basis": {"family": "b_spline", "n": 12}} for variable in position.variables],
    }
    angle = {
        "kind": "covariate",
        "factors": [{"variable": direction.variables[0], "basis": {"family": "cyclic_b_spline", "n": 8}}],
    }
    explained = {}
    for name, terms in {"place": (place,), "direction": (angle,), "both": (place, angle)}.items():
        question = analysis(*terms, time={"bin_size": 0.1}, model={"strengths": [1e-4, 1e-3, 1e-2]})
        explained[name] = float(ge.run(question, recording).scores["deviance_explained_heldout"][0])
    assert explained["place"] == pytest.approx(0.31, abs=0.05)
    assert explained["direction"] == pytest.approx(0.10, abs=0.03)
    assert explained["both"] == pytest.approx(0.45, abs=0.05)


def test_a_grid_that_is_too_short_goes_on_and_the_reader_is_told(small_analysis, small_recording):
    strong = small_analysis.with_(model=small_analysis.model.with_(strengths=(1.0, 10.0)))
    result = ge.run(strong, small_recording)
    assert any("these were tried besides: " in note for note in result.notes)
    assert not any(note.startswith("The weakest strength tried") for note in result.notes)
    assert float(result.scores["strength"].min()) < 1.0
