"""Would the model's spikes look like the neuron's? Only with the cell's own past in the model does a bursting cell burst."""

from __future__ import annotations

import pytest

import glmengine as ge
from glmengine.simulation.catalogue import sample

CELLS = ("bursting", "regular")


@pytest.fixture(scope="module")
def agreement(ask):
    sweeps = sample("current-injection")
    results = {name: ask(name, sweeps, units=CELLS) for name in ("surrogates", "surrogates/without-history")}
    return {name: ge.compare_surrogates(one.simulate(sweeps, repeats=20, seed=1)).agreement for name, one in results.items()}


@pytest.mark.parametrize("unit", CELLS)
def test_the_rate_agrees_either_way_and_the_intervals_with_a_past_alone(agreement, unit):
    full, without = (agreement[name].sel(unit=unit) for name in ("surrogates", "surrogates/without-history"))
    assert float(full["rate"]) > 0.9
    assert float(without["rate"]) > 0.9
    assert float(full["burst"]) == 1
    assert float(without["burst"]) == 0
    for statistic in ("isi", "autocorrelogram"):
        assert float(full[statistic]) > 0.88
        assert float(full[statistic]) > float(without[statistic]) + 0.05
