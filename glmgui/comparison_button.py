"""The button that compares the fit that is shown with a second model."""

from __future__ import annotations

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QMenu, QWidget

from glmengine.sentences import as_shown, numbered
from glmgui.document import Document
from glmgui.widgets.controls import MenuButton
from glmgui.work.comparing import kept_answer, without_term

_ABOUT = "Fit a second model on the same split of time, and see both side by side with the difference"
_KEPT = "It is among the fits already: both are set side by side at once, and nothing is fitted"
_NO_FIT = "Fit the model first (Ctrl+R); then it can be compared with others"
_NO_FOLDS = "Models are compared on held-out time: set the number of folds in the Model step, and fit again"
_FEWEST = 2


class ComparisonButton(MenuButton):
    """Says in its menu what the shown model can be compared with.

    Signals
    -------
    without_asked : str
        The model without the term of this label.
    each_asked
        Without each term in turn.
    own_asked
        A second model that the user makes.
    """

    without_asked = Signal(str)
    each_asked = Signal()
    own_asked = Signal()

    def __init__(self, document: Document, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._document = document
        self.setObjectName(name)
        self.setText("Co&mpare")
        self.setAccessibleName("Compare with a second model")
        self._menu = QMenu(self)
        self._menu.setToolTipsVisible(True)
        self.setMenu(self._menu)
        document.changed.connect(self._changed)
        self._renew()

    @property
    def choices(self) -> tuple[str, ...]:
        """What the menu offers."""
        return tuple(action.text() for action in self._menu.actions() if not action.isSeparator())

    def _changed(self, what: frozenset[str]) -> None:
        if what & {"result", "fits", "recording"}:
            self._renew()

    def _renew(self) -> None:
        shown = self._document.shown_fit
        folds = shown is not None and bool(shown.analysis.validation.folds)
        self.setEnabled(folds and not self._document.result_is_live)
        self.setToolTip(_ABOUT if folds else _NO_FIT if shown is None else _NO_FOLDS)
        self._menu.clear()
        labels = [term.label for term in shown.analysis.terms if term.enabled] if shown is not None else []
        if shown is not None and len(labels) >= _FEWEST:
            kept = [kept_answer(self._document, without_term(shown.analysis, label)) is not None for label in labels]
            for label, there in zip(labels, kept, strict=True):
                said = f"with the model without {as_shown(label)}".replace("&", "&&")
                action = self._menu.addAction(f"{said} (kept)" if there else said)
                action.setToolTip(_KEPT if there else _ABOUT)
                action.triggered.connect(lambda _, label=label: self.without_asked.emit(label))
            left = kept.count(False)
            each = self._menu.addAction(
                f"with each term left out in turn ({numbered(left, 'fit') if left else 'all kept'})", self.each_asked.emit
            )
            each.setToolTip("What each term is worth beside the others, on the same held-out time")
            self._menu.addSeparator()
        own = self._menu.addAction("with another model that I build\u2026", self.own_asked.emit)
        own.setToolTip("Change the terms, and fit: the new fit is set beside this one")
