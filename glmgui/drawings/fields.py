"""The receptive field of one unit as drawings: time course and maps."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from glmengine.figures.drawing import FigureOf
from glmgui.drawings.curves import Drawing, Images, Lines, lags_of
from glmgui.drawings.series import Axis, Curve, Image

if TYPE_CHECKING:
    import xarray as xr

_MOST_MAPS = 4
_LEAST_SHARE = 0.01  # of the greatest power: a map with less would be blank
_HELP = "In the channel where the field is strongest: how much one unit of the stimulus changes the log of the rate that much later. Above zero it raises the rate."
_MAP_HELP = "The filter over space at the lags where it is strongest, all on one colour scale. Above zero that part of the stimulus raises the rate."


def fields(label: str, filters: xr.Dataset, unit: str) -> list[Drawing]:
    """The receptive field (channel, lag_s) of one unit: a time course with its band, and a map for each of a few lags or an image of all channels."""
    one = filters.sel(unit=unit)
    values, low, high = (one[key].transpose("channel", "lag_s").values for key in ("filter", "low", "high"))
    if not np.isfinite(values).any():
        return []
    (lag, lags), names = lags_of(one), [str(name) for name in one["channel"].values]
    log_rate = Axis(str(one["filter"].attrs.get("unit", "log rate")))
    best = int(np.nanargmax(np.nanmax(np.abs(values), axis=1)))
    course = Curve(names[best], lags, values[best], low[best], high[best])
    figure = FigureOf("receptive_field", unit, label)
    title = f"{label}: time course at {names[best]}, 95 % band"
    drawings: list[Drawing] = [Lines(f"field_course_{label}", title, lag, log_rate, [course], _HELP, level=True, figure=figure)]
    shape = tuple(int(size) for size in np.atleast_1d(filters.attrs.get("shape", ())))
    if len(shape) == 2 and np.prod(shape) == len(names):
        drawings.append(_maps(label, values.reshape(*shape, -1), lags, log_rate, figure))
    elif len(names) > 1:
        channels = Axis("channel", names=tuple(names))
        image = Image("", lags, np.arange(1, len(names) + 1, dtype=float), values.T)
        drawings.append(
            Images(
                f"field_{label}", f"{label}: all channels", lag, channels, log_rate, [image], _HELP, diverging=True, figure=figure
            )
        )
    return drawings


def _maps(label: str, values: np.ndarray, lags: np.ndarray, log_rate: Axis, figure: FigureOf) -> Images:
    """Maps (rows, columns) at the lags with most power, in the order of time; `values` is (rows, columns, lags)."""
    power = np.nan_to_num(values**2).sum(axis=(0, 1))
    chosen = np.sort(_apart(power, _MOST_MAPS))
    rows, columns = (np.arange(1, size + 1, dtype=float) for size in values.shape[:2])
    images = [Image(f"{lags[at]:.0f}\u2009ms later", columns, rows, values[:, :, at].T) for at in chosen]
    most = float(np.nanmax(np.abs(values[:, :, chosen])))
    levels = (-most, most) if most > 0 else None
    return Images(
        f"field_{label}",
        f"{label}: maps",
        Axis("column"),
        Axis("row"),
        log_rate,
        images,
        _MAP_HELP,
        levels,
        equal=True,
        diverging=True,
        figure=figure,
    )


def _apart(power: np.ndarray, count: int) -> np.ndarray:
    """Places of the greatest of `power` that are not next to nothing, no two side by side where there are enough others."""
    chosen: list[int] = []
    power = np.where(power >= _LEAST_SHARE * power.max(), power, -1.0)
    for apart in (max(len(power) // (2 * count), 1), 0):
        for at in np.argsort(-power):
            if (
                power[at] >= 0
                and len(chosen) < count
                and all(abs(int(at) - other) > apart for other in chosen)
                and int(at) not in chosen
            ):
                chosen.append(int(at))
    return np.array(chosen)
