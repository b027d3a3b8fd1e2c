"""The page on goodness of fit: the verdict on a unit in words, what to try next, and every check drawn."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from qtpy.QtCore import QSignalBlocker, Signal
from qtpy.QtWidgets import QWidget

from glmengine.analysis.remedies import from_text
from glmengine.results.joint_judgement import joint_judgement
from glmengine.sentences import numbered
from glmgui.document import Document
from glmgui.drawings.goodness import goodness_drawings, pairs_drawing
from glmgui.jobs import Jobs
from glmgui.panels.checks.fields import Fields
from glmgui.panels.checks.remedy_buttons import RemedyButtons
from glmgui.panels.checks.run_line import RunLine
from glmgui.panels.checks.units_table import Cell, UnitRows, plain_rows
from glmgui.panels.checks.wording import measures_of, said_label
from glmgui.plots import PlotGrid
from glmgui.widgets.controls import button
from glmgui.widgets.layout import column
from glmgui.widgets.page import WordsColumn
from glmgui.work.checks import Checks

if TYPE_CHECKING:
    from glmengine.figures.drawing import Images
    from glmengine.goodness.goodness import Goodness
    from glmengine.results.result import Result

_EMPTY = (
    "Check whether the spikes look as the model says that they should: rescaled intervals, residuals, calibration, dispersion."
)
_ONE_MOMENT = "Unit {unit} is checked first; the others follow."
_HEADINGS = ("OK", "KS", "Verdict")
_HELPS = (
    "\u2713 nothing speaks against the model, \u2716 something does, \u2013 too few spikes to say",
    "Kolmogorov-Smirnov distance of the rescaled intervals from the model / what it stays below in 95 % of cases; sorted by how many times that it is",
    "The verdict in words; the unit's page has it in full",
)


class GoodnessView(WordsColumn):
    """Asks for the checks of all units, the selected one first, when it is first looked at.

    Signals
    -------
    turned
        To other time, of which the checks are known already.
    """

    turned = Signal()
    title = "Is it right?"
    said = "Goodness of fit: time rescaling, residuals, calibration, dispersion, influence"

    def __init__(self, document: Document, checks: Checks, jobs: Jobs, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("checks_goodness")
        self._document, self._checks = document, checks
        self._drawn: tuple[Goodness, str] | None = None
        self._pairs: tuple[Goodness | None, Images | None] = (None, None)
        fields = Fields("goodness", self)
        self.on = fields.add_choice(
            "&Judged on",
            "on",
            "The time that was fitted, where the model passes a little too easily; or each bin by a fit that has not seen it, which takes as long as the cross-validation",
            (("the time that was fitted", False), ("held-out time", True)),
        )
        self.again = button("&Check all units", "goodness_check", "Check every unit, the selected one first", self)
        fields.add(self.again)
        self.run = RunLine(checks, "goodness", jobs, self)
        self.verdict = said_label("goodness_verdict", self)
        self.remedies = RemedyButtons(checks, "goodness_remedies", self)
        self.plots = PlotGrid("goodness", self)
        box = column(self, margins=4)
        for part in (fields, self.run, self.verdict, self.remedies):
            box.addWidget(part)
        box.addWidget(self.plots, 1)
        self.on.currentIndexChanged.connect(self._asked)
        self.again.clicked.connect(self._check)

    @property
    def held_out(self) -> bool:
        """Whether held-out time was chosen."""
        return bool(self.on.currentData())

    def set_result(self, result: Result) -> None:
        """Begin with another fit: on held-out time where its kept checks are of that."""
        can = result.analysis.validation.folds > 1
        kept = result.goodness_of_fit
        with QSignalBlocker(self.on):
            item = self.on.model().item(1)
            item.setEnabled(can)
            item.setToolTip("" if can else "The fit has no folds; set them in the Model step and fit again")
            self.on.setCurrentIndex(1 if kept is not None and kept.held_out and can else 0)
        self._drawn = None

    def show_unit(self, result: Result, unit: str) -> None:
        """Show what is known of a unit, and ask for what is not."""
        found = self._checks.goodness_of(unit, self.held_out)
        self.run.show_state()
        if found is None and not self.held_out:
            self._check_once()
        self._show_words(result, unit, found)
        if found is None:
            self._drawn = None
            self.plots.clear()
        elif self._drawn != (found, unit):
            self._drawn = (found, unit)
            drawings = goodness_drawings(found, unit, measures_of(self._document))
            if self._pairs[0] is not found:
                self._pairs = (found, pairs_drawing(found))
            pairs = self._pairs[1]
            self.plots.show_drawings([*drawings, *([pairs] if pairs is not None else [])], f"unit {unit}")

    def rows(self, result: Result) -> UnitRows:
        """The verdicts on all units."""
        found = self._checks.goodness(self.held_out)
        if found is None:
            return plain_rows(result.units)
        summary = found.summary
        rows = []
        distances = zip(summary["ks"].values.tolist(), summary["ks_band"].values.tolist(), strict=True)
        judgements = [joint_judgement(found, result.simulated, unit) for unit in found.units]
        for unit, one, (distance, band) in zip(found.units, judgements, distances, strict=True):
            sign = "\u2013" if not one.judged else "\u2713" if one.adequate else "\u2716"
            ks = Cell("" if distance != distance else f"{distance:.3f} / {band:.3f}", distance / band if band else math.nan)
            words = Cell(_in_short(one.verdict), tip=one.verdict)
            rows.append((unit, (Cell(sign, float(one.adequate) if one.judged else -1.0), ks, words)))
        right = sum(one.adequate for one in judgements)
        return UnitRows(_HEADINGS, _HELPS, tuple(rows), f"The model passes for {right} of {numbered(len(rows), 'unit')}.")

    def set_greyed(self, greyed: bool) -> None:
        self.plots.set_greyed(greyed)

    # Inside

    def _show_words(self, result: Result, unit: str, found: Goodness | None) -> None:
        can = not self._checks.why_not
        self.again.setEnabled(can and self._checks.job_of("goodness") is None)
        self.on.setEnabled(can)
        if found is None:
            running = self._checks.job_of("goodness") is not None
            first = running and not self.held_out and len(result.units) > 1
            self.verdict.setText(_ONE_MOMENT.format(unit=unit) if first else "" if running else _EMPTY)
            self.remedies.show_remedies(())
            return
        one = found.summary.sel(unit=unit)
        judgement = joint_judgement(found, result.simulated, unit)
        following = judgement.try_next
        time = "on held-out time" if found.held_out else "on the time that was fitted"
        answer = "" if not judgement.judged else "yes. " if judgement.adequate else "no, something is missing. "
        tried = f" What to try: {following}." if following else ""
        self.verdict.setText(f"Unit {unit}, {time}: {answer}{judgement.verdict}{tried}")
        self.remedies.show_remedies(from_text(str(one["remedies"].item())) if "remedies" in one else ())

    def _check_once(self) -> None:
        """Without being asked, but not again what was refused or given up."""
        checks = self._checks
        idle = checks.job_of("goodness") is None and not checks.error("goodness") and not checks.was_given_up("goodness")
        if idle and not checks.why_not and checks.goodness(self.held_out) is None:
            self._check()

    def _check(self, *_) -> None:
        self._checks.check(self.held_out, self._document.unit)

    def _asked(self, *_) -> None:
        if self._checks.goodness(self.held_out) is None:
            self._check()
        else:
            self.turned.emit()


def _in_short(words: str) -> str:
    """The verdict without what stands in the columns beside it."""
    head, _, rest = words.partition("). ")
    short = rest if rest and head.startswith("The ") else words
    return "nothing against it" if short.startswith("Nothing else") else short
