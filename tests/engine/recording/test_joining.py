"""Several recordings in one analysis: joined on one time axis, with intercepts and tuning of each session's own."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pynapple as nap
import pytest

import glmengine as ge
from glmengine.analysis.analysis import Analysis
from glmengine.analysis.time_grid import make_grid
from glmengine.errors import GlmError
from glmengine.recording.binned import count_spikes, sample_covariate
from glmengine.recording.recording import Covariate, Recording
from glmengine.timegrid.grid import TimeGrid

BIN = 0.02
ANGLE = {"kind": "covariate", "factors": [{"variable": "angle", "basis": {"family": "cyclic_b_spline", "n": 6}}]}
HISTORY = {"kind": "history", "basis": {"family": "raised_cosine_log", "n": 3, "window": 0.1}}
COUPLING = {"kind": "coupling", "basis": {"family": "raised_cosine_log", "n": 2, "window": 0.06}}


def session(name, seed=0, rates=(5.0, 10.0), names=("a", "b"), start=0.0, seconds=120.0, preferred=1.0, sha="", **changes):
    """Units that prefer one direction, their mean rates in Hz."""
    random = np.random.default_rng(seed)
    n = round(seconds / BIN)
    times = start + (np.arange(n) + 0.5) * BIN
    angle = np.mod(np.cumsum(random.normal(0, 0.25, n)), 2 * np.pi)
    support = nap.IntervalSet(start, start + seconds)
    spikes = {}
    for number, rate in enumerate(rates):
        counts = random.poisson(rate * BIN * np.exp(np.cos(angle - preferred)))
        fired = np.sort(np.repeat(times, counts) + random.uniform(-0.009, 0.009, counts.sum()))
        spikes[number] = nap.Ts(fired, time_support=support)
    made = Recording(
        name=name,
        unit_names=tuple(names),
        spikes=nap.TsGroup(spikes, time_support=support),
        covariates={"angle": Covariate("angle", nap.Tsd(times, angle, time_support=support), "rad", "angle")},
        epochs={"all": support, "run": nap.IntervalSet(start + 10, start + seconds - 10)},
        events={"cue": nap.Ts(np.array([start + 5.0, start + 50.0]), time_support=support)},
        sha256=sha,
    )
    return replace(made, **changes)


def analysis(*terms, folds=0, strengths=(1e-6,), **parts) -> Analysis:
    model = {"strengths": list(strengths), **parts.pop("model", {})}
    return Analysis.from_dict(
        {"time": {"bin_size": BIN}, "terms": list(terms), "model": model, "validation": {"folds": folds}, **parts}
    )


def part_of(recording, name, start, stop):
    """A stretch of a recording as a recording of its own."""
    piece = nap.IntervalSet(start, stop)
    angle = recording.covariates["angle"]
    return replace(
        recording,
        name=name,
        spikes=recording.spikes.restrict(piece),
        covariates={"angle": replace(angle, data=angle.data.restrict(piece))},
        epochs={"all": piece},
        events={},
    )


@pytest.mark.parametrize("start", [0.0, 5000.0])
def test_two_halves_joined_are_the_whole_cut_at_the_border(start):
    whole = session("whole", seconds=240.0, start=start)
    cut = nap.IntervalSet([start, start + 120.02], [start + 120.0, start + 240.0])
    halves = [part_of(whole, "1", start, start + 120.0), part_of(whole, "2", start + 120.02, start + 240.0)]
    question = analysis(ANGLE, HISTORY, COUPLING, model={"intercept_per_session": False})
    one = ge.run(question, replace(whole, epochs={"all": cut}))
    two = ge.run(question, ge.join_recordings(halves))
    np.testing.assert_allclose(two.coefficients.values, one.coefficients.values, rtol=0, atol=1e-8)
    np.testing.assert_allclose(two.standard_errors.values, one.standard_errors.values, rtol=0, atol=1e-8)
    np.testing.assert_allclose(two.intercepts.values, one.intercepts.values, rtol=0, atol=1e-8)


def test_histories_do_not_cross_sessions():
    joined = ge.join_recordings([session("x", 1), session("y", 2, start=120.0)])
    question = analysis(ANGLE, HISTORY)
    grid = make_grid(question.time, joined)
    design = ge.build_design(question, joined, grid, unit_names=joined.unit_names)
    assert len(grid.offsets) == 3
    first = grid.offsets[1]
    assert not design.valid[:5].any()
    assert not design.valid[first : first + 5].any()
    assert design.valid[5:first].all()
    assert design.valid[first + 5 :].all()


def test_each_session_gets_its_intercept_and_the_penalty_leaves_it_alone():
    rates = [(4.0, 12.0), (16.0, 3.0), (8.0, 8.0)]
    joined = ge.join_recordings([session(f"s{n}", n, rate, seconds=400.0) for n, rate in enumerate(rates)])
    result = ge.run(analysis(ANGLE, strengths=[10.0]), joined)
    # so strong a penalty leaves nothing of the tuning: each intercept is the session's mean rate
    mean = np.log(result.sessions["rate_hz"] * BIN)
    np.testing.assert_allclose(result.sessions["intercept"], mean, atol=0.01)
    weak = ge.run(analysis(ANGLE, strengths=[1e-7]), joined)
    found = weak.sessions["intercept"].values
    errors = np.hypot(weak.sessions["intercept_error"].values, weak.sessions["intercept_error"].values[:, :1])
    true = np.log(np.array(rates).T)
    z = ((found - found[:, :1]) - (true - true[:, :1]))[:, 1:] / errors[:, 1:]
    assert (np.abs(z) < 4).all()
    assert np.abs((found - found[:, :1]) - (true - true[:, :1])).max() < 0.15
    assert (weak.sessions["n_spikes"].sum("session") == weak.scores["n_spikes"]).all()


def test_separate_tuning_is_that_of_each_session_alone():
    one, other = session("one", 1, preferred=0.5), session("other", 2, preferred=3.5)
    joined = ge.join_recordings([one, other])
    result = ge.run(analysis({**ANGLE, "separate": True}, strengths=[0.0], model={"penalty": "none"}), joined)
    assert list(result.curves) == ["angle in one", "angle in other", "session"]
    both = result.predict(joined)
    for alone, name in ((one, "one"), (other, "other")):
        apart = ge.run(analysis(ANGLE, strengths=[0.0], model={"penalty": "none"}), alone)
        there = result.predict(replace(alone, name=name))
        np.testing.assert_allclose(there.values, apart.predict(alone).values, rtol=1e-6)
        rows = joined.session_of(both["time"].values) == [s.name for s in joined.sessions].index(name)
        np.testing.assert_allclose(both.values[:, rows], there.values, rtol=1e-9)
        best = result.curves[f"angle in {name}"]["effect_hz"]
        peak = best["angle"].values[best.values.argmax(axis=1)]
        assert (np.abs(np.angle(np.exp(1j * (peak - (0.5 if name == "one" else 3.5))))) < 0.5).all()


def test_separate_within_epochs_of_each_session():
    joined = ge.join_recordings([session("one", 1), session("other", 2)])
    question = analysis({**ANGLE, "separate": True, "epochs": ["run"]})
    grid = make_grid(question.time, joined)
    design = ge.build_design(question, joined, grid, unit_names=joined.unit_names)
    assert [term.epochs for term in design.terms[:2]] == [("one: run",), ("other: run",)]
    used = np.abs(np.nan_to_num(design.dense()[:, :6])).sum(axis=1) > 0
    assert grid.centres[used].min() == pytest.approx(10.01)
    assert grid.centres[used].max() == pytest.approx(109.99)


def test_a_unit_of_one_session_is_missing_in_the_other_and_spoils_nothing():
    one, other = session("one", 1, names=("a", "b")), session("other", 2, names=("b", "c"))
    joined = ge.join_recordings([one, other])
    assert joined.unit_names == ("a", "b", "c")
    assert "Not recorded in other: unit a." in joined.notes
    assert "Not recorded in one: unit c." in joined.notes
    counts = count_spikes(joined, make_grid(analysis(ANGLE).time, joined))
    assert np.isnan(counts[6000:, 0]).all()
    assert np.isnan(counts[:6000, 2]).all()
    assert np.isfinite(counts[:, 1]).all()
    result = ge.run(analysis(ANGLE, HISTORY, folds=3), joined)
    alone = ge.run(analysis(ANGLE, HISTORY, folds=3), one)
    assert result.scores["n_bins"].sel(unit="a") == alone.scores["n_bins"].sel(unit="a")
    assert (result.scores["status"] == "ok").all()
    assert bool(result.scores["converged"].all())
    assert np.isnan(result.sessions["intercept"].sel(unit="a", session="other"))
    assert np.isfinite(result.scores["deviance_explained_heldout"]).all()
    rates = result.predict(joined)
    here = result.predict(one)
    assert np.isnan(rates.sel(unit="a").values[6000:]).all()
    np.testing.assert_allclose(rates.sel(unit="a").values[:6000], alone.predict(one).sel(unit="a").values, rtol=1e-4)
    np.testing.assert_allclose(here.sel(unit="a").values, rates.sel(unit="a").values[:6000])
    assert np.isnan(here.sel(unit="c").values).all()
    assert ge.join_recordings([one, other], units="all").unit_names == ("b",)
    with pytest.raises(GlmError, match="no unit in common"):
        ge.join_recordings([session("x", 1, names=("a", "b")), session("y", 2, names=("c", "d"))], units="all")


def test_folds_lie_within_sessions():
    from glmengine.analysis.validation import Validation
    from glmengine.design.prepare import prepare
    from glmengine.design.splits import split_time

    joined = ge.join_recordings([session(f"s{n}", n, seconds=60.0 if n else 120.0) for n in range(3)])
    prepared = prepare(analysis(ANGLE, HISTORY, folds=3), joined)
    folds = split_time(Validation(folds=3), prepared.grid, prepared.design.valid, joined).fold
    number = joined.session_of(prepared.grid.centres)
    for one in range(3):
        own = folds[(number == one) & prepared.design.valid]
        assert np.ptp(np.bincount(own)) <= 1
        assert (np.diff(own) >= 0).all()
        assert set(own) == {0, 1, 2}
    assert (folds[~prepared.design.valid] == -1).all()


def test_a_unit_silent_in_one_session_keeps_its_tuning():
    one, other = session("one", 1), session("other", 2, rates=(0.0, 10.0))
    result = ge.run(analysis(ANGLE, folds=3), ge.join_recordings([one, other]))
    alone = ge.run(analysis(ANGLE, folds=3), one)
    found, known = (r.curves["angle"]["effect_link"].sel(unit="a").values for r in (result, alone))
    np.testing.assert_allclose(found - found.mean(), known - known.mean(), atol=1e-3)
    assert np.nanmax(result.predict(replace(other, name="other")).sel(unit="a")) < 1e-3
    assert result.sessions["n_spikes"].sel(unit="a", session="other") == 0


def test_what_does_not_go_together_is_refused_in_one_sentence():
    one = session("one", 1, sha="1" * 64)
    with pytest.raises(GlmError, match="copy: is there twice"):
        ge.join_recordings([one, replace(one, name="copy")])
    with pytest.raises(GlmError, match="one: is there twice"):
        ge.join_recordings([replace(one, sha256="")] * 2)
    degrees = session("other", 2)
    angle = degrees.covariates["angle"]
    with pytest.raises(GlmError, match="'angle' is in rad in one, but in deg in other"):
        ge.join_recordings([one, degrees.with_covariates(replace(angle, unit="deg"))])
    with pytest.raises(GlmError, match="another kind in other"):
        ge.join_recordings([one, degrees.with_covariates(replace(angle, kind="continuous"))])
    with pytest.raises(GlmError, match="two sessions are called 'x'"):
        ge.join_recordings([one, degrees], ["x", "x"])
    with pytest.raises(GlmError, match="'run' is the name of an epoch"):
        ge.join_recordings([one, degrees], ["run", "x"])
    with pytest.raises(GlmError, match="has no name"):
        ge.join_recordings([one, degrees], ["a", " "])
    with pytest.raises(GlmError, match="give at least one"):
        ge.join_recordings([])
    counted = replace(degrees, spikes=None, counts=degrees.spikes.count(BIN))
    with pytest.raises(GlmError, match="other: holds counts in bins, but one spike times"):
        ge.join_recordings([one, counted])
    joined = ge.join_recordings([one, degrees])
    with pytest.raises(GlmError, match="several sessions already"):
        ge.join_recordings([joined, session("z", 3)])


def test_a_unit_of_measure_that_one_session_leaves_out_is_taken_over_with_a_note():
    other = session("other", 2)
    joined = ge.join_recordings([session("one", 1), other.with_covariates(replace(other.covariates["angle"], unit=""))])
    assert joined.covariates["angle"].unit == "rad"
    assert any("'angle' has no unit of measure in other" in note for note in joined.notes)


def test_a_covariate_that_one_session_lacks_leaves_its_bins_out():
    one, other = session("one", 1), session("other", 2)
    speed = Covariate("speed", nap.Tsd(one.covariates["angle"].data.t, np.random.default_rng(0).normal(size=6000)), "cm/s")
    joined = ge.join_recordings([one.with_covariates(speed), other])
    assert any("'speed' was not recorded in other" in note for note in joined.notes)
    term = {"kind": "covariate", "factors": [{"variable": "speed", "basis": {"family": "identity"}}]}
    result = ge.run(analysis(term), joined)
    assert (result.scores["n_bins"] <= 6000).all()
    assert (result.sessions["n_bins"].sel(session="other") == 0).all()
    assert np.isnan(result.sessions["intercept"].sel(session="other")).all()
    assert bool(result.scores["converged"].all())


def test_names_epochs_events_trials_notes_and_hash():
    trials = nap.IntervalSet([10.0, 20.0], [15.0, 25.0], metadata={"choice": ["left", "right"], "go_time": [11.0, 21.0]})
    more = nap.IntervalSet([30.0], [35.0], metadata={"choice": ["left"], "reaction_time": [0.4]})
    one = session("Tag 1 – früh", 1, trials={"trials": trials}, notes=("A spike was repeated.",), sha="1" * 64)
    other = session("日2", 2, trials={"trials": more}, sha="2" * 64)
    joined = ge.join_recordings([one, other])
    assert [s.name for s in joined.sessions] == ["Tag 1 – früh", "日2"]
    assert {"all", "run", "日2", "日2: run", "Tag 1 – früh", "Tag 1 – früh: run"} == set(joined.epochs)
    assert joined.notes[0] == "Tag 1 – früh: A spike was repeated."
    shift = joined.sessions[1].shift
    assert shift == round(shift)
    assert shift >= 130
    np.testing.assert_allclose(joined.events["cue"].t, [5, 50, 5 + shift, 50 + shift])
    table = joined.trials["trials"]
    np.testing.assert_allclose(table.start, [10, 20, 30 + shift])
    assert list(table.get_info("session")) == ["Tag 1 – früh", "Tag 1 – früh", "日2"]
    np.testing.assert_allclose(np.asarray(table.get_info("go_time"), float)[:2], [11, 21])
    assert float(table.get_info("reaction_time")[2]) == 0.4
    assert len(joined.sha256) == 64
    assert joined.sha256 != ge.join_recordings([other, one]).sha256
    assert joined.duration == pytest.approx(240.0)
    again = ge.join_recordings([session("x", 1), session("x", 2)])
    assert [s.name for s in again.sessions] == ["x", "x-2"]


def test_times_are_kept_where_sessions_follow_each_other():
    early, late = session("early", 1), session("late", 2, start=200.0)
    joined = ge.join_recordings([late, early])
    assert [(s.name, s.shift) for s in joined.sessions] == [("early", 0.0), ("late", 0.0)]
    far = ge.join_recordings([early, session("far", 2, start=1.7e9)])
    assert far.sessions[1].span[0] == pytest.approx(130.0)


def test_the_category_of_the_session_does_not_mind_a_short_limit_on_gaps():
    joined = ge.join_recordings([session("one", 1), session("other", 2)])
    question = analysis(ANGLE).with_(time={"bin_size": BIN, "max_gap": 0.03})
    result = ge.run(question, joined)
    assert (result.scores["n_bins"] > 11_900).all()
    grid = TimeGrid.from_intervals(joined.epochs["all"], 0.5)
    assert np.array_equal(sample_covariate(joined.covariates["session"], grid), np.repeat([0.0, 1.0], 240))


def test_a_result_of_several_sessions_is_kept_whole(tmp_path):
    one, other = session("one", 1, sha="1" * 64), session("other", 2, sha="2" * 64)
    joined = ge.join_recordings([one, other])
    question = analysis(ANGLE)
    result = ge.run(question, joined)
    result.save(tmp_path / "r.nc")
    again = ge.Result.load(tmp_path / "r.nc")
    assert again.sessions.identical(result.sessions)
    assert again.is_for(question, joined)
    assert not again.is_for(question, one)
    assert not again.is_for(question, ge.join_recordings([one, other], ["p", "q"]))
    # known by its hash, whatever it is called now
    np.testing.assert_array_equal(
        again.predict(replace(other, name="renamed")), again.predict(ge.join_recordings([other], ["other"]))
    )
    np.testing.assert_allclose(again.predict(ge.join_recordings([other], ["other"])), result.predict(joined)[:, 6000:], rtol=1e-9)
    swapped = ge.join_recordings([other, one])
    np.testing.assert_allclose(again.predict(swapped)[:, :6000], result.predict(joined)[:, 6000:])
    assert (again.score(other)["n_bins"] == 6000).all()
    with pytest.raises(GlmError, match="stranger: is none of the sessions"):
        again.predict(session("stranger", 3))


def test_counts_that_came_binned_are_joined():
    parts = []
    for number in range(2):
        one = session(f"s{number}", number, names=("a", "b") if number else ("a", "c"))
        parts.append(replace(one, spikes=None, counts=one.spikes.count(BIN, one.epochs["all"])))
    joined = ge.join_recordings(parts)
    result = ge.run(analysis(ANGLE), joined)
    assert joined.unit_names == ("a", "c", "b")
    assert result.scores["n_bins"].values.tolist() == [12_000, 6000, 6000]
    wide = replace(parts[1], counts=session("s1", 1).spikes.count(0.04, parts[1].epochs["all"]), unit_names=("a", "b"))
    with pytest.raises(GlmError, match=r"in bins of 0\.04 s"):
        ge.join_recordings([parts[0], wide])


def test_derived_epochs_and_times_since_events_stay_within_their_session():
    one, other = session("one", 1), session("other", 2)
    question = analysis({**ANGLE, "separate": True, "epochs": ["late"]}).with_(
        derived=[
            {"kind": "time_since", "name": "since", "event": "cue"},
            {"kind": "threshold_epochs", "name": "late", "source": "since", "above": 60.0},
        ]
    )
    from glmengine.design.prepare import prepare

    prepared = prepare(question, ge.join_recordings([one, other]))
    assert [term.epochs for term in prepared.design.terms[:2]] == [("one: late",), ("other: late",)]
    since = prepared.recording.covariates["since"].data
    start = prepared.recording.sessions[1].span[0]
    assert np.isnan(since[(since.t >= start) & (since.t < start + 4.9)].values).all()
    assert np.nanmax(since.values) < 70.01


def test_a_session_that_is_only_tested_on_shares_the_intercept():
    joined = ge.join_recordings([session(f"s{n}", n, seconds=60.0) for n in range(3)])
    validation = {"folds": 0, "fit_epochs": ["s0", "s1"], "test_epochs": ["s2"]}
    with pytest.raises(GlmError, match="'s2' is only tested on") as refused:
        ge.run(analysis(ANGLE).with_(validation=validation), joined)
    assert refused.value.field == "model.intercept_per_session"
    shared = ge.run(analysis(ANGLE, model={"intercept_per_session": False}).with_(validation=validation), joined)
    assert (shared.scores["n_bins_test"] == 3000).all()
    single = ge.run(analysis(ANGLE).with_(validation={**validation, "fit_epochs": ["s0"]}), joined)  # nothing to tell apart
    assert np.isfinite(single.scores["deviance_explained_test"]).all()


@pytest.mark.parametrize("penalty", ["none", "lasso", "group_lasso", "smoothness"])
def test_no_penalty_touches_the_intercepts_of_sessions(penalty):
    joined = ge.join_recordings([session("one", 1, seconds=60.0), session("other", 2, rates=(20.0, 2.0), seconds=60.0)])
    strengths = [0.0] if penalty == "none" else [5.0]
    result = ge.run(analysis(ANGLE, strengths=strengths, model={"penalty": penalty}), joined)
    assert result.scores["converged"].all()
    # the likelihood's own condition for a free intercept: in each session as many spikes are expected as there are
    expected = result.predict(joined).values * BIN
    for number, name in enumerate(["one", "other"]):
        rows = np.arange(expected.shape[1]) // 3000 == number
        np.testing.assert_allclose(expected[:, rows].sum(axis=1), result.sessions["n_spikes"].sel(session=name), rtol=1e-6)
