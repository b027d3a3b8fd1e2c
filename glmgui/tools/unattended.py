"""The window without a person: answers to what it would ask, and waiting for its jobs."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

from qtpy.QtCore import QCoreApplication, QEvent, QEventLoop

from glmengine.analysis.templates import Lesson
from glmengine.io.recipe_assistant import Assistance
from glmgui.work.questions import Answer
from glmgui.work.recovery import Leftover

_LEVELS = 20  # of widgets in widgets


class NoQuestions:
    """Answers that lose nothing and wait for nobody; paths are set beforehand.

    Attributes
    ----------
    next_path : Path or None
        What the next question for a path is answered with.
    next_choice : int or None
        The same of several texts.
    """

    parent = None

    def __init__(self) -> None:
        self.next_path: Path | None = None
        self.next_choice: int | None = 0

    def open_path(self, folder: str) -> Path | None:
        return self.next_path

    def open_paths(self, folder: str, title: str = "") -> list[Path]:
        return [self.next_path] if self.next_path is not None else []

    def open_folders(self, folder: str) -> list[Path]:
        return self.open_paths(folder)

    def several(self, paths: list[Path], likelier: Literal["sessions", "together"]) -> Literal["sessions", "together"] | None:
        return "sessions"

    def ready_analysis(
        self, lesson: Lesson, recording: str, lacking: tuple[str, ...], changes: str = ""
    ) -> Literal["sample", "open", "take"] | None:
        """Its sample."""
        return "sample"

    def folder(self, title: str, start: str) -> Path | None:
        return self.next_path

    def save_path(self, title: str, start: str, kinds: str, ending: str) -> Path | None:
        return self.next_path

    def name(self, title: str, taken: tuple[str, ...]) -> str:
        return ""

    def unsaved(self, project: Path | None) -> Answer:
        return "discard"

    def stop_running(self, label: str) -> bool:
        return True

    def give_up_fit(self, label: str) -> bool:
        return True

    def overwrite_changed(self, path: Path) -> bool:
        return False

    def choose(self, title: str, label: str, texts: Sequence[str]) -> int | None:
        return self.next_choice

    def replace_files(self, folder: Path, what: str = "figures") -> bool:
        return False

    def run_code(self, names: list[str]) -> bool:
        """Never without a person."""
        return False

    def locate(self, missing: Path, name: str) -> Path | None:
        return self.next_path

    def recipe(self, assistance: Assistance, text: str, fault: str) -> str | None:
        """The draft as it is; nothing where that did not do."""
        return None if fault else text

    def use_other_recording(self, found: Path | None, name: str) -> bool:
        return True

    def recover(self, leftovers: list[Leftover]) -> tuple[Leftover | None, bool]:
        return None, False


def wait_until(condition: Callable[[], bool], seconds: float, what: str) -> None:
    """Run the event loop until `condition` holds.

    Raises
    ------
    TimeoutError
        After `seconds`, naming `what`.
    """
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(f"{what}: not done after {seconds:.0f} s")
        QCoreApplication.processEvents(
            QEventLoop.ProcessEventsFlag.WaitForMoreEvents | QEventLoop.ProcessEventsFlag.AllEvents, 50
        )
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        time.sleep(0.005)


def settle(seconds: float = 0.3) -> None:
    """Run the event loop for a while, so that what was asked for is drawn, and lay out what it left to be laid out: beside a fit that runs a page takes longer."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        QCoreApplication.processEvents(QEventLoop.ProcessEventsFlag.AllEvents, 20)
        time.sleep(0.005)
    for _ in range(_LEVELS):  # each asks the one around it in a turn of its own
        QCoreApplication.sendPostedEvents(None, QEvent.Type.LayoutRequest)
