"""Areas without menus make few widgets and keep what the controls of the menus would hold."""

from __future__ import annotations

import pyqtgraph as pg
import pytest
from qtpy.QtGui import QColor
from qtpy.QtWidgets import QApplication

from glmgui.plots.plot_item import PlainPlotItem


@pytest.fixture
def view(qtbot):
    made = pg.GraphicsLayoutWidget()
    qtbot.addWidget(made)
    return made


def test_an_area_makes_a_fraction_of_the_widgets_that_pyqtgraph_makes(view):
    before = len(QApplication.allWidgets())
    plain = PlainPlotItem()
    between = len(QApplication.allWidgets())
    usual = pg.PlotItem()
    assert between - before < 0.25 * (len(QApplication.allWidgets()) - between)
    view.addItem(plain, 0, 0)
    view.addItem(usual, 1, 0)


def test_what_is_drawn_in_it_obeys_its_modes_as_in_pyqtgraphs_own(view):
    areas = PlainPlotItem(), pg.PlotItem(enableMenu=False)
    for row, area in enumerate(areas):
        view.addItem(area, row, 0)
        area.setLogMode(x=True)
        area.showGrid(x=True, alpha=0.5)
        area.setDownsampling(ds=4, mode="mean")
        area.setClipToView(True)
        area.plot([1.0, 10.0, 100.0], [1.0, 2.0, 3.0])
    plain, usual = areas
    assert plain.getAxis("bottom").grid == usual.getAxis("bottom").grid
    assert plain.getAxis("bottom").logMode is usual.getAxis("bottom").logMode is True
    assert plain.downsampleMode() == usual.downsampleMode() == (4, True, "mean")
    for mode in ("subsample", "peak", "mean"):
        plain.setDownsampling(mode=mode)
        assert plain.downsampleMode()[2] == mode
    assert plain.clipToViewMode() is usual.clipToViewMode() is True
    assert plain.alphaState() == usual.alphaState()
    assert plain.listDataItems()[0].opts["logMode"] == usual.listDataItems()[0].opts["logMode"]
    plain.clear()
    assert not plain.listDataItems()


@pytest.mark.parametrize("ignored", [False, True])  # as a long curve, of which only the range in view is drawn
def test_nothing_has_no_numbers_beside_it(ignored):
    """An empty area would look as if it showed something from 0 to 1, while what it waits for is still worked on."""
    area = PlainPlotItem()
    axis = area.getAxis("bottom")
    area.addItem(pg.InfiniteLine(0.5))
    assert not axis.tickValues(0.0, 1.0, 300.0)
    area.addItem(pg.TextItem("nothing yet"), ignoreBounds=True)
    assert not axis.tickValues(0.0, 1.0, 300.0)
    drawn = pg.PlotCurveItem([0.0, 1.0], [0.0, 1.0])
    area.addItem(drawn, ignoreBounds=ignored)
    assert axis.picture is None, "it is painted anew, also where the range stays"
    assert axis.tickValues(0.0, 1.0, 300.0)
    area.removeItem(drawn)
    assert not axis.tickValues(0.0, 1.0, 300.0)


def test_a_label_is_written_anew_for_other_words_and_colours_alone(qapp, monkeypatch):
    item = PlainPlotItem()
    axis = item.getAxis("bottom")
    written = []
    monkeypatch.setattr(axis.label, "setHtml", written.append)
    item.setLabel("bottom", "speed (cm/s)")
    for most in range(1, 20):
        axis.setRange(0, most)
    assert len(written) == 1
    assert "speed (cm/s)" in written[0]
    for _ in range(2):
        axis.set_colours(QColor("#808080"), QColor("#102030"))
    assert len(written) == 2
    assert "#102030" in written[1]
    assert axis.pen().color().name() == "#808080"
    assert axis.textPen().color().name() == "#102030"
