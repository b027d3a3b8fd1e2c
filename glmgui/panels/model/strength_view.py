"""The strengths of the penalty on sliders between weak and strong, and what they do, in words and numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from qtpy.QtCore import QSignalBlocker, Signal
from qtpy.QtWidgets import QGridLayout, QLabel, QWidget

from glmengine.models.numbers import LARGEST_STRENGTH
from glmgui.forms.numbers import NumberEditor, WholeBox, plain
from glmgui.widgets.layout import TurningRow, column, row
from glmgui.widgets.texts import heading, hint

if TYPE_CHECKING:
    from glmengine.analysis.analysis import Analysis
    from glmengine.design.strength_effect import StrengthEffect

_SPAN = (1e-9, 1e2)
_MOST = 30
_LEAST_RATIO = 10.0  # of the strongest to the weakest of several
_NOT_TOLD = "What a strength does to a curve is said here for a tuning term of one or two variables whose bounds are known, with the usual link of the family."
_FOUND = "Each term finds its own strength in the data (marginal likelihood): there is none to choose."
_NONE = "No penalty: there is no strength to choose."


@dataclass(frozen=True)
class StrengthWords:
    """What the weakest and the strongest of the strengths do, a sentence each, and the freedom that each leaves to the term explained."""

    sentences: tuple[str, ...]
    freedoms: tuple[float, ...]
    term: str


def strength_words(analysis: Analysis, strengths: Sequence[float], spikes_a_bin: float, units: dict[str, str]) -> StrengthWords:
    """Say it for these strengths, ascending; runs in the worker. `units` are the units of measure of the variables."""
    from glmengine.design.strength_effect import explained_term, strength_effect

    term = explained_term(analysis.terms)
    effects = [strength_effect(analysis, term, one, spikes_a_bin) for one in strengths] if term is not None else []
    if not effects or any(effect is None for effect in effects):
        return StrengthWords((_NOT_TOLD,), (), "")
    ends = dict.fromkeys((0, len(effects) - 1))
    sentences = tuple(_sentence(strengths[at], effects[at], units) for at in ends)
    return StrengthWords(sentences, tuple(effect.freedom for effect in effects), term.label)


def _sentence(strength: float, effect: StrengthEffect, units: dict[str, str]) -> str:
    return f"{plain(strength)} is {effect.verdict}: {effect.sentence(units.get(effect.variable, ''))}"


class StrengthView(QWidget):
    """One slider for one strength, two for the weakest and the strongest of several, in equal steps of powers of ten.

    Signals
    -------
    strengths_changed : tuple of float
    """

    strengths_changed = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("strength_view")
        self._strengths: tuple[float, ...] = ()
        self.count = WholeBox(1, _MOST, self)
        self.count.setObjectName("strength_count")
        self.count.setAccessibleName("How many strengths are tried")
        self.count.setToolTip(
            "How many strengths are tried, in equal steps of powers of ten between the weakest and the strongest"
        )
        self._counted = QLabel("tried", self)
        self.weakest = self._slider("strength_weakest", "Weakest strength")
        self.strongest = self._slider("strength_strongest", "Strongest strength")
        self._first, self._second = QLabel("Weakest", self), QLabel("Strongest", self)
        self.words = hint("", self)
        self.words.setObjectName("strength_words")
        self._choice = QWidget(self)
        grid = QGridLayout(self._choice)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(4)
        grid.setColumnStretch(1, 1)
        for at, (label, editor) in enumerate(((self._first, self.weakest), (self._second, self.strongest))):
            label.setBuddy(editor.controls()[0])
            grid.addWidget(label, at + 1, 0)
            grid.addWidget(editor, at + 1, 1)
        box = column(self, margins=0)
        ends = hint("weak on the left, strong on the right", self)
        ends.setWordWrap(False)
        named = row(heading("Strength of the penalty", self), ends, None, spacing=8)
        box.addWidget(TurningRow(named, row(None, self.count, self._counted, spacing=8), self))
        box.addWidget(self._choice)
        box.addWidget(self.words)
        for editor in (self.weakest, self.strongest):
            editor.changed.connect(lambda editor=editor: self._moved(editor))
        self.count.valueChanged.connect(self._counted_anew)

    def _slider(self, name: str, says: str) -> NumberEditor:
        made = NumberEditor(0.0, LARGEST_STRENGTH, log=True, span=_SPAN, parent=self)
        made.describe(says, "How strongly coefficients are held back; see below what it does", name)
        return made

    def set_strengths(self, strengths: Sequence[float]) -> None:
        """Show these."""
        self._strengths = tuple(strengths)
        low, high = min(strengths), max(strengths)
        if self.weakest.value() != low:
            self.weakest.set_value(low)
        if self.strongest.value() != high:
            self.strongest.set_value(high)
        with QSignalBlocker(self.count):
            self.count.setValue(len(strengths))
        several = len(strengths) > 1
        self._first.setText("Weakest" if several else "Strength")
        for part in (self._second, self.strongest):
            part.setVisible(several)

    def set_state(self, *, penalised: bool, found: bool) -> None:
        """Whether there is a strength to choose at all: not without a penalty, nor where each term finds its own."""
        chosen = penalised and not found
        for part in (self._choice, self.count, self._counted):
            part.setVisible(chosen)
        if not chosen:
            self.words.setText(_FOUND if penalised else _NONE)

    def _counted_anew(self, count: int) -> None:
        before = self._strengths
        if count == 1:
            self._tell((before[len(before) // 2],))
        elif len(before) == 1:
            low = before[0] or _SPAN[0]
            self._tell(spaced(low, min(low * 10.0 ** (count - 1), LARGEST_STRENGTH), count))
        else:
            self._tell(spaced(min(before), max(before), count))

    def _moved(self, editor: NumberEditor) -> None:
        low, high, count = self.weakest.value(), self.strongest.value(), len(self._strengths)
        if count == 1:
            self._tell((low,))
            return
        if low * _LEAST_RATIO > high:  # the one that is moved pushes the other
            if editor is self.weakest:
                high = min(low * _LEAST_RATIO, LARGEST_STRENGTH)
            low = min(low, high / _LEAST_RATIO)
        self._tell(spaced(low, high, count))

    def _tell(self, strengths: tuple[float, ...]) -> None:
        if strengths != self._strengths:
            self.strengths_changed.emit(strengths)


def spaced(low: float, high: float, count: int) -> tuple[float, ...]:
    """Up to `count` strengths from `low` to `high`, in equal steps of powers of ten; 0 stands before the others."""
    if count <= 1 or low == high:
        return (float(low),)
    if low <= 0.0:
        return (0.0, *spaced(high * 10.0 ** -(count - 2), high, count - 1))
    return tuple(dict.fromkeys(float(f"{one:.4g}") for one in np.geomspace(low, high, count)))
