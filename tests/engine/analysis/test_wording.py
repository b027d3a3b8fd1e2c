"""What was modelled is called by its name: no spikes or Hz of a signal, and what a Bernoulli rate is; small numbers keep their digits."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pynapple as nap
import pytest

import glmengine as ge
from glmengine.analysis.analysis import Analysis
from glmengine.analysis.wording import share_text
from glmengine.export import write_outputs
from glmengine.export.report import report_html
from glmengine.export.tables import scores_csv
from glmengine.figures import draw
from glmengine.recording.inspect import describe

BIN = 0.05


def observed(recording, family):
    """`recording` with two units of 50 ms bins that the family can have."""
    times = np.arange(BIN / 2, 120.0, BIN)
    rng = np.random.default_rng(3)
    values = {
        "gaussian": rng.normal(-1.0, 1.0, (times.size, 2)),
        "gamma": rng.gamma(2.0, 0.5, (times.size, 2)) + 1e-6,
        "bernoulli": (rng.random((times.size, 2)) < 0.2).astype(float),
    }[family]
    frame = nap.TsdFrame(times, values, columns=["a", "b"], time_support=nap.IntervalSet(0.0, 120.0))
    return replace(recording, spikes=None, counts=frame, unit_table=None, unit_names=("a", "b"))


def fitted(recording, family):
    factors = [{"variable": "position.x", "basis": {"family": "b_spline", "n": 5}}]
    analysis = Analysis.from_dict(
        {
            "time": {"bin_size": BIN},
            "terms": [
                {"kind": "covariate", "factors": factors},
                {"kind": "history", "basis": {"family": "raised_cosine_log", "n": 2, "window": 0.2}},
            ],
            "model": {"family": family, "strengths": [1e-3]},
            "validation": {"folds": 3},
        }
    )
    return ge.run(analysis, recording)


def texts(figure):
    import matplotlib.text

    return [part.get_text() for part in figure.findobj(matplotlib.text.Text) if part.get_text()]


@pytest.mark.parametrize("family", ["gaussian", "gamma"])
def test_a_signal_is_nowhere_called_spikes_or_given_in_hz(family, small_recording, tmp_path):
    recording = observed(small_recording, family)
    result = fitted(recording, family)
    for kind in ("unit", "tuning", "filter", "rates", "scores"):
        said = " | ".join(texts(draw(result, kind, "a", recording=recording)))
        assert "Hz" not in said, kind
        assert "spike" not in said, kind
    assert "activity (1/s)" in " | ".join(texts(draw(result, "tuning", "a")))
    report = report_html(result.analysis, result, recording_name="r").split("<h2>The analysis</h2>")[0]
    assert "Hz" not in report
    assert "not for spikes" in report
    assert "spike counts" not in report
    assert scores_csv(result).startswith("unit,summed_activity,n_bins,activity_per_s,")
    assert "bits_per_spike" not in scores_csv(result).splitlines()[0]
    assert scores_csv(result, result.score(recording)).startswith("unit,summed_activity,n_bins,log_likelihood,")
    assert "bits" not in scores_csv(result, result.score(recording)).splitlines()[0]
    units = describe(recording).split("Covariates")[0]
    assert "spikes" not in units
    assert "Hz" not in units
    assert result.predict(recording).attrs["unit"] == "1/s"
    curve = result.curves["position.x"]
    assert {str(curve[name].attrs["unit"]) for name in ("data_hz", "tuning_hz", "effect_hz")} == {"1/s"}
    write_outputs(result, tmp_path, recording, figures=False)


def test_figures_and_report_of_a_bernoulli_fit_say_what_its_rate_is(small_recording):
    recording = observed(small_recording, "bernoulli")
    result = fitted(recording, "bernoulli")
    assert "rate of bins with a spike (Hz)" in texts(draw(result, "tuning", "a"))
    assert any("bins with a spike" in text for text in texts(draw(result, "rates", "a", recording=recording)))
    assert "probability that a bin holds a spike, divided by the width of a bin" in report_html(result.analysis, result)
    assert result.filters["history"]["filter"].attrs["unit"] == "log odds of a spike per spike"


def test_a_poisson_fit_keeps_the_words_of_spikes(small_result):
    assert "rate (Hz)" in texts(draw(small_result, "tuning", "hd"))
    assert small_result.coupling["strength"].attrs["unit"] == "log rate per spike"
    assert scores_csv(small_result).startswith("unit,n_spikes,n_bins,rate_hz,")


def test_the_report_says_what_bands_of_a_penalised_fit_mean(small_result):
    assert "Wood 2006" in report_html(small_result.analysis, small_result)
    plain = small_result.analysis.with_(model=small_result.analysis.model.with_(penalty="none"))
    assert "Wood 2006" not in report_html(plain, replace(small_result, analysis=plain))


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.1234, "0.123"), (0.0, "0.000"), (0.00042, "0.00042"), (-3.14e-6, "-3.1e-06"), (-0.5, "-0.500"), (np.nan, "not known")],
)
def test_tiny_shares_of_deviance_keep_digits(value, text):
    assert share_text(value) == text
