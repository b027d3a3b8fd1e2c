"""Checks of final models of several groups of units, put together."""

from __future__ import annotations

import numpy as np
import pytest

from glmengine.analysis.remedies import Advice
from glmengine.answers.final_models import CANNOT_RUN, checks_of, joined_checks
from glmengine.answers.unit_judgement import unit_judgement
from glmengine.goodness.judgement import Finding


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_what_a_group_lacks_is_empty_there(order):
    """One group has a unit whose model cannot run by itself, the other has none of that kind and was simulated."""
    unable = Finding("It cannot run by itself.", Advice("a refractory time"))
    groups = [
        checks_of(None, ["a", "b"]).assign({CANNOT_RUN: ("unit", [unable.to_text(), ""])}),
        checks_of(None, ["c"]).assign(simulated_rate=("unit", [0.9])),
    ]
    joined = joined_checks([groups[number] for number in order])
    assert Finding.from_text(joined[CANNOT_RUN].sel(unit="a").item()) == unable
    for unit in ("b", "c"):
        row = {str(name): array.item() for name, array in joined.sel(unit=unit).data_vars.items()}
        assert row[CANNOT_RUN] == ""
        assert unit_judgement(row, "") is None  # no model, and no error
    np.testing.assert_array_equal(joined["simulated_rate"].sel(unit=["a", "b", "c"]), [np.nan, np.nan, 0.9])
