"""The fit of the whole analysis, and what must wait for it or give it up."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from qtpy.QtCore import QObject, QTimer, Signal

from glmengine.analysis.units import count_chosen_units
from glmengine.errors import GlmError
from glmgui.document import Document
from glmgui.jobs import Jobs
from glmgui.notices import notices
from glmgui.work.live_fit import LiveFit
from glmgui.work.permission import Permission
from glmgui.work.questions import Questions
from glmgui.work.shelf import Shelf

if TYPE_CHECKING:
    from glmengine.context import Context
    from glmengine.results.kept_fits import KeptFit
    from glmengine.results.result import Result

FIT = "fit"


class Fitting(QObject):
    """Fits what the document asks.

    Signals
    -------
    fitted : Result
        A fit that was asked for has ended.
    """

    fitted = Signal(object)

    def __init__(
        self,
        document: Document,
        jobs: Jobs,
        questions: Questions,
        permission: Permission,
        live: LiveFit,
        shelf: Shelf,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._document, self._jobs, self._questions = document, jobs, questions
        self._permission, self._live, self._shelf = permission, live, shelf

    @property
    def can_fit(self) -> bool:
        """Whether there is a recording and a term that is in the model."""
        return self._document.can_be_fitted

    def fit(self, then: Callable[[Result], None] | None = None) -> None:
        """Fit the analysis; the result is kept, and shown when it is there."""
        document = self._document
        if not self.can_fit or not self._permission.given():
            return
        self._live.switch(False)
        analysis, recording = document.analysis, document.recording
        count = count_chosen_units(analysis.units, recording)
        folder = self._shelf.folder()

        def work(context: Context) -> tuple[Result, KeptFit | GlmError]:
            import glmengine

            begun = time.perf_counter()
            result = glmengine.run(analysis, recording, context)
            try:
                return result, glmengine.keep_fit(result, folder, seconds=time.perf_counter() - begun)
            except GlmError as error:  # a full disk must not lose the fit
                return result, error

        def take(made: tuple[Result, KeptFit | GlmError]) -> None:
            result, kept = made
            if document.recording is not recording:
                notices().tell("info", "the result was dropped, since another recording was opened meanwhile", title="Fit")
                return
            if isinstance(kept, GlmError):
                document.set_result(result)
                notices().tell("warning", f"the fit is shown but not kept: {kept.message}", title="Fit")
            else:
                self._shelf.add(kept, result)
            # in a turn of its own, so that drawing the result and showing its step do not add up to one long pause
            QTimer.singleShot(0, lambda: tell(result))

        def tell(result: Result) -> None:
            self.fitted.emit(result)
            if not result.converged:
                which = [str(unit) for unit in result.units if not bool(result.scores["converged"].sel(unit=unit))]
                notices().tell(
                    "warning", f"not at the optimum: {', '.join(which[:8])}{' …' if len(which) > 8 else ''}", title="Fit"
                )
            if then is not None:
                then(result)

        def failed(error: BaseException) -> None:
            document.set_fault_of(error, analysis)

        self._jobs.submit(f"Fitting {count} unit{'s' if count != 1 else ''}", work, take, failed, key=FIT, stoppable=True)

    def unless_fitting(self, then: Callable[[], None]) -> None:
        """Go on with `then`, at once or after giving up the fit that runs, unless the user would rather wait for it."""
        if self._jobs.is_pending(FIT):
            if not self._questions.give_up_fit(self._jobs.label_of(FIT)):
                return
            self._jobs.cancel()
        then()
