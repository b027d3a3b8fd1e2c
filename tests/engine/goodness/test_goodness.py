"""The check of a whole result: labels, verdicts on models that lack something known, what is saved, and bad input."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import glmengine as ge
from glmengine.context import CallbackContext
from glmengine.errors import Cancelled, GlmError
from glmengine.goodness.goodness import Goodness
from glmengine.results.result import Result

KEPT = Path(__file__).parent.parent / "data"
FLAT = {"kind": "covariate", "factors": [{"variable": "x", "basis": {"family": "b_spline", "n": 5}}]}
OTHER = {"kind": "covariate", "factors": [{"variable": "z", "basis": {"family": "b_spline", "n": 5}}]}
HISTORY = {"kind": "history", "basis": {"family": "raised_cosine_log", "n": 4, "window": 0.05}}
BIN, DURATION = 0.005, 300.0


def made(seed: int = 0, **rates):
    """A recording of units whose rate (Hz) is a function of (time, x, z), drawn bin by bin; ``dead`` seconds after a spike nothing."""
    import pynapple as nap

    from glmengine.recording.recording import Covariate, Recording

    rng = np.random.default_rng(seed)
    times = (np.arange(round(DURATION / BIN)) + 0.5) * BIN
    x, z = np.sin(2 * np.pi * times / 7.3), np.sin(2 * np.pi * times / 11.9 + 1)
    spikes = {}
    for index, (rate, dead) in enumerate(rates.values()):
        counts = rng.poisson(np.broadcast_to(rate(times, x, z), times.shape) * BIN)
        rows, last = [], -np.inf
        for row in np.repeat(np.arange(len(times)), counts):
            if times[row] - last >= dead - 1e-9:
                rows.append(row)
                last = times[row]
        spikes[index] = nap.Ts(np.sort(times[rows] + rng.uniform(-0.4, 0.4, len(rows)) * BIN))
    support = nap.IntervalSet(0.0, DURATION)
    covariates = {name: Covariate(name, nap.Tsd(times, values, time_support=support)) for name, values in (("x", x), ("z", z))}
    return Recording(
        name="made",
        unit_names=tuple(rates),
        spikes=nap.TsGroup(spikes, time_support=support),
        covariates=covariates,
        epochs={
            "all": support,
            "pieces": nap.IntervalSet(np.arange(0.0, DURATION, 1.0), np.arange(0.0, DURATION, 1.0) + 0.6),
        },
    )


def fitted(recording, *terms, **parts) -> Result:
    question = {"time": {"bin_size": BIN}, "terms": list(terms), "model": {"strengths": [1e-6]}, "validation": {"folds": 4}}
    return ge.run(ge.Analysis.from_dict(question | parts), recording)


@pytest.fixture(scope="module")
def lacking():
    """Units that differ in what the model ``x`` alone lacks."""
    return made(
        right=(lambda t, x, z: 20 * np.exp(0.6 * x), 0.0),
        refractory=(lambda t, x, z: 40 * np.exp(0.6 * x), 0.0125),
        follows_z=(lambda t, x, z: 20 * np.exp(0.6 * x + 0.8 * z), 0.0),
        drifts=(lambda t, x, z: 20 * np.exp(0.6 * x) * np.linspace(0.5, 1.5, len(t)), 0.0),
        few=(lambda t, x, z: 0.02, 0.0),
    )


@pytest.fixture(scope="module")
def checked(lacking):
    result = fitted(lacking, FLAT, units={"min_spikes": 1})
    return result, ge.goodness(result, lacking)


def test_what_a_model_lacks_is_named(checked):
    summary = checked[1].summary
    say, remedy = (
        {str(unit): str(text) for unit, text in zip(summary["unit"].values, summary[name].values, strict=True)}
        for name in ("verdict", "try_next")
    )
    assert summary["adequate"].sel(unit="right").item()
    assert remedy["right"] == ""
    assert "refractoriness" in remedy["refractory"]
    assert "own spikes" in say["refractory"]
    assert remedy["follows_z"].startswith("add 'z' as a variable")
    assert summary["worst_covariate"].sel(unit="follows_z").item() == "z"
    assert "slow term over time" in remedy["drifts"]
    assert "rises over the session" in say["drifts"]
    assert float(summary["drift_change"].sel(unit="drifts")) == pytest.approx(3.0, rel=0.35)
    assert say["few"].startswith("Not judged")
    assert int(summary["adequate"].sum()) == 1
    assert str(checked[1]).count("\n") == 4


def test_the_remedies_cure(lacking):
    dead = HISTORY | {"refractory": 0.01}
    model = {"family": "bernoulli", "strengths": [1e-6]}
    cured = fitted(lacking, FLAT, dead, units={"names": ["refractory"]}, model=model).goodness(lacking)
    assert cured.summary["adequate"].item(), str(cured)
    cured = fitted(lacking, FLAT, OTHER, units={"names": ["follows_z"]}).goodness(lacking)
    assert cured.summary["adequate"].item(), str(cured)


def test_units_that_fire_together_are_named(small_recording):
    from dataclasses import replace

    import pynapple as nap

    rng = np.random.default_rng(3)
    t = small_recording.spikes[2].t
    echo = np.sort(np.concatenate([t[rng.random(len(t)) < 0.4] + 0.02, rng.uniform(0, 120, 300)]))
    spikes = {index: small_recording.spikes[index] for index in range(3)} | {3: nap.Ts(echo[echo < 120])}
    recording = replace(
        small_recording,
        unit_names=(*small_recording.unit_names, "echo"),
        spikes=nap.TsGroup(spikes, time_support=small_recording.spikes.time_support),
        unit_table=None,
    )
    terms = [{"kind": "covariate", "factors": [{"variable": "position.x", "basis": {"family": "b_spline", "n": 5}}]}]
    found = fitted(recording, *terms, time={"bin_size": 0.02}).goodness(recording)
    assert found.summary["partner"].sel(unit="echo").item() == "flat"
    pair = found.pairs["z"].sel(unit="echo", other="flat")
    assert float(pair["lag"][int(np.argmax(pair.values))]) == pytest.approx(0.02)
    assert "unit flat" in found.summary["verdict"].sel(unit="echo").item()


def test_labels_and_numbers_belong_together(checked, lacking):
    result, found = checked
    assert found.units == result.units
    assert not found.held_out
    rows = found.calibration.sel(unit="right")
    assert float((rows["observed_hz"] * rows["n_bins"]).sum() * BIN) == pytest.approx(float(result.scores["n_spikes"][0]))
    covariate = found.covariates.sel(unit="right", covariate="z")
    assert (np.diff(covariate["centre"]) > 0).all()
    assert list(found.time["start_s"].values[:2]) == pytest.approx([0.0, DURATION / 20], abs=2 * BIN)
    assert int(found.summary["n_intervals"][0]) == int(result.scores["n_spikes"][0])


def test_some_units_have_the_numbers_that_they_have_among_all(checked, lacking):
    result, found = checked
    alone = result.goodness(lacking, ["follows_z"])
    assert alone.pairs is None
    xr.testing.assert_allclose(alone.rescaling, found.rescaling.sel(unit=["follows_z"]), rtol=1e-9)
    kept = [name for name in found.summary.data_vars if name not in ("partner", "partner_z", "verdict", "try_next", "adequate")]
    xr.testing.assert_allclose(alone.summary[kept], found.summary[kept].sel(unit=["follows_z"]), rtol=1e-7)


def test_on_time_that_was_not_fitted(lacking):
    result = fitted(lacking, FLAT, units={"names": ["right", "drifts"]})
    inside, outside = result.goodness(lacking), result.goodness(lacking, held_out=True)
    assert outside.held_out
    assert outside.influence is None
    assert outside.summary["adequate"].sel(unit="right").item()
    # by hand: each quarter by the fit to the others
    design = ge.build_design(result.analysis, lacking, ge.make_grid(result.analysis.time, lacking), unit_names=result.units)
    X = design.dense()
    from glmengine.recording.binned import count_spikes

    y = count_spikes(lacking, design.grid, ("right", "drifts")).astype(float)
    blocks = np.array_split(np.flatnonzero(design.valid), 4)
    expected = np.full(y.shape, np.nan)
    for block in blocks:
        rest = np.setdiff1d(np.flatnonzero(design.valid), block)
        expected[block] = ge.fit(X[rest], y[rest], penalty=ge.Ridge(1e-6)).predict(X[block])
    pearson = np.nanmean((y - expected) ** 2 / expected, axis=0)
    np.testing.assert_allclose(outside.summary["pearson"], pearson, rtol=1e-5)
    assert (np.abs(outside.summary["pearson"] - inside.summary["pearson"]) > 1e-6).all()


def test_short_pieces_do_not_look_like_a_misfit(lacking):
    result = fitted(lacking, FLAT, units={"names": ["right"]}, time={"bin_size": BIN, "epochs": ["pieces"]})
    summary = result.goodness(lacking).summary
    assert int(summary["n_cut"][0]) > 250
    assert float(summary["ks_p"][0]) > 0.01


@pytest.mark.parametrize("family", ["gaussian", "gamma"])
def test_signals(family):
    import pynapple as nap

    from glmengine.recording.recording import Covariate, Recording

    rng = np.random.default_rng(4)
    times = (np.arange(4000) + 0.5) * 0.05
    x = np.sin(2 * np.pi * times / 7.3)
    mean = np.exp(0.5 * x)
    good = mean + 0.3 * rng.normal(size=4000) if family == "gaussian" else mean * rng.gamma(5.0, 0.2, 4000)
    slow = np.convolve(rng.normal(size=4100), np.ones(20) / 4, "same")[:4000]
    bad = good + 0.5 * slow if family == "gaussian" else good * np.exp(0.3 * slow)
    recording = Recording(
        name="signals",
        unit_names=("good", "bad"),
        counts=nap.TsdFrame(times, np.column_stack([good, bad])),
        covariates={"x": Covariate("x", nap.Tsd(times, x))},
        epochs={"all": nap.IntervalSet(0.0, 200.0)},
    )
    result = fitted(recording, FLAT, time={"bin_size": 0.05}, model={"family": family, "link": "log", "strengths": [1e-6]})
    summary = result.goodness(recording).summary
    assert float(summary["ks_p"].sel(unit="good")) > 0.01
    assert "neighbouring bins" in summary["verdict"].sel(unit="bad").item()
    assert "history" in summary["try_next"].sel(unit="bad").item()


def test_advice_knows_of_the_history_that_is_there():
    from types import SimpleNamespace

    from glmengine.goodness.verdict import Setting, _family, _history
    from glmengine.models import get_family

    none = (np.zeros(0), np.zeros(0))
    without = Setting(get_family("poisson"), "log", 0.0, False, frozenset(), (), none, 0.01)
    counts = SimpleNamespace(dispersion=SimpleNamespace(index_z=-9.0, pearson=0.5))
    assert str(_family(counts, without, False)[0].remedy) == "narrower bins with a history term, or the Bernoulli family"
    with_history = replace(without, history_s=0.15)
    assert str(_family(counts, with_history, False)[0].remedy) == "narrower bins, or the Bernoulli family"
    finest = replace(without, bins_can_be_narrower=False)
    bernoulli = "the Bernoulli family where no bin holds more than one spike"
    assert str(_family(counts, finest, False)[0].remedy) == f"add the unit's own history, or {bernoulli}"
    assert str(_family(counts, replace(finest, history_s=0.15), False)[0].remedy) == bernoulli
    bands = SimpleNamespace(z=np.array([9.0]), ratio=np.array([1.5]), first=np.array([20]), last=np.array([40]))
    (longer,) = _history(SimpleNamespace(bands=bands), with_history, False)
    assert str(longer.remedy) == "lengthen the history from 150 to 500 ms"
    assert longer.edit.seconds == 0.4
    soon = SimpleNamespace(z=np.array([9.0]), ratio=np.array([2.5]), first=np.array([1]), last=np.array([1]))
    for slow, said in (
        (False, "(bursts are missing)"),
        (True, "(if bursts are still missing then)"),
    ):  # beside a missing variable
        (bursts,) = _history(SimpleNamespace(bands=soon), without, slow)
        assert str(bursts.remedy) == f"add the unit's own history {said}"


def test_it_is_saved_with_the_result(checked, tmp_path):
    result, found = checked
    result.with_goodness(found).save(tmp_path / "r.nc")
    again = Result.load(tmp_path / "r.nc").goodness_of_fit
    for name, dataset in found.datasets().items():
        assert again.datasets()[name].identical(dataset), name
    result.save(tmp_path / "without.nc")
    assert Result.load(tmp_path / "without.nc").goodness_of_fit is None


def test_files_of_this_format_open_for_ever():
    result = Result.load(KEPT / "format-2" / "result.nc")
    assert result.goodness_of_fit.units == ("hd", "place", "flat")
    assert float(result.goodness_of_fit.summary["ks_band"][0]) == pytest.approx(0.06261704816894839)
    assert Result.load(KEPT / "format-1" / "result.nc").goodness_of_fit is None


def test_bad_input_is_one_sentence(checked, lacking):
    result, found = checked
    with pytest.raises(GlmError, match="no unit 'nobody'"):
        result.goodness(lacking, ["nobody"])
    with pytest.raises(GlmError, match="the list is empty"):
        result.goodness(lacking, [])
    with pytest.raises(GlmError, match="leave the epochs out"):
        result.goodness(lacking, epochs="all", held_out=True)
    with pytest.raises(GlmError, match="no folds"):
        fitted(lacking, FLAT, validation={"folds": 0}, units={"names": ["right"]}).goodness(lacking, held_out=True)
    with pytest.raises(GlmError, match="lacks 'time'"):
        Goodness.from_datasets({name: one for name, one in found.datasets().items() if name != "time"})


@pytest.mark.parametrize("after", [0, 3, 8])
def test_it_can_be_cancelled_at_every_stage(checked, lacking, after):
    seen = []
    context = CallbackContext(seen.append, cancelled=lambda: len(seen) > after)
    with pytest.raises(Cancelled):
        checked[0].goodness(lacking, context=context)


def test_progress_goes_forward(checked, lacking):
    seen = []
    checked[0].goodness(lacking, held_out=True, context=CallbackContext(lambda progress: seen.append(progress.fraction)))
    assert (np.diff(seen) >= -1e-9).mean() > 0.8  # solvers estimate theirs from a decrement that may rise
    assert 0.9 < max(seen) <= 1.0


def test_the_command(checked, lacking, tmp_path, capsys):
    from glmengine.cli.main import main
    from glmengine.export.nwb import write_nwb

    checked[0].save(tmp_path / "r.nc")
    write_nwb(lacking, tmp_path / "made.nwb")
    arguments = ["check", str(tmp_path / "r.nc"), "--recording", str(tmp_path / "made.nwb"), "--out", str(tmp_path / "out")]
    assert main([*arguments, "--unit", "right", "--unit", "drifts", "--keep"]) == 0
    said = capsys.readouterr().out
    assert "2 units, nothing speaks against the model of 1" in said
    assert "drifts: " in said
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert {"goodness.nc", "summary.csv", "covariates.csv", "rescaling.csv", "rescaling_apart.csv", "pairs.csv"} <= names
    header, first = (tmp_path / "out" / "summary.csv").read_text().splitlines()[:2]
    assert header.startswith("unit,n_spikes,n_bins,ks,")
    assert first.startswith("right,")
    assert "start_s" in (tmp_path / "out" / "time.csv").read_text().splitlines()[0]
    assert Result.load(tmp_path / "out" / "result.nc").goodness_of_fit.units == ("right", "drifts")
    assert main([*arguments, "--unit", "nobody"]) == 1


def test_the_bar_goes_with_the_units_that_are_checked_and_moves_within_each(small_result, small_recording):
    seen: dict[str, list[float]] = {}
    context = CallbackContext(lambda progress: seen.setdefault(progress.stage, []).append(progress.fraction))
    small_result.goodness(small_recording, context=context)
    each = [seen[f"Checking unit {unit}"] for unit in small_result.units]
    begun, ended = np.array([said[0] for said in each]), np.array([said[-1] for said in each])
    assert begun[0] < 0.2
    assert ended[-1] > 0.9
    np.testing.assert_allclose(np.diff(begun), np.diff(begun).mean(), rtol=1e-6)
    assert all(len(said) > 9 and said == sorted(said) for said in each)
    assert max(np.diff(said).max() for said in each) < 0.3 * np.diff(begun).mean()


def test_a_recording_without_covariates_is_checked_and_saved(tmp_path):
    recording = replace(made(one=(lambda times, x, z: 20.0, 0.0)), covariates={})
    result = fitted(recording, HISTORY)
    found = result.goodness(recording)
    assert {values.sizes["covariate"] for values in found.covariates.data_vars.values()} == {0}
    assert "residual" in found.covariates
    result.with_goodness(found).save(tmp_path / "r.nc")
    again = Result.load(tmp_path / "r.nc").goodness_of_fit
    assert again.covariates.sizes["covariate"] == 0
    assert str(again.summary["verdict"].item()) == str(found.summary["verdict"].item())


@pytest.mark.parametrize(("bin_size", "can"), [(0.05, False), (0.1, True)])
def test_narrower_bins_are_advised_only_where_the_recording_has_them(bin_size, can):
    """Of counts in bins of 50 ms none in narrower ones can be made."""
    import pynapple as nap

    from glmengine.goodness.judgement import Judgement

    recording = made(one=(lambda t, x, z: 8 * np.exp(x), 0.0))
    t = np.arange(0.025, DURATION, 0.05)
    counts = np.histogram(recording.spikes[0].t, np.append(t - 0.025, t[-1] + 0.025))[0]
    binned = replace(recording, spikes=None, counts=nap.TsdFrame(t, counts[:, None], columns=["one"]))
    result = fitted(binned, FLAT, time={"bin_size": bin_size})
    judged = Judgement.from_text(str(result.goodness(binned).summary["judgement"].sel(unit="one").item()))
    assert judged.bins_can_be_narrower == can
    rejected = replace(judged, judged=True, rejected=True, findings=())
    assert ("narrower bins" in rejected.try_next) == can
    assert rejected.try_next.startswith("finer functions")
