"""Izhikevich neurons, and what GLMs with history make of two of them; all eight are in tests/studies."""

from __future__ import annotations

import numpy as np
import pytest

import glmengine as ge
from glmengine.errors import GlmError
from glmengine.simulation.samples import izhikevich


def by_step(times: np.ndarray, steps: int) -> list[np.ndarray]:
    """Spikes from the onset of each step of current, the first left out."""
    starts = np.arange(1, steps) * 1.0 + izhikevich.OFF
    return [times[(times >= start) & (times < start + izhikevich.ON)] - start for start in starts]


def test_known_behaviours():
    """As in figure 1 of Izhikevich 2004: one spike, a regular train, a train of bursts, a rate that rises from nothing."""
    phasic = by_step(izhikevich.make("phasic spiking", steps=4).spikes[0].t, 4)
    assert [len(step) for step in phasic] == [1, 1, 1]
    tonic = by_step(izhikevich.make("tonic spiking", steps=4).spikes[0].t, 4)
    assert all(np.ptp(np.diff(step)[4:]) < 0.01 for step in tonic)
    bursts = by_step(izhikevich.make("tonic bursting", steps=4).spikes[0].t, 4)
    assert all((np.diff(step) > 0.03).sum() >= 4 for step in bursts)
    rates = [len(step) for step in by_step(izhikevich.make("class I", steps=8).spikes[0].t, 8)]
    assert rates == sorted(rates)
    assert 0 < rates[0] < 0.3 * rates[-1]
    again = izhikevich.make("class I", steps=8)
    assert izhikevich.make("class I", steps=8).spikes[0].t.tolist() == again.spikes[0].t.tolist()
    with pytest.raises(GlmError, match="no Izhikevich neuron 'rebound'"):
        izhikevich.make("rebound")


@pytest.mark.parametrize("behaviour", ["phasic spiking", "tonic bursting"])
def test_a_model_with_history_does_the_same(behaviour):
    steps = 12
    result = ge.run(izhikevich.analysis(), izhikevich.make(behaviour, 0, steps))
    other = izhikevich.make(behaviour, 1, steps)
    made = result.simulate(other, repeats=4, seed=1)
    neuron = by_step(other.spikes[0].t, steps)
    model = [step for repeat in range(4) for step in by_step(made.grid.centres[made.spikes_of(repeat, 0)[0]], steps)]
    counts, others = np.array([len(step) for step in neuron]), np.array([len(step) for step in model])
    assert others.mean() == pytest.approx(counts.mean(), rel=0.1)
    if behaviour == "phasic spiking":
        assert (others == 1).mean() > 0.9
    else:
        short, of_model = (np.mean(np.concatenate([np.diff(step) for step in one]) < 0.015) for one in (neuron, model))
        assert of_model == pytest.approx(short, abs=0.06)
        assert np.mean([(np.diff(step) > 0.015).sum() for step in model]) == pytest.approx(
            np.mean([(np.diff(step) > 0.015).sum() for step in neuron]), rel=0.2
        )
