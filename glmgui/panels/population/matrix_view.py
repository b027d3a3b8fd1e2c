"""The coupling of all pairs as a matrix, in any order of the units or as a tree."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from qtpy.QtWidgets import QWidget

from glmgui.drawings.population import coupled_order
from glmgui.panels.population.view import AS_FITTED, PopulationView, numbers_to_choose
from glmgui.plots.coupling_matrix import CouplingMatrix
from glmgui.widgets.controls import refill

if TYPE_CHECKING:
    from glmgui.drawings.population import Population

TREE = "\0tree"
NO_COUPLING = "This fit has no coupling between units. Add the term 'Coupling' in the Features step and fit again."
_SAID = "Each cell: what a spike of the unit below it does to the unit on its left; red raises its rate, blue lowers it; blank: not in the model. Click a cell to select its two units{tree}."


class MatrixView(PopulationView):
    """From every unit to every unit."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("population_matrix", parent)
        self.value = self.add_choice("What", "matrix_value", "What of each filter gives the colour")
        self.sort = self.add_choice("Sorted by", "matrix_sort", "The order of the rows and the columns")
        self.plot = CouplingMatrix("Coupling of all pairs", name="population_coupling_matrix", parent=self)
        self.place(self.plot)
        self.plot.chosen.connect(self.chosen)

    def offer(self, population: Population) -> None:
        coupling = population.coupling
        for field in (self.value, self.sort):
            field.setEnabled(coupling is not None)
        refill(self.value, [(title, title) for title in coupling.values] if coupling is not None else [])
        head = [(AS_FITTED, ""), ("likeness (tree)", TREE)]
        refill(self.sort, [*head, *numbers_to_choose(population)] if coupling is not None else [])

    def draw(self) -> None:
        coupling = self.population.coupling if self.population is not None else None
        self.plot.setVisible(coupling is not None)
        if coupling is None:
            self.said.setText(NO_COUPLING)
            return
        with_tree = self.sort.currentData() == TREE
        if with_tree:
            place = {name: at for at, name in enumerate(coupling.names)}
            order = np.array([place[name] for name in coupling.tree.units], int)
        else:
            order = coupled_order(self.population, self.sort.currentData() or "")
        title = self.value.currentData()
        self.said.setText(_SAID.format(tree=", a branch of the tree to select all of it" if with_tree else ""))
        names = [coupling.names[at] for at in order]
        values = coupling.values[title][np.ix_(order, order)]
        self.plot.show_matrix(names, values, coupling.axes[title], coupling.tree if with_tree else None)
        self.mark()

    def mark(self) -> None:
        self.plot.set_selected(self.units, self.unit)

    def set_greyed(self, greyed: bool) -> None:
        self.plot.set_greyed(greyed)
