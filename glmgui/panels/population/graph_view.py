"""The coupling as a graph on a ring or on the electrodes, with a threshold."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from qtpy.QtWidgets import QLabel, QWidget

from glmgui.drawings.population import coupled_order, coupled_places, ring
from glmgui.panels.population.matrix_view import NO_COUPLING
from glmgui.panels.population.view import AS_FITTED, PopulationView, numbers_to_choose
from glmgui.plots.coupling_graph import MOST_ARROWS, CouplingGraph
from glmgui.still_fields import StillSlider
from glmgui.widgets.controls import refill

if TYPE_CHECKING:
    from glmgui.drawings.population import CouplingDrawing, Population

ELECTRODES = "\0electrodes"
_STEPS = 200
_FIRST_ARROWS = 60


class GraphView(PopulationView):
    """Arrows between units."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("population_graph", parent)
        self._known: CouplingDrawing | None = None
        self.value = self.add_choice("What", "graph_value", "What of each filter makes an arrow")
        self.where = self.add_choice(
            "Units stand", "graph_where", "On a ring in this order, at angles where it is an angle, or where their electrodes are"
        )
        self.threshold = StillSlider(self)
        self.threshold.setObjectName("graph_threshold")
        self.threshold.setAccessibleName("Least strength of an arrow")
        self.threshold.setToolTip("Only pairs at least this strong have an arrow")
        self.threshold.setRange(0, _STEPS)
        self.add_control("Least strength", self.threshold)
        self.count = QLabel(self)
        self.count.setObjectName("graph_count")
        self.plot = CouplingGraph("Coupling graph", name="population_coupling_graph", parent=self)
        self.box.addWidget(self.count)
        self.place(self.plot)
        self.plot.chosen.connect(self.chosen)
        self.threshold.valueChanged.connect(lambda _: self.draw())
        self.value.currentIndexChanged.connect(lambda _: self._begin())

    def offer(self, population: Population) -> None:
        coupling = population.coupling
        for field in (self.value, self.where, self.threshold):
            field.setEnabled(coupling is not None)
        refill(self.value, [(title, title) for title in coupling.values] if coupling is not None else [])
        places = [("at their electrodes", ELECTRODES)] if population.places is not None else []
        numbers = [(f"on a ring by {text}", name) for text, name in numbers_to_choose(population)]
        head = [(f"on a ring, {AS_FITTED}", "")]
        refill(self.where, [*head, *places, *numbers] if coupling is not None else [])
        if coupling is not self._known:
            self._known = coupling
            self._begin()

    def _begin(self) -> None:
        """A threshold that leaves a number of arrows that can be seen."""
        strength = self._strengths()
        if not strength.size:
            return
        least = np.sort(strength)[-min(_FIRST_ARROWS, strength.size)]
        blocked = self.threshold.blockSignals(True)
        self.threshold.setValue(int(np.floor(least / strength.max() * _STEPS)) if strength.max() > 0 else 0)
        self.threshold.blockSignals(blocked)
        self.draw()

    def _strengths(self) -> np.ndarray:
        """Absolute values of all pairs of two units."""
        coupling = self.population.coupling if self.population is not None else None
        if coupling is None or self.value.currentData() is None:
            return np.empty(0)
        values = np.abs(coupling.values[self.value.currentData()])
        return values[np.isfinite(values) & ~np.eye(len(values), dtype=bool)]

    def draw(self) -> None:
        population = self.population
        coupling = population.coupling if population is not None else None
        for part in (self.plot, self.count):
            part.setVisible(coupling is not None)
        if coupling is None:
            self.said.setText(NO_COUPLING)
            return
        title, where = self.value.currentData(), self.where.currentData() or ""
        axis, strength = coupling.axes[title], self._strengths()
        least = self.threshold.value() / _STEPS * (float(strength.max()) if strength.size else 0.0)
        if where == ELECTRODES and population.places is not None:
            points, axes = coupled_places(population), (population.places.x_axis, population.places.y_axis)
        else:
            points, axes = ring(population, where, coupled_order(population, where)), None
        self.plot.show_graph(coupling.names, points, coupling.values[title], axis, least, axes)
        number = population.number(where)
        angles = (
            " Each unit stands at its angle: 0 on the right, counter-clockwise." if number is not None and number.circular else ""
        )
        self.said.setText(
            "An arrow points to the unit that is driven; orange and full raises its rate, blue and dashed lowers it; the wider the stronger."
            + angles
        )
        drawn, pairs = len(self.plot.pairs), strength.size
        most = ", the strongest of those" if drawn == MOST_ARROWS else ""
        self.count.setText(f"{drawn} of {pairs} pairs{most} from {axis.value(float(f'{least:.3g}'))} on")
        self.mark()

    def mark(self) -> None:
        self.plot.set_selected(self.units, self.unit)

    def set_greyed(self, greyed: bool) -> None:
        self.plot.set_greyed(greyed)
