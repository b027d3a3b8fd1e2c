"""The features step: terms of the model, with pictures of their functions and features."""

from glmgui.panels.features.panel import FeaturesPanel

__all__ = ["FeaturesPanel"]
