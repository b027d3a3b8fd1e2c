"""Levels of activity show what the spikes and values themselves show."""

import numpy as np
import pytest

from glmgui.drawings.activity_levels import levels_of_spikes, levels_of_traces, shares_of_spikes, shares_of_traces
from glmgui.drawings.binned_units import spike_times, sums_in_stretches
from glmgui.plots import RasterPlot

SPAN = (10.0, 1010.0)
RNG = np.random.default_rng(0)
SPIKES = [np.sort(RNG.uniform(*SPAN, n)) for n in (40_000, 5_000, 0)]
SPIKES[0] = SPIKES[0][np.sin(SPIKES[0] / 7) > RNG.uniform(-1, 1, 40_000)]  # a rate that comes and goes


@pytest.mark.parametrize("edges", [np.linspace(10, 1010, 201), np.linspace(100, 400, 151), np.linspace(-50, 200, 101)])
def test_a_level_counts_what_the_spikes_count(edges):
    made = levels_of_spikes(SPIKES, SPAN)
    found, wanted = made.shares(edges), shares_of_spikes(SPIKES, edges)
    assert found.shape == wanted.shape
    assert np.corrcoef(found[:, 0], wanted[:, 0])[0, 1] > 0.9
    assert not found[:, 2].any()
    assert found.min() >= 0
    assert found.max() <= 1


def test_the_whole_of_a_level_is_every_spike():
    made = levels_of_spikes(SPIKES, SPAN)
    for level in made.levels:
        np.testing.assert_array_equal(level.sums.sum(axis=0), [len(own) for own in SPIKES])


def test_what_is_finer_than_the_finest_level_is_left_to_the_spikes():
    assert levels_of_spikes(SPIKES, SPAN).shares(np.linspace(20, 20.1, 101)) is None


def test_a_level_of_values_has_their_means_and_knows_what_is_missing():
    times = np.arange(SPAN[0], SPAN[1], 0.01)
    values = np.column_stack([np.sin(times / 50), np.full(len(times), np.nan), times])
    values[:30_000, 2] = np.nan
    made = levels_of_traces(times, values, SPAN)
    edges = np.linspace(*SPAN, 251)
    found, wanted = made.shares(edges), shares_of_traces(times, values, edges)
    np.testing.assert_allclose(found, wanted, atol=0.02)
    assert not found[:, 1].any()
    assert not found[:70, 2].any()


def test_counts_of_any_kind_become_the_same_spike_times_block_by_block(monkeypatch):
    monkeypatch.setattr("glmgui.drawings.activity_levels._ROWS", 40)
    times = np.arange(100) * 0.1
    counts = RNG.poisson(0.3, (100, 4))
    wanted = [np.repeat(times, counts[:, unit]) for unit in range(4)]
    floats = counts.astype(float)
    floats[counts[:, 0] == 0, 0] = np.nan
    for kind in (counts.astype(np.uint8), counts, floats):
        for found, own in zip(spike_times(times, kind), wanted, strict=True):
            np.testing.assert_array_equal(found, own)
    sums, known = sums_in_stretches(times, floats, 7, (0.0, 10.0))
    np.testing.assert_allclose(sums.sum(axis=0), counts.sum(axis=0))
    assert known[:, 1].sum() == 100
    assert known[:, 0].sum() == np.isfinite(floats[:, 0]).sum()


def test_a_click_on_a_unit_counts_nothing_again(qtbot, monkeypatch):
    plot = RasterPlot()
    qtbot.addWidget(plot)
    plot.resize(400, 200)
    times = {str(unit): own for unit, own in enumerate(SPIKES)}
    plot.set_spikes(times, SPAN, levels_of_spikes(SPIKES, SPAN))
    assert plot._density.isVisible()
    monkeypatch.setattr("glmgui.drawings.activity_levels.ActivityLevels.shares", None)
    plot.set_selected("1")
    shades = plot._density.image
    assert (shades[:, 2:4] >= 128).all()
    assert (shades[:, :2] < 128).all()
