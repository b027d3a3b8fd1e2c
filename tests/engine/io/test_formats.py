"""Files of each format version that there was open for ever: one of each kind is kept, and never written again."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from glmengine.analysis.analysis import Analysis
from glmengine.project.project import load_project
from glmengine.results.result import Result

KEPT = Path(__file__).parent.parent / "data"


@pytest.mark.parametrize("version", ["format-1"])
def test_kept_files_open_with_their_numbers(version, small_recording):
    analysis = Analysis.load(KEPT / version / "analysis.toml")
    assert analysis.title == "kept since format 1"
    assert [term.label for term in analysis.terms] == ["head_direction", "history"]
    result = Result.load(KEPT / version / "result.nc")
    assert result.units == ("hd", "place", "flat")
    np.testing.assert_allclose(result.scores["deviance_explained_heldout"], [0.4524379, 0.19884298, 0.00252967], rtol=1e-5)
    assert float(result.coefficients[0, 0]) == -0.5368904174900574
    # and its frozen features still make the rates that were fitted
    np.testing.assert_allclose(
        result.score(small_recording)["deviance_explained"], result.scores["deviance_explained_fit"], atol=1e-9
    )
    project = load_project(KEPT / version / "project.glm")
    assert project.analysis == analysis
    assert project.result.scores.identical(result.scores)
    assert project.recording.sha256 == "ab" * 32


def test_an_analysis_of_format_2_opens_with_what_was_new_in_it():
    analysis = Analysis.load(KEPT / "format-2" / "analysis.toml")
    assert analysis.validation.split == "trials"
    assert (analysis.validation.grouped_by, analysis.validation.balanced, analysis.validation.gap) == (
        "trials",
        "trials.choice",
        True,
    )
    assert analysis.model.finds_strengths
    assert Analysis.from_dict(analysis.to_dict()) == analysis


def test_an_older_analysis_is_written_in_the_format_of_today():
    analysis = Analysis.load(KEPT / "format-1" / "analysis.toml")
    assert analysis.to_dict()["format_version"] == Analysis().format_version > 1
