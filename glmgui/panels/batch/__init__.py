"""The batch step: one analysis on many recordings."""

from glmgui.panels.batch.panel import BatchPanel

__all__ = ["BatchPanel"]
