"""Surrogates of one unit beside its data: intervals, correlograms with itself and with others, histogram around an event."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from glmengine.errors import GlmError
from glmengine.figures.layout import panels
from glmengine.figures.marks import band, finish, legend_above, line
from glmengine.figures.page import shows, style
from glmengine.sentences import unit_name, unit_title

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from glmengine.results.result import Result

_CURVES = {
    "isi": ("interval", "interval between spikes (ms)", "share of intervals", 1000.0),
    "autocorrelogram": ("lag", "lag after a spike (ms)", "rate (Hz)", 1000.0),
    "psth": ("time", "time from the event (s)", "rate (Hz)", 1.0),
}


def draw(result: Result, *, unit: str, term: str | None = None, recording: Any = None) -> Figure:
    """The data as a line over the mean of the surrogates and their 95 % band over repeats.

    Raises
    ------
    GlmError
        If no surrogates are kept with the result.
    """
    found = result.simulated
    if found is None:
        raise GlmError("no surrogates are kept with the result; simulate first, and keep what was found (`with_simulated`)")
    shown = [(*_CURVES[name], dataset) for name in _CURVES if (dataset := getattr(found, name)) is not None]
    if found.isi is None:  # of signals
        shown = [(dim, x, "correlation" if dim == "lag" else y, scale, dataset) for dim, x, y, scale, dataset in shown]
    for other in found.partners(unit):
        text = f"lag after a spike of {unit_name(other)} (ms)"
        shown.append(("lag", text, "rate (Hz)", 1000.0, found.cross_correlogram.sel(other=other)))
    figure, axes = panels(len(shown))
    rate = found.rate.sel(unit=unit)
    title = (
        f"{unit_title(unit)}: {float(rate['data']):.3g} Hz, surrogates {float(rate['low']):.3g} to {float(rate['high']):.3g} Hz"
    )
    for place, (ax, (dim, x, y, scale, dataset)) in enumerate(zip(axes, shown, strict=True)):
        own = dataset.sel(unit=unit)
        at = own[dim].values * scale
        band(ax, at, own["low"], own["high"], style().model, label="surrogates, 95 %")
        line(ax, at, own["mean"], style().model, width=0.8)
        if shows("data"):
            line(ax, at, own["data"], style().data, label="data")
        finish(ax, title=title if place == 0 else "", x=x, y=y)
    legend_above(axes[-1])
    return figure
