"""Bootstrap over blocks and trials: what is drawn, coverage where bins are not independent, bands of a result, refusals."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import lfilter

import glmengine as ge
from glmengine.fitting.bootstrap import interval, make_blocks


def slow_noise(random, n, bins):
    a = np.exp(-1 / bins)
    return lfilter([np.sqrt(1 - a * a)], [1, -a], random.normal(size=(n + 20 * bins)))[20 * bins :]


def test_blocks_cover_the_used_rows_and_cross_no_border():
    stretch = np.repeat([0, -1, 1], [100, 10, 55])
    blocks = make_blocks(np.ones(165, bool), stretch, 10)
    assert blocks.count == 10 + 6
    assert (blocks.number[100:110] == -1).all()
    assert not set(blocks.number[:100]) & set(blocks.number[110:])
    weights = blocks.weights(3, seed=1)
    assert np.array_equal(weights, blocks.weights(3, seed=1))
    assert not np.array_equal(weights, blocks.weights(4, seed=1))
    times = [weights[blocks.number == block] for block in range(blocks.count)]
    assert all((one == one[0]).all() for one in times)
    assert sum(one[0] for one in times) == blocks.count


def test_a_draw_is_the_fit_of_the_blocks_that_were_drawn():
    random = np.random.default_rng(0)
    X, Y = random.normal(size=(400, 2)), random.poisson(1.0, (400, 3))
    mask = np.array([[True, True, False], [True, False, True]])
    found = ge.bootstrap(X, Y, draws=4, length=20, seed=5, mask=mask)
    weights = make_blocks(np.ones(400, bool), None, 20).weights(2, 5).astype(int)
    copied = ge.fit(np.repeat(X, weights, axis=0), np.repeat(Y, weights, axis=0), mask=mask)
    np.testing.assert_allclose(found.coef[2], copied.coef, atol=1e-7)
    np.testing.assert_allclose(found.intercept[2], copied.intercept, atol=1e-7)
    np.testing.assert_allclose(found.standard_errors[2], copied.standard_errors, rtol=1e-6)


def test_intervals_hold_where_bins_are_not_independent():
    within = {"percentile": [], "studentised": [], "Wald": []}
    for seed in range(12):
        random = np.random.default_rng(seed)
        x = slow_noise(random, 4000, 30)
        drift = np.column_stack([slow_noise(random, 4000, 60) for _ in range(5)])
        found = ge.bootstrap(
            x[:, None], random.poisson(0.5 * np.exp(0.4 * drift + 0.2 * x[:, None])), draws=80, length=200, seed=seed
        )
        for kind in ("percentile", "studentised"):
            low, high = found.interval(kind)
            within[kind].append((low <= 0.2) & (high >= 0.2))
        within["Wald"].append(np.abs(found.estimate.coef - 0.2) < 1.96 * found.estimate.standard_errors)
    shares = {kind: np.mean(values) for kind, values in within.items()}
    assert shares["percentile"] > 0.83  # 0.95 less three binomial errors of 60, and the few blocks
    assert shares["Wald"] < 0.75 < shares["studentised"]


def test_percentiles_are_those_of_the_draws_that_are_known():
    rng = np.random.default_rng(3)
    draws = rng.normal(size=(9, 4))
    draws[:5, 1] = np.nan  # fewer than half are left
    draws[2, 2] = np.inf  # no value either
    draws[4:8, 3] = np.nan
    low, high = interval(draws, draws[0], None, None, level=0.9)
    for place in (0, 2, 3):
        known = draws[np.isfinite(draws[:, place]), place]
        np.testing.assert_allclose((low[place], high[place]), np.quantile(known, (0.05, 0.95)), rtol=1e-14)
    assert np.isnan(low[1])
    assert np.isnan(interval(np.empty((0, 2)), np.zeros(2), None, None)[0]).all()


def test_studentised_intervals_by_hand():
    draws = np.array([[1.0], [2.0], [4.0]])
    errors = np.array([[0.5], [1.0], [2.0]])
    low, high = interval(draws, np.array([2.0]), errors, np.array([1.0]), "studentised", level=1.0)
    assert (low[0], high[0]) == (2.0 - 1.0, 2.0 + 2.0)
    with pytest.raises(ge.GlmError, match="no bootstrap interval 'normal'"):
        interval(draws, np.array([2.0]), None, None, "normal")


def test_stopping_keeps_the_draws_that_are_done():
    random = np.random.default_rng(0)
    X, Y = random.normal(size=(300, 1)), random.poisson(1.0, 300)
    heard = []
    stopped = ge.CallbackContext(
        on_progress=heard.append, stopped=lambda: any("of 2000" in p.stage and p.fraction > 0.3 for p in heard)
    )
    found = ge.bootstrap(X, Y, draws=2000, length=10, context=stopped)
    assert 0 < len(found.coef) < 2000
    assert "was stopped after" in found.notes[0]
    whole = ge.bootstrap(X, Y, draws=len(found.coef), length=10)
    np.testing.assert_allclose(found.coef, whole.coef, atol=1e-9)


def test_what_is_said_of_the_draws_agrees_with_what_a_stop_keeps():
    random = np.random.default_rng(0)
    X, Y = random.normal(size=(300, 1)), random.poisson(1.0, (300, 3))
    heard = []
    stopped = ge.CallbackContext(
        on_progress=lambda progress: heard.append(progress.stage), stopped=lambda: any("draws" in stage for stage in heard)
    )
    found = ge.bootstrap(X, Y, draws=200, length=10, context=stopped)
    assert found.at_once == 85
    assert heard[-1] == "Bootstrap, draws 1 to 85 of 200 together"
    assert len(found.coef) == 0
    assert found.notes == ("The bootstrap was stopped after 0 of 200 draws, 85 at a time.",)
    found = ge.bootstrap(X, Y, draws=4, length=10)
    assert (found.at_once, found.notes) == (4, ())


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"length": 100}, "3 blocks with usable bins, 10 at least"),
        ({"stretch": np.repeat(np.arange(4), 75)}, "4 trials with usable bins, 10 at least"),
        ({"length": 10, "draws": 1}, "give 2 or more"),
        ({"length": 0}, "one bin at least"),
    ],
)
def test_refusals(options, words):
    with pytest.raises(ge.GlmError, match=words):
        ge.bootstrap(np.ones((300, 1)) * np.arange(300)[:, None], np.ones(300), **options)


def test_bands_of_a_result(small_result, small_recording, tmp_path):
    found = small_result.bootstrap(small_recording, draws=20)
    assert "20 draws of" in found.notes[0]
    assert set(found.curves) == set(small_result.curves)
    assert set(found.filters) == set(small_result.filters)
    for label, curve in found.curves.items():
        np.testing.assert_allclose(curve["effect_hz"], small_result.curves[label]["effect_hz"], rtol=1e-6)
        assert (curve["low"] < curve["high"]).all()
        assert (curve["low_simultaneous_hz"] < curve["high_simultaneous_hz"]).all()
        assert curve["low"].dims == small_result.curves[label]["effect_link"].dims
    for label, one in found.filters.items():
        assert one["low"].dims == small_result.filters[label]["filter"].dims
        here = np.isfinite(one["filter"].values)
        assert (one["low"].values <= one["high"].values)[here].all()
    assert (found.coefficients["low"] <= found.coefficients["high"]).all()
    with pytest.raises(ge.GlmError, match="no trials or epoch 'laps'"):
        small_result.bootstrap(small_recording, trials="laps")


def test_the_command_writes_tables(small_result, small_recording, tmp_path, capsys):
    from glmengine.cli.main import main
    from glmengine.export.nwb import write_nwb

    write_nwb(small_recording, tmp_path / "session.nwb")
    small_result.save(tmp_path / "result.nc")
    command = [
        "bootstrap",
        str(tmp_path / "result.nc"),
        "--recording",
        str(tmp_path / "session.nwb"),
        "--out",
        str(tmp_path / "out"),
    ]
    assert main([*command, "--draws", "3", "--block", "5", "--keep"]) == 0
    assert "3 draws of" in ge.Result.load(tmp_path / "out" / "result.nc").bootstrap_bands.notes[0]
    assert "3 draws of" in capsys.readouterr().out
    assert (tmp_path / "out" / "coefficients.csv").read_text().startswith("feature,unit,estimate,low,high")
    assert (tmp_path / "out" / "curves_head_direction.csv").exists()
    assert main([*command, "--block", "1000"]) == 1
    assert "10 at least are needed" in capsys.readouterr().err
