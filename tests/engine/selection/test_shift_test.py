"""Shift tests: which rows are put beside which, error rates and power where bins are not independent, refusals, stopping."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import lfilter
from scipy.stats import binom

import glmengine as ge
from glmengine.inference.tail_p import shuffle_p
from glmengine.selection.shuffles import correlation_length, make_shuffles

BIN = 0.1
N_BINS = 4000


def slow_noise(random, n, seconds):
    a = np.exp(-BIN / seconds)
    run_in = int(10 * seconds / BIN)
    return lfilter([np.sqrt(1 - a * a)], [1, -a], random.normal(size=n + run_in))[run_in:]


def drifting(seed, effect=0.0, units=1):
    """Splines of a covariate that varies over 5 s, counts of units that drift over 20 s."""
    random = np.random.default_rng(seed)
    x = slow_noise(random, N_BINS, 5.0)
    drift = np.column_stack([slow_noise(random, N_BINS, 20.0) for _ in range(units)])
    X = np.asarray(ge.basis.BSpline(n=6, bounds=(-4, 4), outside="clamped").evaluate(x))
    return X, random.poisson(0.5 * np.exp(0.5 * drift + effect * x[:, None]))


def test_shifts_stay_in_their_stretch_and_are_long_enough():
    stretch = np.repeat([0, 1, -1, 2], [50, 80, 5, 10])
    shuffles = make_shuffles("cyclic", stretch, 30, least=8, seed=0, bin_size=0.5)
    assert set(stretch[shuffles.used]) == {0, 1}  # the last is shorter than two of the shortest shifts
    assert "shorter than two of the shortest shifts (4 s)" in shuffles.notes[0]
    for partner in shuffles:
        assert np.array_equal(stretch[partner], stretch[shuffles.used])
        for number, size in ((0, 50), (1, 80)):
            here = stretch[shuffles.used] == number
            moved = (partner[here] - shuffles.used[here]) % size
            assert (moved == moved[0]).all()
            assert 8 <= moved[0] <= size - 8
            assert np.array_equal(np.sort(partner[here]), shuffles.used[here])


def test_of_one_stretch_no_shift_comes_twice_and_no_more_than_there_are():
    shuffles = make_shuffles("cyclic", np.zeros(60, int), 200, least=20, seed=1)
    assert sorted(shuffles.moves[:, 0]) == list(range(20, 41))
    assert "21 different shifts only" in shuffles.notes[0]


def test_of_several_stretches_each_combination_of_shifts_comes_once_but_none_at_all():
    shuffles = make_shuffles("cyclic", np.repeat([0, 1, 2], [2, 3, 2]), 200, seed=1)
    found = {tuple(move) for move in shuffles.moves.tolist()}
    assert found == {(a, b, c) for a in range(2) for b in range(3) for c in range(2)} - {(0, 0, 0)}
    assert len(shuffles) == 11
    assert "11 different shifts only" in shuffles.notes[0]
    many = make_shuffles("cyclic", np.repeat(np.arange(40), 2), 300, seed=1).moves
    assert many.any(axis=1).all()
    assert 0.45 < many.mean() < 0.55  # were all to move, there would be one shift only


def test_shifts_within_trials_of_two_bins_reject_nothing_in_5_percent():
    stretch, p = np.repeat(np.arange(30), 2), []
    for seed in range(300):
        random = np.random.default_rng(seed)
        x, y = random.normal(size=(2, stretch.size))
        shuffles = make_shuffles("cyclic", stretch, 39, seed=seed)
        gains = np.array([x[partner] @ y[shuffles.used] for partner in (shuffles.used, *shuffles)])
        p.append(float(shuffle_p(gains[:, None])[0]))
    assert np.sum(np.array(p) <= 0.05) <= binom.ppf(0.999, len(p), 0.05)


def test_blocks_change_places_whole():
    shuffles = make_shuffles("blocks", np.repeat([0, 1], [45, 30]), 5, least=10, seed=0)
    assert shuffles.used.size == 44 + 30
    for partner in shuffles:
        assert np.array_equal(np.sort(partner), np.sort(shuffles.used))
        for block in np.split(partner, [11, 22, 33, 44, 54, 64]):
            assert (np.diff(block) == 1).all()
        assert partner[:44].max() < 45


def test_trials_of_other_lengths_are_paired_from_their_beginning():
    lengths = [20, 20, 18, 20, 22, 20]
    stretch = np.repeat(np.arange(6), lengths)
    begins = np.cumsum([0, *lengths])
    shuffles = make_shuffles("trials", stretch, 4, least=1, seed=3)
    assert "have a partner" in shuffles.notes[0]
    for partner, move in zip(shuffles, shuffles.moves, strict=True):
        for trial, other in enumerate(move):
            beside = partner[stretch[shuffles.used] == trial]
            both = min(lengths[trial], lengths[other])
            assert np.array_equal(beside[:both], begins[other] + np.arange(both))
            assert (beside[both:] == -1).all()


def test_the_shortest_shift_is_longer_than_the_autocorrelation():
    random = np.random.default_rng(0)
    slow = slow_noise(random, 20_000, 5.0)
    stretch = np.zeros(slow.size, int)
    assert 0.5 * np.log(10) * 50 < correlation_length(slow, stretch) < 2 * np.log(10) * 50
    assert correlation_length(random.normal(size=20_000), stretch) <= 2
    counts = random.poisson(0.2 * np.exp(0.7 * slow))  # noise hides the rate's autocorrelation, and does not make it short
    assert correlation_length(counts, stretch) > 50
    for enough in (20, 40, 1_000):  # products of few lags, and transforms
        assert correlation_length(slow, stretch, enough) == min(correlation_length(slow, stretch), enough)
    quick = np.convolve(random.normal(size=20_000), np.ones(12) / 12, "same")
    assert correlation_length(quick, stretch, 40) == correlation_length(quick, stretch) < 20


def test_a_covariate_that_does_nothing_is_called_so_though_wald_does_not():
    """The full study (tests/studies/test_null_error_rates.py) has 500 recordings; here 120 units of 24 recordings."""
    shift, wald = [], []
    for seed in range(24):
        X, Y = drifting(seed, units=5)
        shift.append(ge.shift_test(X, Y, shifts=39, seed=seed, bin_size=BIN).table["p"].values[0])
        wald.append(ge.fit(X, Y).wald({"x": np.arange(6)})["p"].values[0])
    assert np.mean(np.array(wald) <= 0.05) > 0.3
    assert np.mean(np.array(shift) <= 0.05) < 0.11  # 0.05 and three binomial errors


@pytest.mark.parametrize("scheme", ["cyclic", "blocks"])
@pytest.mark.parametrize("statistic", ["held_out", "in_sample"])
def test_a_covariate_that_drives_is_found(scheme, statistic):
    X, Y = drifting(100, effect=0.4, units=3)
    found = ge.shift_test(X, Y, scheme=scheme, statistic=statistic, shifts=99, bin_size=BIN)
    assert (found.table["p"] <= 0.02).all()
    assert (found.table["gain"] > found.table["null_high"]).all()


def test_one_scoring_step_and_fits_to_the_optimum_agree():
    X, Y = drifting(7, effect=0.15, units=2)
    options = {"shifts": 19, "seed": 0, "bin_size": BIN}
    step, refit = (ge.shift_test(X, Y, statistic="in_sample", refit=refit, **options) for refit in (False, True))
    gains = [np.concatenate([one.table["gain"].values, one.table["null"].values[:, 0]]).ravel() for one in (step, refit)]
    assert np.corrcoef(gains)[0, 1] > 0.9
    step, refit = (ge.shift_test(X, Y, refit=refit, **options) for refit in (False, True))
    np.testing.assert_allclose(step.table["gain"], refit.table["gain"], atol=0.1 * refit.table["gain"].max())


def test_the_gain_of_a_fit_on_held_out_folds_is_that_of_a_cross_validation():
    X, Y = drifting(3, effect=0.3, units=2)
    found = ge.shift_test(X, Y, penalty="ridge", strength=1e-3, shifts=1, shortest=100, refit=True)
    cv = ge.cross_validate(X, Y, penalty="ridge", strengths=[1e-3])
    gained = ((cv.scores.isel(strength=0) - cv.null_scores) * cv.weight).sum("fold") / cv.weight.sum("fold")
    np.testing.assert_allclose(found.table["gain"].values[0], gained.values, rtol=1e-6)


def test_the_others_stay_with_the_counts():
    """A covariate that goes with another one, which drives, is not needed beside it, and is alone."""
    random = np.random.default_rng(5)
    drives = slow_noise(random, N_BINS, 2.0)
    follows = 0.9 * drives + 0.4 * slow_noise(random, N_BINS, 2.0)
    y = random.poisson(0.5 * np.exp(0.5 * drives))
    X = np.column_stack([drives, follows])
    beside = ge.shift_test(X, y, {"drives": [0], "follows": [1]}, shifts=99)
    alone = ge.shift_test(X[:, 1:], y, {"follows": [0]}, shifts=99)
    assert float(beside.table["p"].sel(term="drives")[0]) == 0.01
    assert float(beside.table["p"].sel(term="follows")[0]) > 0.05
    assert float(alone.table["p"].sel(term="follows")[0]) == 0.01


def test_seed_q_and_silent_units():
    X, Y = drifting(2, effect=0.4, units=3)
    Y[:, 1] = 0
    one, two = (ge.shift_test(X, Y, {"a": [0, 1, 2], "b": [3, 4, 5]}, shifts=19, seed=4) for _ in range(2))
    assert one.table.equals(two.table)
    assert np.isnan(one.table["p"].values[:, 1]).all()
    p = one.table["p"].values[:, [0, 2]].ravel()
    order = np.argsort(p)
    raw = p[order] * p.size / np.arange(1, p.size + 1)
    expected = np.empty(p.size)
    expected[order] = np.minimum.accumulate(raw[::-1])[::-1]
    np.testing.assert_allclose(one.table["q"].values[:, [0, 2]].ravel(), expected)


def test_p_counts_the_data_and_ties():
    gains = np.array([[1.0, 2.0], [1.0 + 1e-13, 1.0], [0.5, 1.0], [3.0, np.nan]])
    np.testing.assert_array_equal(shuffle_p(gains), [3 / 4, np.nan])


def test_stopping_keeps_the_shuffles_done_and_cancelling_ends_at_once():
    X, Y = drifting(0, effect=0.4)
    heard = []
    stopping = ge.CallbackContext(on_progress=heard.append, stopped=lambda: sum(p.stage.startswith("Shift") for p in heard) > 40)
    found = ge.shift_test(X, Y, shifts=5000, context=stopping)
    n = int(found.table["n_shuffles"][0])
    assert 0 < n < 5000
    assert float(found.table["p"].values[0, 0]) == pytest.approx(
        (1 + np.sum(found.table["null"].values[:n, 0, 0] >= found.table["gain"].values[0, 0])) / (1 + n)
    )
    assert any("was stopped" in note for note in found.notes)
    with pytest.raises(ge.Cancelled):
        ge.shift_test(X, Y, context=ge.CallbackContext(cancelled=lambda: True))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"shortest": 3000}, "no epoch or trial is long enough"),
        ({"scheme": "trials", "stretch": np.repeat(np.arange(4), N_BINS // 4)}, "4 trials with usable bins cannot be shuffled"),
        (
            {"scheme": "trials", "stretch": np.repeat(np.arange(5), [3980, 5, 5, 5, 5])},
            "so unlike in length",
        ),
        ({"scheme": "sideways"}, "there is no shuffle 'sideways'"),
        ({"statistic": "wald"}, "there is no statistic 'wald'"),
        ({"shifts": 0}, "give 1 or more"),
        ({"family": "categorical"}, "the categorical family has no shift test"),
        ({"terms": {"x": [17]}}, "'x' has columns that are not there"),
        ({"stretch": np.full(N_BINS, -1)}, "no usable row"),
    ],
)
def test_refusals(options, words):
    X, Y = drifting(0)
    with pytest.raises(ge.GlmError, match=words):
        ge.shift_test(X, Y, **options)


def test_a_result_tests_its_terms_and_keeps_what_was_found(small_result, small_recording, tmp_path):
    found = small_result.shift_test(small_recording, shifts=49)
    assert found.terms == tuple(term.label for term in small_result.terms if term.kind != "history")
    assert any("has no shift test: it is made of the counts themselves" in note for note in found.notes)
    assert found.table["p"].notnull().all()
    with_test = small_result.with_shift_test(found)
    ge.write_outputs(with_test, tmp_path / "out", figures=False)
    assert len((tmp_path / "out" / "shift_test.csv").read_text().splitlines()) == 1 + found.table["p"].size
    assert "Against counts shifted in time" in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    with_test.save(tmp_path / "with.nc")
    again = ge.Result.load(tmp_path / "with.nc").shift_tests
    assert again.table.identical(found.table)
    assert again.notes == found.notes
    history = next(term.label for term in small_result.terms if term.kind == "history")
    with pytest.raises(ge.GlmError, match="made of the counts themselves"):
        small_result.shift_test(small_recording, history)
    with pytest.raises(ge.GlmError, match="the model has no term 'speed'"):
        small_result.shift_test(small_recording, "speed")
    with pytest.raises(ge.GlmError, match="has no trials"):
        small_result.shift_test(small_recording, scheme="trials")


def test_the_command_fits_an_analysis_and_writes_tables(small_analysis, small_recording, tmp_path, capsys):
    from glmengine.cli.main import main
    from glmengine.export.nwb import write_nwb

    write_nwb(small_recording, tmp_path / "session.nwb")
    small_analysis.save(tmp_path / "small.toml")
    command = [
        "shift-test",
        str(tmp_path / "small.toml"),
        "--recording",
        str(tmp_path / "session.nwb"),
        "--out",
        str(tmp_path / "out"),
    ]
    assert main([*command, "--term", "place", "--shifts", "29", "--keep"]) == 0
    assert "1 term tested" in capsys.readouterr().out
    lines = (tmp_path / "out" / "shift_test.csv").read_text().splitlines()
    kept = ge.Result.load(tmp_path / "out" / "result.nc")
    assert lines[0].split(",")[:2] == ["term", "unit"]
    assert len(lines) == 1 + len(kept.units)
    assert kept.shift_tests.terms == ("place",)
    assert main([*command, "--shortest", "1000000"]) == 1
    assert "no epoch or trial is long enough" in capsys.readouterr().err
