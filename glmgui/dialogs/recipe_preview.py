"""The preview of what a recipe makes of a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QVBoxLayout, QWidget

from glmengine.context import Context
from glmengine.io.recipe.recipe import Recipe
from glmengine.recording.doubt import OtherClock, in_dialog, told_apart
from glmengine.sentences import listed, percent
from glmgui.forms.description import in_words as words_for
from glmgui.laid_over import WaitingWords
from glmgui.plots import RasterPlot
from glmgui.widgets.controls import button
from glmgui.widgets.layout import row
from glmgui.widgets.messages import MessageLine
from glmgui.widgets.texts import Sentences

if TYPE_CHECKING:
    from glmgui.drawings.summary import Summary
    from glmgui.jobs import Jobs

_MOST_NAMED = 6
_NOTHING = "What the recipe makes of the file will be drawn here."


class RecipePreview(QWidget):
    """Opens the file in the worker at every valid edit; only the latest answer is shown."""

    failed = Signal(object)  # the error
    clock_chosen = Signal(object)  # the OtherClock that times are to be taken in

    def __init__(self, path: Path, jobs: Jobs | None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("recipe_preview")
        self._path, self._jobs, self._asked = path, jobs, ""
        self.raster = RasterPlot("Spikes", name="recipe_raster", parent=self)
        self._words = WaitingWords(self.raster.view, axes=True)
        self._words.say(_NOTHING)
        self.doubts = MessageLine("recipe_doubts", self)
        self.clock = button("", "recipe_clock", "Choose this 'Time unit' for all that is meant at once", self)
        self.clock.hide()
        self.clock.clicked.connect(lambda: self.clock_chosen.emit(self._offered))
        self._offered: OtherClock | None = None
        self.said = Sentences("", self)
        self.said.setObjectName("recipe_said")
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.addWidget(self.raster, 1)
        box.addWidget(self.doubts)
        box.addLayout(row(self.clock, None))
        box.addWidget(self.said)
        self.setVisible(jobs is not None)

    def show_recipe(self, text: str) -> None:
        """Look at what the recipe makes of the file."""
        if self._jobs is None or text == self._asked:
            return
        self._asked = text
        self.said.setText("Looking at what this makes of the file\u2026")
        path = self._path
        self._jobs.submit(
            "Trying the recipe",
            lambda context: opened(path, text, context),
            lambda found: self._show(text, *found),
            lambda error: self._fail(text, error),
            key="recipe-preview",
            quiet=True,
        )

    def leave(self) -> None:
        """Show no answer that comes from now on."""
        self._asked = "\0"

    def _show(self, text: str, summary: Summary, notes: tuple[str, ...]) -> None:
        if text != self._asked:
            return
        doubts, others = told_apart(notes)
        self.doubts.set_warning("\n".join(doubt.in_dialog for doubt in doubts))
        self._offer(next((doubt.clock for doubt in doubts if doubt.clock is not None), None))
        if summary.traces is None:
            self.raster.set_spikes({unit.name: unit.times for unit in summary.units}, summary.span, summary.levels)
        else:
            names = [unit.name for unit in summary.units]
            self.raster.set_traces(names, summary.traces.times, summary.traces.values, summary.span, summary.levels)
        self.raster.set_title("Spikes" if summary.words.per_spike else "Activity")
        self._words.say("")
        self.said.setText("\n".join((in_words(summary), *map(in_dialog, others))))

    def _offer(self, clock: OtherClock | None) -> None:
        """A button that takes times in the unit in which they are likely to be."""
        self._offered = clock
        self.clock.setVisible(clock is not None)
        if clock is not None:
            what = (
                "all times of the file"
                if not clock.parts
                else f"the times of {listed([name.replace('units', 'the units') for name in clock.parts], 3)}"
            )
            self.clock.setText(f"Set {what} to {words_for(clock.unit)}")
            self.clock.setAccessibleName(self.clock.text())

    def _fail(self, text: str, error: Exception) -> None:
        if text == self._asked:
            self.said.setText("")
            self.doubts.clear()
            self._offer(None)
            self.raster.set_spikes({}, (0.0, 1.0))
            self._words.say(_NOTHING)
            self.failed.emit(error)


def opened(path: Path, text: str, context: Context) -> tuple[Summary, tuple[str, ...]]:
    """What the recipe of this text makes of a file, and the notes on it; raises `GlmError` as opening it would. Runs in the worker."""
    from glmengine.io.opening import open_recording
    from glmgui.drawings.summary import summarise

    recording = open_recording(path, Recipe.from_toml(text), context=context)
    return summarise(recording, context), recording.notes


def in_words(summary: Summary) -> str:
    """How much there is of what, with units of measure: what tells a wrong unit of time at once."""
    start, stop = summary.span
    total = sum(unit.n_spikes for unit in summary.units)
    count = len(summary.units)
    rate = sum(unit.rate for unit in summary.units) / count if count else 0.0
    lines = [
        f"{count} unit{'s' if count != 1 else ''}, {summary.words.amount(total)} in {stop - start:,.1f} s "
        f"({rate:.3g} {summary.words.unit} a unit)."
    ]
    times = [unit.times for unit in summary.units if len(unit.times)]
    if times:  # a wrong unit of time puts them into a corner of the recording
        first, last = min(float(one[0]) for one in times), max(float(one[-1]) for one in times)
        lines[0] += f" They lie from {first:,.4g} to {last:,.4g}\u00a0s."
    for one in summary.covariates[:_MOST_NAMED]:
        unit = f" {one.unit}" if one.unit else ", no unit of measure"
        if one.kind == "angle":
            unit += " (2\u03c0 are a full turn)"
        lines.append(
            f"{one.name}: {one.low:.4g} to {one.high:.4g}{unit}, {one.sampling:.4g} Hz, known in {percent(one.valid)} of the time."
        )
    if len(summary.covariates) > _MOST_NAMED:
        lines.append(f"And {len(summary.covariates) - _MOST_NAMED} more covariates.")
    trials = [f"{one.count:,} {one.name}" for one in summary.epochs if one.kind == "trials"]
    events = [f"{count:,} {name}" for name, count in summary.events]
    lines += [f"Trials: {listed(trials, _MOST_NAMED)}."] if trials else []
    lines += [f"Events: {listed(events, _MOST_NAMED)}."] if events else []
    return "\n".join(lines)
