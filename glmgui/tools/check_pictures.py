"""Pictures of the page of checks: each of its tabs empty, running, done, of an earlier question, and refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from glmgui.shell.window import MainWindow

Pictures = tuple[tuple[str, Callable[["MainWindow"], None]], ...]

RUNNING = "-running"
"""What the name of a picture ends with that is taken while something runs."""

REFUSED = "-refused"
"""What the name of a picture ends with that shows what the engine refuses, which is no fault."""

_REPEATS, _SHIFTS, _DRAWS = 20, 50, 20
_TABS = ("goodness", "simulation", "tests", "decoding")


def _page(number: int) -> Callable[[MainWindow], None]:
    def show(window: MainWindow) -> None:
        window.show_step("checks")
        window.panels["checks"].show_page(number)

    return show


def _begin(number: int) -> Callable[[MainWindow], None]:
    def begin(window: MainWindow) -> None:
        _page(number)(window)
        goodness, simulation, tests, decoding = window.panels["checks"].pages
        simulation.repeats.setValue(_REPEATS)
        tests.shifts.setValue(_SHIFTS)
        tests.draws.setValue(_DRAWS)
        asked = ((goodness.again,), (simulation.begin,), (tests.test, tests.draw), (decoding.begin,))
        for control in asked[number]:
            control.click()

    return begin


def _with_other_recording(number: int) -> Callable[[MainWindow], None]:
    """Under the fit of one recording stands another."""

    def show(window: MainWindow) -> None:
        document = window.document
        if document.recording is not None and document.kept_result.is_of(document.recording):
            other = replace(document.recording, name="another recording", sha256="")
            document.edit(document.analysis, "Replace recording", other)
        _page(number)(window)

    return show


def _with_own_recording(window: MainWindow) -> None:
    window.document.undo()
    _page(0)(window)


def _named(after: str, show: Callable[[int], Callable[[MainWindow], None]], first: int = 0) -> Pictures:
    return tuple((f"checks-{tab}{after}", show(number)) for number, tab in enumerate(_TABS) if number >= first)


UNFITTED: Pictures = (("checks-empty", lambda window: window.show_step("checks")),)
FITTED: Pictures = tuple(
    picture
    for number, tab in enumerate(_TABS)
    for picture in (
        *(((f"checks-{tab}-empty", _page(number)),) if number else ()),  # goodness of fit asks by itself
        (f"checks-{tab}{RUNNING}", _begin(number)),
        (f"checks-{tab}", _page(number)),
    )
)
STALE: Pictures = (*_named("-stale", _page), *_named(REFUSED, _with_other_recording), ("checks-again", _with_own_recording))
DARK: Pictures = tuple((f"dark-{name}", show) for name, show in _named("", _page))
