"""Pictures of the page of answers: empty, filling, done with the evidence, refused, and of an earlier question."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from glmengine.answers.settings import AnswerSettings
from glmgui.tools.check_pictures import REFUSED, RUNNING, Pictures
from glmgui.tools.unattended import wait_until

if TYPE_CHECKING:
    from glmgui.shell.window import MainWindow

_SETTINGS = AnswerSettings(shifts=50, simulations=8)  # for a picture p need not be small
_PATIENCE = 900.0  # s


def _ready(window: MainWindow) -> None:
    answers = window.work.answers
    window.show_step("answers")
    wait_until(lambda: bool(answers.question.candidates), _PATIENCE, "looking for candidates")
    answers.question.ask(replace(answers.question.asking, settings=_SETTINGS))


def _begin(window: MainWindow) -> None:
    answers = window.work.answers
    window.panels["answers"].find.click()
    wait_until(lambda: bool(answers.sheets) or not answers.running, _PATIENCE, "finding the first answers")


def _done(window: MainWindow) -> None:
    wait_until(lambda: not window.work.answers.running, _PATIENCE, "finding the answers")
    kept = window.document.answers
    if kept is not None:
        window.document.select(unit=str(kept.sheet.units["unit"].values[0]))


def _evidence(kind: str) -> Callable[[MainWindow], None]:
    def show(window: MainWindow) -> None:
        window.show_step("answers")
        panel = window.panels["answers"]
        panel.tabs.setCurrentIndex(0)
        panel.evidence.show_kind(kind)

    return show


def _choice(window: MainWindow) -> None:
    panel = window.panels["answers"]
    panel.tabs.setCurrentWidget(panel.terms)


def _refused(window: MainWindow) -> None:
    """Two folds, over which no test can be passed."""
    panel, answers = window.panels["answers"], window.work.answers
    panel.tabs.setCurrentIndex(0)
    asked = answers.question.asking
    answers.question.ask(replace(asked, selection=asked.selection.with_(folds=2, steps_by="folds")))
    panel.find.click()
    wait_until(lambda: not answers.running, _PATIENCE, "refusing two folds")


FITTED: Pictures = (
    ("answers-empty", _ready),
    (f"answers{RUNNING}", _begin),
    ("answers", _done),
    ("answers-steps", _evidence("path")),
    ("answers-contributions", _evidence("shares")),
    ("answers-shifts", _evidence("shifts")),
    ("answers-time-rescaling", _evidence("ks")),
    ("answers-simulated", _evidence("simulated")),
    ("answers-choice", _choice),
    (f"answers{REFUSED}", _refused),
)
STALE: Pictures = (("answers-stale", _evidence("curves")),)
DARK: Pictures = (("dark-answers", _evidence("curves")),)
