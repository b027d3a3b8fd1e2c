"""Columns of a term as they are foreseen, against those that the design then has; what is used; what a fit would take."""

from __future__ import annotations

import numpy as np
import pytest

from glmengine.analysis import default_terms as defaults
from glmengine.analysis.analysis import Analysis, Time
from glmengine.analysis.usable_time import usable_time
from glmengine.design.fit_size import estimate
from glmengine.design.prepare import prepare
from glmengine.design.term_size import known_columns, n_columns


@pytest.mark.parametrize(
    "term",
    [
        defaults.filter_term("position.x"),
        defaults.history_term(),
        defaults.coupling_term(),
        defaults.coupling_term().with_(include_self=True),
    ],
)
def test_what_is_foreseen_is_what_the_design_has(term, small_recording):
    prepared = prepare(Analysis(time=Time(bin_size=0.02), terms=(term,)), small_recording)
    of_a_unit = prepared.design.mask(prepared.units)
    columns = prepared.design.n_columns if of_a_unit is None else int(of_a_unit[:, 0].sum())
    assert n_columns(term, 3, small_recording) == columns
    assert known_columns(term, 3) == columns


def test_default_tuning_has_bounds_of_the_data_and_its_columns_are_foreseen(small_recording):
    for term in (
        defaults.tuning_term(small_recording, "head_direction"),
        defaults.field_term(small_recording, ("position.x", "position.y")),
    ):
        design = prepare(Analysis(time=Time(bin_size=0.02), terms=(term,)), small_recording).design
        assert n_columns(term, 3, small_recording) == design.n_columns
    low, high = defaults.default_basis(small_recording, "position.x").bounds
    values = small_recording.variable("position.x").seen()[1]
    assert low <= np.nanmin(values)
    assert high >= np.nanmax(values)
    assert defaults.position_pairs(small_recording) == (("position.x", "position.y"),)


def test_the_share_that_is_used_counts_epochs_and_conditions(small_recording):
    analysis = Analysis.from_dict(
        {"time": {"bin_size": 0.02, "epochs": ["first"], "conditions": [{"variable": "position.x", "above": 50.0}]}}
    )
    found = usable_time(analysis, small_recording)
    assert found.n_bins == 3000
    assert 0 < found.n_used < 3000
    assert found.text.startswith(f"{100 * found.n_used * 0.02 / 120:.1f} % of the recording is used")


def test_an_estimate_grows_with_columns_and_folds(small_recording, small_analysis):
    found = estimate(small_analysis, small_recording)
    assert (found.n_bins, found.n_units) == (6000, 3)
    more = estimate(small_analysis.with_(validation=small_analysis.validation.with_(folds=10)), small_recording)
    fewer = estimate(small_analysis.with_(terms=small_analysis.terms[:1]), small_recording)
    assert fewer.seconds < found.seconds < more.seconds
    assert fewer.gigabytes < found.gigabytes
