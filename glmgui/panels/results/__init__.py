"""The results step: scores of all units, and the curves, filters and rates of each."""

from glmgui.panels.results.panel import ResultsPanel

__all__ = ["ResultsPanel"]
