"""Receptive fields of stimuli of many channels: each channel, seen through projections, and separable ones of low rank."""

from __future__ import annotations

import numpy as np
import pynapple as nap
import pytest
from scipy.special import gammaln

import glmengine as ge
from glmengine.design.prepare import prepare
from glmengine.design.splits import split_prepared
from glmengine.fitting.out_of_fold import fold_models
from glmengine.recording.recording import Covariate, Recording
from glmengine.simulation.spike_counts import spikes_from_counts

BIN, LAGS, SIDE = 0.02, 5, (4, 5)


def filters_of(rank: int) -> np.ndarray:
    """(20, 5) filter: a blob with a fast time course, and for rank 2 another with a slow one."""
    rows, columns = np.mgrid[: SIDE[0], : SIDE[1]]
    total = np.zeros((rows.size, LAGS))
    for place, course in [((1, 1), [0.2, 0.5, 0.1, 0.0, 0.0]), ((2, 3), [0.0, 0.0, -0.1, 0.5, 0.2])][:rank]:
        blob = np.exp(-((rows - place[0]) ** 2 + (columns - place[1]) ** 2) / 2.0)
        total += np.outer(blob, course)
    return total


def simulated(rank: int = 1, *, bins: int = 4000, seed: int = 0, scale: float = 1.0) -> Recording:
    """Two units of which the first follows the stimulus; each frame lasts one bin."""
    rng = np.random.default_rng(seed)
    frames = rng.normal(size=(bins, *SIDE))
    flat, weights = frames.reshape(bins, -1), filters_of(rank)
    eta = np.full(bins, np.log(0.3))
    for lag in range(1, LAGS + 1):
        eta[lag:] += flat[:-lag] @ weights[:, lag - 1]
    counts = np.column_stack([rng.poisson(np.exp(eta)), rng.poisson(0.3, bins)])
    whole = nap.IntervalSet(0.0, bins * BIN)
    movie = nap.TsdTensor(t=np.arange(bins) * BIN, d=frames * scale, time_support=whole)
    return Recording(
        name="movie",
        unit_names=("seeing", "blind"),
        spikes=spikes_from_counts(counts, BIN, rng),
        covariates={
            "movie": Covariate("movie", movie, "contrast", "step"),
            "level": Covariate("level", nap.Tsd(t=np.arange(bins) * BIN, d=flat[:, 0]), "", "step"),
        },
        epochs={
            "all": whole,
            "first half": nap.IntervalSet(0.0, bins * BIN / 2),
            "second half": nap.IntervalSet(bins * BIN / 2, bins * BIN),
        },
    )


def asked(space: str = "each", *, strengths=(1e-3,), folds: int = 0, epochs=("all",), model=None, more=(), **term) -> ge.Analysis:
    basis = {"family": "history", "window": LAGS * BIN}
    one = {"kind": "receptive_field", "variable": "movie", "space": space, "basis": basis, **term}
    return ge.Analysis.from_dict(
        {
            "time": {"bin_size": BIN, "epochs": list(epochs)},
            "terms": [one, *more],
            "model": {"strengths": list(strengths), **(model or {})},
            "validation": {"folds": folds},
        },
        "test",
    )


def alike(found, rank: int = 1) -> float:
    return float(np.corrcoef(found["filter"].values[0].ravel(), filters_of(rank).ravel())[0, 1])


@pytest.mark.parametrize("space", ["each", "separable"])
def test_a_field_is_found_in_white_noise_and_kept_with_the_result(space, tmp_path):
    recording = simulated()
    result = ge.run(asked(space), recording)
    field = result.filters["movie field"]
    assert field["filter"].dims == ("unit", "channel", "lag_s")
    assert tuple(field.attrs["shape"]) == SIDE
    assert alike(field) > 0.9
    assert result.scores["converged"].values.all()
    result.save(tmp_path / "field.nc")
    again = ge.Result.load(tmp_path / "field.nc")
    assert again.filters["movie field"].identical(field)
    np.testing.assert_array_equal(again.predict(recording).values, result.predict(recording).values)


def test_columns_equal_a_plain_loop_over_pixels_and_lags():
    from glmengine.design.prepare import prepare

    recording = simulated(bins=60)
    prepared = prepare(asked(), recording)
    frames = recording.covariates["movie"].data.values.reshape(60, -1)
    X = prepared.design.dense()
    for t in (LAGS, 17, 59):
        expected = [frames[t - lag, pixel] for pixel in range(frames.shape[1]) for lag in range(1, LAGS + 1)]
        np.testing.assert_allclose(np.sort(X[t]), np.sort(expected), rtol=1e-12)
        for pixel in (0, 7):
            np.testing.assert_allclose(
                np.sort(X[t, pixel * LAGS : (pixel + 1) * LAGS]), np.sort(expected[pixel * LAGS : (pixel + 1) * LAGS]), rtol=1e-12
            )
    assert not prepared.design.valid[:LAGS].any()


def test_a_slow_stimulus_holds_its_frame_and_of_a_fast_one_a_bin_has_one():
    from glmengine.design.prepare import prepare

    recording = simulated(bins=80)
    frames = recording.covariates["movie"].data.values.reshape(80, -1)
    fine = prepare(asked().with_(time=asked().time.with_(bin_size=BIN / 2)), recording).design.dense()
    before = fine[:, :: 2 * LAGS]  # each channel in the bin before
    np.testing.assert_array_equal(before[41], frames[20])
    np.testing.assert_array_equal(before[42], frames[20])
    coarse = prepare(asked().with_(time=asked().time.with_(bin_size=2 * BIN)), recording).design.dense()
    before = coarse[:, :: LAGS // 2]
    assert any(np.array_equal(before[11], frames[number]) for number in (20, 21))


def test_a_low_rank_with_few_data_holds_better_on_new_time_than_each_pixel():
    recording = simulated(rank=2, bins=2400)
    held = {}
    for space, rank in (("each", 1), ("separable", 2)):
        result = ge.run(asked(space, epochs=["first half"], rank=rank), recording)
        held[space] = float(result.score(recording, "second half")["deviance_explained"].values[0])
        if space == "separable":
            assert alike(result.filters["movie field"], 2) > 0.9
            assert any("stationary point" in note for note in result.notes)
    assert held["separable"] >= held["each"]


@pytest.mark.parametrize("family", ["poisson", "gaussian"])
def test_at_full_rank_all_equals_the_fit_of_each_pixel(family):
    recording = simulated(bins=2000)
    model = {"family": family}
    more = [{"kind": "history", "basis": {"family": "history", "window": 2 * BIN}}]
    whole = ge.run(asked("each", model=model, more=more), recording)
    ranked = ge.run(asked("separable", rank=LAGS, model=model, more=more), recording)
    np.testing.assert_allclose(ranked.coefficients, whole.coefficients, atol=1e-7)
    np.testing.assert_allclose(ranked.standard_errors, whole.standard_errors, rtol=1e-6, atol=1e-10)
    np.testing.assert_allclose(ranked.covariance, whole.covariance, atol=1e-9)
    for name in ("edf", "log_likelihood", "aic", "deviance_explained_fit", "dispersion"):
        np.testing.assert_allclose(ranked.scores[name], whole.scores[name], rtol=1e-6, err_msg=name)
    np.testing.assert_allclose(ranked.tests["wald"], whole.tests["wald"], rtol=1e-4)


def test_the_gradient_is_zero_within_the_rank_where_it_says_it_converged():
    from glmengine.design.prepare import prepare

    analysis, recording = asked("separable", rank=2), simulated(rank=2, bins=2000)
    result, prepared = ge.run(analysis, recording), prepare(asked("separable", rank=2), recording)
    assert result.scores["converged"].values.all()
    valid = prepared.design.valid
    X, y = prepared.design.dense()[valid], prepared.counts[valid, 0]
    w = result.coefficients.values[:, 0]
    mu = np.exp(X @ w + result.intercepts.values[0])
    gradient = (X.T @ (mu - y) / len(y) + 1e-3 * w).reshape(-1, LAGS)
    left, sizes, right = np.linalg.svd(w.reshape(-1, LAGS), full_matrices=False)
    assert np.sum(sizes > 1e-10 * sizes[0]) == 2
    left, right = left[:, :2], right[:2]
    outside = (np.eye(len(left)) - left @ left.T) @ gradient @ (np.eye(LAGS) - right.T @ right)
    assert np.abs(gradient - outside).max() < 1e-7
    assert np.abs(outside).max() > 1e-4  # the rank holds it there


def test_intervals_of_a_separable_field_hold_the_truth_as_often_as_they_say():
    inside = []
    for seed in range(8):
        field = ge.run(asked("separable", strengths=(0.0,), model={"penalty": "none"}), simulated(bins=2000, seed=seed))
        one = field.filters["movie field"]
        inside.append(((one["low"].values[0] <= filters_of(1)) & (filters_of(1) <= one["high"].values[0])).mean())
    assert 0.9 < np.mean(inside) < 0.99


def test_strengths_are_chosen_on_held_out_folds():
    result = ge.run(asked("separable", strengths=(1e-3, 10.0), folds=3), simulated(bins=1500))
    assert result.cv["scores"].shape == (3, 2, 2)
    assert result.scores["strength"].values[0] == 1e-3
    assert result.scores["deviance_explained_heldout"].values[0] > 0.1
    assert result.scores["deviance_explained_heldout"].values[1] < 0.02


def test_held_out_time_is_judged_by_the_field_of_the_other_folds():
    recording = simulated(bins=2000)
    result = ge.run(asked("separable", strengths=(1e-3, 1.0), folds=3), recording)
    assert result.cv["scores"].dims == ("fold", "strength", "unit")
    assert np.isfinite(result.cv["scores"].values).all()
    inside, outside = result.goodness(recording), result.goodness(recording, held_out=True)
    assert outside.held_out
    assert not inside.held_out
    assert np.isfinite(outside.summary["index"].values).all()
    assert not np.allclose(outside.summary["index"].values, inside.summary["index"].values, rtol=1e-6)
    # the fits are those of the scores: of each fold without its own bins, at the strength that was chosen
    prepared = prepare(result.analysis, recording)
    strength = np.asarray(result.scores["strength"].values)
    split = split_prepared(result.analysis.validation, prepared, result.analysis.seed)
    models = fold_models(result.analysis, prepared, strength, split.fold)
    rows = np.flatnonzero(prepared.design.valid)
    eta = models.linear(prepared.design.dense()[rows], rows, np.arange(2))
    gained = prepared.counts[rows] * eta - np.exp(eta) - gammaln(prepared.counts[rows] + 1.0)
    for unit, chosen in enumerate(strength):
        for fold in range(3):
            expected = result.cv["scores"].sel(strength=chosen).values[fold, unit]
            np.testing.assert_allclose(gained[models.folds[rows] == fold, unit].mean(), expected, atol=1e-9)


def test_projections_are_frozen_with_the_fit(tmp_path):
    recording = simulated(bins=3000)
    np.save(tmp_path / "blob.npy", filters_of(1)[:, 1].reshape(SIDE))
    for space, extra in (("given", {"filter_file": str(tmp_path / "blob.npy")}), ("sta", {}), ("pca", {"components": 20})):
        result = ge.run(asked(space, epochs=["first half"], **extra), recording)
        assert alike(result.filters["movie field"]) > 0.85, space
        term = result.terms[0]
        assert len(term.projection) == len(term.projected)
        other = simulated(bins=1000, seed=5)
        explained = float(result.score(other)["deviance_explained"].values[0])
        assert explained > 0.1, space
    assert any("no p-value" in note for note in ge.run(asked("sta"), recording).notes)


def test_all_components_are_the_fit_of_each_pixel():
    recording = simulated(bins=1500)
    each = ge.run(asked("each"), recording).filters["movie field"]
    components = ge.run(asked("pca", components=20), recording).filters["movie field"]
    for name in ("filter", "low", "high"):
        np.testing.assert_allclose(components[name], each[name], atol=1e-6)


@pytest.mark.parametrize(
    ("term", "field", "words"),
    [
        ({"variable": "film"}, "variable", "no 'film'"),
        ({"variable": "level"}, "variable", "one channel"),
        ({"space": "separable", "rank": 6}, "rank", "rank 6 is more than"),
        ({"space": "pca", "components": 21}, "components", "21 components of 20 channels"),
        ({"space": "given"}, "filter_file", "no filter is given"),
        ({"space": "given", "filter_file": "absent.npy"}, "filter_file", "neither beside the analysis file nor in"),
    ],
)
def test_what_does_not_fit_the_stimulus_is_said_with_its_field(term, field, words):
    with pytest.raises(ge.GlmError, match=words) as caught:
        ge.run(asked().with_(terms=(asked().terms[0].with_(**term),)), simulated(bins=200))
    assert caught.value.field == f"terms.0.{field}"


def test_a_filter_of_another_size_or_with_gaps_is_refused(tmp_path):
    for values, words in ((np.ones(7), "7 numbers"), (np.full(20, np.nan), "not finite")):
        np.save(tmp_path / "odd.npy", values)
        with pytest.raises(ge.GlmError, match=words) as caught:
            ge.run(asked("given", filter_file=str(tmp_path / "odd.npy")), simulated(bins=200))
        assert caught.value.field == "terms.0.filter_file"


def test_frames_with_holes_leave_out_the_bins_that_look_back_on_them():
    recording = simulated(bins=400)
    movie = recording.covariates["movie"]
    frames = movie.data.values.copy()
    frames[100, 2, 2] = np.nan
    holed = nap.TsdTensor(t=movie.data.t, d=frames, time_support=movie.data.time_support)
    from dataclasses import replace

    from glmengine.design.prepare import prepare

    covariates = {**recording.covariates, "movie": replace(movie, data=holed)}
    valid = prepare(asked("separable"), replace(recording, covariates=covariates)).design.valid
    assert not valid[101 : 101 + LAGS].any()
    assert valid[LAGS:100].all()
    assert valid[101 + LAGS :].all()


def test_a_penalty_that_makes_zeros_and_a_silent_unit():
    with pytest.raises(ge.GlmError, match="makes zeros") as caught:
        ge.run(asked("separable", model={"penalty": "lasso"}), simulated(bins=400))
    assert caught.value.field == "model.penalty"
    recording = simulated(bins=400)
    spikes = recording.spikes
    quiet = nap.TsGroup({0: spikes[0], 1: nap.Ts(t=[])}, time_support=spikes.time_support)
    from dataclasses import replace

    result = ge.run(asked("separable"), replace(recording, spikes=quiet))
    assert list(result.scores["status"].values) == ["ok", "silent"]
    assert np.isneginf(result.intercepts.values[1])


def test_a_scale_of_the_stimulus_changes_nothing_but_the_unit():
    plain, tiny = (
        ge.run(asked("separable", strengths=(0.0,), model={"penalty": "none"}), simulated(bins=1500, scale=scale))
        for scale in (1.0, 1e-6)
    )
    np.testing.assert_allclose(tiny.filters["movie field"]["filter"] * 1e-6, plain.filters["movie field"]["filter"], atol=1e-6)


def test_a_fit_can_be_cancelled():
    class Impatient(ge.Context):
        asked = 0

        def check(self) -> None:
            self.asked += 1
            if self.asked > 40:
                raise ge.Cancelled

    with pytest.raises(ge.Cancelled):
        ge.run(asked("separable", folds=5), simulated(bins=2000), Impatient())


def test_fields_are_exported_with_maps_for_images_and_lags_for_channels(tmp_path):
    from glmengine.export import write_outputs
    from glmengine.figures import draw

    recording = simulated(bins=600)
    result = ge.run(asked("separable"), recording)
    write_outputs(result, tmp_path / "out", recording)
    assert (tmp_path / "out" / "coefficients.csv").exists()
    figure = draw(result, "filter", unit="seeing")
    assert figure.axes[0].get_ylim()[0] > figure.axes[0].get_ylim()[1]  # the first row of the image is at the top
    flat = result.filters["movie field"].assign_attrs(shape=np.array([20]))
    from dataclasses import replace

    figure = draw(replace(result, filters={"movie field": flat}), "filter", unit="seeing")
    assert figure.axes[0].get_ylabel() == "channel"
