"""The page with the correlations among covariates: a matrix, and the strongest pairs in words."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QLabel, QWidget

from glmgui.drawings.curves import Images
from glmgui.drawings.described import correlations_drawing
from glmgui.panels.data.described_page import Asked, DescribedPage
from glmgui.plots import ImagePlot, draw
from glmgui.widgets.form_scroll import FormScroll

if TYPE_CHECKING:
    from glmengine.context import Context
    from glmengine.recording.recording import Recording

_NONE = "This recording has fewer than two variables that could go together."


class CorrelationsPage(DescribedPage):
    """The matrix of one measure, and sentences below it."""

    label = "Correlations of covariates"
    of_unit = False

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("correlations_page", _NONE, parent)
        self.measure = self.add_choice(
            "Together",
            "correlations_measure",
            "Along a line, or in any form: animals are slow at both ends of a track, which no line sees",
            (("in any form", "explained"), ("along a line", "correlation")),
        )
        self.words = QLabel(self)
        self.words.setObjectName("correlations_words")
        self.words.setWordWrap(True)
        self.words.setTextFormat(Qt.TextFormat.PlainText)
        self.words.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.words.setAlignment(Qt.AlignmentFlag.AlignTop)
        self._plots: dict[str, ImagePlot] = {}
        said = FormScroll(self.words, "correlations_scroll")
        said.setMaximumHeight(130)
        self.box.addWidget(said)

    def offer(self, recording: Recording) -> bool:
        from glmengine.recording.described.correlations import plain_variables

        return len(plain_variables(recording)[0]) > 1

    @property
    def plot(self) -> ImagePlot | None:
        """The matrix that is shown."""
        return next((plot for plot in self._plots.values() if not plot.isHidden()), None)

    def choices(self) -> str:
        return self.measure.currentData()

    def work(self) -> Callable[[Asked, Context], tuple[Images, str]]:
        measure = self.choices()
        return lambda asked, context: _correlations(measure, asked, context)

    def show_answer(self, answer: Any) -> None:
        drawing, words = answer
        before = self._plots.get(drawing.name)
        plot = draw(drawing, before)  # each measure has colours of its own
        if before is None:
            self._plots[drawing.name] = plot
            self.box.insertWidget(0, plot, 1)
        for name, one in self._plots.items():
            one.setVisible(name == drawing.name)
        self.words.setText(words)


def _correlations(measure: str, asked: Asked, context: Context) -> tuple[Images, str]:
    from glmengine.recording.described.correlations import correlations_in_words, covariate_correlations, plain_variables

    names, notes = plain_variables(asked.recording)
    found = covariate_correlations(asked.recording, asked.grid, asked.used, names, max_gap=asked.max_gap, context=context)
    return correlations_drawing(found, measure), "\n".join((correlations_in_words(found), *notes))
