"""The page on certainty: shift tests of the terms beside Wald's p-values, and bootstrap bands of the curves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QAbstractItemView, QHeaderView, QTableWidget, QTableWidgetItem, QWidget

from glmgui.document import Document
from glmgui.drawings.curves import Drawing, kernels, tuning
from glmgui.jobs import Jobs
from glmgui.panels.checks.fields import Fields
from glmgui.panels.checks.run_line import RunLine
from glmgui.panels.checks.units_table import Cell, UnitRows, plain_rows
from glmgui.plots import PlotGrid
from glmgui.shown_numbers import alike, p_text
from glmgui.widgets.controls import button
from glmgui.widgets.layout import column
from glmgui.widgets.page import WordsColumn
from glmgui.widgets.tables import GivingWay, plain_table, show_term_names
from glmgui.widgets.texts import hint
from glmgui.work.checks import Checks

if TYPE_CHECKING:
    from glmengine.results.result import Result

_HEADINGS = ("Term", "Gain\n(nats/1000 bins)", "p (shift)", "q (shift)", "p (Wald)")
_HELPS = (
    "A term of the model",
    "Log-likelihood that the term adds on held-out time beside the others, in nats per thousand bins",
    "Share of shifts of the counts against the term in which it gains as much: right where bins are not independent",
    "False discovery rate over all units and terms: of the findings with a q up to 0.05, 5 % are false on average",
    "From the coefficients and their covariance: takes bins for independent, and is too small where the rate drifts",
)
_WALD = (
    "Wald's p takes bins for independent. Where the rate drifts and the model lacks that, it called a term that does nothing significant at the "
    "5 % level in 71 % of simulated recordings (27 % with history in the model), the shift test in 5 %. Believe the shift test where the two differ."
)
_NOT_TESTED = "Test the terms moves the counts in time against each term, and asks how often it gains as much by chance."
_NO_BANDS = "Draw bands fits stretches of time that are drawn again: bands of each point, and of the whole curve, that hold where bins are not independent."
_MOST_ROWS = 6


class TestsView(WordsColumn):
    """Tests of the terms of the selected unit on top, the bands of its curves below."""

    title = "Tests and bands"
    said = "Which terms are needed, and how sure the curves are, where bins are not independent"

    def __init__(self, document: Document, checks: Checks, jobs: Jobs, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("checks_tests")
        self._document, self._checks = document, checks
        self._drawn: tuple | None = None
        self._offered: object | None = None
        above = Fields("tests", self)
        self.test = button("&Test the terms", "tests_begin", "Shift test of every term of every unit", self)
        above.add(self.test)
        self.shifts = above.add_count("&Shifts", "shifts", "How many; p is 1 / (1 + shifts) at least", (20, 100_000), 200)
        self.scheme = above.add_choice(
            "&How",
            "scheme",
            "Cyclic shifts within each epoch; blocks of time that change places; trials that change places",
            (("shifted in time", "cyclic"), ("blocks change places", "blocks")),
        )
        self.test_run = RunLine(checks, "tests", jobs, self)
        self.table = QTableWidget(0, len(_HEADINGS), self)
        self.table.setObjectName("tests_table")
        self.table.setAccessibleName("Tests of the terms of the selected unit")
        self.table.setHorizontalHeaderLabels(_HEADINGS)
        for at, said in enumerate(_HELPS):
            self.table.horizontalHeaderItem(at).setToolTip(said)
        plain_table(self.table)
        show_term_names(self.table)
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        header = self.table.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self._terms = GivingWay(self.table)
        self.tested = hint("", self)
        below = Fields("bands", self)
        self.draw = button("&Draw bands", "bands_begin", "Block bootstrap of every curve and filter", self)
        below.add(self.draw)
        self.draws = below.add_count("D&raws", "draws", "How often stretches are drawn again and fitted", (20, 10_000), 200)
        self.drawn_from = below.add_choice(
            "Draw&n again", "blocks", "What is drawn as a whole: blocks of time longer than what varies together, or trials"
        )
        self.block = below.add_number(
            "&Block (s)",
            "block",
            "Length of a block; where none is given a fiftieth of the time in use",
            (0.0, 10_000.0),
            0.0,
            at_least="automatic",
        )
        self.band_run = RunLine(checks, "bands", jobs, self)
        self.banded = hint("", self)
        self.plots = PlotGrid("bands", self)
        box = column(self, margins=4)
        for part in (above, self.test_run, self.table, self.tested, below, self.band_run, self.banded):
            box.addWidget(part)
        box.addWidget(self.plots, 1)
        self.test.clicked.connect(lambda: checks.shift_test(self.shifts.value(), self.scheme.currentData()))
        self.draw.clicked.connect(self._draw_bands)
        self.drawn_from.currentIndexChanged.connect(lambda _: self.block.setEnabled(not self.drawn_from.currentData()))

    def set_result(self, result: Result) -> None:
        """Begin with another fit."""
        self._drawn = None

    def show_unit(self, result: Result, unit: str) -> None:
        """Show the tests and the bands of a unit."""
        self._offer()
        self.test_run.show_state()
        self.band_run.show_state()
        can = not self._checks.why_not
        self.test.setEnabled(can and self._checks.job_of("tests") is None)
        self.draw.setEnabled(can and self._checks.job_of("bands") is None)
        self._fill(result, unit)
        self._show_bands(result, unit)

    def rows(self, result: Result) -> UnitRows:
        """The q values of all units."""
        found = result.shift_tests
        if found is None:
            return plain_rows(result.units)
        helps = tuple(f"q of '{term}': false discovery rate over all units and terms" for term in found.terms)
        p, q = (found.table[key].transpose("unit", "term").values.tolist() for key in ("p", "q"))
        rows = tuple(
            (
                unit,
                tuple(
                    Cell(p_text(b), b, f"{term}: p {p_text(a)}, q {p_text(b)}")
                    for term, a, b in zip(found.terms, *pair, strict=True)
                ),
            )
            for unit, *pair in zip(found.units, p, q, strict=True)
        )
        needed = int((found.table["q"].values <= 0.05).sum())
        tested = int(np.isfinite(found.table["q"].values).sum())
        return UnitRows(
            tuple(f"q {term}" for term in found.terms), helps, rows, f"q at most 0.05: {needed} of {tested} terms of units."
        )

    def set_greyed(self, greyed: bool) -> None:
        self.plots.set_greyed(greyed)

    # Inside

    def _offer(self) -> None:
        recording = self._document.recording
        if recording is None or recording is self._offered:
            return
        self._offered = recording
        self.drawn_from.clear()
        self.drawn_from.addItem("blocks of time", "")
        for name in recording.trials:
            self.drawn_from.addItem(f"trials of {name}", name)
        if recording.trials and self.scheme.count() == 2:
            self.scheme.addItem("trials change places", "trials")
        elif not recording.trials and self.scheme.count() == 3:
            self.scheme.removeItem(2)

    def _draw_bands(self, *_) -> None:
        trials = self.drawn_from.currentData() or ""
        block = None if trials or self.block.value() == 0 else self.block.value()
        self._checks.bootstrap(self.draws.value(), block, trials)

    def _fill(self, result: Result, unit: str) -> None:
        shifted, wald = result.shift_tests, result.tests
        terms = [term.label for term in result.terms]
        tested = [term for term in terms if shifted is not None and term in shifted.terms and unit in shifted.units]
        gains = [1000.0 * float(shifted.table["gain"].sel(term=term, unit=unit)) for term in tested]
        gained = dict(zip(tested, alike(gains), strict=True))
        self.table.setRowCount(len(terms))
        for at, term in enumerate(terms):
            texts = [term, "", "", "", "\u2013"]
            if term in gained:
                one = shifted.table.sel(term=term, unit=unit)
                texts[1:4] = [gained[term], p_text(float(one["p"])), p_text(float(one["q"]))]
            elif shifted is not None:
                texts[1:4] = ["\u2013"] * 3
            if wald is not None and term in wald["term"].values and unit in wald["unit"].values:
                texts[4] = p_text(float(wald["p"].sel(term=term, unit=unit)))
            for part, text in enumerate(texts):
                item = QTableWidgetItem(text)
                if part:
                    item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
                item.setToolTip(_HELPS[part] if part else term)
                self.table.setItem(at, part, item)
        self._terms.fit()
        shown = min(max(len(terms), 1), _MOST_ROWS)
        size = self.table.horizontalHeader().sizeHint().height() + shown * self.table.verticalHeader().defaultSectionSize() + 4
        self.table.setFixedHeight(size)
        notes = " ".join(shifted.notes) if shifted is not None else _NOT_TESTED
        self.tested.setText(f"{notes} {_WALD}".strip())

    def _show_bands(self, result: Result, unit: str) -> None:
        bands = result.bootstrap_bands
        self.banded.setText(" ".join(bands.notes) if bands is not None else _NO_BANDS)
        if bands is None:
            self._drawn = None
            self.plots.clear()
            return
        if self._drawn == (bands, unit):
            return
        self._drawn = (bands, unit)
        drawings: list[Drawing] = []
        for label in result.labels_for(bands.curves, unit):
            drawings += [
                one for one in tuning(label, result.curves[label], unit, bands.curves[label]) if one.name.startswith("effect")
            ]
        for label in result.labels_for(bands.filters, unit):
            if "channel" not in result.filters[label].dims:
                drawings += kernels(label, result.filters[label], unit, bands.filters[label])
        self.plots.show_drawings(drawings, f"unit {unit}", "The model has no curve of one or two variables for this unit.")
