"""The choice of a plot and of the kind of file that it is saved as."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from qtpy.QtWidgets import QButtonGroup, QDialog, QHBoxLayout, QListWidget, QListWidgetItem, QRadioButton, QVBoxLayout, QWidget

from glmgui.plots.base import Plot
from glmgui.widgets import button, heading, hint

_KINDS = (
    (".svg", "SVG", "Vector figure; text stays text"),
    (".pdf", "PDF", "Vector figure for papers"),
    (".png", "PNG", "Pixels at 300 dpi, for slides"),
    (".csv", "Numbers (CSV)", "What is drawn, as a table with units"),
)


class ExportFigureDialog(QDialog):
    """`plot` and `ending` are what was chosen when accepted."""

    def __init__(self, plots: Sequence[Plot], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("export_dialog")
        self.setWindowTitle("Export figure")
        self.setMinimumSize(420, 320)
        self._plots = list(plots)
        self.list = QListWidget(self)
        self.list.setObjectName("export_plots")
        self.list.setAccessibleName("Figures on the screen")
        for plot in self._plots:
            QListWidgetItem(plot.title or plot.objectName().replace("_", " "), self.list)
        self.list.setCurrentRow(0)
        self.kinds = QButtonGroup(self)
        formats = QHBoxLayout()
        for number, (_, text, help_text) in enumerate(_KINDS):
            radio = QRadioButton(text, self)
            radio.setObjectName(f"export_{text.split()[0].lower()}")
            radio.setAccessibleName(text)
            radio.setToolTip(help_text)
            radio.setChecked(number == 0)
            self.kinds.addButton(radio, number)
            formats.addWidget(radio)
        formats.addStretch(1)
        go = button("Export\u2026", "export_go", "Choose a name and save", self)
        go.setDefault(True)
        cancel = button("Cancel", "export_cancel", "Save nothing", self)
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        buttons.addWidget(cancel)
        buttons.addWidget(go)
        box = QVBoxLayout(self)
        box.setContentsMargins(16, 16, 16, 12)
        box.setSpacing(10)
        box.addWidget(heading("Figure", self))
        box.addWidget(self.list, 1)
        box.addLayout(formats)
        box.addWidget(hint("Figures are saved black on white, in the size that they have on the screen.", self))
        box.addLayout(buttons)
        go.clicked.connect(self.accept)
        cancel.clicked.connect(self.reject)
        self.list.itemDoubleClicked.connect(lambda *_: self.accept())

    @property
    def plot(self) -> Plot:
        return self._plots[max(self.list.currentRow(), 0)]

    @property
    def ending(self) -> str:
        return _KINDS[self.kinds.checkedId()][0]


def write_figure(plot: Plot, path: Path) -> Path:
    """Save the figure of a plot, or its numbers where the name ends in ``.csv``."""
    from glmgui.plots.export import save_numbers, save_plot

    return save_numbers(plot.numbers(), path) if path.suffix.lower() == ".csv" else save_plot(plot, path)


def plots_on_screen(window: QWidget) -> list[Plot]:
    """Plots of the pages that are shown, also those that are scrolled out of sight: the one with the focus first, then the largest seen."""
    focused = window.focusWidget() or window
    plots = [plot for plot in window.findChildren(Plot) if plot.isVisible()]
    plots.sort(key=lambda plot: (not plot.isAncestorOf(focused), plot.visibleRegion().isEmpty(), -plot.width() * plot.height()))
    return plots
