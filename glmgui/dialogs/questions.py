"""Dialogs that answer the questions of use cases."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from qtpy.QtWidgets import QAbstractItemView, QFileDialog, QInputDialog, QMessageBox, QWidget

from glmengine.sentences import numbered
from glmgui import file_dialogs
from glmgui.work.questions import Answer, Together

if TYPE_CHECKING:
    from glmengine.analysis.templates import Lesson
    from glmengine.io.recipe_assistant import Assistance
    from glmgui.jobs import Jobs
    from glmgui.work.recovery import Leftover

OPENABLE = (
    "All that can be opened (*.nwb *.npz *.glm *.toml *.nc *.mat *.csv *.tsv *.txt *.parquet *.npy *.h5 *.hdf5 *.xml);;Projects (*.glm);;Analyses (*.toml);;Results (*.nc);;"
    "NWB recordings (*.nwb);;All files (*)"
)


_MOST_NAMED = 8


class FoldersDialog(file_dialogs.FileDialog):
    """Folders with recordings: several with Ctrl or Shift, which the dialogs of no desktop allow."""

    def __init__(self, folder: str, parent: QWidget | None = None) -> None:
        super().__init__("Open folders with recordings (several with Ctrl)", folder, parent=parent, several_folders=True)
        self.setObjectName("folders_dialog")
        self.setFileMode(QFileDialog.FileMode.Directory)
        self.setOption(QFileDialog.Option.ShowDirsOnly)
        for name in ("listView", "treeView"):
            self.findChild(QAbstractItemView, name).setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)

    @property
    def chosen(self) -> list[Path]:
        return [Path(path) for path in self.selectedFiles()]


class Dialogs:
    """`glmgui.work.questions.Questions`, asked in dialogs over `parent`; tests put another object in its place."""

    def __init__(self, jobs: Jobs, parent: QWidget | None = None) -> None:
        self._jobs, self.parent = jobs, parent

    def open_path(self, folder: str) -> Path | None:
        """A file to open."""
        path = file_dialogs.file_to_open(self.parent, "Open a recording or a project", folder, OPENABLE)
        return Path(path) if path else None

    def open_paths(self, folder: str, title: str = "Open recordings or a project") -> list[Path]:
        """One or more files to open; several recordings are analysed together."""
        return [Path(path) for path in file_dialogs.files_to_open(self.parent, title, folder, OPENABLE)]

    def open_folders(self, folder: str) -> list[Path]:
        """One or more folders to open; several recordings are analysed together."""
        dialog = FoldersDialog(folder, self.parent)
        return dialog.chosen if dialog.exec() else []

    def several(self, paths: list[Path], likelier: Together) -> Together | None:
        """What several files are to each other; Enter takes what is likelier."""
        names = "\n".join(path.name for path in paths[:_MOST_NAMED]) + ("\n\u2026" if len(paths) > _MOST_NAMED else "")
        box = self._box(
            f"What are these {len(paths)} files?",
            f"{names}\n\nSessions: each is a recording of its own, of one animal, and they are analysed together.\n"
            "One recording: its spikes are in one file, and tracking, trials or events in the others.",
        )
        sessions = box.addButton("Sessions of one animal", QMessageBox.ButtonRole.AcceptRole)
        together = box.addButton("Parts of one recording", QMessageBox.ButtonRole.AcceptRole)
        box.addButton(QMessageBox.StandardButton.Cancel)
        box.setDefaultButton(together if likelier == "together" else sessions)
        box.exec()
        return "sessions" if box.clickedButton() is sessions else "together" if box.clickedButton() is together else None

    def ready_analysis(
        self, lesson: Lesson, recording: str, lacking: tuple[str, ...], changes: str = ""
    ) -> Literal["sample", "open", "take", "read"] | None:
        """How to go on with a ready analysis that cannot be filled in, or would take the place of a model."""
        from glmgui.dialogs.ready_analysis import ReadyAnalysisDialog

        dialog = ReadyAnalysisDialog(lesson, recording, lacking, changes, self.parent)
        return dialog.chosen if dialog.exec() else None

    def folder(self, title: str, start: str) -> Path | None:
        """A folder to open or to write to."""
        path = file_dialogs.folder_to_use(self.parent, title, start)
        return Path(path) if path else None

    def save_path(self, title: str, start: str, kinds: str, ending: str) -> Path | None:
        """A file to write; gets `ending` where the user gave none."""
        path, kind = file_dialogs.file_to_save(self.parent, title, start, kinds)
        if not path:
            return None
        if not Path(path).suffix:
            path += ".nc" if "*.nc" in kind else ending
            if Path(path).exists() and not self._replace(Path(path)):  # the dialog asked of the name without the ending
                return None
        return Path(path)

    def _replace(self, path: Path) -> bool:
        box = self._box(f"{path.name} exists already.", f"Replace the file in {path.parent}?")
        replace = box.addButton("Replace", QMessageBox.ButtonRole.DestructiveRole)
        stay = box.addButton(QMessageBox.StandardButton.Cancel)
        box.setDefaultButton(stay)
        box.exec()
        return box.clickedButton() is replace

    def name(self, title: str, taken: tuple[str, ...]) -> str:
        """What something is to be called."""
        text, given = QInputDialog.getItem(
            self.parent, title, "Name; one that is there already is replaced:", ["", *taken], 0, True
        )
        return text.strip() if given else ""

    def unsaved(self, project: Path | None) -> Answer:
        """What becomes of changes that are not saved."""
        name = f"'{project.stem}'" if project is not None else "this analysis"
        box = self._box(
            f"Save the changes to {name}?", "Without saving, the changes, fits and answers since the last save are lost."
        )
        save = box.addButton("Save", QMessageBox.ButtonRole.AcceptRole)
        discard = box.addButton("Do not save", QMessageBox.ButtonRole.DestructiveRole)
        box.addButton(QMessageBox.StandardButton.Cancel)
        box.setDefaultButton(save)
        box.exec()
        return "save" if box.clickedButton() is save else "discard" if box.clickedButton() is discard else "cancel"

    def stop_running(self, label: str) -> bool:
        """Whether to close in the middle of a job."""
        box = self._box("Close while work is going on?", f"'{label}' is not finished. Closing gives it up.")
        close = box.addButton("Give up and close", QMessageBox.ButtonRole.DestructiveRole)
        stay = box.addButton("Keep working", QMessageBox.ButtonRole.RejectRole)
        box.setDefaultButton(stay)
        box.exec()
        return box.clickedButton() is close

    def give_up_fit(self, label: str) -> bool:
        """Whether to give up the fit that runs, to open something else."""
        box = self._box("Give up the fit?", f"'{label}' is not finished, and its result would be lost.")
        give_up = box.addButton("Give up the fit", QMessageBox.ButtonRole.DestructiveRole)
        stay = box.addButton("Keep fitting", QMessageBox.ButtonRole.RejectRole)
        box.setDefaultButton(stay)
        box.exec()
        return box.clickedButton() is give_up

    def overwrite_changed(self, path: Path) -> bool:
        """Whether to write over a project that another program, or another window, has saved since it was opened here."""
        box = self._box(
            f"{path.name} was changed by someone else.",
            "It has been saved elsewhere since it was opened here. Writing over it loses that.",
        )
        over = box.addButton("Write over it", QMessageBox.ButtonRole.DestructiveRole)
        other = box.addButton("Save under another name\u2026", QMessageBox.ButtonRole.AcceptRole)
        box.setDefaultButton(other)
        box.setEscapeButton(other)
        box.exec()
        return box.clickedButton() is over

    def choose(self, title: str, label: str, texts: Sequence[str]) -> int | None:
        """Which of several texts."""
        text, given = QInputDialog.getItem(self.parent, title, f"{label}:", list(texts), 0, False)
        return list(texts).index(text) if given else None

    def replace_files(self, folder: Path, what: str = "figures") -> bool:
        """Whether figures, or results, of the same names in a folder that is there may be replaced."""
        box = self._box(
            f"{folder.name} holds {what} already.",
            f"{what.capitalize()} of the same names in {folder} are replaced; other files stay.",
        )
        replace = box.addButton(f"Replace {what}", QMessageBox.ButtonRole.DestructiveRole)
        stay = box.addButton("Choose another folder", QMessageBox.ButtonRole.RejectRole)
        box.setDefaultButton(stay)
        box.setEscapeButton(stay)
        box.exec()
        return box.clickedButton() is replace

    def run_code(self, names: list[str]) -> bool:
        """Whether functions that the analysis names may be imported and run."""
        listed = "\n".join(names)
        box = self._box(
            "Run code that this analysis names?",
            f"It uses functions that are no part of this program:\n\n{listed}\n\nCode can do anything that you can do. "
            "Allow it only if you know where it comes from. A yes holds until the window is closed.",
        )
        allow = box.addButton("Allow", QMessageBox.ButtonRole.AcceptRole)
        refuse = box.addButton("Do not run it", QMessageBox.ButtonRole.RejectRole)
        box.setDefaultButton(refuse)
        box.setEscapeButton(refuse)
        box.exec()
        return box.clickedButton() is allow

    def recipe(self, assistance: Assistance, text: str, fault: str) -> str | None:
        """What the arrays of a file are, as TOML; None to leave the file."""
        from glmgui.dialogs.recipe import RecipeDialog

        dialog = RecipeDialog(assistance, text, fault, self.parent, self._jobs, self.may_lose_entries)
        return dialog.text if dialog.exec() else None

    def may_lose_entries(self, dialog: QWidget) -> bool:
        """Whether what was entered in a dialog may be lost."""
        box = self._box("Leave this file without opening it?", "What you have said of its arrays will be lost.", dialog)
        lose = box.addButton("Leave it", QMessageBox.ButtonRole.DestructiveRole)
        stay = box.addButton("Go on", QMessageBox.ButtonRole.RejectRole)
        box.setDefaultButton(stay)
        box.setEscapeButton(stay)
        box.exec()
        return box.clickedButton() is lose

    def locate(self, missing: Path, name: str) -> Path | None:
        """Where a recording is now; None to open the project without it."""
        from glmgui.dialogs.locate import LocateDialog

        dialog = LocateDialog(missing, name, self.parent)
        return dialog.chosen if dialog.exec() else None

    def use_other_recording(self, found: Path | None, name: str) -> bool:
        """Whether to use a recording whose content is not that of the one the project was made with."""
        box = self._box(
            f"The content of {found.name if found is not None else name} has changed.",
            "It is not the recording that this project was made with. Its result will be shown as out of date until the next fit.",
        )
        use = box.addButton("Use it", QMessageBox.ButtonRole.AcceptRole)
        box.addButton("Choose another\u2026", QMessageBox.ButtonRole.RejectRole)
        box.exec()
        return box.clickedButton() is use

    def recover(self, leftovers: list[Leftover]) -> tuple[Leftover | None, bool]:
        """Which of the sessions that ended without saving to open, and whether the others are to be removed."""
        import time

        latest = leftovers[0]
        when = time.strftime("%d %B, %H:%M", time.localtime(latest.when))
        others = len(leftovers) - 1
        more = f" ({numbered(others, 'older one')} {'is' if others == 1 else 'are'} kept until you decide.)" if others else ""
        box = self._box("The program ended without saving.", f"Unsaved changes to '{latest.title}' of {when} were kept.{more}")
        recover = box.addButton("Recover", QMessageBox.ButtonRole.AcceptRole)
        discard = box.addButton("Throw away", QMessageBox.ButtonRole.DestructiveRole)
        later = box.addButton("Later", QMessageBox.ButtonRole.RejectRole)
        box.setDefaultButton(recover)
        box.setEscapeButton(later)
        box.exec()
        return (latest if box.clickedButton() is recover else None, box.clickedButton() is discard)

    def _box(self, text: str, more: str, over: QWidget | None = None) -> QMessageBox:
        box = QMessageBox(over or self.parent)
        box.setIcon(QMessageBox.Icon.Question)
        box.setWindowTitle("glmgui")
        box.setText(text)
        box.setInformativeText(more)
        return box
