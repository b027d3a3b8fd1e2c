"""The figure dialog: a figure for paper, seen as it will be printed, saved, copied, or made of all units."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from qtpy.QtCore import QMimeData, QSignalBlocker, Qt, QTimer
from qtpy.QtGui import QGuiApplication, QImage, QPixmap, QResizeEvent
from qtpy.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QLabel,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from glmengine.errors import GlmError
from glmengine.sentences import as_shown
from glmgui.dialogs.figure_form import FigureForm
from glmgui.plots.base import Plot
from glmgui.screen_room import resize_on_screen
from glmgui.shown_folder import show_folder
from glmgui.widgets.controls import allow, button
from glmgui.widgets.layout import Framed, row
from glmgui.widgets.messages import MessageLine
from glmgui.widgets.page import ExplainsWords
from glmgui.widgets.texts import ElidedLabel, hint
from glmgui.work.figure_making import FigureMaking, Preview, Subject

_WAIT_MS = 250  # after the last change, before it is drawn
_DRAWING = "drawing\u2026"
_THIS_PLOT = "this plot"
_ALL = "Every figure of every unit, in this size and style, into a folder"
_ROOM = (940, 620)


class FigureDialog(ExplainsWords, QDialog):
    """One of the plots on the screen, or a figure of the result.

    Parameters
    ----------
    plots : sequence of Plot
        The first one is shown first.
    making : FigureMaking
    parent : QWidget
    """

    def __init__(self, plots: Sequence[Plot], making: FigureMaking, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("figure_dialog")
        self.setWindowTitle("Figure for paper")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._making = making
        self._subjects: list[Subject] = []
        self._seen: Preview | None = None
        self._pixmap = QPixmap()
        self._turn = QTimer(self)
        self._turn.setSingleShot(True)
        self._turn.setInterval(_WAIT_MS)
        self._turn.timeout.connect(self._draw)
        self._plots = {
            self._title_of(plot, number): (plot.proposed_name, plot.drawing(), plot.subject) for number, plot in enumerate(plots)
        }
        self._make_controls()
        self._lay_out()
        self._connect()
        self._plot_changed()
        self._name_folder()
        resize_on_screen(self, *_ROOM)

    @staticmethod
    def _title_of(plot: Plot, number: int) -> str:
        title = as_shown(plot.title) or plot.objectName().replace("_", " ")
        return f"{plot.subject}: {title}" if plot.subject and plot.subject not in title else title if number == 0 else f"{title}"

    # Building

    def _make_controls(self) -> None:
        self.form = FigureForm(list(self._plots), self._making.choice, self)
        self.fault = MessageLine("figure_fault", self)
        self.size_said = hint("", self)
        self._saved_line = QWidget(self)
        self.saved_said = ElidedLabel(self._saved_line)
        self.saved_said.setObjectName("figure_saved")
        self.saved_said.setTextFormat(Qt.TextFormat.PlainText)
        self.open_folder = button("Open &folder", "figure_open_folder", "Show the file where it was saved", self)
        self._saved: Path | None = None
        self.picture = QLabel(self)
        self.picture.setObjectName("figure_preview")
        self.picture.setAccessibleName("The figure as it will be printed")
        self.picture.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.picture.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Ignored)
        self.picture.setMinimumSize(240, 180)
        self.picture.setText(_DRAWING)
        self.save_here = button("", "figure_save_here", "", self)
        self.save_here.setDefault(True)
        self.save_button = button("Save as\u2026", "figure_save", "Choose a name and a folder, and write the figure there", self)
        self.copy_button = button("Copy", "figure_copy", "Put the figure on the clipboard, as pixels and as SVG", self)
        self.all_button = button(
            "All figures of all units\u2026",
            "figure_all",
            _ALL,
            self,
        )
        self.close_button = button("Close", "figure_close", "Close; the settings are remembered", self)

    def _lay_out(self) -> None:
        frame = Framed(self)
        frame.setObjectName("figure_paper")
        inside = QVBoxLayout(frame)
        inside.addWidget(self.picture, 1)
        right = QVBoxLayout()
        right.addWidget(frame, 1)
        right.addWidget(self.size_said)
        line = row(self.saved_said, self.open_folder)
        line.setStretch(0, 1)
        self._saved_line.setLayout(line)
        self._saved_line.hide()
        right.addWidget(self._saved_line)
        right.addWidget(self.fault)
        top = QHBoxLayout()
        top.addWidget(self.form)
        top.addLayout(right, 1)
        box = QVBoxLayout(self)
        box.setContentsMargins(12, 12, 12, 12)
        box.addLayout(top, 1)
        box.addLayout(
            row(self.all_button, None, self.close_button, self.copy_button, self.save_button, self.save_here, spacing=8)
        )

    def _connect(self) -> None:
        self.form.plot.currentIndexChanged.connect(self._plot_changed)
        self.form.changed.connect(self._changed)
        self.save_button.clicked.connect(self._save)
        self.save_here.clicked.connect(self._save_here)
        self.copy_button.clicked.connect(self._copy)
        self.all_button.clicked.connect(self._save_all)
        self.close_button.clicked.connect(self.close)
        self.open_folder.clicked.connect(self._open_folder)
        self._making.begun.connect(self._saving)
        self._making.made.connect(self._made)
        self._making.not_made.connect(self._not_made)

    # What is asked

    @property
    def subject(self) -> Subject:
        return self._subjects[max(self.form.show_what.currentIndex(), 0)]

    @property
    def preview(self) -> Preview | None:
        """What was drawn last."""
        return self._seen

    def _plot_changed(self, *_: object) -> None:
        if not self._plots:
            return
        title = self.form.plot.currentText()
        self._subjects = self._making.subjects(title, *self._plots[title])
        with QSignalBlocker(self.form.show_what):
            self.form.show_what.clear()
            self.form.show_what.addItems([_THIS_PLOT, *(subject.title for subject in self._subjects[1:])])
            for number, subject in enumerate(self._subjects):
                self.form.show_what.setItemData(number, subject.title, Qt.ItemDataRole.ToolTipRole)
        why = self._making.why_none_of_all
        allow(self.all_button, not why, why)
        self._changed()

    def _changed(self, *_: object) -> None:
        self._say_drawing()
        self._turn.start()

    # The figure

    def _say_drawing(self) -> None:
        """Say it in place of the figure where there is none yet, below it where it is about to change."""
        first = self._pixmap.isNull()
        if first:
            self.picture.setText(_DRAWING)
        self.size_said.setText("" if first else _DRAWING)

    def _draw(self) -> None:
        if self._subjects:
            self._making.preview(self.subject, self.form.choice, self._take, self._say)

    def _take(self, preview: Preview) -> None:
        self.fault.clear()
        self._seen = preview
        self._pixmap = QPixmap()
        self._pixmap.loadFromData(preview.png)
        self.size_said.setText(f"{preview.width:.1f} \u00d7 {preview.height:.1f} mm")
        self.form.offer_parts(preview.parts)
        self._fit()

    def _fit(self) -> None:
        if self._pixmap.isNull():
            return
        ratio = self.devicePixelRatioF()
        room = self.picture.size() * ratio
        scaled = self._pixmap
        if scaled.width() > room.width() or scaled.height() > room.height():
            scaled = scaled.scaled(room, Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation)
        else:
            scaled = QPixmap(scaled)
        scaled.setDevicePixelRatio(ratio)
        self.picture.setPixmap(scaled)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _say(self, error: BaseException) -> None:
        self.fault.show_error(error.message if isinstance(error, GlmError) else f"{type(error).__name__}: {error}")
        self.picture.clear()
        self._pixmap = QPixmap()
        self.size_said.clear()

    def _saving(self) -> None:
        """Say that a figure is being written, which takes seconds the first time."""
        self.saved_said.setText("saving\u2026")
        self.open_folder.setEnabled(False)
        self._saved_line.show()

    def _not_made(self, error: BaseException | None) -> None:
        self._saved_line.hide()
        if error is not None:
            self.fault.show_error(error.message if isinstance(error, GlmError) else f"{type(error).__name__}: {error}")

    def _made(self, path: Path) -> None:
        self._saved = path
        self.saved_said.setText(f"Saved to {path}")
        self.open_folder.setEnabled(True)
        self._saved_line.show()
        self._name_folder()

    def _open_folder(self) -> None:
        if self._saved is not None:
            show_folder(self._saved)

    def _name_folder(self) -> None:
        """Say on the button where a figure goes without a question."""
        folder = self._making.folder
        self.save_here.setText(f"Save in folder \u201c{folder.name or folder}\u201d".replace("&", "&&"))
        self.save_here.setAccessibleName(f"Save in folder {folder}")
        self.save_here.setToolTip(f"Write the figure into {folder}, under a name of its own")

    def _save_here(self) -> None:
        self._remember()
        self._making.save_in(self.subject, self.form.choice, self._making.folder)

    def _save(self) -> None:
        self._remember()
        self._making.save(self.subject, self.form.choice)

    def _save_all(self) -> None:
        self._remember()
        self._making.save_all(self.form.choice)

    def _copy(self) -> None:
        self._remember()
        self._making.render(self.subject, self.form.choice, (".png", ".svg"), self._put_on_clipboard, self._say)

    def _put_on_clipboard(self, content: dict[str, bytes]) -> None:
        data = QMimeData()
        data.setImageData(QImage.fromData(content[".png"]))
        data.setData("image/svg+xml", content[".svg"])
        QGuiApplication.clipboard().setMimeData(data)
        self.size_said.setText("copied to the clipboard")

    def _remember(self) -> None:
        self._making.choice = self.form.choice

    def done(self, result: int) -> None:
        self._remember()
        self._turn.stop()
        super().done(result)
