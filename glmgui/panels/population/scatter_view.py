"""Any number of the units against any other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtWidgets import QWidget

from glmgui.panels.population.view import PopulationView, numbers_to_choose
from glmgui.plots.unit_scatter import UnitScatter
from glmgui.widgets.controls import refill

if TYPE_CHECKING:
    from glmgui.drawings.population import Population

_FIRST = ("rate_hz", "deviance_explained_heldout")


class ScatterView(PopulationView):
    """A point a unit."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("population_scatter", parent)
        self._chosen_once = False
        self.across = self.add_choice("Across", "scatter_x", "The number that goes to the right")
        self.up = self.add_choice("Up", "scatter_y", "The number that goes up")
        self.plot = UnitScatter("Units", name="population_unit_scatter", parent=self)
        self.place(self.plot)
        self.plot.chosen.connect(self.chosen)

    def offer(self, population: Population) -> None:
        numbers = numbers_to_choose(population)
        for field, first in zip((self.across, self.up), _FIRST, strict=True):
            refill(field, numbers)
            if not self._chosen_once and field.findData(first) >= 0:
                blocked = field.blockSignals(True)
                field.setCurrentIndex(field.findData(first))
                field.blockSignals(blocked)
        self._chosen_once = True

    def draw(self) -> None:
        population = self.population
        x, y = (population.number(field.currentData() or "") if population else None for field in (self.across, self.up))
        self.plot.setVisible(x is not None and y is not None)
        if x is None or y is None:
            self.said.setText("The units of this fit have no number that differs between them.")
            return
        self.plot.show_numbers(population.units, x, y)
        self.plot.set_title(f"{y.axis.label} over {x.axis.label}")
        missing = len(population.units) - self.plot.n_drawn
        self.said.setText(
            "Drag a rectangle to select the units in it; with Ctrl it adds to the set."
            + (
                f" {missing} unit{'s' if missing != 1 else ''} without one of the two numbers {'are' if missing != 1 else 'is'} not drawn."
                if missing
                else ""
            )
        )
        self.mark()

    def mark(self) -> None:
        self.plot.set_selected(self.units, self.unit)

    def set_greyed(self, greyed: bool) -> None:
        self.plot.set_greyed(greyed)
