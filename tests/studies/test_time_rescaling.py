"""How often the Kolmogorov-Smirnov test of rescaled intervals rejects the true model, and one without refractoriness, over 500 recordings.

pytest tests/studies/test_time_rescaling.py -s: some minutes. The truth is a neuron tuned to a covariate, refractory and bursting, in bins of 5 ms
over 120 s; once in one stretch, once in stretches of half a second, of which each holds about ten spikes.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

import glmengine as ge

RECORDINGS, BIN, DURATION = 500, 0.005, 120.0
TUNED = {"kind": "covariate", "factors": [{"variable": "x", "basis": {"family": "b_spline", "n": 5}}]}
HISTORY = {"kind": "history", "basis": {"family": "raised_cosine_log", "n": 5, "window": 0.1}}


def true_recording():
    import pynapple as nap

    from glmengine.recording.recording import Covariate, Recording

    rng = np.random.default_rng(0)
    times = (np.arange(round(DURATION / BIN)) + 0.5) * BIN
    x = np.sin(2 * np.pi * times / 7.3)
    counts = np.zeros(len(times), int)
    lag = np.arange(1, 21)
    kernel = np.where(lag <= 1, -6.0, 0.8 * np.exp(-(lag - 2) / 3.0) - 0.2)
    for t in range(len(times)):
        past = counts[max(t - 20, 0) : t][::-1]
        counts[t] = rng.random() < 1 - np.exp(-BIN * 20 * np.exp(0.7 * x[t] + kernel[: len(past)] @ past))
    support = nap.IntervalSet(0.0, DURATION)
    return Recording(
        name="true",
        unit_names=("neuron",),
        spikes=nap.TsGroup({0: nap.Ts(times[counts > 0], time_support=support)}, time_support=support),
        covariates={"x": Covariate("x", nap.Tsd(times, x, time_support=support))},
        epochs={
            "all": support,
            "pieces": nap.IntervalSet(np.arange(0, DURATION, 0.75), np.arange(0, DURATION, 0.75) + 0.5),
            "first": nap.IntervalSet(0.0, DURATION / 2),
            "second": nap.IntervalSet(DURATION / 2, DURATION),
        },
    )


def fitted(recording, *terms, epochs=("all",)):
    question = {
        "time": {"bin_size": BIN, "epochs": list(epochs)},
        "terms": list(terms),
        "model": {"strengths": [1e-6]},
        "validation": {"folds": 0},
    }
    return ge.run(ge.Analysis.from_dict(question), recording)


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("epoch", ["all", "pieces"])
def test_level_and_power(epoch):
    recording = true_recording()
    truth = fitted(recording, TUNED, HISTORY, epochs=(epoch,))
    made = truth.simulate(recording, repeats=RECORDINGS, seed=1)
    rejected = {"true": 0, "true form, fitted": 0, "true form, held out": 0, "no history": 0}
    for repeat in range(RECORDINGS):
        surrogate = ge.surrogate_recording(made, repeat)
        models = {
            "true": (truth, None),
            "true form, fitted": (fitted(surrogate, TUNED, HISTORY, epochs=(epoch,)), None),
            "no history": (fitted(surrogate, TUNED, epochs=(epoch,)), None),
        }
        if epoch == "all":
            models["true form, held out"] = (fitted(surrogate, TUNED, HISTORY, epochs=("first",)), "second")
        for name, (model, epochs) in models.items():
            rejected[name] += float(model.goodness(surrogate, epochs=epochs).summary["ks_p"][0]) < 0.05
    shares = {name: count / RECORDINGS for name, count in rejected.items()}
    print(f"\n{epoch}: rejected at 5 %: " + ", ".join(f"{name} {share:.1%}" for name, share in shares.items()))
    low, high = stats.binom.ppf([0.001, 0.999], RECORDINGS, 0.05) / RECORDINGS
    assert low <= shares["true"] <= high
    assert shares["true form, fitted"] <= high  # what is fitted to the same time lies closer than chance
    assert shares["no history"] > 0.99
