"""The population step."""

from glmgui.panels.population.panel import PopulationPanel

__all__ = ["PopulationPanel"]
