"""The assistant for files without a standard: their arrays, forms that say what these are, and what comes of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from qtpy.QtCore import QSignalBlocker, Qt, QTimer
from qtpy.QtGui import QFontDatabase
from qtpy.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QHBoxLayout,
    QHeaderView,
    QMenu,
    QPlainTextEdit,
    QScrollArea,
    QSplitter,
    QTableWidget,
    QTableWidgetItem,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from glmengine.errors import GlmError
from glmengine.io.recipe.other_clock import with_other_clock
from glmengine.io.recipe.recipe import Recipe
from glmengine.io.recipe_assistant import Assistance, FurtherFile, arrays_beside, files_beside, with_further
from glmengine.recording.doubt import OtherClock
from glmengine.sentences import capitalised, listed
from glmgui.copying import TableCopying
from glmgui.dialogs.recipe_forms import RecipeForms, first_recipe
from glmgui.dialogs.recipe_preview import RecipePreview
from glmgui.file_dialogs import file_to_open
from glmgui.forms import pending
from glmgui.jobs import Jobs
from glmgui.screen_room import resize_on_screen
from glmgui.widgets.columns import Columns
from glmgui.widgets.controls import button
from glmgui.widgets.form_scroll import FormScroll
from glmgui.widgets.layout import column, row
from glmgui.widgets.messages import MessageLine
from glmgui.widgets.page import ExplainsWords
from glmgui.widgets.sizes import keep_wide
from glmgui.widgets.tables import align_headings
from glmgui.widgets.texts import heading, hint

_PAUSE_MS = 250
_MOST_OFFERED = 15
_LONGEST_NAME = 28  # on a button
_LEAST_ARRAYS = 230  # pixels
_NOTHING_RECOGNISED = "Nothing here looks like spike times or counts: say which array they are."
_MORE = "Offer also what another file in the same folder holds, such as tracking beside spikes"

_SEVERAL = "The files are taken as parts of one recording."
_SESSIONS = "If each is a recording of its own, cancel, and open one and then the others with 'Add session' of the File menu."
_UNASKED = "The second lies beside the first and seems to belong to it; leave it out if it is of another recording."

_COLUMNS = ("Array", "Shape", "Holds", "Begins with")


class RecipeDialog(ExplainsWords, QDialog):
    """The arrays and what comes of them on the left, forms and the recipe as text on the right; `text` is the recipe when accepted.

    Before what was entered is lost, `may_lose` is asked with the dialog.
    """

    def __init__(
        self,
        assistance: Assistance,
        text: str = "",
        fault: str = "",
        parent: QWidget | None = None,
        jobs: Jobs | None = None,
        may_lose: Callable[[QWidget], bool] | None = None,
    ) -> None:
        super().__init__(parent)
        self._may_lose = may_lose
        self.setObjectName("recipe_dialog")
        self.setWindowTitle("What is in this file?")
        resize_on_screen(self, 1120, 660)
        self.table = self._table()
        self.editor = QPlainTextEdit(text or assistance.recipe, self)
        self.editor.setObjectName("recipe_text")
        self.editor.setAccessibleName("Recipe")
        self.editor.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.editor.setTabChangesFocus(True)
        self.forms = RecipeForms(assistance.arrays, self)
        self.preview = RecipePreview(assistance.path, jobs, self)
        self.message = MessageLine("recipe_message", self)
        self._path, self._arrays, self._jobs = assistance.path, assistance.arrays, jobs
        self.more = button("Add a file\u2026", "recipe_more", _MORE, self)
        self.more.setVisible(jobs is not None)
        self._files = QMenu(self.more)
        self._files.aboutToShow.connect(self._list_files)
        self.more.setMenu(self._files)
        self._beside: tuple[Path, ...] = ()
        self.likeliest = button("", "recipe_likeliest", _MORE, self)
        self.likeliest.hide()  # until it is known what lies beside the file
        use = button("Open", "recipe_use", "Open the file with this recipe", self)
        leave = button("Cancel", "recipe_cancel", "Do not open the file", self)
        use.setDefault(True)
        kept = (
            "This recipe opened a file with the same arrays before."
            if assistance.remembered
            else "This is a first draft: read it through."
        )
        box = QVBoxLayout(self)
        box.setContentsMargins(16, 16, 16, 12)
        box.setSpacing(10)
        files = assistance.files
        several = len(files) > 1
        named = f"{listed(files, 4)}: say what their arrays are."
        alone = f"{files[0]} ({assistance.format}): say what its arrays are."
        self.title = heading(named if several else alone, self)
        box.addWidget(self.title)
        taken = f" {_SEVERAL} {_SESSIONS if assistance.alone is None else _UNASKED}" if several else ""
        self.said = hint(
            f"{kept} Choose among the arrays on the left what is what, and look below them at what comes of it.{taken}", self
        )
        self.said.setObjectName("recipe_said")
        box.addWidget(self.said)
        self._alone, self._said_alone = assistance.alone, alone
        self.leave_out = button("", "recipe_leave_out", "Open the file by itself", self)
        self.leave_out.setVisible(self._alone is not None)
        if self._alone is not None:
            self.leave_out.setText(f"Leave out {_in_short(files[1])}")
            self.leave_out.setAccessibleName(f"Leave out {files[1]}")
        left = QSplitter(Qt.Orientation.Vertical, self)
        upper_half = QWidget(left)
        upper = column(upper_half, margins=0)
        upper.addWidget(self.table, 1)
        upper.addLayout(row(None, self.leave_out, self.likeliest, self.more))
        left.addWidget(upper_half)
        looked = QScrollArea(left)  # of a low screen the plot is not cut: what is said of it is scrolled to
        looked.setObjectName("recipe_preview_scroll")
        looked.setFrameShape(QScrollArea.Shape.NoFrame)
        looked.setWidgetResizable(True)
        looked.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        looked.setWidget(self.preview)
        left.addWidget(looked)
        left.setSizes([220, 320])
        self.tabs = QTabWidget(self)
        self.tabs.setObjectName("recipe_tabs")
        self.tabs.addTab(FormScroll(self.forms, "recipe_scroll"), "What is what")
        self.tabs.addTab(self.editor, "Recipe as text")
        keep_wide(left, _LEAST_ARRAYS)  # for the names of the arrays, and what is said of them
        halves = Columns("recipe", "Part of the dialog that is shown", self)
        halves.add(left, "Arrays", 1)
        halves.add(self.tabs, "Recipe", 1)
        halves.splitter.setSizes([560, 540])
        box.addWidget(halves, 1)
        box.addWidget(self.message)
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        buttons.addWidget(leave)
        buttons.addWidget(use)
        box.addLayout(buttons)
        self.likeliest.clicked.connect(lambda: self.add_file(self._not_named()[0]))
        self.leave_out.clicked.connect(self._leave_out)
        self.table.cellDoubleClicked.connect(self._insert)
        self.editor.textChanged.connect(self._text_changed)
        self.forms.edited.connect(self._form_edited)
        self.preview.failed.connect(lambda error: self._say(error))
        self.preview.clock_chosen.connect(self._take_clock)
        self.tabs.currentChanged.connect(lambda _: self._fill_forms())
        self.finished.connect(lambda _: self.preview.leave())
        use.clicked.connect(self.accept)
        leave.clicked.connect(self.reject)
        self._fill_table()
        self._wait = QTimer(self)
        self._wait.setSingleShot(True)
        self._wait.setInterval(_PAUSE_MS)
        self._wait.timeout.connect(self._try)
        self._begin(assistance)
        self._fill_forms()
        self._text_at_first = self.text
        if fault:
            self.message.show_error(fault)
        self._wait.start()
        if jobs is not None:
            self.finished.connect(lambda _: jobs.drop("recipe-beside"))
            jobs.submit(
                "Looking for files beside",
                lambda context: files_beside(assistance.path),
                self._beside_found,
                lambda error: self._offer_likeliest(),  # a folder that cannot be listed has nothing to offer
                key="recipe-beside",
                quiet=True,
            )

    @property
    def text(self) -> str:
        return self.editor.toPlainText()

    def _fill_forms(self) -> None:
        """Bring the forms to what the text says; while it says nothing that can be read, they hold nothing and can be changed in nothing."""
        try:
            recipe = Recipe.from_toml(self.text)
        except GlmError as error:
            self.forms.setEnabled(False)
            self._say(error)
            return
        self.forms.setEnabled(True)
        self.forms.set_recipe(recipe)

    def _begin(self, assistance: Assistance) -> None:
        """Where nothing was recognised, begin with something to correct, in the text and in the forms alike."""
        begun = first_recipe(self._arrays, assistance.first_number)
        if self.text != assistance.recipe or begun is None:
            return
        try:
            Recipe.from_toml(assistance.recipe)
        except GlmError:
            with QSignalBlocker(self.editor):
                self.editor.setPlainText(begun.to_toml())
            self.message.show_warning(_NOTHING_RECOGNISED)

    def _form_edited(self, recipe: Recipe) -> None:
        self.editor.setPlainText(recipe.to_toml())

    def _take_clock(self, clock: OtherClock) -> None:
        """Take times in another unit, which was offered since they are likely to be in it."""
        self.editor.setPlainText(with_other_clock(Recipe.from_toml(self.text), clock).to_toml())
        self._fill_forms()

    def _text_changed(self) -> None:
        self.message.clear()
        self._offer_likeliest()
        self._wait.start()

    def _try(self) -> None:
        """Look at what the recipe makes of the file, when nothing more was changed for a moment."""
        try:
            Recipe.from_toml(self.text)
        except GlmError as error:
            self._say(error)
            return
        self.preview.show_recipe(self.text)

    def _say(self, error: Exception) -> None:
        field, message = getattr(error, "field", ""), getattr(error, "message", str(error))
        beside = capitalised(message.partition(f"field '{field}': ")[2] or message)
        if not (field and self.tabs.currentIndex() == 0 and self.forms.show_error(field, beside)):
            self.message.show_error(message)

    def accept(self) -> None:
        """Open, unless what is shown is not what would be opened."""
        reason = pending.commit(self.focusWidget())
        if self.tabs.currentIndex() == 0:
            reason = reason or pending.refused_in(self.forms)
            if reason:
                self.message.show_error(reason)
                return
        super().accept()

    def reject(self) -> None:
        """Leave the file; what was entered is lost only where somebody says so."""
        pending.commit(self.focusWidget())  # what is typed and not taken yet is entered as well
        if self.text == self._text_at_first or self._may_lose is None or self._may_lose(self):
            super().reject()

    # Further files

    def _beside_found(self, found: tuple[Path, ...]) -> None:
        self._beside = found
        self._offer_likeliest()

    def _not_named(self) -> list[Path]:
        """Of what lies beside the file, what the recipe says nothing of, the likeliest first."""
        return [other for other in self._beside if other.name not in self.text]

    def _offer_likeliest(self) -> None:
        """A button of its own for the file that belongs to this one, if any does."""
        left = self._not_named()
        self.likeliest.setVisible(bool(left))
        if left:
            self.likeliest.setText(f"Add {_in_short(left[0].name)}")
            self.likeliest.setToolTip(f"{left[0].name}: {_MORE[:1].lower()}{_MORE[1:]}")
            self.likeliest.setAccessibleName(f"Add {left[0].name}")

    def _leave_out(self) -> None:
        """Take the file by itself, with nothing of the one that was found beside it."""
        self._arrays, text = self._alone.arrays, self._alone.recipe
        self.leave_out.hide()
        self.title.setText(self._said_alone)
        self.said.setText(self.said.text().partition(f" {_SEVERAL}")[0])
        self._fill_table()
        self.forms.set_arrays(self._arrays)
        self.editor.setPlainText(text)
        self._fill_forms()

    def _list_files(self) -> None:
        """What lies beside the file, and a way to choose."""
        self._files.clear()
        for other in self._beside[:_MOST_OFFERED]:
            self._files.addAction(other.name, lambda other=other: self.add_file(other))
        self._files.addSeparator()
        self._files.addAction("Another file\u2026", self._ask_file)

    def _ask_file(self) -> None:
        path = file_to_open(self, "Add a file that belongs to the recording", str(self._path.parent))
        if path:
            self.add_file(Path(path))

    def add_file(self, other: Path) -> None:
        """Offer what another file in the same folder holds, such as tracking beside spikes."""
        self._jobs.submit(
            f"Looking into {other.name}",
            lambda context: arrays_beside(self._path, other),
            self._file_read,
            lambda error: self.message.show_error(getattr(error, "message", str(error))),
            key="recipe-more",
            quiet=True,
        )

    def _file_read(self, further: FurtherFile) -> None:
        """List its arrays, and begin with what they look like, to be corrected like the first draft."""
        known = {name for name, *_ in self._arrays}
        self._arrays = (*self._arrays, *(cells for cells in further.arrays if cells[0] not in known))
        self._fill_table()
        self.table.scrollToBottom()
        self.forms.set_arrays(self._arrays)
        if self.forms.recipe is not None and self.forms.isEnabled():
            self.editor.setPlainText(with_further(self.editor.toPlainText(), further))
            self._fill_forms()

    def _table(self) -> QTableWidget:
        table = QTableWidget(0, len(_COLUMNS), self)
        TableCopying(self).watch(table)
        table.setObjectName("recipe_arrays")
        table.setAccessibleName("Arrays in the file")
        table.setHorizontalHeaderLabels(_COLUMNS)
        table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        table.setTabKeyNavigation(False)  # Tab goes on to the next control
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.verticalHeader().hide()
        align_headings(table)
        return table

    def _fill_table(self) -> None:
        self.table.setRowCount(len(self._arrays))
        for at, cells in enumerate(self._arrays):
            for part, text in enumerate(cells):
                self.table.setItem(at, part, QTableWidgetItem(text))
        self.table.resizeColumnsToContents()
        self.table.horizontalHeader().setSectionResizeMode(len(_COLUMNS) - 1, QHeaderView.ResizeMode.Stretch)

    def _insert(self, row: int, _column: int) -> None:
        self.editor.insertPlainText(f'"{self.table.item(row, 0).text()}"')
        self.editor.setFocus()


def _in_short(name: str) -> str:
    """A file's name with dots in its middle where it is long."""
    half = _LONGEST_NAME // 2
    return name if len(name) <= _LONGEST_NAME else f"{name[:half]}\u2026{name[-half:]}"
