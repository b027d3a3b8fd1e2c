"""Results keep everything through a file, know what they belong to, and predict with frozen features."""

from __future__ import annotations

import csv
import dataclasses
import json
from dataclasses import fields, replace
from html import escape
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import glmengine as ge
from glmengine.cli.main import main
from glmengine.errors import GlmError
from glmengine.export.npz import write_npz
from glmengine.export.outputs import write_outputs
from glmengine.export.report import MOST_ROWS, report_html
from glmengine.export.script import script_text
from glmengine.export.tables import csv_text
from glmengine.figures import available, draw
from glmengine.results.check_options import with_options
from glmengine.results.result import Result
from tests.scripts import run_without_figures

KEPT = Path(__file__).parents[1] / "data"


def same(one, other) -> bool:
    if isinstance(one, xr.Dataset | xr.DataArray):
        return one.identical(other)
    if isinstance(one, dict):
        return list(one) == list(other) and all(same(one[key], other[key]) for key in one)
    return one == other


@pytest.fixture(scope="module")
def odd_result(small_result) -> Result:
    """The small result with names and numbers that files like to lose."""
    names = ["Einheit ä", "细胞/2", "flat % (a,b) 'c'"]

    def named(array):
        return array.assign_coords(unit=names)

    intercepts = named(small_result.intercepts).copy(data=[-np.inf, 1.0, np.nan])
    curves = {"speed (cm/s) / θ": small_result.curves["head_direction"].rename(head_direction="speed/θ"), **small_result.curves}
    return replace(
        small_result,
        coefficients=named(small_result.coefficients),
        standard_errors=named(small_result.standard_errors).where(small_result.standard_errors.values < 1.0),
        intercepts=intercepts,
        intercept_errors=named(small_result.intercept_errors),
        scores=named(small_result.scores),
        curves={label: named(curve) for label, curve in curves.items()},
        filters={label: named(found) for label, found in small_result.filters.items()},
        coupling=named(small_result.coupling),
        cv=named(small_result.cv),
        covariance=named(small_result.covariance),
        notes=('a note with "quotes" – and ünïcode', "", "x" * 100_000),
    )


def test_a_result_survives_its_file_with_nothing_lost(odd_result, tmp_path):
    odd_result.save(tmp_path / "r.nc")
    again = Result.load(tmp_path / "r.nc")
    for field in fields(Result):
        assert same(getattr(odd_result, field.name), getattr(again, field.name)), field.name


def test_strengths_found_by_marginal_likelihood_survive_the_file(small_result, tmp_path):
    units = list(small_result.units)
    found = xr.Dataset(
        {
            "strength": (("part", "unit"), np.array([[1.5, np.inf, 1e-300]])),
            "at_limit": (("part", "unit"), np.array([[False, True, False]])),
            "edf": (("term", "unit"), np.array([[3.25, 0.0, np.nan]])),
        },
        {"part": ["head_direction"], "term": ["head_direction"], "unit": units},
    )
    replace(small_result, smoothing=found).save(tmp_path / "r.nc")
    assert Result.load(tmp_path / "r.nc").smoothing.identical(found)


@pytest.fixture(scope="module")
def checked_result(small_result, small_recording) -> Result:
    """The small result with a bootstrap, its goodness of fit, surrogates beside the data and what it decodes kept in it."""
    drawn = small_result.bootstrap(small_recording, draws=8, seed=3)
    checked = small_result.with_bootstrap(drawn).with_goodness(small_result.goodness(small_recording))
    checked = checked.with_simulated(small_result.simulate_and_compare(small_recording, repeats=6, seed=5))
    return checked.with_decoded(small_result.decode(small_recording, ["head_direction"], window=0.1))


def test_a_bootstrap_is_saved_with_the_result(checked_result, tmp_path):
    checked_result.save(tmp_path / "r.nc")
    held, again = checked_result.bootstrap_bands, Result.load(tmp_path / "r.nc").bootstrap_bands
    assert again.notes == held.notes
    assert "8 draws of" in again.notes[0]
    assert again.coefficients.identical(held.coefficients)
    assert same(dict(held.curves), dict(again.curves))
    assert same(dict(held.filters), dict(again.filters))


def test_surrogates_beside_the_data_and_what_is_decoded_are_saved_with_the_result(checked_result, tmp_path):
    checked_result.save(tmp_path / "r.nc")
    again = Result.load(tmp_path / "r.nc")
    for name, dataset in checked_result.simulated.datasets().items():
        assert again.simulated.datasets()[name].identical(dataset), name
    held = checked_result.decoded
    assert again.decoded.values.identical(held.values)
    assert again.decoded.error.identical(held.error)
    assert again.decoded.posterior.identical(held.posterior)
    assert (again.decoded.median_error, again.decoded.chance_error) == (held.median_error, held.chance_error)
    assert again.decoded.held_out is held.held_out is False


def test_a_posterior_that_is_too_large_is_neither_held_nor_saved_with_the_result(checked_result, tmp_path, monkeypatch):
    found = checked_result.decoded
    monkeypatch.setattr("glmengine.decoding.decode.LARGEST_POSTERIOR", found.posterior.nbytes - 1)
    holding = checked_result.with_decoded(found)
    assert holding.decoded.posterior is None
    assert found.posterior is not None
    holding.save(tmp_path / "r.nc")
    again = Result.load(tmp_path / "r.nc").decoded
    assert again.posterior is None
    assert again.values.identical(found.values)


def test_a_script_asks_again_for_the_checks_with_what_differs_from_the_defaults(checked_result):
    text = script_text(checked_result.analysis, "r.nwb", result=checked_result)
    assert "    result = result.with_goodness(result.goodness(recording))\n" in text
    assert "    result = result.with_bootstrap(result.bootstrap(recording, draws=8, seed=3))\n" in text
    assert "    result = result.with_simulated(result.simulate_and_compare(recording, repeats=6, seed=5))\n" in text
    assert '    result = result.with_decoded(result.decode(recording, variables=["head_direction"], window=0.1))\n' in text
    assert "shift_test" not in text
    many = np.column_stack([np.arange(600.0), np.arange(600.0) + 0.5])
    kept = with_options(checked_result.goodness_of_fit.summary, Result.goodness, epochs=many)
    long = replace(checked_result, goodness_of_fit=replace(checked_result.goodness_of_fit, summary=kept))
    assert "# result.goodness(recording) was asked too" in script_text(long.analysis, "r.nwb", result=long)


def test_a_script_in_a_fresh_process_gives_the_same_numbers_of_fit_and_checks(small_result, small_recording, tmp_path):
    write_npz(small_recording, tmp_path / "recording")
    recording = ge.open_recording(tmp_path / "recording")
    asked = ge.run(small_result.analysis, recording)
    asked = asked.with_shift_test(asked.shift_test(recording, ["place"], shifts=9, seed=2))
    asked = asked.with_bootstrap(asked.bootstrap(recording, draws=4, block=5.0))
    asked = asked.with_simulated(asked.simulate_and_compare(recording, 3, epochs=[(0.0, 20.0), (30.0, 40.0)]))
    asked.save(tmp_path / "asked.nc")
    assert main(["script", str(tmp_path / "asked.nc"), "--out", str(tmp_path / "again.py")]) == 0
    run_without_figures(tmp_path / "again.py")
    again = Result.load(tmp_path / "result.nc")
    np.testing.assert_array_equal(again.coefficients, asked.coefficients)
    assert again.shift_tests.table.identical(asked.shift_tests.table)
    assert again.bootstrap_bands.coefficients.identical(asked.bootstrap_bands.coefficients)
    for name, dataset in asked.simulated.datasets().items():
        assert again.simulated.datasets()[name].identical(dataset), name
    assert {"shift_test.csv", "report.html"} <= {path.name for path in (tmp_path / "results").iterdir()}


def test_a_bootstrap_without_coefficients_is_refused(checked_result):
    datasets = checked_result.bootstrap_bands.datasets()
    del datasets["coefficients"]
    with pytest.raises(GlmError, match="lacks its coefficients"):
        type(checked_result.bootstrap_bands).from_datasets(datasets)


def test_the_report_says_the_verdicts_and_the_bootstrap(checked_result):
    report = report_html(checked_result.analysis, checked_result)
    summary = checked_result.goodness_of_fit.summary
    for unit in checked_result.units:
        assert escape(summary["verdict"].sel(unit=unit).item()) in report
    assert escape(checked_result.bootstrap_bands.notes[0]) in report
    first = checked_result.bootstrap_bands.coefficients["low"].values[0, 0]
    assert f"<td>{first:.4g}</td>" in report


def test_the_goodness_of_fit_that_is_kept_is_drawn(checked_result, small_result):
    ks, residuals, calibration = draw(checked_result, "goodness", "hd").axes
    found = checked_result.goodness_of_fit
    np.testing.assert_array_equal(ks.lines[-1].get_ydata(), found.rescaling["share"].sel(unit="hd"))
    np.testing.assert_array_equal(residuals.lines[-1].get_ydata(), found.residuals["residual"].sel(unit="hd"))
    np.testing.assert_array_equal(calibration.lines[-1].get_ydata(), found.calibration["observed_hz"].sel(unit="hd"))
    assert "goodness" in available(checked_result)
    assert "goodness" not in available(small_result)
    with pytest.raises(GlmError, match="no goodness of fit is kept"):
        draw(small_result, "goodness", "hd")


def test_figures_of_the_goodness_of_fit_are_written_and_taken_away_again(checked_result, small_result, tmp_path, empty_figures):
    write_outputs(checked_result, tmp_path, formats=("png",), processes=1)
    drawn = sorted(path.name for path in (tmp_path / "figures").glob("goodness-*"))
    assert drawn == ["goodness-flat.png", "goodness-hd.png", "goodness-place.png"]
    assert "goodness-hd" in (tmp_path / "report.html").read_text(encoding="utf-8")
    write_outputs(small_result, tmp_path, formats=("png",), processes=1)
    assert not list((tmp_path / "figures").glob("goodness-*"))


def test_surrogates_that_are_kept_are_drawn_and_in_the_report(checked_result, small_result):
    intervals, auto, *crossed = draw(checked_result, "surrogates", "hd").axes
    found = checked_result.simulated
    between = found.cross_correlogram.sel(unit="hd")
    drawn = [line.get_ydata() for ax in crossed for line in ax.lines]
    for other in ("place", "flat"):
        assert any(np.array_equal(values, between["mean"].sel(other=other)) for values in drawn)
    np.testing.assert_array_equal(intervals.lines[-1].get_ydata(), found.isi["data"].sel(unit="hd"))
    np.testing.assert_array_equal(auto.lines[0].get_ydata(), found.autocorrelogram["mean"].sel(unit="hd"))
    report = report_html(checked_result.analysis, checked_result)
    assert f"<td>{float(found.rate['data'].sel(unit='hd')):.4g}</td>" in report
    assert f"median error {checked_result.decoded.median_error:.4g}" in report
    with pytest.raises(GlmError, match="no surrogates are kept"):
        draw(small_result, "surrogates", "hd")
    with pytest.raises(GlmError, match="no models were compared"):
        draw(small_result, "comparison")


def test_the_tables_of_checks_are_written_beside_the_report_and_taken_away_again(checked_result, small_result, tmp_path):
    write_outputs(checked_result, tmp_path, figures=False)
    with open(tmp_path / "bootstrap_coefficients.csv", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    held = checked_result.bootstrap_bands.coefficients
    first = next(row for row in rows if row["unit"] == "hd" and row["feature"] == str(held["feature"].values[1]))
    assert float(first["low"]) == held["low"].sel(unit="hd").values[1]
    assert (tmp_path / "simulated_rate.csv").is_file()
    assert (tmp_path / "decoded_values.csv").is_file()
    write_outputs(small_result, tmp_path, figures=False)
    assert not [
        path for path in tmp_path.iterdir() if path.name.startswith(("bootstrap_", "simulated_", "decoded_", "goodness_"))
    ]


def test_long_tables_of_the_report_are_bounded_and_name_the_file_that_holds_all(checked_result):
    held = checked_result.bootstrap_bands
    units = [f"unit {number}" for number in range(400)]
    many = held.coefficients.isel(unit=np.arange(400) % 3).assign_coords(unit=units)
    report = report_html(
        checked_result.analysis, replace(checked_result, bootstrap_bands=replace(held, coefficients=many), decoded=None)
    )
    drawn = many[["estimate", "low", "high", "standard_error"]].to_array().transpose("variable", "unit", "feature")
    whole = int((drawn != 0).any("variable").sum())  # each but those of columns that a unit does not have
    assert whole < 400 * many.sizes["feature"]
    assert f"The first {MOST_ROWS} rows of {whole:,}; all are in <code>bootstrap_coefficients.csv</code>." in report
    assert report.count("<tr>") < 2 * MOST_ROWS


def test_names_that_a_spreadsheet_would_run_are_made_harmless():
    assert csv_text(["unit"], [["=1+1"], ["@x"], ["-unit"], ["-1.5"], ["+2"], [-2.5], ["a=b"]]) == (
        "unit\n'=1+1\n'@x\n'-unit\n-1.5\n+2\n-2.5\na=b\n"
    )


def test_files_of_this_format_open_for_ever():
    result = Result.load(KEPT / "format-6" / "result.nc")
    assert float(result.simulated.rate["mean"][0]) == pytest.approx(2.8547579298831387, rel=1e-12)
    assert float(result.decoded.median_error) == pytest.approx(0.697121138780112, rel=1e-12)
    assert result.decoded.posterior is not None
    assert "result.bootstrap(recording, draws=8, seed=3)" in script_text(result.analysis, "r.nwb", result=result)


def test_files_of_format_5_open_for_ever():
    searched = Result.load(KEPT / "format-5" / "result.nc")
    assert searched.scores["setting"].values.tolist() == ["head_direction 4 functions"] * 3
    assert float(searched.search["scores"][0, 0, 0, 0]) == pytest.approx(-0.3255243385896874, rel=1e-12)
    assert searched.analysis.model.search[0].choices == (4, 12)
    assert searched.simulated is None


def test_files_of_format_4_open_for_ever():
    result = Result.load(KEPT / "format-4" / "result.nc")
    assert result.search is None
    assert result.bootstrap_bands.notes[0].startswith("Bootstrap: 8 draws of 50 blocks")
    low = result.bootstrap_bands.coefficients["low"]
    assert float(low[0, 0]) == pytest.approx(-2.254297500693244, rel=1e-12)
    assert set(result.bootstrap_bands.curves) == set(result.curves)
    assert result.smoothing["strength"].sizes["unit"] == len(result.units)
    assert result.goodness_of_fit.units == result.units
    older = Result.load(KEPT / "format-3" / "result.nc")
    assert older.bootstrap_bands is None
    assert older.smoothing is None


def test_saving_twice_gives_the_same_result_again(small_result, tmp_path):
    small_result.save(tmp_path / "a.nc")
    Result.load(tmp_path / "a.nc").save(tmp_path / "b.nc")
    again = Result.load(tmp_path / "b.nc")
    for field in fields(Result):
        assert same(getattr(small_result, field.name), getattr(again, field.name)), field.name


def test_a_result_without_the_optional_parts_survives_too(small_result, tmp_path):
    bare = replace(small_result, curves={}, filters={}, coupling=None, cv=None, covariance=None, notes=())
    bare.save(tmp_path / "r.nc")
    again = Result.load(tmp_path / "r.nc")
    assert (again.curves, again.filters, again.coupling, again.cv, again.covariance, again.notes) == (
        {},
        {},
        None,
        None,
        None,
        (),
    )
    assert again.scores.identical(bare.scores)


def test_a_newer_format_is_refused_with_a_sentence(small_result, tmp_path):
    import h5py

    small_result.save(tmp_path / "r.nc")
    with h5py.File(tmp_path / "r.nc", "a") as file:
        file.attrs["format_version"] = 99
    with pytest.raises(GlmError, match=r"newer version.*format 99.*update"):
        Result.load(tmp_path / "r.nc")


@pytest.mark.parametrize("content", [b"", b"hello", b"\x89HDF\r\n\x1a\n" + b"\0" * 300])
def test_what_is_no_result_is_refused(content, tmp_path):
    (tmp_path / "r.nc").write_bytes(content)
    with pytest.raises(GlmError, match=r"^r\.nc: "):
        Result.load(tmp_path / "r.nc")


def test_a_missing_file_and_a_foreign_netcdf_are_refused(tmp_path):
    with pytest.raises(GlmError, match="no such file"):
        Result.load(tmp_path / "nowhere.nc")
    xr.Dataset({"a": ("x", [1.0])}).to_netcdf(tmp_path / "other.nc", engine="h5netcdf")
    with pytest.raises(GlmError, match="not a saved"):
        Result.load(tmp_path / "other.nc")


def test_a_truncated_result_is_refused(small_result, tmp_path):
    small_result.save(tmp_path / "r.nc")
    content = (tmp_path / "r.nc").read_bytes()
    (tmp_path / "half.nc").write_bytes(content[: len(content) // 2])
    with pytest.raises(GlmError, match="damaged"):
        Result.load(tmp_path / "half.nc")


def test_a_folder_that_cannot_be_written_to_damages_nothing(small_result, tmp_path):
    with pytest.raises(GlmError, match="cannot be written"):
        small_result.save(tmp_path / "missing" / "r.nc")
    assert not list(tmp_path.iterdir())


def test_a_result_knows_what_it_is_for(small_result, small_analysis, small_recording):
    assert small_result.is_for(small_analysis, small_recording)
    assert small_result.is_for(small_analysis.with_(title="another title"), small_recording)
    assert not small_result.is_for(small_analysis.with_(seed=3), small_recording)
    assert not small_result.is_for(small_analysis, replace(small_recording, name="another"))
    assert not small_result.is_for(small_analysis, replace(small_recording, sha256="12"))
    assert not small_result.is_for(small_analysis, None)


def test_the_prediction_is_the_linear_predictor_of_the_frozen_features(small_result, small_recording):
    rates = small_result.predict(small_recording)
    assert rates.dims == ("unit", "time")
    # by hand, for one bin, from the tuning alone: switch the other terms off in the result
    keep = np.asarray([str(term) == "head_direction" for term in small_result.coefficients["term"].values])
    bare = replace(small_result, coefficients=small_result.coefficients.where(xr.DataArray(keep, dims="feature"), 0.0))
    alone = bare.predict(small_recording)
    term = small_result.terms[0]
    row = 777
    time = float(alone["time"][row])
    data = small_recording.covariates["head_direction"].data
    inside = (data.t >= time - 0.01) & (data.t < time + 0.01)
    if inside.sum() > 1:
        angle = np.angle(np.mean(np.exp(1j * data.values[inside]))) % (2 * np.pi)
    else:
        nearest = np.searchsorted(data.t, time)
        pair, weight = (
            data.values[nearest - 1 : nearest + 1],
            (time - data.t[nearest - 1]) / (data.t[nearest] - data.t[nearest - 1]),
        )
        angle = (pair[0] + weight * ((pair[1] - pair[0] + np.pi) % (2 * np.pi) - np.pi)) % (2 * np.pi)
    block = term.factors[0].basis.evaluate(np.array([angle]))[0]
    expected = np.exp(small_result.intercepts.values + block @ small_result.coefficients.values[keep]) / 0.02
    np.testing.assert_allclose(alone.values[:, row], expected, rtol=1e-9)


def test_predicting_a_half_uses_the_bounds_of_the_whole(small_result, small_recording):
    whole = small_result.predict(small_recording)
    half = small_result.predict(small_recording, "second")
    shared = whole.sel(time=half["time"].values, method="nearest", tolerance=1e-6)
    known = np.isfinite(half.values)
    assert known.mean() > 0.95
    np.testing.assert_allclose(shared.values[known], half.values[known], rtol=1e-12)


def test_epochs_may_be_seconds(small_result, small_recording):
    by_name = small_result.predict(small_recording, "second")
    by_seconds = small_result.predict(small_recording, [[60.0, 120.0]])
    assert by_name.identical(by_seconds)


def test_bands_hold_the_rate_between_them_and_follow_the_covariance(small_result, small_recording):
    bands = small_result.predict(small_recording, [[10.0, 12.0]], bands=True)
    known = np.isfinite(bands["rate"].values)
    assert known.any()
    assert (bands["low"].values[known] < bands["rate"].values[known]).all()
    assert (bands["rate"].values[known] < bands["high"].values[known]).all()
    wider = replace(small_result, covariance=4.0 * small_result.covariance).predict(small_recording, [[10.0, 12.0]], bands=True)
    ratio = np.log(wider["high"] / wider["rate"]) / np.log(bands["high"] / bands["rate"])
    np.testing.assert_allclose(ratio.values[known], 2.0, rtol=1e-9)


def test_bands_without_a_covariance_are_refused(small_result, small_recording):
    with pytest.raises(GlmError, match="covariance"):
        replace(small_result, covariance=None).predict(small_recording, bands=True)


def test_the_score_on_the_fitted_data_is_that_of_the_fit(small_result, small_recording):
    scores = small_result.score(small_recording)
    np.testing.assert_allclose(scores["deviance_explained"], small_result.scores["deviance_explained_fit"], atol=1e-10)
    np.testing.assert_allclose(scores["log_likelihood"], small_result.scores["log_likelihood"], rtol=1e-10)
    np.testing.assert_array_equal(scores["n_spikes"], small_result.scores["n_spikes"])


def test_a_recording_without_the_covariate_is_refused(small_result, small_recording):
    with pytest.raises(GlmError, match="head_direction"):
        small_result.predict(replace(small_recording, covariates={"position": small_recording.covariates["position"]}))


def test_a_result_of_a_coupled_model_needs_its_units(small_result, small_recording):
    renamed = replace(small_recording, unit_names=("hd", "place", "other"), unit_table=None)
    with pytest.raises(GlmError, match="flat"):
        small_result.score(renamed)


def test_the_provenance_is_plain_data(small_result, small_recording):
    again = json.loads(json.dumps(small_result.provenance))
    assert again == small_result.provenance
    assert again["recording_name"] == "small"
    assert {"numpy", "jax", "glmengine"} <= set(again["versions"])
    assert again["seconds"] > 0


def test_a_result_is_said_in_one_line_and_as_a_table_in_notebooks(small_result):
    said = repr(small_result)
    assert len(said.splitlines()) == 1
    assert len(said) < 200
    assert said.startswith("<glmengine.Result: 3 units, head_direction + place + history + coupling, median deviance explained")
    page = small_result._repr_html_()
    assert page.count("<tr") == 1 + 1 + len(small_result.units)
    for unit in small_result.units:
        assert f">{unit}<" in page
    hedged = dataclasses.replace(small_result, notes=("a <note>", "another"))
    assert "2 notes" in repr(hedged)
    assert "a &lt;note&gt;" in hedged._repr_html_()
