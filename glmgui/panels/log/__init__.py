"""The log: everything that was done and everything that went wrong."""

from glmgui.panels.log.panel import LogPanel

__all__ = ["LogPanel"]
