"""The line that says of each term whether the selected unit needs it."""

from types import SimpleNamespace

import numpy as np
import xarray as xr

from glmgui.panels.results.coefficients_view import _tests


def test_terms_are_said_with_statistic_freedom_and_probability():
    arrays = {"wald": [[826.61], [6.973], [np.nan]], "df": [[14.0], [6.0], [np.nan]], "p": [[0.0], [0.323], [np.nan]]}
    tests = xr.Dataset(
        {name: (("term", "unit"), np.array(values)) for name, values in arrays.items()},
        {"term": ["position", "head_direction", "history"], "unit": ["a"]},
    )
    said = _tests(SimpleNamespace(tests=tests), "a")
    assert said.endswith("position: 826.6 (14), p < 1e-16; head_direction: 6.973 (6), p = 0.32")
    assert "history" not in said
    assert _tests(SimpleNamespace(tests=tests * np.nan), "a") == ""
    assert _tests(SimpleNamespace(tests=None), "a") == ""
