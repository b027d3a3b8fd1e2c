"""A fitted model on other recordings: other units of measure are refused, missing units have no score, other sampling is no matter."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pynapple as nap
import pytest

import glmengine as ge
from glmengine.analysis.analysis import Analysis
from glmengine.errors import GlmError


def scaled(recording, name, factor, unit):
    """The recording with a covariate in another unit of measure."""
    covariate = recording.covariates[name]
    data = covariate.data
    values = np.asarray(data.values) * factor
    made = (
        nap.Tsd(data.t, values, time_support=data.time_support)
        if data.ndim == 1
        else nap.TsdFrame(data.t, values, columns=list(data.columns), time_support=data.time_support)
    )
    return recording.with_covariates(replace(covariate, data=made, unit=unit))


@pytest.fixture(scope="module")
def tuned(small_recording):
    analysis = Analysis.from_dict(
        {
            "time": {"bin_size": 0.05, "conditions": [{"variable": "speed", "above": 0.5}]},
            "derived": [{"kind": "speed", "source": "position"}],
            "terms": [
                {
                    "kind": "covariate",
                    "factors": [{"variable": f"position.{axis}", "basis": {"family": "b_spline", "n": 5}} for axis in "xy"],
                }
            ],
            "model": {"strengths": [1e-4]},
            "validation": {"folds": 0},
        }
    )
    return ge.run(analysis, small_recording)


def test_other_units_of_measure_are_refused_and_named(tuned, small_recording):
    assert tuned.provenance["measures"] == {"position": "cm", "speed": "cm/s"}
    metres = scaled(small_recording, "position", 0.01, "m")
    for ask in (tuned.predict, tuned.score):
        with pytest.raises(GlmError, match="'position' is in m, but the model was fitted to it in cm"):
            ask(metres)


def test_an_unknown_unit_and_results_that_do_not_know_theirs_are_taken_to_be_right(tuned, small_recording, tmp_path):
    unknown = scaled(small_recording, "position", 1.0, "")
    assert tuned.predict(unknown).equals(tuned.predict(small_recording))
    without = {name: value for name, value in tuned.provenance.items() if name != "measures"}
    metres = scaled(small_recording, "position", 0.01, "m")
    assert replace(tuned, provenance=without).predict(metres).sizes["unit"] == 3
    tuned.save(tmp_path / "a.nc")
    with pytest.raises(GlmError, match="bring it to cm first"):
        ge.Result.load(tmp_path / "a.nc").predict(metres)


def test_covariates_that_the_model_does_not_name_may_be_in_anything(tuned, small_recording):
    degrees = scaled(small_recording, "head_direction", 180 / np.pi, "deg")
    assert tuned.predict(degrees).equals(tuned.predict(small_recording))


def without(recording, unit):
    kept = [at for at, name in enumerate(recording.unit_names) if name != unit]
    spikes = nap.TsGroup({new: recording.spikes[at] for new, at in enumerate(kept)}, time_support=recording.epochs["all"])
    names = tuple(recording.unit_names[at] for at in kept)
    return replace(recording, unit_names=names, spikes=spikes, unit_table=None)


def test_units_that_a_recording_lacks_have_no_score_and_the_others_theirs(tuned, small_recording):
    whole, part = tuned.score(small_recording), tuned.score(without(small_recording, "place"))
    for unit in ("hd", "flat"):
        for name in ("n_spikes", "deviance_explained", "log_likelihood"):
            assert float(part[name].sel(unit=unit)) == float(whole[name].sel(unit=unit))
    assert int(part["n_bins"].sel(unit="place")) == 0
    assert np.isnan(float(part["deviance_explained"].sel(unit="place")))


def test_a_recording_of_other_units_and_a_missing_past_are_still_refused(tuned, small_result, small_recording):
    other = replace(small_recording, unit_names=("x", "y", "z"), unit_table=None)
    with pytest.raises(GlmError, match="has no unit 'hd'"):
        tuned.score(other)
    with pytest.raises(GlmError, match="no unit 'place'"):
        small_result.score(without(small_recording, "place"))


def test_slower_tracking_changes_little(tuned, small_recording):
    covariate = small_recording.covariates["position"]
    data = covariate.data
    slow = nap.TsdFrame(data.t[::5], data.values[::5], columns=list(data.columns), time_support=data.time_support)
    found = tuned.score(small_recording.with_covariates(replace(covariate, data=slow)))
    expected = tuned.score(small_recording)
    assert float(found["deviance_explained"].sel(unit="place")) == pytest.approx(
        float(expected["deviance_explained"].sel(unit="place")), abs=0.01
    )
