"""The table of a fit that runs: what it costs to fill in goes with what has come, not with the columns that are fitted to it."""

from __future__ import annotations

from types import SimpleNamespace

from qtpy.QtCore import QObject, Signal
from qtpy.QtWidgets import QApplication

from glmgui.panels.results.filling_view import FillingView
from glmgui.widgets import tables
from glmgui.work.runs import UnitSoFar


class Running(QObject):
    """A fit of as many units as are put into it."""

    found = Signal(tuple)
    running = SimpleNamespace(name="fit")

    def __init__(self) -> None:
        super().__init__()
        self.units: dict[str, UnitSoFar] = {}


def test_columns_are_fitted_once_however_many_units_have_come(qtbot, document, monkeypatch):
    measured = []
    plain = tables._Headings.sectionSizeFromContents
    monkeypatch.setattr(
        tables._Headings, "sectionSizeFromContents", lambda header, part: measured.append(part) or plain(header, part)
    )
    times = {}
    for many in (20, 200):
        runs = Running()
        view = FillingView(document, runs)
        qtbot.addWidget(view)
        view.resize(900, 600)
        view.show()
        runs.units = {f"unit {number}": UnitSoFar() for number in range(many)}
        view._draw()
        QApplication.processEvents()
        measured.clear()
        runs.units = {unit: UnitSoFar(1e-3, 0.25, "ok") for unit in runs.units}
        view._draw()
        QApplication.processEvents()
        times[many] = len(measured)
        assert view.table.item(many - 1, 1).text() == "0.250"
        needed = max(view.table.sizeHintForColumn(1), view.table.horizontalHeader().sectionSizeHint(1))
        assert view.table.columnWidth(1) == needed
    assert times[200] == times[20]
