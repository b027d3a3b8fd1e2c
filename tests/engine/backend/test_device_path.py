"""The compiled steps that a GPU would run give the same optimum as the processor's own threads, which replace them on a CPU."""

import numpy as np
import pynapple as nap
import pytest

import glmengine as ge
from glmengine.backend import jax_runtime as runtime
from glmengine.recording.recording import Covariate, Recording
from glmengine.simulation.spike_counts import spikes_from_counts


@pytest.fixture
def as_on_a_device(monkeypatch):
    return lambda: monkeypatch.setattr(runtime, "on_cpu", lambda: False)


@pytest.mark.parametrize(
    ("family", "penalty"),
    [("poisson", ge.Ridge(1e-4)), ("poisson", ge.NoPenalty()), ("bernoulli", ge.Smoothness(1e-2)), ("gaussian", ge.Ridge(1e-3))],
)
@pytest.mark.parametrize("M", [1, 4])
def test_rates_and_errors_are_the_same(as_on_a_device, family, penalty, M):
    rng = np.random.default_rng(5)
    X = rng.normal(size=(30_000, 40)) * np.geomspace(0.1, 10, 40)
    eta = X @ (rng.normal(size=(40, M)) * 0.1 / np.geomspace(0.1, 10, 40)[:, None]) - 1.0
    Y = {
        "poisson": lambda: rng.poisson(np.exp(eta)),
        "bernoulli": lambda: rng.random(eta.shape) < 1 / (1 + np.exp(-eta)),
        "gaussian": lambda: eta + rng.normal(size=eta.shape),
    }[family]().astype(float)
    Y[:100, 0] = np.nan
    by_threads = ge.fit(X, Y, family=family, penalty=penalty)
    errors = by_threads.standard_errors
    as_on_a_device()
    by_steps = ge.fit(X, Y, family=family, penalty=penalty)
    assert by_threads.converged.all()
    assert by_steps.converged.all()
    np.testing.assert_allclose(by_steps.predict(X), by_threads.predict(X), rtol=1e-7, atol=1e-8)
    np.testing.assert_allclose(by_steps.standard_errors, errors, rtol=1e-7)


def test_folds_too(as_on_a_device):
    rng = np.random.default_rng(6)
    X = rng.normal(size=(20_000, 30))
    y = rng.poisson(np.exp(0.1 * X.sum(axis=1) - 1)).astype(float)
    first = ge.cross_validate(X, y, strengths=[1e-4, 1e-2])
    as_on_a_device()
    second = ge.cross_validate(X, y, strengths=[1e-4, 1e-2])
    np.testing.assert_allclose(second.scores.values, first.scores.values, rtol=1e-9)


@pytest.mark.parametrize("penalty", [ge.Ridge(1e-3), ge.NoPenalty()])
def test_classes_too(as_on_a_device, penalty):
    rng = np.random.default_rng(7)
    X = rng.normal(size=(4_000, 6)) + 1.0
    eta = np.column_stack([X @ rng.normal(size=(6, 3)) * 0.4, np.zeros(len(X))])
    y = np.argmax(eta + rng.gumbel(size=eta.shape), axis=1).astype(float)
    y[:50] = np.nan

    def everything():
        fit = ge.fit(X, y, family="categorical", penalty=penalty)
        assert fit.converged.all()
        scores = ge.cross_validate(X, y, family="categorical", strengths=[1e-3, 1e-1], folds=3).scores.values
        return fit.predict(X), fit.standard_errors, scores

    by_threads = everything()
    as_on_a_device()
    for found, expected in zip(everything(), by_threads, strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-8, atol=1e-10)


def test_dispersions_too(as_on_a_device):
    rng = np.random.default_rng(8)
    X = rng.normal(size=(6_000, 5))
    mean = np.exp(X @ rng.normal(size=(5, 3)) * 0.3 + 0.5)
    Y = rng.poisson(mean * rng.gamma(2.0, 0.5, mean.shape)).astype(float)
    Y[:, 2] = rng.poisson(mean[:, 2])

    def everything():
        fit = ge.fit(X, Y, family="negative_binomial", penalty=ge.Ridge(1e-4))
        assert fit.converged.all()
        return fit.predict(X), fit.dispersion, fit.standard_errors

    by_threads = everything()
    as_on_a_device()
    for found, expected in zip(everything(), by_threads, strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("family", ["poisson", "negative_binomial"])
def test_fields_of_low_rank_too(as_on_a_device, family):
    recording, analysis = seen_movie(family)

    def everything():
        result = ge.run(analysis, recording)
        assert result.scores["converged"].values.all()
        field = result.filters["movie field"]
        return result, (
            result.predict(recording).values,
            field["filter"].values,
            field["high"].values,
            result.cv["scores"].values,
        )

    here, by_threads = everything()
    as_on_a_device()
    there, by_steps = everything()
    assert here.provenance["backend"] == "NumPy"
    assert there.provenance["backend"].startswith("JAX")
    for found, expected in zip(by_steps, by_threads, strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-7, atol=1e-9)


def seen_movie(family: str) -> tuple[Recording, ge.Analysis]:
    """A unit that sees a blob of 4 x 3 pixels, with a history, and a field of rank 2 for it."""
    rng, bins = np.random.default_rng(9), 3_000
    frames = rng.normal(size=(bins, 4, 3))
    drive = np.convolve(frames[:, 1, 1] + 0.5 * frames[:, 2, 1], [0.0, 0.5, 0.3])[:bins]
    counts = rng.poisson(np.exp(drive - 1.0))[:, None]
    whole = nap.IntervalSet(0.0, bins * 0.02)
    movie = nap.TsdTensor(t=np.arange(bins) * 0.02, d=frames, time_support=whole)
    recording = Recording(
        name="movie",
        unit_names=("seeing",),
        spikes=spikes_from_counts(counts, 0.02, rng),
        covariates={"movie": Covariate("movie", movie, "contrast", "step")},
        epochs={"all": whole},
    )
    past = {"family": "history", "window": 0.08}
    field = {"kind": "receptive_field", "variable": "movie", "space": "separable", "rank": 2, "basis": past}
    analysis = ge.Analysis.from_dict(
        {
            "time": {"bin_size": 0.02},
            "terms": [field, {"kind": "history", "basis": {"family": "raised_cosine_log", "n": 3, "window": 0.2}}],
            "model": {"family": family, "strengths": [1e-3]},
            "validation": {"folds": 2},
        },
        "test",
    )
    return recording, analysis
