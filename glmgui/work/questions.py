"""Questions that use cases put to the user."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from glmengine.analysis.templates import Lesson
    from glmengine.io.recipe_assistant import Assistance
    from glmgui.work.recovery import Leftover

Answer = Literal["save", "discard", "cancel"]
Together = Literal["sessions", "together"]
"""Recordings of one animal, or parts of one recording."""


class Questions(Protocol):
    """One method a question; None, False and "cancel" leave everything as it is."""

    def open_path(self, folder: str) -> Path | None:
        """A file to open."""

    def open_paths(self, folder: str, title: str = "Open recordings or a project") -> list[Path]:
        """One or more files to open; none to leave it."""

    def open_folders(self, folder: str) -> list[Path]:
        """One or more folders to open; none to leave it."""

    def several(self, paths: list[Path], likelier: Together) -> Together | None:
        """What several files are to each other: recordings of one animal, or parts of one recording."""

    def ready_analysis(
        self, lesson: Lesson, recording: str, lacking: tuple[str, ...], changes: str = ""
    ) -> Literal["sample", "open", "take", "read"] | None:
        """How to go on with a ready analysis: nothing is open (`recording` empty), something is `lacking`, or it `changes` what is open."""

    def folder(self, title: str, start: str) -> Path | None:
        """A folder to open or to write to."""

    def save_path(self, title: str, start: str, kinds: str, ending: str) -> Path | None:
        """A file to write; gets `ending` where the user gave none."""

    def name(self, title: str, taken: tuple[str, ...]) -> str:
        """What something is to be called; empty to leave it. Those that are `taken` are replaced."""

    def unsaved(self, project: Path | None) -> Answer:
        """What becomes of changes that are not saved."""

    def stop_running(self, label: str) -> bool:
        """Whether to close in the middle of a job."""

    def give_up_fit(self, label: str) -> bool:
        """Whether to give up the fit that runs, to open something else."""

    def overwrite_changed(self, path: Path) -> bool:
        """Whether to write over a project that has been saved elsewhere since it was opened here."""

    def run_code(self, names: list[str]) -> bool:
        """Whether functions that the analysis names may be imported and run."""

    def choose(self, title: str, label: str, texts: Sequence[str]) -> int | None:
        """Which of several texts; None to leave it."""

    def replace_files(self, folder: Path, what: str = "figures") -> bool:
        """Whether figures, or results, of the same names in a folder that is there may be replaced."""

    def recipe(self, assistance: Assistance, text: str, fault: str) -> str | None:
        """What the arrays of a file are, as TOML; None to leave the file."""

    def locate(self, missing: Path, name: str) -> Path | None:
        """Where a recording is now; None to open the project without it."""

    def use_other_recording(self, found: Path | None, name: str) -> bool:
        """Whether to use a recording whose content is not that of the one the project was made with."""

    def recover(self, leftovers: list[Leftover]) -> tuple[Leftover | None, bool]:
        """Which of the sessions that ended without saving to open, and whether the latest is to be thrown away."""
