"""Drawings put into plots, new ones or those already there."""

from __future__ import annotations

from glmengine.figures.drawing import Images, Lines, Polar
from glmgui.plots.base import Plot
from glmgui.plots.image import ImagePlot
from glmgui.plots.line import LinePlot
from glmgui.plots.polar import PolarPlot


def draw(drawing: Lines | Polar | Images, plot: Plot | None = None) -> Plot:
    """Draw into `plot` where it fits, else into a new one: making a plot is slow, filling it is not."""
    if isinstance(drawing, Lines):
        if not isinstance(plot, LinePlot):
            plot = LinePlot(drawing.title, drawing.x_axis, drawing.y_axis, mouse=False, name=drawing.name)
        plot.set_axes(drawing.x_axis, drawing.y_axis)
        plot.set_equal(drawing.equal)
        plot.set_curves(drawing.curves, level=(0.0, "") if drawing.level else None, cut_bands=drawing.cut_bands)
    elif isinstance(drawing, Polar):
        if not isinstance(plot, PolarPlot):
            plot = PolarPlot(drawing.title, name=drawing.name)
        plot.set_polar(drawing.curves, drawing.x_axis, drawing.y_axis)
    else:
        if not isinstance(plot, ImagePlot):
            plot = ImagePlot(drawing.title, diverging=drawing.diverging, mouse=False, name=drawing.name)
        plot.set_axes(drawing.x_axis, drawing.y_axis, drawing.value_axis, equal=drawing.equal)
        plot.set_images(drawing.images, drawing.levels)
        if drawing.numbered:
            plot.number_columns()
    plot.set_title(drawing.title)
    plot.figure = drawing.figure
    plot.setToolTip(drawing.help)
    return plot
