"""The table of figures: name, what is drawn, of what, and what it needs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from glmengine.results.angles import angles

if TYPE_CHECKING:
    from glmengine.results.result import Result


def _always(result: Result) -> bool:
    return True


@dataclass(frozen=True)
class Kind:
    """One figure.

    Attributes
    ----------
    name : str
        Of the function in `glmengine.figures`, and of the file in `glmengine.figures.kinds`.
    text : str
        What is drawn.
    of_unit : bool
        Whether it is of one unit.
    recorded : bool
        Whether it needs the recording.
    fitted : bool
        Whether it shows what was fitted, so that a fit that was stopped is said below it.
    has : callable
        Whether a result has something for it.
    """

    name: str
    text: str
    of_unit: bool = False
    recorded: bool = False
    fitted: bool = True
    has: Callable[[Result], bool] = _always


def _has_strengths(result: Result) -> bool:
    return result.cv is not None and result.cv.sizes["strength"] > 1


def _has_angles(result: Result) -> bool:
    return bool(angles(result))


def _has_kernels(result: Result) -> bool:
    return any("condition" in found["filter"].dims for found in result.filters.values())


def _has_fields(result: Result) -> bool:
    return any("channel" in found["filter"].dims for found in result.filters.values())


TABLE = (
    Kind("unit", "everything about one unit on a page", of_unit=True),
    Kind(
        "tuning", "tuning curves and fields of a unit, as counted and as predicted", True, has=lambda result: bool(result.curves)
    ),
    Kind("polar", "tuning to angles of a unit, around the circle", True, has=_has_angles),
    Kind("filter", "history and coupling filters of a unit", True, has=lambda result: bool(result.filters)),
    Kind("events", "event kernels of a unit, by condition", True, has=_has_kernels),
    Kind("receptive_field", "receptive fields of a unit: maps over lags, and their gain", True, has=_has_fields),
    Kind("rates", "predicted and observed rate of a unit over time", True, True),
    Kind("cross_validation", "held-out score by strength of the penalty", has=lambda result: result.cv is not None),
    Kind("path", "coefficients by strength of the penalty, from none to all", True, True, has=_has_strengths),
    Kind("coupling", "who drives whom, as a matrix", has=lambda result: result.coupling is not None),
    Kind("coupling_graph", "who drives whom, as a graph", has=lambda result: result.coupling is not None),
    Kind("scores", "deviance explained of all units", has=_always),
    Kind("units", "one term of all units, a small panel each", has=lambda result: bool(result.curves or result.filters)),
    Kind("basis", "basis functions of each term", fitted=False),
    Kind("design", "the design matrix over a stretch of time", recorded=True, fitted=False),
    Kind("raster", "spikes of all units, with the covariates below", recorded=True, fitted=False),
    Kind(
        "goodness",
        "whether the model of a unit is right: rescaled intervals, residuals, calibration",
        True,
        has=lambda result: result.goodness_of_fit is not None,
    ),
    Kind(
        "surrogates",
        "spikes of the model beside those of a unit: intervals, autocorrelogram, around an event",
        True,
        has=lambda result: result.simulated is not None,
    ),
    Kind(
        "group_path",
        "terms of a unit coming in along a group lasso, and the held-out score",
        True,
        has=lambda result: result.selection is not None and result.selection.path is not None,
    ),
    Kind("comparison", "deviance explained by each of the models compared", has=lambda result: result.selection is not None),
)
