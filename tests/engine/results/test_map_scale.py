"""Which maps are drawn true to scale."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from glmengine.results.map_scale import is_true_to_scale

SQUARE = np.linspace(0.0, 100.0, 20)


def axis(name: str, unit: str, values: np.ndarray) -> xr.DataArray:
    return xr.DataArray(values, dims=name, name=name, attrs={"unit": unit})


@pytest.mark.parametrize(
    ("first", "second", "equal"),
    [
        (("position.x", "cm", SQUARE), ("position.y", "cm", SQUARE), True),
        (("position.x", "arbitrary units", SQUARE), ("position.y", "arbitrary units", SQUARE), True),
        (("position.x", "", SQUARE), ("position.y", "", SQUARE), True),
        (("x", "deg", SQUARE), ("y", "deg", SQUARE), True),
        (("x", "", SQUARE), ("speed", "", SQUARE), False),
        (("position.x", "cm", SQUARE), ("head_direction", "rad", SQUARE), False),
        (("position.x", "cm", SQUARE), ("position.y", "cm", SQUARE / 50), False),
    ],
)
def test_a_map_is_true_to_scale_where_its_axes_have_one_unit(first, second, equal):
    assert is_true_to_scale(axis(*first), axis(*second)) is equal
