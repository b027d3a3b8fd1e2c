"""Curves over one angle that goes round, which can be drawn around the circle."""

from __future__ import annotations

from typing import TYPE_CHECKING

from glmengine.results.tuning_numbers import goes_round

if TYPE_CHECKING:
    from glmengine.results.result import Result


def angles(result: Result) -> list[str]:
    """Labels of the curves over one angle whose bins go all the way round."""
    found = []
    for name, curve in result.curves.items():
        dims = [dim for dim in curve["data_hz"].dims if dim != "unit"]
        if len(dims) == 1 and goes_round(curve[dims[0]]):
            found.append(name)
    return found
