"""The formula of the model as it stands, to be read and copied."""

from __future__ import annotations

from html import escape

from qtpy.QtCore import QEvent, QSize, Qt
from qtpy.QtGui import QGuiApplication
from qtpy.QtWidgets import QFrame, QLabel, QMenu, QScrollArea, QWidget

from glmengine.design.formula import Formula, FormulaTerm
from glmgui import theme
from glmgui.drawings.series import shortened
from glmgui.widgets.controls import MenuButton
from glmgui.widgets.layout import column, row
from glmgui.widgets.texts import heading, hint

_LONGEST_NAME = 32
_MOST_LINES = 5
_NOTHING = "No term yet: add what the rate may depend on in the Features step (Ctrl+2)."


class FormulaView(QWidget):
    """A heading with a button that copies; below it the formula, wrapped between its terms and scrolled where it is very long."""

    _formula: Formula | None = None  # a change of palette comes before the view is made

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("formula")
        self.text = QLabel(self)
        self.text.setObjectName("equation")
        self.text.setTextFormat(Qt.TextFormat.RichText)
        self.text.setWordWrap(True)
        self.text.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        self.text.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        font = self.text.font()
        font.setPointSizeF(font.pointSizeF() * 1.15)
        self.text.setFont(font)
        self._scroll = _LowScroll(self)
        self._scroll.setObjectName("formula_scroll")
        self._scroll.setWidget(self.text)
        self.distribution = hint("", self)
        self.copy = MenuButton(self)
        self.copy.setObjectName("formula_copy")
        self.copy.setText("Copy")
        self.copy.setAccessibleName("Copy the formula")
        self.copy.setToolTip("Copy the formula, as text or for LaTeX")
        menu = QMenu(self.copy)
        menu.addAction("As text", lambda: _copy(self._formula.text))
        menu.addAction("As LaTeX", lambda: _copy(self._formula.latex))
        self.copy.setMenu(menu)
        box = column(self, margins=0)
        box.addLayout(row(heading("What is fitted", self), None, self.copy))
        box.addWidget(self._scroll)
        box.addWidget(self.distribution)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and self._formula is not None and self._formula.terms:
            self.text.setText(_html(self._formula))  # with the colours of the look

    def set_formula(self, formula: Formula) -> None:
        self._formula = formula
        self.copy.setEnabled(bool(formula.terms))
        self.text.setText(_html(formula) if formula.terms else _NOTHING)
        self.text.setToolTip(formula.text if formula.terms else "")
        self.text.setAccessibleName(formula.text if formula.terms else _NOTHING)
        self.distribution.setText(formula.distribution)
        self.distribution.setVisible(bool(formula.terms))
        self._scroll.updateGeometry()


class _LowScroll(QScrollArea):
    """As high as its text, up to some lines; more is scrolled to."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)

    def resizeEvent(self, event) -> None:
        super().resizeEvent(event)
        self.updateGeometry()

    def sizeHint(self) -> QSize:
        text = self.widget()
        width = max(self.viewport().width(), 200)
        line = text.fontMetrics().lineSpacing()
        needed = text.heightForWidth(width)
        return QSize(width, min(needed, _MOST_LINES * line) + 4)

    def minimumSizeHint(self) -> QSize:
        return QSize(120, min(self.sizeHint().height(), 2 * self.widget().fontMetrics().lineSpacing() + 4))

    def event(self, event) -> bool:
        done = super().event(event)
        if event.type() == event.Type.LayoutRequest:
            self.updateGeometry()
        return done


def _copy(text: str) -> None:
    QGuiApplication.clipboard().setText(text)


def _html(formula: Formula) -> str:
    """Lines break between summands only, and each function has its colour and its own name in italics."""
    muted = theme.current().muted
    parts = [f"<span style='white-space:nowrap'>{escape(formula.left)} = <i>intercept</i></span>"]
    parts += [
        f"<span style='white-space:nowrap'><span style='color:{muted}'>+</span> {_term(term)}</span>" for term in formula.terms
    ]
    return " ".join(parts)


def _term(term: FormulaTerm) -> str:
    names = [escape(shortened(name, _LONGEST_NAME)) for name in term.of]
    if term.symbol == "f":
        said = f"<i>f</i>({', '.join(names)})"
    elif term.symbol == "beta":
        most = 4  # of many columns the first ones stand for all
        said = " + ".join(f"<i>\u03b2</i>\u2009{name}" for name in names[:most])
        said += f" + \u2026 ({len(names)} columns)" if len(names) > most else ""
    else:
        said = f"<i>{term.symbol}</i> \u2217 {names[0]}"
    return f"{said} \u00b7 {escape(shortened(term.times, _LONGEST_NAME))}" if term.times else said
