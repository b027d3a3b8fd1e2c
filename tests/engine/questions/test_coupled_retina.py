"""What do cells tell each other that the stimulus does not? On simulated ganglion cells, and history and coupling on real cortical ones."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest

import glmengine as ge
from glmengine.analysis.analysis import Model, Time
from glmengine.analysis.templates import template_for
from glmengine.analysis.validation import Validation
from glmengine.simulation.catalogue import sample, truth_of

CELLS = ("on1", "on2", "off1", "off2")


@pytest.fixture(scope="module")
def retina():
    return sample("coupled-retina")


@pytest.fixture(scope="module")
def results(retina, ask):
    half = Time(bin_size=0.005, epochs=("first half",))
    changes = {"time": half, "model": Model(strengths=(1e-5,)), "validation": Validation(folds=2)}
    return {name: ask(name, retina, units=CELLS, **changes) for name in ("coupled-retina", "coupled-retina/uncoupled")}


def test_receptive_fields_are_those_that_were_put_in(retina, results):
    for unit in (one for one in truth_of(retina)["units"] if one["name"] in CELLS):
        found = results["coupled-retina"].filters["stimulus field"]["filter"].sel(unit=unit["name"])
        time, _, space = np.linalg.svd(found.transpose("lag_s", "channel").values, full_matrices=False)
        sign = np.sign(space[0].sum())
        assert np.corrcoef(sign * space[0], np.ravel(unit["space"]))[0, 1] > 0.95
        early = sign * time[found["lag_s"].values < 0.08, 0].sum()
        assert early > 0 if unit["kind"] == "ON" else early < 0


def test_coupling_is_found_where_it_was_put_and_nowhere_else(retina, results):
    kinds = {(pair["target"], pair["source"]): pair["kind"] for pair in truth_of(retina)["coupling"]}
    strength, found = results["coupled-retina"].coupling["strength"], {"excites": [], "inhibits": [], "": []}
    for unit, source in permutations(CELLS, 2):
        found[kinds.get((unit, source), "")].append(float(strength.sel(unit=unit, source=source)))
    assert min(found["excites"]) > max(found[""])
    assert max(found["inhibits"]) < min(found[""])
    assert np.mean(found["excites"]) == pytest.approx(0.69, abs=0.2)
    assert np.mean(found["inhibits"]) == pytest.approx(-1.91, abs=0.5)
    assert abs(np.mean(found[""])) < 0.15


def test_coupling_adds_bits_per_spike_to_every_cell(results):
    bits = {name: one.scores["bits_per_spike_heldout"].values for name, one in results.items()}
    gain = bits["coupled-retina"] - bits["coupled-retina/uncoupled"]
    assert gain.min() > 0.03
    assert gain.mean() > 0.06


def test_surrogates_share_the_peak_of_neighbours_only_with_coupling(retina, results):
    peaks = {}
    for name, one in results.items():
        made = one.simulate(retina, repeats=3, seed=1)
        assert not made.ran_away.any()
        between = ge.compare_surrogates(made).cross_correlogram.sel(unit="on1", other="on2")
        soon = np.abs(between["lag"].values - 0.005) < 1e-9
        recorded, peaks[name] = float(between["data"].values[soon][0]), float(between["mean"].values[soon][0])
    assert recorded > 20  # Hz, of a cell whose mean is 10
    assert peaks["coupled-retina"] == pytest.approx(recorded, rel=0.2)
    assert peaks["coupled-retina/uncoupled"] < 0.6 * recorded


def test_real_cells_without_a_stimulus_are_told_so_and_their_history_explains_as_much_as_is_known(shared_data, ask):
    cortex = ge.open_recording(shared_data / "A2929-neurosuite")
    assert template_for("coupled-retina", cortex).lacking == (
        "It needs a stimulus of many channels (pixels, bands); the recording has none.",
    )
    busiest = tuple(np.array(cortex.unit_names)[np.argsort(-cortex.mean_rates)[:2]])
    result = ask("history", cortex, units=busiest, model=Model(strengths=(1e-5,)))
    explained = result.scores["deviance_explained_heldout"].sel(unit=list(busiest)).values
    assert (explained > np.array([0.37, 0.21])).all()
