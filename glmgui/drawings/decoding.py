"""Decoded values of a covariate beside the true ones, as drawings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from glmengine.decoding.confusion import confusion
from glmgui.drawings.curves import Images
from glmgui.drawings.series import TIME, Axis, Curve, Image

if TYPE_CHECKING:
    from glmengine.context import Context
    from glmengine.decoding.decode import Decoded

_CONFUSION_HELP = (
    "For each true value the share of its bins in which each value was decoded. A bright diagonal: decoded as it was."
)


def decoded_axis(variable: str, measures: Mapping[str, str]) -> Axis:
    """The axis of a variable, with its unit of measure where that is known."""
    return Axis(variable, measures.get(variable, ""))


def decoded_over_time(decoded: Decoded, variable: str, measures: Mapping[str, str]) -> tuple[Axis, Axis, list[Curve]]:
    """Axes and curves of what was decoded and what was true; stretches between which no bin was decoded are set apart."""
    one = decoded.values.sel(variable=variable)
    time = np.asarray(one["time"].values, float)
    true, estimate = np.asarray(one["true"].values, float), np.asarray(one["estimate"].values, float)
    step = np.diff(time)
    breaks = np.flatnonzero(step > 1.5 * np.median(step)) + 1 if len(step) else np.zeros(0, int)
    time, true, estimate = (np.insert(values, breaks, np.nan) for values in (time, true, estimate))
    curves = [
        Curve("true", time, true, look="points", colour="data"),
        Curve("decoded", time, estimate, look="points", colour=1),
    ]
    return TIME, decoded_axis(variable, measures), curves


def confusion_drawings(decoded: Decoded, variables: Sequence[str], measures: Mapping[str, str], context: Context) -> list[Images]:
    """The confusion matrices of some variables."""
    drawings = []
    for variable in variables:
        context.check()
        drawings.append(_confusion(decoded, variable, measures))
    return drawings


def _confusion(decoded: Decoded, variable: str, measures: Mapping[str, str]) -> Images:
    found = confusion(decoded, variable)
    measure = measures.get(variable, "")
    axes = Axis(f"true {variable}", measure), Axis(f"decoded {variable}", measure)
    x, y = found["true"].values, found["estimate"].values
    image = Image("", x, y, found["share"].transpose("true", "estimate").values)
    title = f"Confusion of {variable}"
    return Images(f"confusion_{variable}", title, *axes, Axis("share of bins"), [image], _CONFUSION_HELP, equal=True)
