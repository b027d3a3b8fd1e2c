"""Tables of the report: what is in them, and what is left out."""

from __future__ import annotations

from types import SimpleNamespace

import xarray as xr

from glmengine.export.report.tables import bootstrap_table


def test_columns_that_a_unit_does_not_have_are_no_rows_of_the_bootstrap():
    """Each unit's own past is a column of the design for all: zero in every draw of the others."""
    names, own, other = ("estimate", "low", "high", "standard_error"), (0.5, 0.1, 0.9, 0.2), (0.0, -0.1, 0.1, 0.05)
    values = {
        name: (("unit", "feature"), [[own[at], 0.0, other[at]], [0.0, own[at], other[at]]]) for at, name in enumerate(names)
    }
    features = ["history[a]", "history[b]", "x"]
    found = bootstrap_table(SimpleNamespace(coefficients=xr.Dataset(values, {"unit": ["a", "b"], "feature": features})))
    assert [row[:2] for row in found.rows] == [("a", "history[a]"), ("a", "x"), ("b", "history[b]"), ("b", "x")]
    assert found.rows[1][2:] == ("0", "-0.1", "0.1", "0.05")  # an estimate of zero that the draws move is one
