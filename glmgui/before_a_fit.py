"""What a page offers as long as there is no recording, no term or no fit."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from glmgui.document import Document
from glmgui.widgets.messages import EmptyState
from glmgui.widgets.page import Page

NO_RECORDING = "First open a recording with Ctrl+O, then add a term in the Features step, then fit with Ctrl+R."
NO_TERMS = "Add what the rate may depend on in the Features step, then fit with Ctrl+R."
_BEGINS = "Work begins\u2026"
_RUNS = "This is going on, see the bar above."
_AFTER = "This page fills with the next fit (Ctrl+R)."


def ways_to_open(page: Page) -> Mapping[str, Callable[[], None]]:
    """Buttons of a page for which something has to be open."""
    return {
        "Open a recording\u2026": lambda: page.action_asked.emit("open"),
        "Open the sample session": lambda: page.action_asked.emit("sample"),
    }


def show_way_to_open(page: Page, empty: EmptyState, document: Document, welcome: str) -> None:
    """Say on the empty state of a page how to open a recording; while a job runs, which may be opening one, what that is."""
    if document.busy:
        _offer(empty, *_going_on(document, ""), {})
    else:
        _offer(empty, "", welcome, ways_to_open(page))


def meanwhile(document: Document) -> str:
    """What is being done and what comes of it, in sentences; empty while nothing is."""
    title, comes = document.doing
    return f"{title}: {_RUNS[0].lower()}{_RUNS[1:]} {comes}".rstrip() if title else ""


def show_next_step(page: Page, empty: EmptyState, document: Document, ready: str) -> None:
    """Say on the empty state of a page that shows a fit what is to be done next, with a button for it; `ready` is said once it is to fit.

    While a job runs, it says what that is and what comes of it.
    """
    title, text, choices = "", ready, {}
    if document.busy:
        title, text = _going_on(document, _AFTER)
    elif document.recording is None:
        text, choices = NO_RECORDING, ways_to_open(page)
    elif not document.analysis.terms:
        text, choices = NO_TERMS, {"Go to Features": lambda: page.action_asked.emit("show_features")}
    elif document.can_be_fitted:
        choices = {"&Fit": lambda: page.action_asked.emit("fit")}
    _offer(empty, title, text, choices)


def _going_on(document: Document, after: str) -> tuple[str, str]:
    """What the job is that runs, and that it does and what comes of it: where it does not say so, what comes `after`."""
    title, comes = document.doing
    return title or _BEGINS, f"{_RUNS} {comes or after}".rstrip()


def _offer(empty: EmptyState, title: str, text: str, choices: Mapping[str, Callable[[], None]]) -> None:
    empty.set_title(title)
    empty.set_text(text)
    if tuple(choices) != empty.choices:
        empty.set_choices(choices)
