"""The fits panel: every fit that the project keeps."""

from glmgui.panels.fits.panel import FitsPanel

__all__ = ["FitsPanel"]
