"""The page on decoding: what the population says of a covariate."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QSignalBlocker, Qt
from qtpy.QtWidgets import QCheckBox, QSplitter, QWidget

from glmengine.decoding.candidates import decodable
from glmengine.sentences import numbered
from glmgui.document import Document
from glmgui.drawings.decoding import confusion_drawings, decoded_over_time
from glmgui.jobs import Jobs
from glmgui.panels.checks.fields import Fields
from glmgui.panels.checks.run_line import RunLine
from glmgui.panels.checks.units_table import UnitRows, plain_rows
from glmgui.panels.checks.wording import measures_of, said_label
from glmgui.plots import LinePlot, PlotGrid
from glmgui.widgets.controls import button
from glmgui.widgets.layout import column
from glmgui.widgets.page import WordsColumn
from glmgui.work.checks import Checks

if TYPE_CHECKING:
    from glmengine.decoding.decode import Decoded
    from glmengine.figures.drawing import Images
    from glmengine.results.result import Result

_EMPTY = (
    "What does the activity of all units together say of a covariate? Decode finds, bin by bin, the value under which the fitted model makes "
    "the recorded counts most likely."
)
_NOTHING = "No term of this model is a tuning that could be read backwards. Add one over a covariate in the Features step, and fit again."
_SEEN = " The fit has seen these bins, so that the error is too small: tick held-out time for an honest one."
_ADDED_S = 0.2  # over which evidence is added up unless something else is asked: single bins hold few spikes
CONFUSION = "checks-confusion"
_FIRST_S = 120.0  # of the time that is shown at first


class DecodingView(WordsColumn):
    """Choices, the median error in words, decoded against true over time, and the confusion map."""

    title = "Decoding"
    said = "Covariates read from the activity of the population"

    def __init__(self, document: Document, checks: Checks, jobs: Jobs, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("checks_decoding")
        self._document, self._checks, self._jobs = document, checks, jobs
        self._drawn: Decoded | None = None
        fields = Fields("decoding", self)
        self.what = fields.add_choice("&Covariate", "what", "What is decoded: what a term of the model is tuned to")
        self.prior = fields.add_choice(
            "&Expected",
            "prior",
            "What is expected before the activity is seen (the prior)",
            (("as often as it occurs", "occupancy"), ("all values alike", "uniform")),
        )
        self.smoothing = fields.add_choice(
            "&Steps",
            "smoothing",
            "Whether the value may jump from bin to bin, or walks in steps as large as its own",
            (("of any size", None), ("as large as its own", "data")),
        )
        self.window = fields.add_number(
            "Add &up (s)", "window", "Seconds over which evidence is added up; 0: each bin alone", (0.0, 60.0), _ADDED_S
        )
        self.held_out = QCheckBox("&held-out time", self)
        self.held_out.setObjectName("decoding_held_out")
        self.held_out.setAccessibleName("Decode held-out time")
        self.held_out.setToolTip("Decode each bin by a fit that has not seen it; takes as long as the cross-validation")
        self.begin = button("&Decode", "decoding_begin", "Decode the covariate from all units", self)
        fields.add(self.held_out)
        fields.add(self.begin)
        self.run = RunLine(checks, "decoding", jobs, self)
        self.words = said_label("decoding_words", self)
        self.shown = fields.add_choice("Sho&wn", "shown", "Which of the decoded variables is drawn over time")
        self.over_time = LinePlot("Decoded and true", mouse=True, dense=True, name="decoding_time", parent=self)
        self.plots = PlotGrid("confusion", self)
        self._halves = QSplitter(Qt.Orientation.Vertical, self)
        self._halves.setObjectName("decoding_halves")
        self._halves.setChildrenCollapsible(False)
        for part in (self.over_time, self.plots):
            self._halves.addWidget(part)
            self._halves.setStretchFactor(self._halves.count() - 1, self._halves.count())
        self.over_time.setMinimumHeight(150)
        self._halves.setSizes([220, 300])
        box = column(self, margins=4)
        for part in (fields, self.run, self.words):
            box.addWidget(part)
        box.addWidget(self._halves, 1)
        box.addStretch(0)
        self.begin.clicked.connect(self._decode)
        self.shown.currentIndexChanged.connect(self._draw_time)

    def set_result(self, result: Result) -> None:
        """Begin with another fit: what its terms are tuned to can be decoded."""
        self._drawn = None
        with QSignalBlocker(self.what):
            self.what.clear()
            for variables in decodable(result.terms):
                self.what.addItem(" and ".join(variables), variables)
        can = result.analysis.validation.folds > 1
        self.held_out.setEnabled(can)
        self.held_out.setChecked(can)
        if not can:
            self.held_out.setToolTip("The fit has no folds; set them in the Model step and fit again")

    def show_unit(self, result: Result, unit: str) -> None:
        """Show what was decoded, which is of all units."""
        self.run.show_state()
        has, running = self.what.count() > 0, self._checks.job_of("decoding") is not None
        self.begin.setEnabled(has and not self._checks.why_not and not running)
        found = result.decoded
        self._halves.setVisible(found is not None)
        self.shown.parentWidget().setVisible(found is not None and found.values.sizes["variable"] > 1)
        if found is None:
            self.words.setText(_NOTHING if not has else "" if running else _EMPTY)
            self._drawn = None
            return
        self.words.setText(self._in_words(found, len(result.units)))
        if found is not self._drawn:
            self._drawn = found
            names = [str(name) for name in found.values["variable"].values]
            with QSignalBlocker(self.shown):
                self.shown.clear()
                self.shown.addItems(names)
            self._draw_time()
            measures = measures_of(self._document)
            self.plots.clear()
            self._jobs.submit(
                "Counting what was decoded as what",
                lambda context: (found, confusion_drawings(found, names, measures, context)),
                self._draw_confusion,
                self._no_confusion,
                key=CONFUSION,
                quiet=True,
            )

    def rows(self, result: Result) -> UnitRows:
        """The names of the units that are decoded from."""
        return plain_rows(result.units)

    def set_greyed(self, greyed: bool) -> None:
        self.over_time.set_greyed(greyed)
        self.plots.set_greyed(greyed)

    # Inside

    def _in_words(self, found: Decoded, units: int) -> str:
        names = [str(name) for name in found.values["variable"].values]
        text = (
            f"{' and '.join(names)} from {numbered(units, 'unit')}: median error {found.in_words(found.median_error)}; "
            f"by chance it would be {found.in_words(found.chance_error)} (estimates paired with bins at random)."
        )
        return text + (" On held-out time." if found.held_out else _SEEN)

    def _draw_confusion(self, made: tuple[Decoded, list[Images]]) -> None:
        found, drawings = made
        if found is self._drawn:
            self.plots.show_drawings(drawings, "")

    def _no_confusion(self, error: BaseException) -> None:
        self.plots.show_drawings((), "", str(error))

    def _draw_time(self, *_) -> None:
        found, variable = self._drawn, self.shown.currentText()
        if found is None or not variable:
            return
        x_axis, y_axis, curves = decoded_over_time(found, variable, measures_of(self._document))
        self.over_time.set_title(f"{variable}: decoded and true over time")
        self.over_time.setToolTip("Drag to move, wheel to zoom, double click for everything")
        self.over_time.set_axes(x_axis, y_axis)
        self.over_time.set_curves(curves)
        begin = float(found.values["time"].values[0])
        self.over_time.area.setXRange(begin, begin + _FIRST_S, padding=0.02)

    def _decode(self, *_) -> None:
        self._checks.decode(
            self.what.currentData(),
            prior=self.prior.currentData(),
            smoothing=self.smoothing.currentData(),
            window=self.window.value(),
            held_out=self.held_out.isChecked() and self.held_out.isEnabled(),
        )
