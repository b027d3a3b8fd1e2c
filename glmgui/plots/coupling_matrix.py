"""The coupling of all pairs as a matrix in any order of the units, with the tree that joins them above it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyqtgraph as pg
from qtpy.QtCore import QPointF, Qt, Signal
from qtpy.QtWidgets import QWidget

from glmengine.results.coupling_tree import Branch, CouplingTree
from glmgui.drawings.series import Axis, Image
from glmgui.plots.image import ImagePlot

_TREE_SHARE = 0.22  # of the matrix's height
_TREE_GAP = 0.02
_NEAR = 8.0  # pixels


class CouplingMatrix(ImagePlot):
    """From the unit of a column to the unit of a row.

    Signals
    -------
    chosen : (tuple of str, str or None)
        The two units of a cell, or those of a branch; the one that receives is the one pointed at.
    """

    chosen = Signal(object, object)

    def __init__(self, title: str = "", *, name: str = "coupling_matrix", parent: QWidget | None = None) -> None:
        super().__init__(title, diverging=True, mouse=False, name=name, parent=parent)
        self._names: tuple[str, ...] = ()
        self._tree: CouplingTree | None = None
        self._marked: frozenset[str] = frozenset()
        self._lines: pg.PlotCurveItem | None = None
        self._marks: pg.ScatterPlotItem | None = None
        self.scene.sigMouseClicked.connect(self._clicked)

    def show_matrix(self, names: Sequence[str], values: np.ndarray, value_axis: Axis, tree: CouplingTree | None) -> None:
        """Draw `values` (N, N), from the row to the column of the array, in the order of `names`; the `tree` has the same order, or is None."""
        self._names, self._tree = tuple(names), tree
        numbers = np.arange(1, len(names) + 1, dtype=float)
        self.set_axes(Axis("from unit", names=self._names), Axis("to unit", names=self._names), value_axis, equal=False)
        self.set_images([Image("", numbers, numbers, values)])
        self._add_tree()

    def set_selected(self, units: Sequence[str], unit: str | None) -> None:
        self._marked = frozenset(units)
        self._add_marks()

    def _rebuild(self) -> None:
        super()._rebuild()
        for area in self._areas[:1]:  # with items of its own: those of the area before are gone with it
            self._lines, self._marks = pg.PlotCurveItem(connect="pairs"), pg.ScatterPlotItem()
            area.addItem(self._lines, ignoreBounds=True)
            area.addItem(self._marks, ignoreBounds=True)

    def show_all(self) -> None:
        n = len(self._names)
        for area in self._areas[:1]:
            top = n + 0.5 + (n * (_TREE_SHARE + _TREE_GAP) if self._tree is not None and self._tree.branches else 0)
            area.vb.setRange(xRange=(0.5 - 0.02 * n, n + 0.5), yRange=(0.5 - 0.02 * n, top), padding=0.01)

    def _restyle(self) -> None:
        super()._restyle()
        self._add_tree()
        self._add_marks()

    def _height(self, distance: float) -> float:
        """Where on the axis of the units a distance of the tree is drawn."""
        n, most = len(self._names), self._tree.branches[-1].height or 1.0
        return n + 0.5 + n * (_TREE_GAP + _TREE_SHARE * distance / most)

    def _add_tree(self) -> None:
        if self._lines is None:
            return
        if self._tree is None or not self._tree.branches:
            self._lines.setData([], [])
            return
        x, y = [], []
        for branch in self._tree.branches:
            left, right, top = branch.left + 1, branch.right + 1, self._height(branch.height)
            x += [left, left, left, right, right, right]
            y += [self._height(branch.left_height), top, top, top, top, self._height(branch.right_height)]
        self._lines.setData(np.array(x), np.array(y), pen=pg.mkPen(self.colours.muted, width=1), connect="pairs")

    def _add_marks(self) -> None:
        """Small marks on both axes at the units that are selected."""
        if self._marks is None:
            return
        at = np.flatnonzero([name in self._marked for name in self._names]) + 1.0
        edge = np.full(len(at), 0.5 - 0.01 * len(self._names))
        colour = self.colours.series[1]
        self._marks.setData(
            x=np.concatenate([at, edge]),
            y=np.concatenate([edge, at]),
            symbol="s",
            size=5,
            brush=pg.mkBrush(colour),
            pen=pg.mkPen(colour),
        )

    def _branch_at(self, at: QPointF) -> Branch | None:
        """The branch whose bar is under the mouse."""
        if self._tree is None or not self._tree.branches or not self._areas:
            return None
        view = self._areas[0].vb
        here, pixel = view.mapSceneToView(at), view.viewPixelSize()
        near = [
            (abs(self._height(branch.height) - here.y()) / pixel[1], number)
            for number, branch in enumerate(self._tree.branches)
            if branch.left + 1 - _NEAR * pixel[0] <= here.x() <= branch.right + 1 + _NEAR * pixel[0]
        ]
        if not near or min(near)[0] > _NEAR:
            return None
        return self._tree.branches[min(near)[1]]

    def _cell_at(self, at: QPointF) -> tuple[int, int] | None:
        if not self._areas or not self._areas[0].vb.sceneBoundingRect().contains(at):
            return None
        here = self._areas[0].vb.mapSceneToView(at)
        column, row = round(here.x()) - 1, round(here.y()) - 1
        return (column, row) if 0 <= column < len(self._names) and 0 <= row < len(self._names) else None

    def _clicked(self, event) -> None:
        if event.button() != Qt.MouseButton.LeftButton:
            return
        more = self._marked if event.modifiers() & Qt.KeyboardModifier.ControlModifier else frozenset()
        cell, branch = self._cell_at(event.scenePos()), self._branch_at(event.scenePos())
        if cell is not None:
            pair = [self._names[at] for at in cell]
            self.chosen.emit(tuple({*pair, *more}), pair[1])
        elif branch is not None:
            self.chosen.emit(tuple({*self._names[branch.first : branch.last + 1], *more}), None)

    def _readout(self, at: QPointF) -> str:
        cell = self._cell_at(at)
        if cell is not None:
            value = float(self._images[0].values[cell])
            said = "not in the model" if np.isnan(value) else self.value_axis.value(value)
            return f"from {self._names[cell[0]]} to {self._names[cell[1]]}:  {said}"
        branch = self._branch_at(at)
        return f"branch of {branch.last - branch.first + 1} units; a click selects them" if branch is not None else ""
