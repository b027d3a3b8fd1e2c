"""Plots that are on the screen, and what they show as a file."""

from __future__ import annotations

from pathlib import Path

from qtpy.QtWidgets import QWidget

from glmgui.plots.base import Plot


def write_figure(plot: Plot, path: Path) -> Path:
    """Save the figure of a plot, or its numbers where the name ends in ``.csv``."""
    from glmgui.plots.export import save_numbers, save_plot

    return save_numbers(plot.numbers(), path) if path.suffix.lower() == ".csv" else save_plot(plot, path)


def plots_on_screen(window: QWidget) -> list[Plot]:
    """Plots of the pages that are shown, also those that are scrolled out of sight: the one with the focus first, then the largest seen.

    Those that are greyed, since they are of another question than the one that is asked, are not among them.
    """
    focused = window.focusWidget() or window
    plots = [plot for plot in window.findChildren(Plot) if plot.isVisible() and plot.isEnabled()]
    plots.sort(key=lambda plot: (not plot.isAncestorOf(focused), plot.visibleRegion().isEmpty(), -plot.width() * plot.height()))
    return plots
