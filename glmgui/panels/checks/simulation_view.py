"""The page on simulation: surrogates of the fitted model beside the data."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from qtpy.QtWidgets import QWidget

from glmengine.analysis.default_terms import moments
from glmengine.analysis.wording import words_of
from glmengine.sentences import listed
from glmengine.simulation.likeness import LEVEL, inside, inside_words, p_of, too_few
from glmgui.document import Document
from glmgui.drawings.surrogates import surrogate_drawings
from glmgui.jobs import Jobs
from glmgui.panels.checks.fields import Fields
from glmgui.panels.checks.remedy_buttons import RemedyButtons
from glmgui.panels.checks.run_line import RunLine
from glmgui.panels.checks.units_table import Cell, UnitRows, plain_rows
from glmgui.panels.checks.wording import said_label
from glmgui.plots import PlotGrid
from glmgui.shown_numbers import alike, p_text
from glmgui.widgets.controls import button
from glmgui.widgets.layout import column
from glmgui.widgets.messages import MessageLine
from glmgui.widgets.page import WordsColumn
from glmgui.widgets.texts import hint
from glmgui.work.checks import Checks

if TYPE_CHECKING:
    from glmengine.recording.recording import Recording
    from glmengine.results.result import Result
    from glmengine.simulation.comparison import SurrogateComparison

_EMPTY = (
    "Would the model's spikes look like the neuron's? Simulate draws spikes from the fitted model, its history and coupling fed by its own "
    "spikes, and sets intervals, autocorrelogram and the response around an event beside the recorded ones."
)
_FROM_FILE = "The comparison was kept with the fit, the spikes were not. Simulate again (the same seed gives the same spikes) to save or open them."
_KEPT = "The comparison is kept with the fit; the spikes are not, save them as NWB where they are wanted."
_MOST_RUNAWAYS = 2
_NONE_LEFT = "No repeat is left to set beside the data: in each a rate grew without bound."
_ARRAYS = {
    "isi": "intervals",
    "autocorrelogram": "autocorrelogram",
    "cross_correlogram": "cross-correlograms",
    "psth": "response around the event",
}


_LACKS = {
    _ARRAYS["isi"]: "look at its history",
    _ARRAYS["autocorrelogram"]: "look at its history, and for a drift",
    _ARRAYS["cross_correlogram"]: "coupling or a common input may be missing",
    _ARRAYS["psth"]: "a term of the event may be missing",
}
"""What values outside the bands may mean, by what they are of."""


class SimulationView(WordsColumn):
    """Choices, surrogates against the data of the selected unit, and what to do with them."""

    title = "Simulation"
    said = "Spikes drawn from the fitted model, beside the recorded ones"

    def __init__(self, document: Document, checks: Checks, jobs: Jobs, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("checks_simulation")
        self._document, self._checks = document, checks
        self._drawn: tuple[SurrogateComparison, str] | None = None
        self._offered: Recording | None = None
        fields = Fields("simulation", self)
        self.repeats = fields.add_count(
            "&Repeats", "repeats", "How often the session is simulated; bands are over the repeats", (1, 10_000), 100
        )
        self.seed = fields.add_count("S&eed", "seed", "The same seed gives the same spikes", (0, 2_000_000_000), 0)
        self.over = fields.add_choice("O&ver", "over", "Which time is simulated")
        self.around = fields.add_choice("&Around", "around", "An event or a border of trials around which rates are compared")
        self.begin = button("&Simulate", "simulation_begin", "Draw surrogates and set them beside the data", self)
        self.save = button(
            "Save as &NWB\u2026", "simulation_save", "All repeats as units NAME #1, NAME #2, ... of a new NWB file", self
        )
        self.open = button(
            "&Open as recording\u2026",
            "simulation_open",
            "Save the first repeat as NWB and open it, with the same names of units: to fit where the truth is known",
            self,
        )
        fields.add(self.begin)
        self.after = Fields("surrogates", self)
        for part in (self.save, self.open):
            self.after.add(part)
        self.run = RunLine(checks, "simulation", jobs, self)
        self.runaway = MessageLine("simulation_runaway", self)
        self.remedies = RemedyButtons(checks, "simulation_remedies", self)
        self.words = said_label("simulation_words", self)
        self.kept = hint("", self)
        self.plots = PlotGrid("simulation", self)
        box = column(self, margins=4)
        for part in (fields, self.run, self.runaway, self.remedies, self.words, self.after, self.kept):
            box.addWidget(part)
        box.addWidget(self.plots, 1)
        self.begin.clicked.connect(self._simulate)
        self.save.clicked.connect(lambda: checks.save_surrogates())
        self.open.clicked.connect(lambda: checks.open_surrogates())

    def set_result(self, result: Result) -> None:
        """Begin with another fit."""
        self.seed.setValue(result.analysis.seed)
        self._drawn = None

    def show_unit(self, result: Result, unit: str) -> None:
        """Show the surrogates of a unit beside its data."""
        self._offer()
        self.run.show_state()
        found, made = result.simulated, self._checks.surrogates
        running = self._checks.job_of("simulation") is not None
        self.begin.setEnabled(not self._checks.why_not and not running)
        for part in (self.save, self.open):
            part.setEnabled(made is not None)
        self.after.setVisible(found is not None or made is not None)
        self._show_runaways()
        self.kept.setText("" if found is None else _FROM_FILE if made is None else _KEPT)
        self.kept.setVisible(found is not None)
        if found is None or unit not in found.rate["unit"].values:
            self.words.setText("" if running or made is not None else _EMPTY)
            self.plots.clear()
            self._drawn = None
            return
        measure = words_of(result.analysis.model).unit
        self.words.setText(_in_words(found, unit, measure))
        if self._drawn != (found, unit):
            self._drawn = (found, unit)
            self.plots.show_drawings(surrogate_drawings(found, unit, measure), f"unit {unit}")

    def rows(self, result: Result) -> UnitRows:
        """Rates and agreement of all units."""
        found = result.simulated
        if found is None:
            return plain_rows(result.units)
        measure = words_of(result.analysis.model).unit
        keys = [key for key in ("isi", "autocorrelogram") if key in found.agreement]
        headings = (*("ISI" if key == "isi" else "Auto" for key in keys), f"Data ({measure})", f"Model ({measure})")
        helps = (
            *(f"How many values of the {_ARRAYS[key]} of the data lie within the 95 % band of the surrogates" for key in keys),
            "Recorded rate",
            "Mean rate of the surrogates; the cell says their 95 % range under the mouse",
        )
        numbers = [found.rate[key].values.tolist() for key in ("data", "mean", "low", "high")]
        names = [str(unit) for unit in found.rate["unit"].values]
        counts = [[inside(getattr(found, key), unit) for unit in names] for key in keys]
        texts = [alike(part) for part in numbers[:2]]
        rows = []
        for unit, data, mean, said, modelled, low, high, *share in zip(
            names, *numbers[:2], *texts, *numbers[2:], *counts, strict=True
        ):
            cells = [Cell(f"{n} of {total}" if total else "", n / total if total else math.nan) for n, total in share]
            cells += [Cell(said, data), Cell(modelled, mean, f"{low:.3g} to {high:.3g} {measure}")]
            rows.append((unit, tuple(cells)))
        return UnitRows(headings, helps, tuple(rows))

    def set_greyed(self, greyed: bool) -> None:
        self.plots.set_greyed(greyed)

    # Inside

    def _offer(self) -> None:
        recording = self._document.effective_recording
        if recording is None or recording is self._offered:
            return
        self._offered = recording
        self.over.clear()
        self.over.addItem("the time of the fit", None)
        for name in recording.epochs:
            self.over.addItem(name, name)
        self.around.clear()
        self.around.addItem("no event", "")
        for name in moments(recording):
            self.around.addItem(name, name)
        self.around.setCurrentIndex(1 if self.around.count() > 1 else 0)

    def _simulate(self, *_) -> None:
        seed = self.seed.value()
        own = None if seed == self._checks.result.analysis.seed else seed
        self._checks.simulate(self.repeats.value(), own, self.over.currentData(), self.around.currentData() or "")

    def _show_runaways(self) -> None:
        made = self._checks.surrogates
        runaways = () if made is None else made.runaways
        if not runaways:
            self.runaway.clear()
            self.remedies.show_remedies(())
            return
        more = len(runaways) - _MOST_RUNAWAYS
        words = " ".join(map(str, runaways[:_MOST_RUNAWAYS])) + (f" So do {more} more units." if more > 0 else "")
        left = _NONE_LEFT if made.ran_away.all() else "Repeats that ran away take no part in the comparison."
        self.runaway.show_warning(f"{words} {left}")
        self.remedies.show_remedies(tuple(dict.fromkeys(edit for one in runaways for edit in one.edits)))


def _in_words(found: SurrogateComparison, unit: str, measure: str) -> str:
    """Whether the surrogates of a unit are like its data."""
    rate = found.rate.sel(unit=unit)
    data, low, high = (float(rate[key]) for key in ("data", "low", "high"))
    where = "within" if low <= data <= high else "outside"
    text = f"Unit {unit}: {data:.3g} {measure} recorded, {where} the surrogates' {low:.3g} to {high:.3g} {measure}."
    arrays = {said: one for key, said in _ARRAYS.items() if (one := getattr(found, key)) is not None}
    counts = {said: count for said, one in arrays.items() if (count := inside(one, unit))[1]}
    if counts:
        named = ", ".join(f"{inside_words(*count)} values of its {said}" for said, count in counts.items())
        text += f" Within the surrogates' 95 % band: {named}; of a right model one in 20 lies outside by chance."
        few = [said for said, count in counts.items() if too_few(*count)]
        text += f" Fewer than chance gives: {listed(f'{said} ({_LACKS[said]})' for said in few)}." if few else ""
    p = p_of(found, unit)
    if not math.isnan(p):
        like = "unlike the simulated ones, which speaks against the model" if p < LEVEL else "like the simulated ones"
        text += f" In rate, intervals and autocorrelogram together the recorded spikes are {like} (p {p_text(p)})."
    return text
