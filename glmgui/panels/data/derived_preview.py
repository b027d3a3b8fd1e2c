"""The preview of a derived covariate or of derived epochs, beside its form."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from qtpy.QtGui import QBrush, QColor
from qtpy.QtWidgets import QAbstractItemView, QHeaderView, QTableWidget, QTableWidgetItem, QWidget

from glmengine.sentences import percent
from glmgui import theme
from glmgui.copying import TableCopying
from glmgui.drawings.extremes import thinned
from glmgui.drawings.summary import EpochRow, covariate_row, pieces_of, series_to_draw
from glmgui.plots import TIME, Axis, Curve, LinePlot, TimeLine
from glmgui.widgets.layout import column
from glmgui.widgets.tables import plain_table
from glmgui.widgets.texts import Sentences

if TYPE_CHECKING:
    from glmengine.recording.derived.quantities import AnyDerived
    from glmengine.recording.recording import Recording

_MOST_TRIALS = 2000
_SHOWN_POINTS = 100_000


@dataclass(frozen=True, eq=False)
class Preview:
    """What the dialog draws.

    Attributes
    ----------
    text : str
        One sentence with the unit, the range and the share, or with the seconds and the pieces.
    name, unit : str
    times, values : (n,) and (n, c) arrays or None
        Of a covariate.
    limits : tuple of float
        Values that it is compared with.
    epochs : tuple of EpochRow
        What the new epochs come from, and last the new ones.
    headings, rows : tuple of str, list of tuple of str
        The table of trials.
    kept : (trials,) bool array or None
        Which of them are chosen.
    span : (float, float)
        Of the recording, in s.
    """

    text: str
    name: str
    unit: str
    span: tuple[float, float]
    times: np.ndarray | None = None
    values: np.ndarray | None = None
    limits: tuple[float, ...] = ()
    epochs: tuple[EpochRow, ...] = ()
    headings: tuple[str, ...] = ()
    rows: Sequence[tuple[str, ...]] = ()
    kept: np.ndarray | None = None


def preview(before: Sequence[AnyDerived], value: AnyDerived, recording: Recording, max_gap: float | None) -> Preview:
    """What `value` comes to after those `before` it.

    Raises
    ------
    GlmError
        Whose `field` begins with the position of `value`, ``derived.N``.
    """
    from glmengine.recording.derived.epochs import matching_trials
    from glmengine.recording.derived.quantities import EPOCH_KINDS, compute_derived

    everything = recording.epochs["all"]
    span = (float(everything.start[0]), float(everything.end[-1]))
    if value.kind == "trial_epochs":
        recording = compute_derived(before, recording, max_gap)
        before, kept = (), matching_trials(value, recording, "derived.0")
        headings, cells = trial_cells(recording, value.trials)
        if not kept.any():
            text = f"None of {len(kept):,} trials is chosen."
            return Preview(text, value.name, "", span, headings=headings, rows=cells, kept=kept)
    made = compute_derived((*before, value), recording, max_gap)
    if not isinstance(value, EPOCH_KINDS):
        covariate = made.covariates[value.name]
        row = covariate_row(covariate, made.duration)
        unit = f" {row.unit}" if row.unit else ", no unit of measure"
        text = f"{value.name}: {row.low:.4g} to {row.high:.4g}{unit}, known in {percent(row.valid, 1)} of the recording."
        return Preview(text, value.name, row.unit, span, *thinned(*series_to_draw(covariate), _SHOWN_POINTS))
    new = EpochRow(value.name, "epoch", pieces_of(made.epochs[value.name]))
    share = new.seconds / made.duration if made.duration > 0 else 0.0
    pieces = f"{len(new.pieces):,} piece{'s' if len(new.pieces) != 1 else ''}"
    text = f"{value.name}: {new.seconds:,.1f}\u2009s in {pieces}, {percent(share, 1)} of the recording."
    sources = [name for name in _sources(value) if name != value.name]
    rows = [EpochRow(name, "epoch", pieces_of(made.epochs.get(name, made.trials.get(name)))) for name in sources]
    if value.kind == "threshold_epochs":
        source = made.variable(value.source)
        times, values = thinned(*series_to_draw(source), _SHOWN_POINTS)
        limits = tuple(limit for limit in (value.above, value.below) if limit is not None)
        return Preview(text, value.source, source.unit, span, times, values, limits, epochs=(*rows, new))
    if value.kind != "trial_epochs":
        return Preview(text, value.name, "", span, epochs=(*rows, new))
    text = f"{int(kept.sum()):,} of {len(kept):,} trials. {text}"
    return Preview(text, value.name, "", span, epochs=(*rows, new), headings=headings, rows=cells, kept=kept)


def trial_cells(recording: Recording, name: str) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Headings and texts of a table of trials: number, start, length and every property."""
    table = recording.trials[name]
    columns = list(table.metadata_columns)
    values = [np.asarray(table.get_info(one), dtype=object) for one in columns]
    starts, stops = np.asarray(table.start), np.asarray(table.end)
    rows = [
        (str(at + 1), f"{starts[at]:.3f}", f"{stops[at] - starts[at]:.3f}", *(_shown(one[at]) for one in values))
        for at in range(min(len(table), _MOST_TRIALS))
    ]
    return ("Trial", "Start (s)", "Length (s)", *map(str, columns)), rows


def _shown(value: object) -> str:
    """A property as it is listed: in fewer digits than in a rule."""
    from glmengine.recording.events import as_label

    return f"{value:.5g}" if isinstance(value, float | np.floating) and np.isfinite(value) else as_label(value)


def _sources(value: AnyDerived) -> list[str]:
    """Names of the epochs and tables that derived epochs come from."""
    if value.kind == "trial_epochs":
        return [value.trials]
    if value.kind == "combined_epochs":
        return list(dict.fromkeys([*value.epochs, *(name for step in value.steps for name in step.epochs)]))
    return []


class PreviewPane(QWidget):
    """A sentence, and a curve, a time line or a table of trials below it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("derived_preview")
        self.said = Sentences("", self)
        self.said.setObjectName("derived_said")
        self.curve = LinePlot("Preview", TIME, Axis("value"), dense=True, name="derived_curve", parent=self)
        self.line = TimeLine("What is chosen", name="derived_line", parent=self)
        self.trials = QTableWidget(0, 0, self)
        self.trials.setObjectName("derived_trials")
        self.trials.setAccessibleName("Trials and their properties")
        self.trials.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.trials.setWordWrap(False)
        plain_table(self.trials)
        TableCopying(self).watch(self.trials)
        self.trials.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        box = column(self, margins=0)
        box.addWidget(self.said)
        box.addWidget(self.trials, 3)
        box.addWidget(self.curve, 3)
        box.addWidget(self.line, 1)
        self.curve.setMinimumHeight(200)
        self.line.setMinimumHeight(130)
        self.show_nothing("")

    def show_nothing(self, text: str) -> None:
        """Only a sentence, while nothing can be drawn."""
        self.said.setText(text)
        for part in (self.curve, self.line, self.trials):
            part.hide()

    def show_preview(self, found: Preview) -> None:
        self.said.setText(found.text)
        self.curve.setVisible(found.times is not None)
        self.line.setVisible(bool(found.epochs))
        self.trials.setVisible(found.kept is not None)
        if found.times is not None:
            self.curve.set_title(found.name)
            self.curve.set_axes(TIME, Axis("value", found.unit))
            curves = [Curve("", found.times, found.values[:, at], colour=at, width=1.0) for at in range(found.values.shape[1])]
            ends = np.array(found.span)
            curves += [Curve("limit", ends, np.full(2, limit), look="dashed", colour=1) for limit in found.limits]
            self.curve.set_curves(curves)
            self.curve.area.enableAutoRange()
            if found.limits:  # one leap of the tracking would press everything else, and the limits, onto one line
                seen = found.values[np.isfinite(found.values)]
                ends = np.append(np.quantile(seen, (0.002, 0.998)), found.limits)
                self.curve.area.setYRange(ends.min(), ends.max())
        if found.epochs:
            self.line.set_epochs({row.name: np.array(row.pieces) for row in found.epochs}, [found.epochs[-1].name], found.span)
        if found.kept is not None:
            self._show_trials(found)

    def _show_trials(self, found: Preview) -> None:
        view = self.trials
        view.setColumnCount(len(found.headings) + 1)
        view.setHorizontalHeaderLabels(("", *found.headings))
        view.setRowCount(len(found.rows))
        muted = QBrush(QColor(theme.current().muted))
        for at, texts in enumerate(found.rows):
            for part, text in enumerate(("\u2713" if found.kept[at] else "", *texts)):
                item = QTableWidgetItem(text)
                item.setToolTip("Chosen" if found.kept[at] else "Does not meet the conditions")
                if not found.kept[at]:
                    item.setForeground(muted)
                view.setItem(at, part, item)
        view.resizeColumnsToContents()
        for part in range(view.columnCount()):
            view.setColumnWidth(part, min(view.columnWidth(part) + 8, 180))
