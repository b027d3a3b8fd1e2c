"""The search of settings run with an analysis: what each unit is fitted with, and what the result holds, says and keeps."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pynapple as nap
import pytest

import glmengine as ge
from glmengine.errors import GlmError
from glmengine.export.methods import methods_text
from glmengine.export.outputs import write_outputs


def asking(analysis, *search: dict, nested: bool = False, **model: object):
    return analysis.with_(
        terms=analysis.terms[:3],
        model=analysis.model.with_(search=search, **model),
        validation=analysis.validation.with_(nested=nested),
    )


@pytest.fixture(scope="module")
def result(small_analysis, small_recording) -> ge.Result:
    search = ({"term": "head_direction", "values": [4, 12]}, {"term": "history", "parameter": "window", "values": [0.06, 0.1]})
    return ge.run(asking(small_analysis, *search, nested=True), small_recording)


def test_each_unit_is_fitted_as_it_would_be_with_its_setting_alone(small_analysis, small_recording):
    found = ge.run(asking(small_analysis, {"term": "head_direction", "values": [4, 12]}), small_recording)
    assert set(found.scores["setting"].values) == {"head_direction 4 functions", "head_direction 12 functions"}
    for unit in found.units:
        n = int(str(found.scores["setting"].sel(unit=unit).values).split()[-2])
        first, *others = asking(small_analysis).terms
        factor = first.factors[0]
        alone = small_analysis.with_(
            terms=(first.with_(factors=(factor.with_(basis=factor.basis.with_(n=n)),)), *others),
            model=small_analysis.model.with_(strengths=(float(found.scores["strength"].sel(unit=unit)),)),
            units=small_analysis.units.with_(names=(unit,)),
            validation=small_analysis.validation.with_(folds=0),
        )
        fitted = ge.run(alone, small_recording)
        assert np.count_nonzero(found.coefficients.sel(unit=unit)) == fitted.coefficients.sizes["feature"]
        rates = found.predict(small_recording).sel(unit=unit)
        np.testing.assert_allclose(rates, fitted.predict(small_recording)[0], rtol=1e-6)


def test_the_result_says_the_setting_of_each_unit_and_keeps_the_table(result, tmp_path):
    assert result.search["scores"].dims == ("fold", "setting", "strength", "unit")
    assert result.search["searched_0"].values.tolist() == ["4 functions", "4 functions", "12 functions", "12 functions"]
    mean = result.search["scores"].mean("fold", skipna=False).max("strength")
    for unit in result.units:
        best = str(mean["setting"].values[np.argmax(mean.sel(unit=unit).values)])
        assert str(result.scores["setting"].sel(unit=unit).values) == best == str(result.search["chosen"].sel(unit=unit).values)
    assert result.search["nested_chosen"].dims == ("fold", "unit")
    assert np.isfinite(result.scores["deviance_explained_nested"]).all()
    assert any("4 settings of head_direction and history were compared" in note for note in result.notes)
    result.save(tmp_path / "a.nc")
    again = ge.Result.load(tmp_path / "a.nc")
    assert again.search.identical(result.search)
    assert again.terms == result.terms
    assert again.scores["setting"].values.tolist() == result.scores["setting"].values.tolist()


def test_curves_coefficients_and_tests_are_of_the_units_that_have_the_term(result):
    settings = [term for term in result.terms if term.setting]
    assert settings
    for term in settings:
        for unit in result.units:
            has = unit in term.only_units
            own = result.coefficients.sel(unit=unit).values[result.coefficients["term"].values == term.label]
            assert bool(own.any()) == has
            assert bool(np.isfinite(result.tests["p"].sel(unit=unit, term=term.label))) == has
            if term.label in result.curves:
                curve = result.curves[term.label].sel(unit=unit)
                assert bool(np.isfinite(curve["effect_link"]).any()) == has
                assert bool(np.isfinite(curve["occupancy_s"]).all())
    for unit in result.units:
        labels = result.labels_for(result.curves, unit)
        assert len(labels) == 2
        assert result.labels_for(result.curves, unit, "head_direction") == [name for name in labels if name != "place"]
        assert len(result.labels_for(result.filters, unit, "history")) == 1


def test_predictions_checks_and_new_draws_know_the_settings(result, small_recording):
    rates = result.predict(small_recording)
    for unit in result.units:
        np.testing.assert_allclose(result.predict(small_recording, units=[unit])[0], rates.sel(unit=unit))
    assert result.goodness(small_recording).units == result.units
    drawn = result.bootstrap(small_recording, draws=4, block=2.0)
    for label, curve in drawn.curves.items():
        np.testing.assert_array_equal(np.isfinite(curve["low"]), np.isfinite(result.curves[label]["effect_link"]))


def test_held_out_scores_are_those_of_the_choice(result):
    pooled = 1.0 - result.fold_scores["deviance"].sum("fold") / result.fold_scores["null_deviance"].sum("fold")
    np.testing.assert_allclose(result.scores["deviance_explained_heldout"], pooled, rtol=1e-9)
    assert np.isfinite(result.fold_scores["correlation"]).all()


def test_tables_report_and_figures_are_written(result, tmp_path):
    write_outputs(result, tmp_path, formats=("png",))
    head, *rows = (tmp_path / "settings.csv").read_text().splitlines()
    assert head == "setting,strength,unit,scores"
    assert len(rows) == int(np.prod([result.search.sizes[dim] for dim in ("setting", "strength", "unit")]))
    report = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "Which settings?" in report
    assert "setting of the terms" in report
    assert "[[model.search]]" in (tmp_path / "analysis.toml").read_text()
    assert "search" in (tmp_path / "script.py").read_text()


def test_the_methods_say_what_was_compared_and_who_has_what(result):
    text = methods_text(result)
    assert "4 functions, 12 functions of 'head_direction' and window 0.06 s, window 0.1 s of 'history'; 4 in all" in text
    assert "the settings and the strength being chosen anew without each fold" in text
    for term in result.terms:
        said = f"in {len(term.only_units)} unit" in text
        assert said or not term.only_units


def test_one_setting_for_all_keeps_the_names_of_the_terms(small_analysis, small_recording):
    asked = asking(small_analysis, {"term": "place", "values": [5, 7]}, one_strength=True, strength_rule="one_standard_error")
    found = ge.run(asked, small_recording)
    assert [term.label for term in found.terms] == ["head_direction", "place", "history"]
    assert len(set(found.scores["setting"].values)) == 1
    n = int(str(found.scores["setting"].values[0]).split()[-2])
    assert [factor.basis.n for factor in found.terms[1].factors] == [n, n]


def test_settings_are_searched_with_strengths_by_marginal_likelihood(small_analysis, small_recording):
    asked = asking(
        small_analysis,
        {"term": "head_direction", "values": [4, 12]},
        strength_by="marginal_likelihood",
        penalty="smoothness",
        nested=True,
    )
    asked = asked.with_(terms=asked.terms[:1])
    found = ge.run(asked, small_recording)
    assert found.search.sizes["strength"] == 1
    assert found.smoothing is not None
    assert np.isfinite(found.scores["deviance_explained_nested"]).all()


def test_bounds_that_hold_no_data_are_refused_at_the_search(small_analysis, small_recording):
    asked = asking(small_analysis, {"term": "place", "parameter": "bounds", "bounds": [[0, 100], [500, 600]]})
    with pytest.raises(GlmError, match="500 to 600 hold less than half") as caught:
        ge.run(asked, small_recording)
    assert caught.value.field == "model.search"


def test_a_search_over_a_constant_is_refused(small_analysis, small_recording):
    still = {"term": "head_direction", "values": [4, 6]}
    asked = asking(small_analysis, still)
    asked = asked.with_(terms=(asked.terms[2],))
    with pytest.raises(GlmError, match="no term in the model") as caught:
        ge.run(asked, small_recording)
    assert caught.value.field == "model.search.0.term"


def test_a_silent_unit_is_not_said_to_have_chosen(small_analysis, small_recording):
    spikes = nap.TsGroup({0: small_recording.spikes[0], 1: nap.Ts(np.zeros(0))}, time_support=small_recording.epochs["all"])
    recording = replace(small_recording, spikes=spikes, unit_names=("hd", "never"), unit_table=None)
    found = ge.run(asking(small_analysis, {"term": "head_direction", "values": [4, 12]}), recording)
    (note,) = (note for note in found.notes if "settings of head_direction were compared" in note)
    assert note.endswith("functions for hd.")
    assert found.scores["status"].sel(unit="never") == "silent"
