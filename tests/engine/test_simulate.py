"""Simulated sessions: seeded, with their truth, which the fit finds again within its own intervals."""

from __future__ import annotations

import numpy as np
import pytest

from glmengine.errors import GlmError
from glmengine.samples import session
from glmengine.simulate import SAMPLES, sample, sample_analysis, simulate_counts, spikes_from_counts, truth_of


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
    variables = [factor.variable for term in sample_analysis(name).terms if term.kind == "covariate" for factor in term.factors]
    assert set(variables) <= set(recording.variables)


def test_calcium_signals_are_fitted_as_they_were_made(tmp_path):
    import glmengine as ge
    from glmengine.export.nwb import write_nwb
    from glmengine.samples import calcium

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
