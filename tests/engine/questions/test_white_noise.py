"""What does this visual cell see? On simulated cells whose filters over space and time are known."""

from __future__ import annotations

import numpy as np
import pytest

from glmengine.simulation.catalogue import sample, truth_of

CELLS = ("cell1", "cell3")


@pytest.fixture(scope="module")
def noise():
    return sample("white-noise")


@pytest.fixture(scope="module")
def result(noise, ask):
    return ask("white-noise", noise, units=CELLS)


@pytest.mark.parametrize("unit", CELLS)
def test_the_filter_over_space_and_time_is_the_one_that_was_put_in(noise, result, unit):
    truth = next(one for one in truth_of(noise)["units"] if one["name"] == unit)
    true = np.einsum("rl,rij->lij", truth["time"], truth["space"])
    found = result.filters["stimulus field"]["filter"].sel(unit=unit).transpose("lag_s", "channel").values
    assert np.corrcoef(found.ravel(), true.ravel())[0, 1] > 0.95
    brightest = np.unravel_index(np.argmax(np.abs(found)), found.shape)
    assert np.sign(found[brightest]) == np.sign(true.reshape(found.shape)[brightest])


def test_the_nonlinearity_is_an_exponential(noise, result):
    """Counted rates in ten groups of bins, sorted by the rate that the model predicts, from 2 to 40 Hz."""
    tenths = result.goodness(noise).calibration.sel(unit=CELLS[0])
    assert float(tenths["expected_hz"].max() / tenths["expected_hz"].min()) > 15
    assert float(np.abs(tenths["z"]).max()) < 3
    np.testing.assert_allclose(tenths["observed_hz"], tenths["expected_hz"], rtol=0.1)


def test_each_cell_is_predicted_on_held_out_time(result):
    assert (result.scores["deviance_explained_heldout"].values > 0.1).all()
