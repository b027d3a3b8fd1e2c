"""What a page offers as long as there is no recording, no term or no fit."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from glmgui.document import Document
from glmgui.widgets.messages import EmptyState
from glmgui.widgets.page import Page

NO_RECORDING = "First open a recording with Ctrl+O, then add a term in the Features step, then fit with Ctrl+R."
NO_TERMS = "Add what the rate may depend on in the Features step, then fit with Ctrl+R."
_RUNS = "Work is going on, see the bar above. As soon as a fit is done, it is shown here."


def ways_to_open(page: Page) -> Mapping[str, Callable[[], None]]:
    """Buttons of a page for which something has to be open."""
    return {
        "Open a recording\u2026": lambda: page.action_asked.emit("open"),
        "Open the sample session": lambda: page.action_asked.emit("sample"),
    }


def show_next_step(page: Page, empty: EmptyState, document: Document, ready: str) -> None:
    """Say on the empty state of a page that shows a fit what is to be done next, with a button for it; `ready` is said once it is to fit."""
    text, choices = ready, {}
    if document.recording is None:
        text, choices = NO_RECORDING, ways_to_open(page)
    elif not document.analysis.terms:
        text, choices = NO_TERMS, {"Go to Features": lambda: page.action_asked.emit("show_features")}
    elif document.busy:
        text = _RUNS
    elif document.can_be_fitted:
        choices = {"&Fit": lambda: page.action_asked.emit("fit")}
    empty.set_text(text)
    if tuple(choices) != empty.choices:
        empty.set_choices(choices)
