"""The categorical family from an analysis: run, tables, file and back, what has no rate."""

from __future__ import annotations

import csv
import typing

import numpy as np
import pytest

import glmengine as ge
from glmengine.analysis.analysis import Model


@pytest.fixture(scope="module")
def result(small_analysis, small_recording):
    return ge.run(question(small_analysis), small_recording)


def question(analysis):
    model = analysis.model.with_(family="categorical", strengths=(1e-3, 1e-2))
    return analysis.with_(model=model, terms=analysis.terms[:2])


def test_the_family_is_offered_and_kept_in_a_file(small_analysis, tmp_path):
    assert "categorical" in typing.get_args(Model.model_fields["family"].annotation)
    question(small_analysis).save(tmp_path / "a.toml")
    assert ge.Analysis.load(tmp_path / "a.toml") == question(small_analysis)


def test_coefficients_are_those_of_a_fit(result, small_analysis, small_recording):
    from glmengine.design.prepare import prepare

    prepared = prepare(question(small_analysis), small_recording)
    strength = result.scores["strength"].values
    fit = ge.fit(prepared.design, prepared.counts, "categorical", penalty="ridge", strength=strength)
    assert result.coefficients.dims == ("feature", "class", "unit")
    np.testing.assert_allclose(result.coefficients.values, fit.coef, atol=1e-9)
    np.testing.assert_allclose(result.intercepts.values, fit.intercept, atol=1e-9)
    np.testing.assert_allclose(result.standard_errors.values, fit.standard_errors, rtol=1e-6)
    assert result.scores["converged"].values.all()
    assert (result.scores["deviance_explained_heldout"].values[:2] > 0.05).all()
    assert result.tests["p"].sel(term="place", unit="place") < 1e-6
    assert any("Each class has coefficients of its own" in note for note in result.notes)
    assert result.provenance["backend"]


def test_file_and_tables(result, small_recording, tmp_path):
    result.save(tmp_path / "r.nc")
    again = ge.Result.load(tmp_path / "r.nc")
    np.testing.assert_array_equal(again.coefficients.values, result.coefficients.values)
    assert again.coefficients.dims == result.coefficients.dims
    ge.write_outputs(again, tmp_path / "out", small_recording)
    with open(tmp_path / "out" / "coefficients.csv", encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    classes = result.coefficients.sizes["class"]
    assert len(rows) == classes * len(result.units) * (1 + result.coefficients.sizes["feature"])
    assert rows[0]["feature"] == "intercept (class 0)"
    assert float(rows[0]["coefficient"]) == float(result.intercepts[0, 0])
    assert (tmp_path / "out" / "report.html").exists()


def test_what_has_no_rate_is_said(result, small_recording):
    with pytest.raises(ge.GlmError, match="not a rate"):
        result.predict(small_recording)
