"""Does this place cell precess against theta? On simulated cells of which it is known in which direction they fire."""

from __future__ import annotations

import numpy as np
import pytest

from glmengine.simulation.catalogue import sample, truth_of

CELLS = ("place5", "place6")  # one of each direction


@pytest.fixture(scope="module")
def track():
    return sample("linear-track-theta")


@pytest.fixture(scope="module")
def result(track, ask):
    return ask("place-theta", track, units=CELLS)


@pytest.mark.parametrize("unit", CELLS)
def test_the_phase_falls_along_the_way_through_the_field_whose_centre_is_found(track, result, unit):
    truth = next(one for one in truth_of(track)["units"] if one["name"] == unit)
    curve = result.curves["position x phase"].sel(unit=unit)
    rate, position = curve["effect_hz"].transpose("position", "theta_phase").values, curve["position"].values
    assert abs(position[np.argmax(rate.mean(axis=1))] - truth["centre"]) <= np.diff(position)[0]
    inside = np.abs(position - truth["centre"]) < truth["width"]
    phase = np.unwrap(np.angle(rate[inside] @ np.exp(1j * curve["theta_phase"].values)))
    slope = np.polyfit(truth["direction"] * position[inside], phase, 1)[0]
    assert -0.16 < slope < -0.05  # rad/cm; the truth is -pi / (2 width), -0.11


def test_precession_needs_position_and_phase_jointly(track, result, ask):
    apart = ask("place-theta/apart", track, units=CELLS)
    gain = (result.scores["deviance_explained_heldout"] - apart.scores["deviance_explained_heldout"]).sel(unit="place5")
    assert float(gain) > 0.01


def test_odd_laps_foretell_even_ones_and_the_other_way_round(track, result, ask):
    laps = ask("place-theta/odd-even", track, units=CELLS)
    assert laps.cv.sizes["fold"] == 2
    scores = [one.scores["deviance_explained_heldout"].sel(unit=list(CELLS)).values for one in (laps, result)]
    assert (scores[0] > 0.1).all()
    assert np.abs(scores[0] - scores[1]).max() < 0.02


@pytest.mark.parametrize("unit", CELLS)
def test_the_band_of_speed_holds_a_constant_for_cells_that_do_not_follow_it(result, unit):
    curve = result.curves["speed"].sel(unit=unit)
    assert float(curve["effect_link_low_simultaneous"].max()) < float(curve["effect_link_high_simultaneous"].min())
