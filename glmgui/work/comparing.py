"""A second model fitted beside the one that is shown, on the same split of time, and both side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QObject, Signal

from glmgui.document import Document
from glmgui.work.fitting import Fitting

if TYPE_CHECKING:
    from glmengine.analysis.analysis import Analysis
    from glmengine.results.kept_fits import KeptFit
    from glmengine.results.result import Result


class Comparing(QObject):
    """Takes a term out of the model that is shown, fits what is left, and says which fits are to be seen side by side.

    Signals
    -------
    compared : (tuple of str, bool)
        Keys of the fits that belong side by side, the one that is shown among them, as soon as they are asked for and again when the others are
        there; and whether the user waits to see them now.
    own_asked
        The user is to make a second model himself; the next fit is compared with the one that is shown.
    awaited : str
        Name of the fit that the next one is compared with, empty for none.
    """

    compared = Signal(tuple, bool)
    own_asked = Signal()
    awaited = Signal(str)

    def __init__(self, document: Document, fitting: Fitting, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._document, self._fitting = document, fitting
        self._awaited = ""  # key of the fit that the next one is compared with
        fitting.fitted.connect(self._fitted)
        document.changed.connect(self._changed)

    @property
    def awaited_name(self) -> str:
        """Name of the fit that the next one is compared with, empty for none."""
        kept = self._document.fit_of(self._awaited) if self._awaited else None
        return kept.name if kept is not None else ""

    def without(self, label: str) -> None:
        """Compare the fit that is shown with the model without this term."""
        shown = self._document.shown_fit
        if shown is not None:
            self._beside(shown, without_term(shown.analysis, label))

    def without_each(self) -> None:
        """Compare the fit that is shown with the model without each of its terms in turn."""
        shown = self._document.shown_fit
        for term in shown.analysis.terms if shown is not None else ():
            if term.enabled:
                self._beside(shown, without_term(shown.analysis, term.label))

    def own(self) -> None:
        """Let the user change the model; the next fit is compared with the one that is shown."""
        shown = self._document.shown_fit
        if shown is not None:
            self._awaited = shown.key
            self.awaited.emit(shown.name)
            self.own_asked.emit()

    def forget_own(self) -> None:
        """Compare the next fit with none."""
        if self._awaited:
            self._awaited = ""
            self.awaited.emit("")

    # Inside

    def _beside(self, shown: KeptFit, analysis: Analysis) -> None:
        there = kept_answer(self._document, analysis)
        self.compared.emit((shown.key, *((there.key,) if there is not None else ())), True)
        if there is None and not self._fitting.is_asked(analysis):
            self._fitting.fit_beside(analysis, lambda fit: self.compared.emit((shown.key, fit.key), False))

    def _changed(self, what: frozenset[str]) -> None:
        if "recording" in what or (self._awaited and self._document.fit_of(self._awaited) is None):
            self.forget_own()

    def _fitted(self, result: Result) -> None:
        shown, before = self._document.shown_fit, self._awaited
        if before and shown is not None and shown.key != before and self._document.kept_result is result:
            self.forget_own()
            if self._document.fit_of(before) is not None:
                self.compared.emit((before, shown.key), True)


def kept_answer(document: Document, analysis: Analysis) -> KeptFit | None:
    """The fit of the project that answers this question, if there is one: it need not be made again."""
    return next((fit for fit in document.fits if fit.converged and fit.is_for(analysis, document.recording)), None)


def without_term(analysis: Analysis, label: str) -> Analysis:
    """The same question of the model without one of its terms; what is asked of the choice of terms goes with it."""
    terms = tuple(term.with_(enabled=False) if term.label == label else term for term in analysis.terms)
    return analysis.with_(terms=terms, selection=None)
