"""Areas of pyqtgraph without the widgets of menus that are never shown.

Each `pyqtgraph.PlotItem` makes 92 widgets for its menus, also where these are switched off: three quarters of all widgets of the window, which
took 12 ms an area, and a second of each change of look.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from types import SimpleNamespace

import pyqtgraph as pg
from qtpy.QtCore import QObject, Signal
from qtpy.QtWidgets import QListWidgetItem, QWidget

from glmgui.plots.axis import QuietAxis, named_axes


class PlainPlotItem(pg.PlotItem):
    """Axes, each a `QuietAxis`, and what is drawn between them; it has no menu."""

    def __init__(self, **options: object) -> None:
        with _without_widgets():
            super().__init__(enableMenu=False, axisItems=named_axes(), **options)
        self.hideAxis("right")  # pyqtgraph shows each that it is given

    def addItem(self, item: pg.GraphicsObject, *arguments: object, **options: object) -> None:
        super().addItem(item, *arguments, **options)
        self._redraw_axes()

    def removeItem(self, item: pg.GraphicsObject) -> None:
        super().removeItem(item)
        self._redraw_axes()

    def _redraw_axes(self) -> None:
        for side in ("bottom", "left"):  # they have no numbers while nothing is drawn
            self.getAxis(side).redraw()


class _Control(QObject):
    """What a check box, slider or list of a menu holds."""

    toggled = Signal(bool)
    valueChanged = Signal(int)
    itemClicked = Signal(QListWidgetItem)

    def __init__(self, checked: bool = False, value: int = 0, most: int = 0) -> None:
        super().__init__()
        self._checked, self._value, self._most = checked, value, most

    def isChecked(self) -> bool:
        return self._checked

    def setChecked(self, checked: bool) -> None:
        if checked != self._checked:
            self._checked = checked
            self.toggled.emit(checked)

    def value(self) -> int:
        return self._value

    def maximum(self) -> int:
        return self._most

    def setValue(self, value: int) -> None:
        if value != self._value:
            self._value = value
            self.valueChanged.emit(value)

    def count(self) -> int:
        """Of a list's rows."""
        return 0

    def clear(self) -> None:
        """A list without rows stays as it is."""


class _Group(QWidget):
    """A page of a menu, which is not ticked."""

    toggled = Signal(bool)

    def isChecked(self) -> bool:
        return False


class _Controls:
    """In the place of pyqtgraph's form, with the values that its controls have at first."""

    def setupUi(self, form: QWidget) -> None:
        for name in ("transform", "decimate", "average", "alpha", "grid", "points"):
            setattr(self, f"{name}Group", _Group(form))
        for name in (
            *("fft", "subtractMean", "logX", "logY", "derivative", "phasemap", "xGrid", "yGrid"),
            *("autoAlpha", "downsample", "clipToView", "maxTraces", "forgetTraces"),
        ):
            setattr(self, f"{name}Check", _Control())
        self.autoDownsampleCheck, self.autoPointsCheck = _Control(True), _Control(True)
        self.subsampleRadio, self.meanRadio, self.peakRadio = _Control(), _Control(), _Control(True)
        radios = self.subsampleRadio, self.meanRadio, self.peakRadio
        for radio in radios:
            radio.toggled.connect(partial(_leave_alone, radio, radios))
        self.downsampleSpin, self.maxTracesSpin = _Control(value=1), _Control()
        self.alphaSlider, self.gridAlphaSlider = _Control(value=1000, most=1000), _Control(value=128, most=255)
        self.avgParamList = _Control()


def _leave_alone(radio: _Control, radios: tuple[_Control, ...], checked: bool) -> None:
    for other in radios if checked else ():
        if other is not radio:
            other.setChecked(False)


@contextmanager
def _without_widgets() -> Iterator[None]:
    """While it lasts, an area of pyqtgraph is made without the widgets, and with axes of ours; other programs in this process have theirs."""
    module = sys.modules[pg.PlotItem.__module__]
    usual = module.ui_template, module.AxisItem
    module.ui_template, module.AxisItem = SimpleNamespace(Ui_Form=_Controls), QuietAxis
    try:
        yield
    finally:
        module.ui_template, module.AxisItem = usual
