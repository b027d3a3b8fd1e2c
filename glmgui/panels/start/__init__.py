"""The page that stands before the steps: recent files, ready analyses as questions, samples."""

from glmgui.panels.start.page import StartPage

__all__ = ["StartPage"]
