"""Every family from recording to saved result: fit, score, predict, save, tables and report agree with each other."""

from dataclasses import replace

import numpy as np
import pynapple as nap
import pytest

import glmengine as ge
from glmengine.analysis.analysis import Analysis
from glmengine.export import write_outputs

BIN = 0.02


@pytest.fixture(scope="module")
def binned(small_recording):
    """`small_recording` with three units' observations on its 20 ms bins in place of spikes, for each family."""
    times = np.arange(BIN / 2, 120.0, BIN)
    known = small_recording.covariates["head_direction"].data
    direction = np.angle(np.interp(times, known.t, np.cos(known.values)) + 1j * np.interp(times, known.t, np.sin(known.values)))
    tuned = 0.8 * np.cos(direction - np.pi)

    def of(family):
        rng = np.random.default_rng(11)
        eta = np.column_stack([tuned, np.zeros(times.size), -tuned])
        values = {
            "poisson": lambda: rng.poisson(np.exp(eta)),
            "bernoulli": lambda: rng.random(eta.shape) < 1 / (1 + np.exp(1 - eta)),
            "negative_binomial": lambda: rng.poisson(rng.gamma(1.5, np.exp(eta) / 1.5)),
            "gaussian": lambda: eta - 3.0 + rng.normal(size=eta.shape),
            "gamma": lambda: rng.gamma(2.0, np.exp(eta) / 2.0) + 1e-9,
        }[family]().astype(float)
        frame = nap.TsdFrame(times, values, columns=["up", "flat", "down"], time_support=nap.IntervalSet(0.0, 120.0))
        return values, replace(small_recording, spikes=None, counts=frame, unit_table=None, unit_names=("up", "flat", "down"))

    return of


CASES = [
    ("bernoulli", ""),
    ("bernoulli", "probit"),
    ("negative_binomial", ""),
    ("negative_binomial", "softplus"),
    ("gaussian", ""),
    ("gaussian", "log"),
    ("gamma", ""),
    ("gamma", "inverse"),
    ("gamma", "softplus"),
]


@pytest.mark.parametrize(("family", "link"), CASES, ids=["-".join(case).rstrip("-") for case in CASES])
def test_a_run_from_recording_to_files(binned, family, link, tmp_path):
    values, recording = binned(family)
    analysis = Analysis.from_dict(
        {
            "time": {"bin_size": BIN},
            "terms": [
                {"kind": "covariate", "factors": [{"variable": "head_direction", "basis": {"family": "cyclic_b_spline", "n": 6}}]}
            ],
            "model": {"family": family, "link": link, "strengths": [1e-4, 1e-2]},
            "validation": {"folds": 3},
        }
    )
    result = ge.run(analysis, recording)
    scores = result.scores.sel(unit="up")
    positive_links = family == "gaussian" and link != ""  # all observations below 0, no mean can be
    assert result.scores["status"].values.tolist() == ["ok"] * 3 or positive_links
    if link in ("", "log"):
        again = ge.run(analysis, recording)
        assert again.coefficients.equals(result.coefficients)
        assert again.scores.equals(result.scores)
    if not positive_links:
        assert float(scores["deviance_explained_heldout"]) > 0.03
        assert float(result.scores["deviance_explained_heldout"].sel(unit="flat")) < 0.01
        assert float(result.tests["p"].sel(unit="up", term="head_direction")) < 1e-6
        assert float(result.tests["p"].sel(unit="flat", term="head_direction")) > 1e-3
    counts = family in ("poisson", "bernoulli", "negative_binomial")
    assert np.isfinite(result.scores["bits_per_spike_heldout"].sel(unit="up")).item() == counts
    expected = {"poisson": 1.0, "bernoulli": 1.0, "negative_binomial": 1 / 1.5, "gaussian": 1.0, "gamma": 0.5}[family]
    if not positive_links:
        assert float(scores["dispersion"]) == pytest.approx(expected, rel=0.15)
    # predictions are those of the fit on the same rows, per second
    predicted = result.predict(recording)
    assert predicted.sizes == {"unit": 3, "time": 6000}
    bands = result.predict(recording, bands=True)
    valid = np.isfinite(predicted.values).all(axis=0)
    assert valid[:-1].all()  # the covariate's last sample comes before the middle of the last bin
    inside = bands.isel(time=valid)
    assert (inside["low"] <= inside["rate"] + 1e-9).all()
    assert (inside["rate"] <= inside["high"] + 1e-9).all()
    own = result.score(recording)
    assert own["deviance_explained"].values == pytest.approx(result.scores["deviance_explained_fit"].values, abs=1e-9)
    model = ge.models.get_family(family)
    mu, values = predicted.values.T[valid] * BIN, values[valid]
    dispersion = result.scores["dispersion"].values if family == "negative_binomial" else None
    deviance = model.deviance(mu, values, dispersion).sum(axis=0)
    assert own["deviance"].values == pytest.approx(deviance, rel=1e-8)
    if counts:
        assert own["log_likelihood"].values == pytest.approx(model.log_likelihood(mu, values, dispersion).sum(axis=0), rel=1e-8)
    # files
    result.save(tmp_path / "a.nc")
    loaded = ge.Result.load(tmp_path / "a.nc")
    assert loaded.scores.equals(result.scores)
    assert loaded.notes == result.notes
    assert loaded.predict(recording).equals(predicted)
    names = {path.name for path in write_outputs(result, tmp_path / "out", recording, figures=family == "gaussian" and not link)}
    assert {"scores.csv", "report.html"} <= names
    curve = result.curves["head_direction"].sel(unit="up")
    for low, middle, high in (("effect_low", "effect_hz", "effect_high"), ("tuning_low", "tuning_hz", "tuning_high")):
        assert (curve[low] <= curve[middle] + 1e-9).all()
        assert (curve[middle] <= curve[high] + 1e-9).all()
    peak = float(curve["head_direction"][int(np.argmax(curve["tuning_hz"].values))])
    if not positive_links:
        assert abs(peak - np.pi) < 0.8


@pytest.mark.parametrize(("family", "what"), [("bernoulli", "neither 0 nor 1"), ("gamma", "not above 0")])
def test_a_family_that_the_recording_cannot_have_is_refused_beside_the_family(small_recording, family, what):
    analysis = Analysis.from_dict(
        {
            "time": {"bin_size": 1.0},
            "terms": [{"kind": "covariate", "factors": [{"variable": "position.x", "basis": {"family": "b_spline", "n": 5}}]}],
            "model": {"family": family, "strengths": [1e-3]},
        }
    )
    with pytest.raises(ge.GlmError, match=what) as caught:
        ge.run(analysis, small_recording)
    assert caught.value.field == "model.family"
