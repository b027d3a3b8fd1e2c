"""Labels of axes with their units, and the colours of axes."""

from __future__ import annotations

from html import escape

import pyqtgraph as pg

from glmengine.figures.radians import RADIANS
from glmengine.sentences import as_shown
from glmgui.drawings.series import Axis
from glmgui.plots import style
from glmgui.plots.plot_item import PlainPlotItem

_LONG_LABEL = 15


def label_axes(item: pg.PlotItem, x_axis: Axis, y_axis: Axis) -> None:
    """Write labels with units, without silently scaling the numbers."""
    for side, axis in (("bottom", x_axis), ("left", y_axis)):
        item.setLabel(side, label_text(axis, wrap=side == "left"))
        never_scale(item.getAxis(side))
        item.getAxis(side).set_names(list(enumerate(map(as_shown, axis.names), 1)))
        item.getAxis(side).set_angles(axis.unit == RADIANS)


def never_scale(axis: pg.AxisItem) -> None:
    """Show numbers as they are: switching the prefixes off does not undo a scale that they have set, having no range for them does."""
    axis.setSIPrefixEnableRanges(())
    axis.enableAutoSIPrefix(False)


def paint_axes(item: PlainPlotItem, colours: style.Colours) -> None:
    """Give the axes and the title of a plot the colours of a look."""
    for side in ("bottom", "left", "right", "top"):
        axis = item.getAxis(side)
        axis.set_colours(colours.muted, colours.ink)
        axis.setStyle(tickLength=-4, hideOverlappingLabels=False)
    item.titleLabel.setAttr("color", colours.ink.name())
    if item.titleLabel.isVisible():
        item.titleLabel.setText(item.titleLabel.text)


def label_text(axis: Axis, *, wrap: bool) -> str:
    """The text of an axis as HTML; on an upright axis a long one puts its unit on a second line."""
    if wrap and axis.unit and len(axis.text) > _LONG_LABEL:
        return f"{escape(as_shown(axis.label))}<br>({escape(axis.unit)})"
    return escape(as_shown(axis.text))
