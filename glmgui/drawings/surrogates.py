"""Surrogates beside the data of one unit, and the rates of all, as drawings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from glmengine.sentences import unit_name
from glmgui.drawings.curves import Drawing, Lines
from glmgui.drawings.series import Axis, Curve

if TYPE_CHECKING:
    import xarray as xr

    from glmengine.simulation.comparison import SurrogateComparison

_ISI_HELP = (
    "Share of the intervals between spikes of each length: recorded, and in the surrogates with their 95 % band over repeats."
)
_AUTO_HELP = "Rate this long after a spike of the unit itself: recorded, and in the surrogates with their 95 % band over repeats."
_CROSS_HELP = (
    "Rate this long after (negative: before) a spike of another unit: recorded, and in the surrogates with their 95 % band over repeats. "
    "The pairs that the model describes worst come first."
)
_PSTH_HELP = "Rate around the event: recorded, and in the surrogates with their 95 % band over repeats."
_RATE_HELP = "Mean rate of every unit: recorded against that of the surrogates, with the 95 % interval over repeats. On the dashed line both are alike."


def surrogate_drawings(found: SurrogateComparison, unit: str, measure: str) -> list[Drawing]:
    """What surrogates share with the data of one unit; `measure` is that of its rate."""
    drawings: list[Drawing] = []
    signal = found.isi is None
    if found.isi is not None:
        axes = Axis("interval between spikes", "ms"), Axis("share of intervals")
        drawings.append(
            _lines("surrogate_isi", "Intervals between spikes", *axes, found.isi, unit, "interval", 1000.0, _ISI_HELP)
        )
    axis = Axis("correlation") if signal else Axis("rate", measure)
    lag = Axis("lag", "ms") if signal else Axis("time after a spike", "ms")
    drawings.append(
        _lines("surrogate_auto", "Autocorrelogram", lag, axis, found.autocorrelogram, unit, "lag", 1000.0, _AUTO_HELP)
    )
    if found.psth is not None:
        axes = Axis("time from the event", "s"), Axis("rate", measure)
        drawings.append(_lines("surrogate_psth", "Around the event", *axes, found.psth, unit, "time", 1.0, _PSTH_HELP))
    for other in found.partners(unit):
        pair = found.cross_correlogram.sel(other=other)
        title = f"Cross-correlogram with {unit_name(other)}"
        x_axis = Axis(f"time after a spike of {unit_name(other)}", "ms")
        drawings.append(_lines(f"surrogate_cross_{other}", title, x_axis, axis, pair, unit, "lag", 1000.0, _CROSS_HELP))
    drawings.append(_rates(found, measure))
    return drawings


def _lines(
    name: str, title: str, x_axis: Axis, y_axis: Axis, found: xr.Dataset, unit: str, dim: str, scale: float, said: str
) -> Lines:
    own = found.sel(unit=unit)
    x = own[dim].values * scale
    curves = [
        Curve("surrogates, 95 % band", x, own["mean"].values, own["low"].values, own["high"].values),
        Curve("data", x, own["data"].values, colour="data", width=1.5),
    ]
    return Lines(name, title, x_axis, y_axis, curves, said)


def _rates(found: SurrogateComparison, measure: str) -> Lines:
    rate = found.rate
    data, mean = rate["data"].values, rate["mean"].values
    both = np.concatenate([data, mean])
    both = both[np.isfinite(both)]
    ends = np.array([both.min(), both.max()]) if both.size else np.array([0.0, 1.0])
    curves = [
        Curve("both alike", ends, ends, look="dashed", colour="data", width=1.0),
        Curve("units", data, mean, rate["low"].values, rate["high"].values, look="dots"),
    ]
    axes = Axis("recorded rate", measure), Axis("surrogate rate", measure)
    return Lines("surrogate_rates", "Rates of all units", *axes, curves, _RATE_HELP)
