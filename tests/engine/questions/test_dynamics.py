"""Can a model of spikes alone do what this neuron does? Models of Izhikevich neurons, run by themselves; all eight are in tests/studies."""

from __future__ import annotations

import numpy as np
import pytest

import glmengine as ge
from glmengine.analysis.templates import template_for
from glmengine.analysis.validation import Validation
from glmengine.simulation.catalogue import sample
from glmengine.simulation.samples import izhikevich

STEPS, REPEATS = 16, 4


def by_step(times: np.ndarray) -> list[np.ndarray]:
    """Spikes from the onset of each step of current, the first left out."""
    starts = np.arange(1, STEPS) * (izhikevich.ON + izhikevich.OFF) + izhikevich.OFF
    return [times[(times >= start) & (times < start + izhikevich.ON)] - start for start in starts]


@pytest.fixture(scope="module")
def steps():
    """For the neuron and by analysis for the model: spikes in each step, by neuron."""
    behaviours = ("tonic bursting", "adaptation")
    recorded, other = (izhikevich.together("patterns", behaviours, (1.0,), seed, STEPS) for seed in (0, 1))
    found = {"neuron": {name: by_step(other.spikes[index].t) for index, name in enumerate(behaviours)}}
    for name in ("dynamics", "dynamics/without-history"):
        question = template_for(name, recorded).analysis.with_(validation=Validation(folds=0))
        made = ge.run(question, recorded).simulate(other, REPEATS, seed=1)
        assert not made.ran_away.any()
        found[name] = {
            unit: [step for repeat in range(REPEATS) for step in by_step(made.grid.centres[made.spikes_of(repeat, index)[0]])]
            for index, unit in enumerate(behaviours)
        }
    return found


def short(steps: list[np.ndarray]) -> float:
    """Share of intervals within bursts."""
    return float(np.mean(np.concatenate([np.diff(step) for step in steps]) < 0.015))


def slowing(steps: list[np.ndarray]) -> float:
    """Last intervals of a step over its first ones."""
    return float(np.median([np.diff(step)[-3:].mean() / np.diff(step)[:3].mean() for step in steps if len(step) > 8]))


def test_a_burster_bursts_and_only_with_its_history(steps):
    neuron, model, alone = (steps[name]["tonic bursting"] for name in ("neuron", "dynamics", "dynamics/without-history"))
    assert short(neuron) > 0.7
    assert short(model) == pytest.approx(short(neuron), abs=0.06)
    assert np.mean([len(step) for step in model]) == pytest.approx(np.mean([len(step) for step in neuron]), rel=0.1)
    bursts = [np.mean([(np.diff(step) > 0.015).sum() for step in one]) for one in (neuron, model, alone)]
    assert bursts[1] == pytest.approx(bursts[0], rel=0.2)
    assert bursts[2] > 1.3 * bursts[0]  # scattered spikes, which are no bursts


def test_an_adapting_neuron_slows_down(steps):
    neuron, model = (steps[name]["adaptation"] for name in ("neuron", "dynamics"))
    assert slowing(neuron) > 2
    assert slowing(model) == pytest.approx(slowing(neuron), rel=0.25)


def test_a_recording_without_a_current_is_told_so():
    ready = template_for("dynamics", sample("calcium"))
    assert ready.lacking == (
        "It needs a signal of one channel (a current, a stimulus); the recording has position, head_direction.",
        "It needs spikes or counts for its bernoulli family; the recording has signals that are 0 or less in places.",
    )
    assert ready.instead == "Try it on the simulated recording: glmengine sample spiking-patterns FILE."
