"""Plots: small widgets that each draw labelled arrays, show their numbers under the mouse and save both."""

import glmgui.plots.library  # noqa: F401 - before anything imports pyqtgraph
from glmgui.drawings.series import NO_AXIS, RATE, TIME, Axis, Curve, Image
from glmgui.plots.bars import ScorePlot
from glmgui.plots.base import Plot
from glmgui.plots.drawn import draw
from glmgui.plots.export import save_numbers, save_plot
from glmgui.plots.grid import PlotGrid
from glmgui.plots.image import ImagePlot, MosaicPlot
from glmgui.plots.line import LinePlot
from glmgui.plots.named_bars import NamedBars
from glmgui.plots.polar import PolarPlot
from glmgui.plots.raster import RasterPlot
from glmgui.plots.rate import RatePlot
from glmgui.plots.timeline import TimeLine

__all__ = [
    "NO_AXIS",
    "RATE",
    "TIME",
    "Axis",
    "Curve",
    "Image",
    "ImagePlot",
    "LinePlot",
    "MosaicPlot",
    "NamedBars",
    "Plot",
    "PlotGrid",
    "PolarPlot",
    "RasterPlot",
    "RatePlot",
    "ScorePlot",
    "TimeLine",
    "draw",
    "save_numbers",
    "save_plot",
]
