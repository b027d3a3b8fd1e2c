"""Goodness of fit of one unit: rescaled intervals, quantile residuals, calibration."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from glmengine.errors import GlmError
from glmengine.figures.layout import panels
from glmengine.figures.marks import diagonal, finish, line, short_name
from glmengine.figures.page import shows, style
from glmengine.sentences import unit_title

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from glmengine.results.result import Result


def draw(result: Result, *, unit: str, term: str | None = None, recording: Any = None) -> Figure:
    """KS plot with its 95 % band, QQ plot of the residuals, and observed against expected in tenths of the expected rate.

    Raises
    ------
    GlmError
        If no goodness of fit is kept with the result, or the unit was not checked.
    """
    found = result.goodness_of_fit
    if found is None:
        raise GlmError("no goodness of fit is kept with the result; check it first, and keep what was found (`with_goodness`)")
    if unit not in found.units:
        raise GlmError(f"unit '{unit}' was not checked; check the result again with it")
    figure, (ks, residuals, calibration) = panels(3)
    rescaled = found.rescaling.sel(unit=unit)
    if shows("bands"):
        ks.fill_between(rescaled["quantile"], rescaled["low"], rescaled["high"], color="0.88", linewidth=0)
    diagonal(ks, 0.0, 1.0)
    line(ks, rescaled["quantile"], rescaled["share"], style().model)
    finish(ks, title=f"{short_name(unit_title(unit))}: time rescaling", x="quantile of the model", y="share of intervals below")
    own = found.residuals.sel(unit=unit)
    normal = own["normal"].values
    diagonal(residuals, float(normal.min()), float(normal.max()))
    residuals.plot(normal, own["residual"], ".", color=style().model, markersize=style().marker_size)
    finish(residuals, title="quantile residuals", x="normal quantile", y="quantile of the residuals")
    tenths = found.calibration.sel(unit=unit)
    expected, observed = tenths["expected_hz"].values, tenths["observed_hz"].values
    both = np.concatenate((expected, observed))
    if np.isfinite(both).any():
        diagonal(calibration, float(np.nanmin(both)), float(np.nanmax(both)))
    calibration.plot(expected, observed, "o", color=style().model, markersize=1.3 * style().marker_size)
    measure = str(tenths["expected_hz"].attrs.get("unit", "Hz"))
    finish(calibration, title="calibration", x=f"expected ({measure})", y=f"observed ({measure})")
    return figure
