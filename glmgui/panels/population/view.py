"""What the pages on a population have in common: choices on top, a plot below, and the selected set of units."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QComboBox, QLabel, QSizePolicy, QWidget

from glmgui.still_fields import StillCombo
from glmgui.widgets.layout import column, row
from glmgui.widgets.texts import hint

if TYPE_CHECKING:
    from glmgui.drawings.population import Population
    from glmgui.plots.base import Plot

_NARROWEST, _WIDEST = 110, 380
AS_FITTED = "order of the recording"


class PopulationView(QWidget):
    """A page; subclasses draw when `show_population` brings another one or a choice changes.

    Signals
    -------
    chosen : (tuple of str, str or None)
        The set of units that was selected, and the one of them that was pointed at.
    """

    chosen = Signal(object, object)

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.population: Population | None = None
        self.units: tuple[str, ...] = ()
        self.unit: str | None = None
        self._controls = row(spacing=8)
        self._controls.addStretch(0)
        self.said = hint("", self)
        self.box = column(self, margins=4)
        self.box.addLayout(self._controls)
        self.box.addWidget(self.said)

    def add_choice(self, text: str, name: str, tooltip: str) -> QComboBox:
        """A field to choose from, with its name above it."""
        field = StillCombo(self)
        field.setObjectName(name)
        field.setAccessibleName(text)
        field.setToolTip(tooltip)
        field.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        field.setMinimumContentsLength(8)
        field.setMinimumWidth(_NARROWEST)
        field.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        field.currentIndexChanged.connect(lambda _: self.draw())
        self.add_control(text, field)
        return field

    def add_control(self, text: str, field: QWidget) -> None:
        """A control with its name above it."""
        pair = QWidget(self)
        pair.setMaximumWidth(_WIDEST)
        label = QLabel(text, pair)
        label.setBuddy(field)
        box = column(pair, margins=0, spacing=1)
        box.addWidget(label)
        box.addWidget(field, 1, Qt.AlignmentFlag.AlignVCenter)
        self._controls.insertWidget(self._controls.count() - 1, pair, 1)

    def place(self, plot: Plot) -> None:
        """Put the plot below all else, as high as there is room.

        What its view would rather have is what it has and its frame: the page would become higher with each change of the look.
        """
        plot.view.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Ignored)
        self.box.addWidget(plot, 1)

    def show_population(self, population: Population) -> None:
        """Show another one, with the choices that it allows."""
        self.population = population
        self.offer(population)
        self.draw()

    def select(self, units: Sequence[str], unit: str | None) -> None:
        """Mark the set of units, and the one of them that is pointed at."""
        self.units, self.unit = tuple(units), unit
        self.mark()

    def offer(self, population: Population) -> None:
        """Fill the choices."""
        raise NotImplementedError

    def draw(self) -> None:
        """Draw what is chosen."""
        raise NotImplementedError

    def mark(self) -> None:
        """Mark what is selected."""
        raise NotImplementedError

    def set_greyed(self, greyed: bool) -> None:
        """Draw pale what answers an earlier question."""
        raise NotImplementedError


def numbers_to_choose(population: Population, first: str = "") -> list[tuple[str, str]]:
    """The numbers of the units that differ between units, by title; `first` is the title of the choice of none, where there is one."""
    import numpy as np

    found = [(first, "")] if first else []
    for one in population.numbers:
        known = one.values[np.isfinite(one.values)]
        if known.size and (len(population.units) == 1 or np.ptp(known) > 0 or known.size < len(one.values)):
            found.append((one.axis.text, one.name))
    return found
