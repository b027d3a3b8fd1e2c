"""Edits of the terms of an analysis: added, changed, switched, renamed, moved, removed, copied, joined to interactions."""

from __future__ import annotations

from collections.abc import Callable

from qtpy.QtCore import QObject, Signal

from glmengine.analysis import default_terms as defaults
from glmengine.analysis.analysis import Analysis
from glmengine.errors import GlmError
from glmengine.sentences import as_shown
from glmengine.spec import Spec
from glmgui.document import Document
from glmgui.panels.features.inputs import Input
from glmgui.step_words import change_in_words


class TermEdits(QObject):
    """Each is one step of undo.

    Signals
    -------
    refused : str
        Why the engine does not take one.
    """

    refused = Signal(str)

    def __init__(self, document: Document, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._document = document

    def edit(self, text: str, change: Callable[[Analysis], Analysis], select: int | None = None) -> None:
        """Change the analysis as `change` does, and choose the term at `select`."""
        try:
            changed = change(self._document.analysis)
        except GlmError as error:
            self.refused.emit(error.message)
            return
        self._document.edit(changed, text)
        if select is not None:
            self._document.select(term=select)

    def add(self, term: Spec) -> None:
        """Add a term at the end and choose it."""
        terms = self._document.analysis.terms
        suited = defaults.for_bins(term, self._document.analysis.time.bin_size)
        named = defaults.free_name(suited, {one.label for one in terms})
        self.edit(
            f"Add {as_shown(named.label)}", lambda analysis: analysis.with_(terms=(*analysis.terms, named)), select=len(terms)
        )

    def change(self, at: int, term: Spec) -> None:
        """Put a term in the place of another, of which it was made; a name that followed that one's inputs follows its own."""
        terms = self._document.analysis.terms
        if term != terms[at]:
            others = {one.label for place, one in enumerate(terms) if place != at}
            named = defaults.with_name_that_follows(terms[at], term, others)
            self._put(at, named, change_in_words(terms[at], named, as_shown(named.label)))

    def switch(self, at: int, on: bool) -> None:
        term = self._document.analysis.terms[at].with_(enabled=on)
        self._put(at, term, f"{'Use' if on else 'Leave out'} {as_shown(term.label)}")

    def rename(self, at: int, name: str) -> None:
        self._put(at, self._document.analysis.terms[at].with_(name=name), "Rename term")

    def reorder(self, order: tuple[int, ...]) -> None:
        """Put the terms in this order of their places."""
        at = order.index(self._document.term) if self._document.term in order else None
        self.edit(
            "Reorder terms", lambda analysis: analysis.with_(terms=tuple(analysis.terms[place] for place in order)), select=at
        )

    def remove(self, at: int) -> None:
        terms = self._document.analysis.terms
        left = max(min(at, len(terms) - 2), 0) if len(terms) > 1 else None
        self.edit(
            f"Remove {as_shown(terms[at].label)}",
            lambda analysis: analysis.with_(terms=terms[:at] + terms[at + 1 :]),
            select=left,
        )

    def duplicate(self, at: int) -> None:
        terms = self._document.analysis.terms
        copy = defaults.free_name(terms[at], {term.label for term in terms})
        self.edit(
            f"Duplicate {as_shown(terms[at].label)}",
            lambda analysis: analysis.with_(terms=(*terms[: at + 1], copy, *terms[at + 1 :])),
            select=at + 1,
        )

    def drop(self, dropped: Input, onto: int) -> None:
        """An input makes a term, or on the term at `onto` their interaction."""
        recording, terms = self._document.effective_recording, self._document.analysis.terms
        if recording is None:
            return
        try:
            if onto < 0:
                self.add(dropped.term(recording))
                return
            other = dropped.name if dropped.kind == "variable" else dropped.term(recording)
            self._put_interaction(onto, defaults.joined(recording, terms[onto], other), dropped.name)
        except GlmError as error:
            self.refused.emit(error.message)

    def join(self, which: int, onto: int) -> None:
        """Two terms become their interaction, in the place of the one that was dropped onto."""
        terms = self._document.analysis.terms
        try:
            made = defaults.joined(self._document.effective_recording, terms[onto], terms[which])
        except GlmError as error:
            self.refused.emit(error.message)
            return
        self._put_interaction(onto, made, terms[which].label, gone=which)

    def _put(self, at: int, term: Spec, text: str) -> None:
        self.edit(text, lambda analysis: analysis.with_(terms=(*analysis.terms[:at], term, *analysis.terms[at + 1 :])))

    def _put_interaction(self, onto: int, made: Spec, other: str, gone: int | None = None) -> None:
        terms = self._document.analysis.terms
        others = {term.label for at, term in enumerate(terms) if at not in (onto, gone)}
        named = defaults.free_name(made, others)
        new = [named if at == onto else term for at, term in enumerate(terms) if at != gone]
        self.edit(
            f"Join {as_shown(terms[onto].label)} with {as_shown(other)}",
            lambda analysis: analysis.with_(terms=tuple(new)),
            select=next(at for at, term in enumerate(new) if term is named),
        )
