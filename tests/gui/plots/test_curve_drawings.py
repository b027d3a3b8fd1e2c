"""What is drawn of a term over two variables, with limits and without."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from glmgui.drawings.curves import tuning

KEYS = ("data_hz", "tuning_hz", "tuning_low", "tuning_high", "effect_hz", "effect_low", "effect_high")


@pytest.mark.parametrize(
    ("left_out", "titles"),
    [((), ["lower 95 % limit", "effect", "upper 95 % limit"]), (("effect_low", "effect_high"), ["effect"])],
)
def test_limits_that_a_stopped_fit_has_not_are_no_empty_maps(left_out, titles):
    values = np.random.default_rng(0).gamma(2, 1, (1, 8, 6))
    curves = xr.Dataset(
        {key: (("unit", "x", "y"), np.full(values.shape, np.nan) if key in left_out else values) for key in KEYS},
        {"unit": ["a"], "x": np.arange(8.0), "y": np.arange(6.0)},
    )
    _, effect = tuning("place", curves, "a")
    assert [image.title for image in effect.images] == titles
