"""The shelf of fits: keeping each fit that was made, and going back to any of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QObject

from glmengine.results.kept_fits import proposed_name
from glmgui.document import Document
from glmgui.jobs import Jobs

if TYPE_CHECKING:
    from pathlib import Path

    from glmengine.results.kept_fits import KeptFit
    from glmengine.results.result import Result
    from glmgui.work.recovery import Recovery

SHELF = "shelf"


class Shelf(QObject):
    """Shows the result of a kept fit whenever the document asks its question again: after going back to it, and after undo.

    Only the result that is shown is in memory; the others are read from disk, in the worker, when they are wanted.
    """

    def __init__(self, document: Document, jobs: Jobs, recovery: Recovery, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._document, self._jobs, self._recovery = document, jobs, recovery
        self._wanted = ""
        document.changed.connect(self._changed)

    def folder(self) -> Path:
        """Where the results of new fits are written to."""
        return self._recovery.fits_folder()

    def add(self, fit: KeptFit, result: Result) -> None:
        """Keep and show a fit that has just been made."""
        self._document.add_fit(self._named(fit), result)

    def keep(self, fit: KeptFit) -> KeptFit:
        """Keep a fit that has just been made, and leave the one that is shown."""
        return self._document.keep_fit(self._named(fit))

    def _named(self, fit: KeptFit) -> KeptFit:
        return fit.renamed(proposed_name(fit.analysis, (one.name for one in self._document.fits)))

    def go_back(self, key: str) -> None:
        """Make the analysis of a kept fit the present one, as one step of undo, and show its result."""
        document, fit = self._document, self._document.fit_of(key)
        if fit is None:
            return
        now = document.analysis
        self._wanted = key
        document.edit(
            fit.analysis.with_(recording=now.recording, more_recordings=now.more_recordings, title=now.title),
            f"Go back to {fit.name}",
        )
        self._show(fit)

    def _changed(self, what: frozenset[str]) -> None:
        document = self._document
        if "analysis" not in what or document.result_is_live or not (document.result_is_stale or document.result is None):
            return
        answers = [fit for fit in document.fits if fit.is_for(document.analysis, document.recording)]
        if answers:
            self._show(next((fit for fit in answers if fit.key == self._wanted), answers[-1]))

    def _show(self, fit: KeptFit) -> None:
        """Read and show its result, unless the question has become another one meanwhile."""
        document = self._document
        shown = document.shown_fit
        if shown is not None and shown.key == fit.key and not document.result_is_live:
            return
        asked = document.analysis

        def take(result: Result) -> None:
            if document.analysis == asked and document.fit_of(fit.key) is not None:
                document.show_fit(document.fit_of(fit.key), result)

        # in the middle of a long fit it is done between two of its steps
        self._jobs.submit(f"Reading {fit.name}", lambda context: fit.load(), take, key=SHELF, urgent=self._jobs.busy)
