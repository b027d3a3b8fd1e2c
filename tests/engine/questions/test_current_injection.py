"""What does the injected current do to this cell? On simulated cells whose filters are known, and on a real receptor."""

from __future__ import annotations

import numpy as np
import pytest

from glmengine.simulation.catalogue import sample, truth_of


@pytest.fixture(scope="module")
def sweeps():
    return sample("current-injection")


@pytest.fixture(scope="module")
def result(sweeps, ask):
    return ask("current-injection", sweeps)


@pytest.mark.parametrize(("unit", "least"), [("fast", 0.97), ("bursting", 0.97), ("regular", 0.9)])  # the last has fewest spikes
def test_the_filters_are_those_that_were_put_in(sweeps, result, unit, least):
    truth = next(one for one in truth_of(sweeps)["units"] if one["name"] == unit)
    for term, key in (("current filter", "filter"), ("history", "history")):
        found = result.filters[term]["filter"].sel(unit=unit).values.ravel()
        assert np.corrcoef(found, truth[key])[0, 1] > least, term


def test_each_memory_gains_on_held_out_time(sweeps, result, ask):
    bits = [
        one.scores["bits_per_spike_heldout"].values
        for one in (ask("current-injection/instantaneous", sweeps), ask("current-injection/filter", sweeps), result)
    ]
    assert (bits[0] > 0).all()
    assert (bits[1] > bits[0] + 0.1).all()
    assert (bits[2] > bits[1] + 0.05).all()


def test_a_real_receptor_follows_its_stimulus_and_its_own_past(shared_data, ask):
    import glmengine as ge
    from glmengine.analysis.templates import template_for
    from glmengine.analysis.time import Time

    recording = ge.open_recording(shared_data / "grasshopper.nwb")
    result = ask("current-injection", recording, time=Time(bin_size=0.001))
    assert result.terms[0].variable == "amplitude_modulation"
    assert float(result.scores["deviance_explained_heldout"][0]) > 0.3
    finer = tuple(term.with_(basis=term.basis.with_(n=8)) for term in template_for("current-injection", recording).analysis.terms)
    result = ask("current-injection", recording, time=Time(bin_size=0.001), terms=finer)
    assert float(result.scores["deviance_explained_heldout"][0]) > 0.33
