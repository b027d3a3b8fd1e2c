"""Simulated sessions: seeded, with their truth, which the fit finds again within its own intervals."""

from __future__ import annotations

import numpy as np
import pytest

from glmengine.errors import GlmError
from glmengine.recording.binned import count_spikes
from glmengine.recording.derived.quantities import compute_derived
from glmengine.simulation.catalogue import SAMPLES, sample, sample_analysis, truth_of
from glmengine.simulation.samples import session
from glmengine.simulation.spike_counts import simulate_counts, spikes_from_counts


def test_the_seed_decides_everything():
    rng = [np.random.default_rng(seed) for seed in (1, 1, 2)]
    drive = np.full((2000, 3), np.log(0.1))
    kernels = np.zeros((3, 4, 3))
    kernels[0, :, 1] = 0.5
    one, same, other = (simulate_counts(drive, kernels, generator) for generator in rng)
    np.testing.assert_array_equal(one, same)
    assert (one != other).any()


def test_counts_follow_drive_and_past():
    rng = np.random.default_rng(0)
    kernels = np.zeros((2, 1, 2))
    kernels[0, 0, 1] = np.log(3.0)  # a spike of the first triples the second's rate in the next bin
    counts = simulate_counts(np.full((200_000, 2), np.log(0.05)), kernels, rng)
    after, otherwise = counts[1:, 1][counts[:-1, 0] == 1], counts[1:, 1][counts[:-1, 0] == 0]
    assert counts[:, 0].mean() == pytest.approx(0.05, rel=0.03)
    assert after.mean() / otherwise.mean() == pytest.approx(3.0, rel=0.06)


def test_without_a_past_all_bins_are_drawn_at_once_and_as_one_by_one():
    drive = np.random.default_rng(0).normal(-1.5, 1.0, (3000, 4))
    nothing, next_to_nothing = np.zeros((4, 2, 4)), np.full((4, 2, 4), 1e-300)
    at_once, one_by_one = (simulate_counts(drive, kernels, np.random.default_rng(1)) for kernels in (nothing, next_to_nothing))
    assert at_once.max() > 1
    np.testing.assert_array_equal(at_once, one_by_one)


def test_every_spike_stays_in_its_bin():
    rng = np.random.default_rng(0)
    counts = rng.poisson(0.7, (500, 2))
    spikes = spikes_from_counts(counts, 0.02, rng, start=10.0)
    for unit in range(2):
        found = np.histogram(spikes[unit].t, bins=10.0 + 0.02 * np.arange(501))[0]
        np.testing.assert_array_equal(found, counts[:, unit])


def test_an_unknown_sample_lists_those_there_are():
    with pytest.raises(GlmError, match="head-direction-place"):
        sample("nothing")


def test_a_recording_that_was_not_simulated_has_no_truth(small_recording):
    with pytest.raises(GlmError, match="not a simulated"):
        truth_of(small_recording)


@pytest.mark.parametrize("name", SAMPLES)
def test_every_sample_has_truth_spikes_and_an_analysis_that_names_its_variables(name):
    recording = sample(name, 1)
    truth = truth_of(recording)
    assert (truth["sample"], truth["seed"]) == (name, 1)
    assert [unit["name"] for unit in truth["units"]] == list(recording.unit_names)
    if recording.spikes is not None:
        totals = [len(recording.spikes[unit]) for unit in range(len(recording.unit_names))]
        assert min(totals) > 150
        assert max(totals) / recording.duration < 100
    analysis = sample_analysis(name)
    variables = {factor.variable for term in analysis.terms if term.kind == "covariate" for factor in term.factors}
    variables |= {term.variable for term in analysis.terms if term.kind == "filter"}
    fields = {term.variable for term in analysis.terms if term.kind == "receptive_field"}
    assert fields <= set(recording.covariates)
    assert {term.events for term in analysis.terms if term.kind == "event"} <= set(recording.events)
    assert variables <= set(compute_derived(analysis.derived, recording, None).variables)


def test_calcium_signals_are_fitted_as_they_were_made(tmp_path):
    import glmengine as ge
    from glmengine.export.nwb import write_nwb
    from glmengine.simulation.samples import calcium

    write_nwb(sample("calcium", 2), tmp_path / "c.nwb")
    recording = ge.open_recording(tmp_path / "c.nwb")
    result = ge.run(sample_analysis("calcium"), recording)
    curve, shares = result.curves["head_direction"], []
    for unit in truth_of(sample("calcium", 2))["units"]:
        one = curve.sel(unit=unit["name"])
        expected = calcium.tuning(unit, curve["head_direction"].values)
        shares.append(np.mean((one["effect_link_low"].values <= expected) & (expected <= one["effect_link_high"].values)))
    assert np.mean(shares) > 0.88
    assert (result.scores["deviance_explained_heldout"] > 0.05).all()


def test_the_current_filters_and_histories_are_found_again(tmp_path):
    import glmengine as ge
    from glmengine.export.nwb import write_nwb

    recording = sample("current-injection", 3)
    write_nwb(recording, tmp_path / "c.nwb")
    again = ge.open_recording(tmp_path / "c.nwb")
    assert list(again.trials["sweeps"].get_info("stimulus")) == ["step"] * 8 + ["noise"] * 32
    assert len(again.epochs["all"]) == len(again.epochs["sweeps"]) == 40
    question = sample_analysis("current-injection")
    question = question.with_(model=question.model.with_(strengths=(1e-8,)), validation=question.validation.with_(folds=0))
    result, truth = ge.run(question, again), truth_of(again)
    for label, key in (("current filter", "filter"), ("history", "history")):
        found = result.filters[label]
        np.testing.assert_allclose(found["lag_s"], truth[f"{key}_lag_s"], atol=1e-9)
        inside = []
        for unit in truth["units"]:
            one = found.sel(unit=unit["name"])
            tall = (one["high"] - one["low"]).values > 0
            expected = np.array(unit[key])
            inside.append(((one["low"].values <= expected) & (expected <= one["high"].values))[tall].mean())
        assert np.mean(inside) > 0.8, label


def explained_by_truth(recording, parts: dict[str, np.ndarray], bin_size: float):
    """Coefficients and errors of the true contributions to the log rate of each unit: 1 where the sample is as it says."""
    import glmengine as ge
    from glmengine.analysis.analysis import Time
    from glmengine.analysis.time_grid import make_grid

    grid = make_grid(Time(bin_size=bin_size), recording)
    counts = count_spikes(recording, grid)
    past, truth = np.array(truth_of(recording)["history"]), truth_of(recording)
    found = []
    for index, unit in enumerate(truth["units"]):
        own = np.convolve(counts[:, index], np.concatenate([[0.0], past]))[: len(counts)]
        X = np.column_stack([own, *parts.get(unit["name"], [])])
        fit = ge.fit(X, counts[:, [index]], penalty=ge.NoPenalty())
        found.append((fit.coef[:, 0], fit.standard_errors[:, 0], fit.intercept[0] - np.log(unit["base_hz"] * bin_size)))
    return found


def test_white_noise_cells_see_through_their_filters(tmp_path):
    import glmengine as ge
    from glmengine.export.nwb import write_nwb
    from glmengine.simulation.samples import noise

    recording = sample("white-noise", 4)
    write_nwb(recording, tmp_path / "w.nwb")
    again = ge.open_recording(tmp_path / "w.nwb")
    frames = again.covariates["stimulus"]
    assert (frames.data.shape, frames.kind, frames.components[13]) == ((30_000, 12, 12), "step", "1,1")
    np.testing.assert_array_equal(frames.data.values, recording.covariates["stimulus"].data.values)
    units = truth_of(again)["units"]
    ranks = [np.linalg.matrix_rank(noise.filter_of(unit).reshape(noise.LAGS, -1), tol=1e-3) for unit in units]
    assert ranks == [unit["rank"] for unit in units] == [1, 1, 1, 1, 2, 2]
    parts = {unit["name"]: [noise.seen(unit, frames.data.values)] for unit in units}
    for coef, error, intercept in explained_by_truth(again, parts, noise.FRAME):
        assert (np.abs(coef - 1.0) < 4 * error).all()
        assert error[1] < 0.04
        assert abs(intercept) < 0.1
    # and the filter is where the spikes say: the mean frame before a spike has its extreme at the centre
    spikes = again.spikes[0].t
    average = frames.data.values[np.clip((spikes / noise.FRAME).astype(int) - 2, 0, None)].mean(axis=0)
    assert np.unravel_index(np.abs(average).argmax(), average.shape) == (3, 3)


def test_receptive_fields_are_found_again():
    import glmengine as ge
    from glmengine.simulation.samples import noise

    recording = sample("white-noise", 7)
    question = sample_analysis("white-noise")
    question = question.with_(model=question.model.with_(strengths=(1e-4,)), validation=question.validation.with_(folds=0))
    result = ge.run(question, recording)
    (found,) = (filters for label, filters in result.filters.items() if "stimulus" in label)
    for unit in truth_of(recording)["units"]:
        expected = noise.filter_of(unit).reshape(noise.LAGS, -1).T
        one = found["filter"].sel(unit=unit["name"]).transpose("channel", "lag_s").values
        # seen through one average, only filters of rank 1 can be found whole
        assert np.corrcoef(one.ravel(), expected.ravel())[0, 1] > (0.9 if unit["rank"] == 1 else 0.7)
        assert np.linalg.norm(one) == pytest.approx(np.linalg.norm(expected), rel=0.25)


def test_decision_cells_follow_the_events(tmp_path):
    import glmengine as ge
    from glmengine.export.nwb import write_nwb
    from glmengine.simulation.samples import decision

    recording = sample("decision-task", 5)
    write_nwb(recording, tmp_path / "d.nwb")
    again = ge.open_recording(tmp_path / "d.nwb")
    assert set(again.events) == {"stimulus", "choice", "reward", "trials_start"}
    trials = again.trials["trials"]
    task = {name: np.asarray(trials.get_info(name)) for name in trials.metadata_columns}
    assert set(task) == {"side", "strength", "evidence", "choice", "outcome", "reaction_time"}
    correct = task["outcome"] == "correct"
    assert len(again.events["reward"]) == correct.sum()
    np.testing.assert_array_equal(task["side"] == task["choice"], correct)
    assert correct[task["strength"] > 0.3].mean() > correct[task["strength"] < 0.15].mean() + 0.1
    bin_size, lags = decision.BIN_SIZE, np.array(truth_of(again)["lag_s"])
    n_bins = round(again.duration / bin_size)
    parts = {}
    for unit in truth_of(again)["units"]:
        for kernel in unit["kernels"]:
            times, scale = again.events[kernel["event"]].t, decision.scale_of(kernel["by"], task)
            impulses = np.bincount(
                (times / bin_size).astype(int), weights=scale[correct] if kernel["event"] == "reward" else scale
            )
            full = np.convolve(impulses, kernel["kernel"])[round(-lags[0] / bin_size) :]
            parts.setdefault(unit["name"], []).append(np.pad(full, (0, max(0, n_bins - len(full))))[:n_bins])
    for coef, error, intercept in explained_by_truth(again, parts, bin_size):
        assert (np.abs(coef - 1.0) < 4 * error).all()
        assert (error[1:] < 0.25).all()
        assert abs(intercept) < 0.15


def test_kernels_around_events_are_found_again(tmp_path):
    import glmengine as ge
    from glmengine.export.nwb import write_nwb

    write_nwb(sample("decision-task", 6), tmp_path / "d.nwb")
    recording = ge.open_recording(tmp_path / "d.nwb")
    question = sample_analysis("decision-task")
    question = question.with_(model=question.model.with_(strengths=(1e-7,)), validation=question.validation.with_(folds=0))
    result, truth = ge.run(question, recording), truth_of(recording)
    lags = np.rint(np.array(truth["lag_s"]) / truth["bin_size"])
    inside = {"given": [], "none": []}
    labels = {"": "{event}", "evidence": "{event} x evidence", "strength": "{event} x strength", "left": "left", "right": "right"}
    for unit in truth["units"]:
        given = {(one["event"], labels[one["by"]].format(event=one["event"])): one["kernel"] for one in unit["kernels"]}
        if ("choice", "choice") in given:  # the same after either choice
            given |= dict.fromkeys([("choice", "left"), ("choice", "right")], given.pop(("choice", "choice")))
        for event in ("stimulus", "choice", "reward"):
            found = result.filters[event].sel(unit=unit["name"])
            rows = np.searchsorted(lags, np.rint(found["lag_s"].values / truth["bin_size"]))
            for condition in found["condition"].values:
                expected = np.array(given.get((event, str(condition)), np.zeros(len(lags))))[rows]
                one = found.sel(condition=condition)
                share = ((one["low"].values <= expected) & (expected <= one["high"].values)).mean()
                inside["given" if (event, str(condition)) in given else "none"].append(share)
    assert np.mean(inside["given"]) > 0.85
    assert np.mean(inside["none"]) > 0.85
    assert len(inside["given"]) == 13


def test_the_walk_covers_the_box_and_stays_in_it(demo_recording):
    position = demo_recording.covariates["position"].data.values
    assert position.min() > 0.0
    assert position.max() < session.BOX
    occupied = np.histogram2d(*position.T, bins=5, range=[[0, session.BOX]] * 2)[0]
    assert (occupied > 300).all()


# --- the fit of the demonstration against the truth


@pytest.fixture(scope="module")
def recovered(demo_recording):
    """Two sessions fitted with hardly any penalty, which would draw the estimates away from the truth."""
    import glmengine as ge

    question = ge.demo_analysis()
    question = question.with_(model=question.model.with_(strengths=(1e-5,)), validation=question.validation.with_(folds=0))
    return [(ge.run(question, recording), recording) for recording in (demo_recording, sample("head-direction-place", 1))]


def mean_past(truth, recording, unit) -> float:
    """What all units' past adds on average to the log rate of `unit`: its kernels times the mean counts."""
    names = list(recording.unit_names)
    rate = {name: len(recording.spikes[index]) / recording.duration * truth["bin_size"] for index, name in enumerate(names)}
    total = sum(truth["history"]) * rate[unit]
    return total + sum(sum(pair["filter"]) * rate[pair["source"]] for pair in truth["coupling"] if pair["target"] == unit)


def holds(curve, unit: str, expected: np.ndarray) -> np.ndarray:
    """Where the interval of the effect on the link scale holds the truth."""
    one = curve.sel(unit=unit)
    return (one["effect_link_low"].values <= expected) & (expected <= one["effect_link_high"].values)


def test_every_unit_converges_and_beats_a_constant_rate_on_held_out_time(demo_result):
    assert demo_result.converged
    assert (demo_result.scores["deviance_explained_heldout"] > 0.05).all()
    assert (demo_result.scores["bits_per_spike_heldout"] > 0).all()


def test_history_filters_hold_the_truth(recovered):
    shares = []
    for result, recording in recovered:
        truth, found = truth_of(recording), result.filters["history"]
        np.testing.assert_allclose(found["lag_s"], truth["lag_s"], atol=1e-12)
        shares.append(
            float(((found["low"] <= np.array(truth["history"])) & (np.array(truth["history"]) <= found["high"])).mean())
        )
        assert float((found["high"] - found["low"]).mean()) < 0.6  # and the intervals say something
    assert np.mean(shares) > 0.82


def test_coupling_filters_hold_the_truth(recovered):
    result, recording = recovered[0]
    truth, found = truth_of(recording), result.filters["coupling"]
    real = np.zeros((len(found["unit"]), len(found["source"]), found.sizes["lag_s"]))
    units, sources = list(found["unit"].values), list(found["source"].values)
    for pair in truth["coupling"]:
        real[units.index(pair["target"]), sources.index(pair["source"])] = pair["filter"]
    values = found.transpose("unit", "source", "lag_s")
    known = np.isfinite(values["low"].values)
    inside = (values["low"].values <= real) & (real <= values["high"].values)
    assert 0.90 < inside[known].mean() < 1.0


def test_the_pairs_that_are_coupled_are_found_and_hardly_any_other(recovered):
    result, recording = recovered[0]
    p = result.coupling["p"]
    threshold = 0.05 / int(np.isfinite(p).sum())
    real = {(pair["target"], pair["source"]) for pair in truth_of(recording)["coupling"]}
    found = {
        (str(unit), str(source))
        for unit in p["unit"].values
        for source in p["source"].values
        if float(p.sel(unit=unit, source=source)) < threshold
    }
    assert len(found & real) >= 0.6 * len(real)
    assert len(found - real) <= 1


def test_effects_of_head_direction_hold_the_truth(recovered):
    shares = []
    for result, recording in recovered:
        truth, position = truth_of(recording), recording.covariates["position"].data.values
        direction, curve = recording.covariates["head_direction"].data.values, result.curves["head_direction"]
        angles = curve["head_direction"].values
        for unit in truth["units"]:
            if unit["kind"] == "head direction":
                tuning = session.log_tuning(unit, angles, np.zeros_like(angles), np.zeros_like(angles))
            else:
                tuning = np.full(len(angles), session.log_tuning(unit, direction, *position.T).mean())
            shares.append(
                holds(curve, unit["name"], tuning + mean_past(truth, recording, unit["name"]) + np.log(truth["bin_size"])).mean()
            )
    assert np.mean(shares) > 0.82


def test_effects_of_place_hold_the_truth_where_the_animal_went(recovered):
    shares = []
    for result, recording in recovered:
        truth, direction = truth_of(recording), recording.covariates["head_direction"].data.values
        curve = result.curves["position"]
        x, y = np.meshgrid(curve["position.x"].values, curve["position.y"].values, indexing="ij")
        visited = curve["occupancy_s"].values > 0.2
        for unit in truth["units"]:
            if unit["kind"] == "place":
                tuning = session.log_tuning(unit, np.zeros_like(x), x, y)
            else:
                tuning = np.full(x.shape, session.log_tuning(unit, direction, direction, direction).mean())
            inside = holds(curve, unit["name"], tuning + mean_past(truth, recording, unit["name"]) + np.log(truth["bin_size"]))
            shares.append(inside[visited].mean())
    assert np.mean(shares) > 0.88


def test_model_tuning_follows_the_data(demo_result):
    for label in ("head_direction", "position"):
        curve = demo_result.curves[label]
        enough = curve["occupancy_s"].values > 1.0
        data, model = curve["data_hz"].values[:, enough], curve["tuning_hz"].values[:, enough]
        correlations = [np.corrcoef(data[unit], model[unit])[0, 1] for unit in range(len(data))]
        assert np.median(correlations) > 0.7
