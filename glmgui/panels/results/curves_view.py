"""The page with all curves of one unit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtWidgets import QWidget

from glmgui.drawings.curves import Drawing, kernels, pairs, tuning
from glmgui.drawings.fields import fields
from glmgui.plots import PlotGrid

if TYPE_CHECKING:
    from glmengine.results.result import Result


class CurvesView(PlotGrid):
    """Tuning, effects, filters and coupling; with the bands of a bootstrap where the result keeps one."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("curves", parent)

    def show_unit(self, result: Result, unit: str) -> None:
        """Draw every curve of one unit."""
        drawn = result.bootstrap_bands
        drawings: list[Drawing] = []
        for label in result.labels_for(result.curves, unit):
            drawings += tuning(label, result.curves[label], unit, None if drawn is None else drawn.curves.get(label))
        for label in result.labels_for(result.filters, unit):
            filters = result.filters[label]
            if "channel" in filters.dims:
                drawings += fields(label, filters, unit)
            else:
                drawings += kernels(label, filters, unit, None if drawn is None else drawn.filters.get(label))
        if result.coupling is not None:
            drawings += pairs(result.coupling)
        self.show_drawings(drawings, f"unit {unit}", "The model has no term with a curve for this unit.")
