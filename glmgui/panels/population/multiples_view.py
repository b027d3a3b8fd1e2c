"""All units side by side: the curve, map or filter that a term found for each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtWidgets import QWidget

from glmengine.sentences import as_shown
from glmgui.drawings.population import MapPanel, Numbers, sorted_units
from glmgui.panels.population.view import AS_FITTED, PopulationView, numbers_to_choose
from glmgui.plots.small_multiples import SmallMultiples
from glmgui.widgets.controls import refill

if TYPE_CHECKING:
    from glmgui.drawings.population import Panel, Population

_NOTHING = "The terms of this fit have no curve or filter over one or two variables."
_SCORES = ("deviance_explained_heldout", "deviance_explained_fit")


class MultiplesView(PopulationView):
    """A term of all units, in an order of choice."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("population_multiples", parent)
        self._sorted_once = False
        self.term = self.add_choice("What", "population_term", "The curve, map or filter that is drawn of each unit")
        self.sort = self.add_choice("Sorted by", "population_sort", "Highest first; angles and words from the lowest")
        self.scale = self.add_choice("Scale", "population_scale", "Of the upright axis, or of the colours")
        refill(self.scale, [("each unit its own", ""), ("one for all", "common")])
        self.which = self.add_choice("Units", "population_which", "All, or only the selected ones")
        refill(self.which, [("all", ""), ("selected only", "selected")])
        self.plot = SmallMultiples(name="population_small_multiples", parent=self)
        self.place(self.plot)
        self.plot.chosen.connect(self._chosen)

    def offer(self, population: Population) -> None:
        refill(self.term, [(as_shown(panel.label), panel.label) for panel in population.panels])
        refill(self.sort, numbers_to_choose(population, AS_FITTED))
        if not self._sorted_once:  # the best first, until another order is asked for
            self._sorted_once = True
            at = next((self.sort.findData(name) for name in _SCORES if self.sort.findData(name) >= 0), 0)
            blocked = self.sort.blockSignals(True)
            self.sort.setCurrentIndex(at)
            self.sort.blockSignals(blocked)

    def draw(self) -> None:
        population = self.population
        if population is None:
            return
        panel = next((one for one in population.panels if one.label == self.term.currentData()), None)
        self.plot.setVisible(panel is not None)
        if panel is None:
            self.said.setText(_NOTHING)
            return
        order = sorted_units(population, self.sort.currentData() or "")
        if self.which.currentData():
            order = order[[population.units[at] in self.units for at in order]]
        common = self.scale.currentData() == "common"
        number = population.number(self.sort.currentData() or "")
        said = ["" if number is None else _short(number, at) for at in range(len(population.units))]
        beside = f" Beside the name: {number.axis.text}." if number is not None else ""
        self.said.setText(caption(panel, len(order), common=common) + beside)
        self.plot.show_panel(panel, population.units, order, said, common=common)
        self.mark()

    def mark(self) -> None:
        if self.which.currentData() and self.population is not None and set(self.plot.shown) != self._wanted():
            self.draw()
            return
        self.plot.set_selected(self.units, self.unit)

    def _chosen(self, units: tuple[str, ...], unit: str | None) -> None:
        """Where only the set is shown, a click points at one of it and leaves the set as it is."""
        points = self.which.currentData() and len(units) == 1 and unit in self.units
        self.chosen.emit(self.units if points else units, unit)

    def _wanted(self) -> set[str]:
        return set(self.units) & set(self.population.units)

    def set_greyed(self, greyed: bool) -> None:
        self.plot.set_greyed(greyed)


def _short(number: Numbers, at: int) -> str:
    """The number that units are sorted by, as it stands beside the name."""
    text = number.text(at)
    return f"{text} {number.axis.unit}" if number.axis.unit and text != "–" else text


def caption(panel: Panel, count: int, *, common: bool) -> str:
    """What the axes of every cell are, in a line."""
    units = f"{count} unit{'s' if count != 1 else ''}"
    if isinstance(panel, MapPanel):
        span = f"{panel.value_axis.text}, {'one scale for all' if common else 'each unit on its own scale'}"
        sides = (
            "blue below zero, red above"
            if panel.signed
            else "dark is low, bright is high, all of one colour in between: flat; blank: never visited"
        )
        return f"{units}. Across: {panel.x_axis.text}. Up: {panel.y_axis.text}. Colours: {span}; {sides}."
    lines = "thick: model with its 95 % band" + (", thin: as recorded" if panel.data is not None else "")
    scale = "one scale for all" if common else "each unit on its own scale"
    if panel.polar:
        return f"{units}. Around: {panel.x_axis.text}, 0 on the right, counter-clockwise. From the middle: {panel.y_axis.text}, {scale}. Thick: model{', thin: as recorded' if panel.data is not None else ''}."
    return f"{units}. Across: {panel.x_axis.text}. Up: {panel.y_axis.text}, {scale}; {lines}."
