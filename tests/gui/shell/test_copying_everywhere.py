"""Of every page and dialog: each plot can be saved and copied as a figure and as numbers, each table copied, and nothing is drawn beside plots."""

from __future__ import annotations

from itertools import combinations

import pytest
from qtpy.QtCore import Qt
from qtpy.QtGui import QGuiApplication
from qtpy.QtWidgets import QGraphicsView, QTableView, QTreeView, QWidget

from glmgui.dialogs.shortcuts import ShortcutsDialog
from glmgui.figure_desk import figure_desk
from glmgui.panels.data.derived_dialog import DerivedDialog, derived_kinds
from glmgui.plots import PlotGrid
from glmgui.plots.base import Plot
from tests.gui.shell.test_looks import STEPS, fitted, lasting, looked_at, pages_of  # noqa: F401

ENTRIES = ("Save figure for paper", "Save figure as on screen", "Save numbers", "Copy figure", "Copy numbers", "Show everything")


def plots_without_a_menu(root: QWidget, named: str) -> list[str]:
    """Plots that lack an entry, and drawings outside plots."""
    lacking = []
    for plot in root.findChildren(Plot):
        said = [action.text() for action in plot._save.menu().actions()]
        lacking += [f"{named} '{plot.title}': {entry}" for entry in ENTRIES if not any(text.startswith(entry) for text in said)]
        if plot._save.accessibleName() in ("", "Save"):
            lacking.append(f"{named} {plot.objectName()}: no name")
    for view in root.findChildren(QGraphicsView):
        within = view.parentWidget()
        while within is not None and not isinstance(within, Plot):
            within = within.parentWidget()
        if within is None:
            lacking.append(f"{named} {view.objectName()}: drawn outside a plot")
    return lacking


def tables_that_are_not_copied(root: QWidget, named: str) -> list[str]:
    """Tables of which neither a menu nor Ctrl+C copies rows."""
    lacking = []
    for table in (*root.findChildren(QTableView), *root.findChildren(QTreeView)):
        texts = [action.text() for action in table.actions()]
        own = table.contextMenuPolicy() == Qt.ContextMenuPolicy.CustomContextMenu
        if not own and not {"Copy all rows", "Copy chosen rows  (Ctrl+C)"} <= set(texts):
            lacking.append(f"{named} {table.objectName() or type(table).__name__}")
    return lacking


def test_every_plot_and_table_of_every_page_can_be_taken_away(looked_at, at_rest):  # noqa: F811
    lacking, plots, tables = [], 0, 0
    for step in pages_of(looked_at, at_rest):
        panel = looked_at.panels[step]
        lacking += plots_without_a_menu(panel, step) + tables_that_are_not_copied(panel, step)
        plots += len(panel.findChildren(Plot))
        tables += len(panel.findChildren(QTableView))
    assert not sorted(set(lacking))
    assert plots > 20
    assert tables > 20


def test_figure_and_numbers_of_every_plot_that_is_seen_are_copied(looked_at, at_rest):  # noqa: F811
    clipboard, seen, asked = QGuiApplication.clipboard(), set(), []
    figure_desk().asked.connect(asked.append)
    try:
        for step in pages_of(looked_at, at_rest):
            for plot in looked_at.panels[step].findChildren(Plot):
                if not plot.isVisible() or plot in seen or not plot.numbers():
                    continue
                seen.add(plot)
                clipboard.clear()
                plot.copy_numbers()
                heads = clipboard.text().splitlines()[0].split("\t")
                assert all(heads), (step, plot.title)
                plot.copy_figure()
                assert clipboard.mimeData().hasImage(), (step, plot.title)
                assert plot.drawing().title == plot.title, (step, plot.title)
    finally:
        figure_desk().asked.disconnect(asked.append)
    assert len(seen) > 10


@pytest.mark.parametrize("kind", ["derived", "shortcuts", "recipe"])
def test_plots_and_tables_of_dialogs_can_be_taken_away(looked_at, at_rest, kind, tmp_path):  # noqa: F811
    if kind == "derived":
        looked_at.show_step("data")
        looked_at.panels["data"].derived.add(derived_kinds()[0])
        dialog = looked_at.findChild(DerivedDialog)
    elif kind == "shortcuts":
        looked_at.action("shortcuts").trigger()
        dialog = looked_at.findChild(ShortcutsDialog)
    else:
        import numpy as np
        from scipy.io import savemat

        from glmengine.io.recipe_assistant import assist
        from glmgui.dialogs.recipe import RecipeDialog

        path = tmp_path / "cell.mat"
        savemat(path, {"spike_times": np.cumsum(np.full(200, 0.31)), "position": np.arange(600.0), "times": np.arange(600) * 0.1})
        assistance = assist(path)
        dialog = RecipeDialog(assistance, assistance.recipe, "", looked_at, looked_at.jobs)
        dialog.open()
    at_rest(looked_at)
    try:
        assert not plots_without_a_menu(dialog, kind)
        assert not tables_that_are_not_copied(dialog, kind)
    finally:
        dialog.close()


def test_no_plot_lies_over_another(looked_at, at_rest):  # noqa: F811
    over = []
    for step in pages_of(looked_at, at_rest):
        for grid in looked_at.panels[step].findChildren(PlotGrid):
            plots = [plot for plot in grid.plots if plot.isVisible()]
            over += [
                f"{step}: '{one.title}' and '{other.title}'"
                for one, other in combinations(plots, 2)
                if one.geometry().intersects(other.geometry())
            ]
            over += [f"{step}: '{plot.title}' is lower than it needs" for plot in plots if plot.height() < plot.minimumHeight()]
    assert not over
