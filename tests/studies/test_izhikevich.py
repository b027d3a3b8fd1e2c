"""GLMs with history fitted to Izhikevich neurons do what these do when they run by themselves (Weber & Pillow 2017), judged by numbers.

pytest tests/studies/test_izhikevich.py -s prints the numbers. Fitted to one recording, simulated 20 times, and compared with another recording
of the same neuron with other noise.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

import glmengine as ge
from glmengine.simulation.samples import izhikevich

STEPS, REPEATS = 40, 20
FIRST = 1  # the first step lacks the past of its filter


@dataclass(frozen=True)
class Response:
    """Spikes in each step of current, seconds from its onset."""

    steps: list[np.ndarray]

    @classmethod
    def of(cls, times: np.ndarray) -> Response:
        length, on = izhikevich.ON + izhikevich.OFF, izhikevich.OFF
        starts = np.arange(FIRST, STEPS) * length + on
        return cls([times[(times >= start) & (times < start + izhikevich.ON)] - start for start in starts])

    @property
    def counts(self) -> np.ndarray:
        return np.array([len(step) for step in self.steps], float)

    @property
    def intervals(self) -> np.ndarray:
        return np.concatenate([np.diff(step) for step in self.steps])

    @property
    def latency(self) -> float:
        return float(np.median([step[0] for step in self.steps if len(step)]))

    def share_after(self, seconds: float) -> float:
        """Share of spikes later than this in a step."""
        spikes = np.concatenate(self.steps)
        return float(np.mean(spikes > seconds))

    def bursts(self, gap: float) -> tuple[float, float]:
        """Bursts in a step, and spikes in each: runs of intervals shorter than `gap`."""
        numbers = [1 + int((np.diff(step) > gap).sum()) if len(step) else 0 for step in self.steps]
        return float(np.mean(numbers)), float(self.counts.sum() / max(sum(numbers), 1))


def responses(behaviour: str, steps: int = STEPS, repeats: int = REPEATS) -> tuple[Response, list[Response], np.ndarray]:
    """Those of the neuron, of the model in each repeat, and the amplitudes."""
    result = ge.run(izhikevich.analysis(), izhikevich.make(behaviour, 0, steps))
    other = izhikevich.make(behaviour, 1, steps)
    made = result.simulate(other, repeats, seed=1)
    assert not made.ran_away.any()
    model = [Response.of(made.grid.centres[made.spikes_of(repeat, 0)[0]]) for repeat in range(repeats)]
    amplitudes = np.resize(izhikevich.NEURONS[behaviour].current, steps)[FIRST:]
    return Response.of(other.spikes[0].t), model, amplitudes


def over(model: list[Response]) -> Response:
    """All repeats as one."""
    return Response([step for one in model for step in one.steps])


def close(name: str, neuron: float, model: float, rel: float = 0.1, within: float = 0.0) -> None:
    print(f"  {name}: neuron {neuron:.4g}, model {model:.4g}")
    assert model == pytest.approx(neuron, rel=rel, abs=within), name


def test_tonic_spiking():
    neuron, model, _ = responses("tonic spiking")
    model = over(model)
    late, other = (np.concatenate([np.diff(step[step > 0.1]) for step in one.steps]) for one in (neuron, model))
    close("spikes in a step", neuron.counts.mean(), model.counts.mean())
    close("interval, s", np.median(late), np.median(other))
    close("variation of intervals", late.std() / late.mean(), other.std() / other.mean(), within=0.08)
    close("latency, s", neuron.latency, model.latency, within=0.002)


def test_phasic_spiking():
    neuron, model, _ = responses("phasic spiking")
    model = over(model)
    assert (neuron.counts == 1).mean() > 0.9
    close("share of steps with one spike", (neuron.counts == 1).mean(), (model.counts == 1).mean())
    close("latency, s", neuron.latency, model.latency, within=0.003)
    close("share of later spikes", neuron.share_after(0.1), model.share_after(0.1), within=0.05)


def test_tonic_bursting():
    neuron, model, _ = responses("tonic bursting")
    model = over(model)
    found, other = neuron.bursts(0.015), model.bursts(0.015)
    assert found[0] > 4
    assert found[1] > 3
    close("bursts in a step", found[0], other[0], rel=0.15)
    close("spikes in a burst", found[1], other[1], rel=0.2)
    close("share of short intervals", np.mean(neuron.intervals < 0.015), np.mean(model.intervals < 0.015))


def test_phasic_bursting():
    neuron, model, _ = responses("phasic bursting")
    model = over(model)
    assert neuron.counts.mean() > 3
    close("spikes in a step", neuron.counts.mean(), model.counts.mean(), rel=0.15)
    close("bursts in a step", neuron.bursts(0.03)[0], model.bursts(0.03)[0], rel=0.15)
    close("share of later spikes", neuron.share_after(0.1), model.share_after(0.1), within=0.05)


def test_mixed_mode():
    neuron, model, _ = responses("mixed mode")
    model = over(model)
    early, other = (np.mean([np.sum(step < 0.02) for step in one.steps]) for one in (neuron, model))
    assert early > 2
    close("spikes of the first burst", early, other, rel=0.2)
    late, later = (np.concatenate([np.diff(step[step > 0.05]) for step in one.steps]) for one in (neuron, model))
    assert np.median(late) > 0.02
    close("interval afterwards, s", np.median(late), np.median(later), rel=0.15)
    close("spikes in a step", neuron.counts.mean(), model.counts.mean())


def test_adaptation():
    neuron, model, _ = responses("adaptation")
    model = over(model)

    def slowing(one: Response) -> float:
        return float(np.median([np.diff(step)[-3:].mean() / np.diff(step)[:3].mean() for step in one.steps if len(step) > 8]))

    assert slowing(neuron) > 2
    close("last over first intervals", slowing(neuron), slowing(model), rel=0.25)
    close("spikes in a step", neuron.counts.mean(), model.counts.mean())


@pytest.mark.parametrize("behaviour", ["class I", "class II"])
def test_rate_against_current(behaviour):
    neuron, model, amplitudes = responses(behaviour)
    levels = np.unique(amplitudes)
    rate = np.array([neuron.counts[amplitudes == level].mean() / izhikevich.ON for level in levels])
    many = over(model).counts.reshape(len(model), -1)
    other = np.array([many[:, amplitudes == level].mean() / izhikevich.ON for level in levels])
    for level, a, b in zip(levels, rate, other, strict=True):
        print(f"  current {level:.3g}: neuron {a:.1f} Hz, model {b:.1f} Hz")
    assert np.corrcoef(rate, other)[0, 1] > 0.98
    lowest, lowest_of_model = rate[rate > 1].min() / rate.max(), other[other > 1].min() / other.max()
    if behaviour == "class I":  # rates begin low and rise gradually
        assert lowest < 0.3
        assert lowest_of_model < 0.35
    else:  # none, and then at once a rate that is hardly exceeded
        assert lowest > 0.5
        assert (other[rate < 1] < 0.15 * rate.max()).all()
        assert other[rate > 1].min() > 0.35 * rate.max()
