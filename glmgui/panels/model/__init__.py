"""The model step: family, penalty and validation, and what they come to before anything is fitted."""

from glmgui.panels.model.panel import ModelPanel

__all__ = ["ModelPanel"]
