"""Pictures of the other pages in their states: nothing open, a fit that runs and one that waits, a live fit, and what the engine refuses."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from glmengine.analysis.time import Condition
from glmgui.tools.check_pictures import REFUSED, RUNNING, Pictures
from glmgui.tools.unattended import wait_until

if TYPE_CHECKING:
    from glmgui.shell.window import MainWindow

_PATIENCE = 900.0  # s
_HELD_UP = 1.5  # s
_NO_RECORDING = ("data", "features", "model", "results", "checks", "fits", "answers", "population", "batch")


def _step(name: str) -> Callable[[MainWindow], None]:
    return lambda window: window.show_step(name)


def _no_recording_at_all(window: MainWindow) -> None:
    """A file that is no recording, opened from the start page."""
    path = window.settings.path.parent / "protocol.docx"
    path.write_text("Rat 7, day 3: four tetrodes turned.", encoding="utf-8")
    window.show_start()
    window.work.opening.open(path)


def _opening(window: MainWindow) -> None:
    window.show_start()
    window.work.opening.open_sample()


def _hold_up(window: MainWindow) -> None:
    """Give the worker something else to do, as on a slow machine or with a large file."""
    window.jobs.submit("Something else", lambda context: time.sleep(_HELD_UP), quiet=True)


def _without_terms(window: MainWindow) -> None:
    window.show_step("features")
    window.document.edit(window.document.analysis.with_(terms=()), "Remove all terms")


def _with_terms(window: MainWindow) -> None:
    window.document.undo()
    window.show_step("results")


def _filling(name: str) -> Callable[[MainWindow], None]:
    """A step of a recording that was opened just now, while the worker has something else to do."""

    def show(window: MainWindow) -> None:
        window.show_step(name)
        _hold_up(window)
        window.document.say_recording_again()

    return show


def _begin(window: MainWindow) -> None:
    """A fit that takes long, and another that waits for it."""
    document, fitting = window.document, window.work.fitting
    analysis = document.analysis
    window.show_step("results")
    validation = analysis.validation.with_(folds=20, nested=True)
    document.edit(analysis.with_(validation=validation), "Fold more often")
    fitting.fit()
    document.edit(document.analysis.with_(terms=analysis.terms[:1]), "One term")
    fitting.fit()
    wait_until(lambda: window.work.fitting.runs.running is not None, _PATIENCE, "beginning a fit")


def _give_up(window: MainWindow) -> None:
    window.work.fitting.give_up()
    wait_until(lambda: window.work.fitting.runs.running is None, _PATIENCE, "giving up the fits")
    for _ in range(2):
        window.document.undo()
    window.show_step("fits")


def _nothing_yet(window: MainWindow) -> None:
    """As before the first fit."""
    _give_up(window)
    window.show_step("results")


def _live(window: MainWindow) -> None:
    window.show_step("features")
    window.panels["features"].pictures.setCurrentIndex(0)
    window.document.select(term=0)
    window.work.live.switch(True)
    wait_until(lambda: window.document.result_is_live, _PATIENCE, "fitting live")


def _no_such_condition(window: MainWindow) -> None:
    window.work.live.switch(False)
    analysis = window.document.analysis
    conditions = (Condition(variable="running_speed", above=5.0),)
    window.document.edit(analysis.with_(time=analysis.time.with_(conditions=conditions)), "Condition")
    window.show_step("data")


def _no_such_covariate(window: MainWindow) -> None:
    window.document.undo()
    analysis = window.document.analysis
    term = next(term for term in analysis.terms if term.kind == "covariate")
    other = term.with_(factors=(term.factors[0].with_(variable="whisking"), *term.factors[1:]))
    terms = tuple(other if one is term else one for one in analysis.terms)
    window.document.edit(analysis.with_(terms=terms), "Another covariate")
    window.show_step("features")
    window.document.select(term=terms.index(other))


def _fit_of_none(window: MainWindow) -> None:
    """A fit with a term whose covariate is not there."""
    window.work.fitting.fit()
    window.show_step("results")


def _no_such_trials(window: MainWindow) -> None:
    window.document.undo()
    analysis = window.document.analysis
    window.document.edit(
        analysis.with_(validation=analysis.validation.with_(split="trials", grouped_by="choices")), "Split by trials"
    )
    window.show_step("model")


def _well_again(window: MainWindow) -> None:
    window.document.undo()
    window.show_step("fits")


NOTHING_OPEN: Pictures = (
    *((f"{name}-nothing-open", _step(name)) for name in _NO_RECORDING),
    (f"start{REFUSED}", _no_recording_at_all),
    (f"start{RUNNING}", _opening),
)
UNFITTED: Pictures = (
    *((f"{name}{RUNNING}", _filling(name)) for name in ("data", "features")),
    ("features-empty", _without_terms),
    *((f"{name}-no-terms", _step(name)) for name in ("model", "results", "answers")),
    ("results-empty", _with_terms),
    (f"results-first{RUNNING}", _begin),
    (f"population-first{RUNNING}", _step("population")),
    ("results-given-up", _nothing_yet),
    *((f"{name}-empty", _step(name)) for name in ("fits", "population")),
)
FITTED: Pictures = (
    (f"results{RUNNING}", _begin),
    (f"fits{RUNNING}", _step("fits")),
    *((f"{name}{RUNNING}", _step(name)) for name in ("model", "population")),
    ("fits-given-up", _give_up),
    ("features-live", _live),
    (f"data{REFUSED}", _no_such_condition),
    (f"features{REFUSED}", _no_such_covariate),
    (f"results{REFUSED}", _fit_of_none),
    (f"fits{REFUSED}", _step("fits")),
    (f"model{REFUSED}", _no_such_trials),
    ("fits", _well_again),
)
