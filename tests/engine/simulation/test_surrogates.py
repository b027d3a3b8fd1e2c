"""Surrogates of fitted models: bin by bin against the model, stretches and gaps, runaways, every family, files, and bad input."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

import glmengine as ge
from glmengine.context import CallbackContext
from glmengine.errors import Cancelled, GlmError
from glmengine.results.result import Result

BIN = 0.01
TUNED = {"kind": "covariate", "factors": [{"variable": "x", "basis": {"family": "b_spline", "n": 5}}]}
HISTORY = {"kind": "history", "basis": {"family": "raised_cosine_log", "n": 4, "window": 0.3}}
COUPLING = {"kind": "coupling", "basis": {"family": "raised_cosine_log", "n": 2, "window": 0.1}}


@pytest.fixture(scope="module")
def pair():
    """Two units over 60 s with a gap in the covariate, epochs and events; ``b`` follows ``a``, both refractory for a bin."""
    import pynapple as nap

    from glmengine.recording.recording import Covariate, Recording

    rng = np.random.default_rng(1)
    times = (np.arange(6000) + 0.5) * BIN
    x = np.sin(2 * np.pi * times / 5)
    counts = np.zeros((6000, 2), int)
    for t in range(1, 6000):
        rate = np.array([15 * np.exp(0.5 * x[t]), 8 + 40 * counts[max(t - 3, 0), 0]]) * BIN
        counts[t] = (rng.random(2) < rate) & (counts[t - 1] == 0)
    support = nap.IntervalSet(0.0, 60.0)
    kept = (times < 20) | (times > 22)
    spikes = {unit: nap.Ts(times[counts[:, unit] > 0], time_support=support) for unit in range(2)}
    return Recording(
        name="pair",
        unit_names=("a", "b"),
        spikes=nap.TsGroup(spikes, time_support=support),
        covariates={
            "x": Covariate("x", nap.Tsd(times[kept], x[kept])),
            "gain": Covariate("gain", nap.Tsd(times, 0.5 + 0.5 * (times > 30))),
        },
        epochs={"all": support, "parts": nap.IntervalSet(np.arange(0, 60, 4.0), np.arange(0, 60, 4.0) + 2.53)},
        events={"cue": nap.Ts(np.arange(1.0, 59.0, 2.0))},
    )


def fitted(recording, *terms, **parts) -> Result:
    question = {"time": {"bin_size": BIN}, "terms": list(terms), "model": {"strengths": [1e-3]}, "validation": {"folds": 0}}
    return ge.run(ge.Analysis.from_dict(question | parts), recording)


@pytest.fixture(scope="module")
def coupled(pair):
    return fitted(
        pair, TUNED, HISTORY | {"refractory": 0.01}, COUPLING | {"gain": "gain"}, time={"bin_size": BIN, "epochs": ["parts"]}
    )


def uniforms(seed: int, repeat: int, block: int, units: int) -> np.ndarray:
    import jax

    from glmengine.backend import jax_runtime
    from glmengine.simulation.recursion import BLOCK

    with jax_runtime.float64():
        key = jax.random.fold_in(jax.random.fold_in(jax.random.key(seed), repeat), block)
        return np.asarray(jax.random.uniform(jax.random.split(key)[0], (BLOCK, units), minval=1e-17, maxval=1.0))


def test_every_bin_is_drawn_from_the_model_and_the_past_of_its_own_stretch(coupled, pair):
    """With the same random numbers a loop over bins gives the same counts: filters, gain, refractory bins, borders and blocks."""
    from glmengine.recording.binned import sample_covariate
    from glmengine.simulation.recursion import Blocks

    made = coupled.simulate(pair, repeats=4, seed=5)
    counts = made.observed(2)
    coefficients = coupled.coefficients
    basis = coupled.terms[0].factors[0].basis
    x = sample_covariate(pair.covariates["x"], made.grid)
    gain = sample_covariate(pair.covariates["gain"], made.grid)
    tuned = coefficients.where(coefficients["kind"] == "covariate", drop=True).values
    drive = np.full((made.grid.n_bins, 2), np.nan)
    drive[np.isfinite(x)] = basis.evaluate(x[np.isfinite(x)]) @ tuned + coupled.intercepts.values
    np.testing.assert_array_equal(made.stretch >= 0, np.isfinite(x))
    blocks = Blocks.of(made.stretch)
    drawn = {
        row: values
        for number, rows in enumerate(blocks.rows)
        for row, values in zip(rows, uniforms(5, 2, number, 2), strict=True)
        if row >= 0
    }
    own, other = np.zeros((2, 40)), np.zeros((2, 40))  # by target: lag 1 .. 40
    for term, filters in ((coupled.terms[1], own), (coupled.terms[2], other)):
        lags, kernel = term.basis.kernel(BIN)
        for unit, name in enumerate("ab"):
            here = (coefficients["term"] == term.label) & (
                coefficients["variable"] == (name if filters is own else "ab"[1 - unit])
            )
            filters[unit, lags - 1] = kernel @ coefficients.values[here.values, unit]
    assert made.grid.offsets.size == 16
    assert counts[np.isfinite(x)].sum() > 200
    for row in np.flatnonzero(made.stretch >= 0):
        past = [back for back in range(1, 41) if row - back >= 0 and made.stretch[row - back] == made.stretch[row]]
        for unit in range(2):
            eta = drive[row, unit]
            eta += sum(own[unit, lag - 1] * counts[row - lag, unit] for lag in past)
            eta += gain[row] * sum(other[unit, lag - 1] * counts[row - lag, 1 - unit] for lag in past)
            quiet = bool(past) and counts[row - 1, unit] > 0
            expected = 0 if quiet else stats.poisson.ppf(drawn[row][unit], np.exp(eta))
            assert counts[row, unit] == expected, (row, unit)


def test_a_repeat_depends_on_the_seed_and_its_number_alone(coupled, pair):
    few, many = coupled.simulate(pair, repeats=4, seed=3), coupled.simulate(pair, repeats=31, seed=3)
    np.testing.assert_array_equal(few.observed(1), many.observed(1))
    assert not np.array_equal(few.observed(0), few.observed(1), equal_nan=True)
    assert not np.array_equal(few.observed(0), coupled.simulate(pair, seed=4).observed(0), equal_nan=True)
    np.testing.assert_array_equal(many.totals()[1], np.nansum(many.observed(1), axis=0))


def test_batches_of_repeats_are_the_same_repeats(coupled, pair, monkeypatch):
    from glmengine.simulation import surrogates

    whole = coupled.simulate(pair, repeats=8, seed=3)
    monkeypatch.setattr(surrogates, "_MOST_REPEATS", 4)
    parts = coupled.simulate(pair, repeats=8, seed=3)
    np.testing.assert_array_equal(parts.row, whole.row)
    np.testing.assert_array_equal(parts.ends, whole.ends)


def test_stopped_it_keeps_the_repeats_that_have_ended(coupled, pair, monkeypatch):
    from glmengine.simulation import surrogates

    whole = coupled.simulate(pair, repeats=8, seed=3)
    monkeypatch.setattr(surrogates, "_MOST_REPEATS", 4)
    kept = coupled.simulate(pair, repeats=8, seed=3, context=CallbackContext(stopped=lambda: True))
    assert kept.stopped
    assert kept.repeats == 4
    assert len(kept.ran_away) == 4
    for repeat in range(4):
        np.testing.assert_array_equal(kept.observed(repeat), whole.observed(repeat))
    assert "stopped early" in kept.notes[0]


def test_stopped_in_the_first_repeats_it_keeps_the_time_that_they_have_passed(coupled, pair, monkeypatch):
    from glmengine.simulation import recursion

    whole = coupled.simulate(pair, repeats=4, seed=3)
    monkeypatch.setattr(recursion, "_MOST_BLOCKS", 50)
    kept = coupled.simulate(pair, repeats=4, seed=3, context=CallbackContext(stopped=lambda: True))
    drawn = kept.stretch >= 0
    assert kept.repeats == 4
    assert 0 < drawn.sum() < (whole.stretch >= 0).sum()
    np.testing.assert_array_equal(kept.observed(1)[drawn], whole.observed(1)[drawn])
    assert np.isnan(kept.observed(1)[~drawn]).all()


def test_rates_and_variances_of_every_family(pair):
    from glmengine.fitting.coefficients import Coefficients
    from glmengine.results.model_checks import coefficients_of
    from glmengine.results.prediction import prepared_for
    from glmengine.simulation.surrogates import simulate

    result = fitted(pair, TUNED)
    prepared = prepared_for(result.model, pair, None, counts=True, conditions=True)
    base = coefficients_of(result.model)
    spread = np.array([0.5, 2.0])
    for family, link, mean, variance in (
        ("poisson", "softplus", np.log1p(np.exp(0.4)), lambda m: m),
        ("bernoulli", "probit", stats.norm.cdf(0.4), lambda m: m * (1 - m)),
        ("negative_binomial", "log", np.exp(0.4), lambda m: m + spread * m * m),
        ("gaussian", "identity", 0.4, lambda m: spread),
        ("gamma", "log", np.exp(0.4), lambda m: spread * m * m),
    ):
        analysis = base.analysis.with_(model=base.analysis.model.with_(family=family, link=link))
        model = Coefficients(analysis, base.terms, base.units, 0.0 * base.coef, np.full(2, 0.4), spread)
        values = simulate(prepared, model, repeats=4, seed=1).observed(3)
        values = values[np.isfinite(values).all(axis=1)]
        n = len(values)
        np.testing.assert_allclose(values.mean(axis=0), mean, atol=4.5 * np.sqrt(np.max(variance(mean)) / n), err_msg=family)
        np.testing.assert_allclose(values.var(axis=0), np.broadcast_to(variance(mean), 2), rtol=0.2, err_msg=family)
        if family in ("gaussian", "gamma"):
            assert (
                stats.kstest(stats.norm.cdf((values[:, 0] - mean) / np.sqrt(0.5)), "uniform").pvalue > 1e-4 or family == "gamma"
            )


def test_a_signal_comes_back_through_its_history():
    import pynapple as nap

    from glmengine.recording.recording import Recording

    rng = np.random.default_rng(2)
    y = np.zeros(8000)
    for t in range(1, 8000):
        y[t] = 0.7 * y[t - 1] + rng.normal()
    times = (np.arange(8000) + 0.5) * 0.05
    recording = Recording(
        name="signal", unit_names=("s",), counts=nap.TsdFrame(times, y[:, None]), epochs={"all": nap.IntervalSet(0.0, 400.0)}
    )
    history = {"kind": "history", "basis": {"family": "history", "window": 0.1}}
    result = fitted(recording, history, time={"bin_size": 0.05}, model={"family": "gaussian", "strengths": [1e-6]})
    made = result.simulate(recording, repeats=32, seed=1)
    compared = ge.compare_surrogates(made, longest=0.25)
    np.testing.assert_allclose(compared.autocorrelogram["mean"].values[0], 0.7 ** np.arange(1, 6), atol=0.05)
    assert float(compared.agreement["autocorrelogram"][0]) >= 0.6
    again = ge.surrogate_recording(made, 3)
    np.testing.assert_allclose(np.asarray(again.counts.values)[:, 0], made.observed(3)[:, 0])


def test_a_model_that_runs_away_says_who_where_and_what_helps(pair):
    from glmengine.results.model_checks import coefficients_of
    from glmengine.results.prediction import prepared_for
    from glmengine.simulation.surrogates import simulate

    result = fitted(pair, TUNED, HISTORY)
    model = coefficients_of(result.model)
    own = np.asarray((result.coefficients["kind"] == "history") & (result.coefficients["variable"] == "b"))
    coef = model.coef.copy()
    coef[own, 1] = 1.5
    made = simulate(prepared_for(result.model, pair, None, counts=True, conditions=True), replace(model, coef=coef), 4, 1)
    assert made.ran_away.all()
    (word,) = made.runaways
    assert (word.unit, word.source, word.repeats) == ("b", "b", 4)
    assert 0 < word.time < 20
    assert word.gain > 1
    assert word.lag < 0.1
    assert "ran away in 4 repeats" in str(word)
    assert "refractory time, or choose the softplus link" in str(word)
    assert made.totals().max() < 6000 * 10  # it rests from there to the end of the stretch
    with pytest.raises(GlmError, match="ran away in every repeat"):
        ge.compare_surrogates(made)
    calm = result.simulate(pair, repeats=4, seed=1)
    assert not calm.ran_away.any()
    assert calm.notes == ("200 of 6000 bins lack a covariate and hold no surrogate.",)


def test_comparison_by_hand_and_agreement_of_the_true_model(coupled, pair):
    made = coupled.simulate(pair, repeats=32, seed=2)
    found = ge.compare_surrogates(made, "cue", window=(-0.2, 0.4), longest=0.1)
    seen = made.fitted & (made.stretch >= 0)
    counts = np.where(seen[:, None], made.counts, 0)
    assert float(found.rate["data"][0]) == pytest.approx(counts[:, 0].sum() / (seen.sum() * BIN))
    after = sum(
        counts[t, 1] * counts[t - 3, 0]
        for t in range(3, len(counts))
        if (seen[t - 3 : t + 1]).all() and made.stretch[t] == made.stretch[t - 3]
    )
    assert float(found.cross_correlogram["data"].sel(unit="b", other="a").sel(lag=0.03, method="nearest")) == pytest.approx(
        after / counts[:, 0].sum() / BIN
    )
    same = found.cross_correlogram["data"].sel(unit="a", other="b").sel(lag=-0.03, method="nearest")
    assert found.partners("a") == ("b",)
    assert float(same) == pytest.approx(after / counts[:, 1].sum() / BIN)
    steps = [np.diff(np.flatnonzero(counts[:, 0] * (made.stretch == number))) for number in range(int(made.stretch.max()) + 1)]
    two = sum(int((step == 2).sum()) for step in steps)
    assert float(found.isi["data"].sel(unit="a").sel(interval=0.02, method="nearest")) == pytest.approx(
        two / ((counts[:, 0] > 0).sum() - 1)
    )
    assert (found.isi.sel(unit="a").sel(interval=0.01, method="nearest")[["data", "mean"]].to_array() == 0).all()  # refractory
    rows = made.grid.rows_of(pair.events["cue"].t)
    rows = rows[rows >= 0]
    inside = [
        row + 5 for row in rows if row + 5 < len(seen) and seen[row + 5] and made.grid.segment[row + 5] == made.grid.segment[row]
    ]
    assert float(found.psth["data"].sel(unit="a").sel(time=0.05, method="nearest")) == pytest.approx(
        counts[inside, 0].mean() / BIN
    )
    assert (found.agreement["rate"] == 1).all()
    assert (found.agreement["cross_correlogram"] > 0.8).all()


def test_surrogates_are_a_recording_that_saves_opens_and_fits(coupled, pair, tmp_path):
    from glmengine.export.nwb import write_nwb
    from glmengine.recording.binned import count_spikes

    made = coupled.simulate(pair, repeats=4, seed=1)
    write_nwb(ge.surrogate_recording(made), tmp_path / "s.nwb")
    opened = ge.open_recording(tmp_path / "s.nwb")
    assert opened.unit_names == tuple(f"{unit} #{number}" for number in (1, 2, 3, 4) for unit in "ab")
    grid = ge.make_grid(coupled.analysis.time, opened)
    np.testing.assert_allclose(grid.centres, made.grid.centres[made.stretch >= 0])  # cut to where some were drawn
    counts = count_spikes(opened, grid, ("a #2", "b #2"))
    np.testing.assert_array_equal(counts, made.observed(1)[made.stretch >= 0])
    alone = ge.surrogate_recording(made, 1)
    assert alone.unit_names == ("a", "b")
    again = ge.run(coupled.analysis, alone)
    errors = np.abs(again.coefficients - coupled.coefficients) / np.sqrt(again.standard_errors**2 + coupled.standard_errors**2)
    assert float(np.nanmedian(errors.values)) < 1.5
    with pytest.raises(GlmError, match="no repeat 4"):
        ge.surrogate_recording(made, 4)


def test_covariates_alone_are_enough(pair):
    result = fitted(pair, TUNED, HISTORY)
    x = pair.covariates["x"]
    made = result.simulate({"x": x}, repeats=32, seed=1)
    assert made.units == ("a", "b")
    rate = made.totals().mean(axis=0) / ((made.stretch >= 0).sum() * BIN)
    np.testing.assert_allclose(rate, result.scores["rate_hz"], rtol=0.15)
    with pytest.raises(GlmError, match="nothing to compare"):
        ge.compare_surrogates(replace(made, counts=None))
    with pytest.raises(GlmError, match="no covariate 'x'"):
        result.simulate({"y": x.data})
    with pytest.raises(GlmError, match="there are none"):
        result.simulate({})


def test_bad_input_is_one_sentence(coupled, pair):
    for repeats, seed, said in ((0, 0, "repeats: 0"), (1.5, 0, "repeats: is 1.5; give a whole number"), (1, -1, "seed: is -1")):
        with pytest.raises(GlmError, match=said):
            coupled.simulate(pair, repeats, seed)
    with pytest.raises(GlmError, match="no epoch 'nowhere'"):
        coupled.simulate(pair, epochs="nowhere")
    with pytest.raises(GlmError, match="no event 'nothing'"):
        ge.compare_surrogates(coupled.simulate(pair), "nothing")


def test_a_coupling_to_the_same_bin_is_refused(pair):
    result = fitted(pair, {"kind": "coupling", "basis": {"family": "raised_cosine_log", "n": 2, "window": 0.1, "present": True}})
    with pytest.raises(GlmError, match="wait for each other"):
        result.simulate(pair)


@pytest.mark.parametrize("after", [0, 1, 3])
def test_it_can_be_cancelled_at_every_stage(coupled, pair, after):
    seen = []
    with pytest.raises(Cancelled):
        coupled.simulate(pair, 4, context=CallbackContext(seen.append, cancelled=lambda: len(seen) > after))


def test_the_command(coupled, pair, tmp_path, capsys):
    from glmengine.cli.main import main
    from glmengine.export.nwb import write_nwb

    coupled.save(tmp_path / "r.nc")
    write_nwb(pair, tmp_path / "pair.nwb")
    arguments = ["simulate", str(tmp_path / "r.nc"), "--recording", str(tmp_path / "pair.nwb"), "--repeats", "3", "--seed", "2"]
    out = ["--out", str(tmp_path / "s.nwb")]
    assert main([*arguments, *out, "--compare", str(tmp_path / "c"), "--event", "cue", "--keep"]) == 0
    said = capsys.readouterr().out
    assert "3 repeats of 2 units over 36 s, seed 2" in said
    assert "6 units" in said
    assert {"rate.csv", "isi.csv", "psth.csv", "comparison.nc", "agreement.csv"} <= {
        path.name for path in (tmp_path / "c").iterdir()
    }
    kept = ge.Result.load(tmp_path / "c" / "result.nc").simulated
    assert kept.psth.equals(coupled.simulate_and_compare(ge.open_recording(tmp_path / "pair.nwb"), 3, 2, event="cue").psth)
    assert main([*arguments, "--out", str(tmp_path / "t.nwb"), "--keep"]) == 1
    assert "--compare" in capsys.readouterr().err
    assert main([*arguments, *out]) == 1
    assert "exists already" in capsys.readouterr().err
    assert main([*arguments, "--out", str(tmp_path / "s.npz")]) == 1
