"""The checks panel: whether the model that was fitted is right, and how sure its answers are."""

from glmgui.panels.checks.panel import ChecksPanel

__all__ = ["ChecksPanel"]
