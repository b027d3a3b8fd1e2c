"""pyqtgraph, imported as this program wants it: with smooth lines, and without its hook for what is uncaught, which would hide it."""

from glmgui.notices import kept_hooks

with kept_hooks():
    import pyqtgraph

pyqtgraph.setConfigOptions(antialias=True)
