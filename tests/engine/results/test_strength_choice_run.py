"""The choice of a strength as part of an analysis: what the result holds, says and keeps."""

from __future__ import annotations

import numpy as np
import pytest

import glmengine as ge
from glmengine.analysis.analysis import Analysis
from glmengine.errors import GlmError


def asking(analysis: Analysis, **model: object) -> Analysis:
    return analysis.with_(
        model=analysis.model.with_(strengths=(1e-5, 1e-4, 1e-3, 1e-2), **model),
        validation=analysis.validation.with_(nested=True),
    )


@pytest.fixture(scope="module")
def result(small_analysis, small_recording) -> ge.Result:
    return ge.run(asking(small_analysis, strength_rule="one_standard_error", one_strength=True), small_recording)


def test_all_units_are_fitted_at_the_largest_strength_within_one_standard_error(result):
    scores = result.cv["scores"].mean("unit")
    mean = scores.mean("fold")
    best = int(np.argmax(mean.values))
    error = float(scores[:, best].std("fold", ddof=1)) / np.sqrt(scores.sizes["fold"])
    near = [float(s) for s, value in zip(mean["strength"].values, mean.values, strict=True) if value >= mean.values[best] - error]
    assert set(result.scores["strength"].values) == {max(near)}
    assert any("one standard error of the best mean over units" in note for note in result.notes)


def test_nested_scores_and_strengths_are_kept_in_the_result_file(result, tmp_path):
    assert result.cv["nested_strength"].dims == ("fold", "unit")
    assert np.isfinite(result.scores["deviance_explained_nested"]).all()
    result.save(tmp_path / "a.nc")
    again = ge.Result.load(tmp_path / "a.nc")
    for name in ("deviance_explained_nested", "bits_per_spike_nested"):
        np.testing.assert_array_equal(again.scores[name], result.scores[name])
    np.testing.assert_array_equal(again.cv["nested_strength"], result.cv["nested_strength"])
    assert again.analysis == result.analysis


def test_the_choice_is_written_to_the_analysis_file_and_left_out_where_it_is_the_default(small_analysis, tmp_path):
    asked = asking(small_analysis, strength_rule="one_standard_error")
    asked.save(tmp_path / "a.toml")
    text = (tmp_path / "a.toml").read_text()
    assert 'strength_rule = "one_standard_error"' in text
    assert "nested = true" in text
    assert "one_strength" not in text
    assert Analysis.load(tmp_path / "a.toml") == asked


def test_two_folds_cannot_choose_by_one_standard_error_within_one_another(small_analysis, small_recording):
    asked = asking(small_analysis, strength_rule="one_standard_error")
    asked = asked.with_(validation=asked.validation.with_(folds=2))
    with pytest.raises(GlmError, match="three or more") as caught:
        ge.run(asked, small_recording)
    assert caught.value.field == "validation.nested"
