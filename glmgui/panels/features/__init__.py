"""What the rate may depend on: terms, with pictures of their functions and features."""

from glmgui.panels.features.panel import FeaturesPanel

__all__ = ["FeaturesPanel"]
