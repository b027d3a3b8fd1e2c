"""The data step: what was recorded, and which units and which time of it are used."""

from glmgui.panels.data.panel import DataPanel

__all__ = ["DataPanel"]
