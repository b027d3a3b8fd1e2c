"""The figure dialog: a figure for paper, seen as it will be printed, saved, copied, or made of all units."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from qtpy.QtCore import QMimeData, QSignalBlocker, Qt, QTimer
from qtpy.QtGui import QGuiApplication, QImage, QPixmap, QResizeEvent
from qtpy.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDoubleSpinBox,
    QFormLayout,
    QFrame,
    QHBoxLayout,
    QLabel,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from glmengine.errors import GlmError
from glmengine.figures.style import STANDARD
from glmengine.sentences import as_shown
from glmgui.file_dialogs import file_to_open
from glmgui.plots.base import Plot
from glmgui.screen_room import resize_on_screen
from glmgui.shown_folder import show_folder
from glmgui.still_fields import StillCombo, StillDouble
from glmgui.widgets.controls import allow, button
from glmgui.widgets.form_scroll import FormScroll
from glmgui.widgets.layout import row
from glmgui.widgets.messages import MessageLine
from glmgui.widgets.page import ExplainsWords
from glmgui.widgets.texts import ElidedLabel, hint
from glmgui.work.figure_making import FORMATS, FigureChoice, FigureMaking, Preview, Subject

_WAIT_MS = 250  # after the last change, before it is drawn
_DRAWING = "drawing\u2026"
_THIS_PLOT = "this plot"
_ALL = "Every figure of every unit, in this size and style, into a folder"
_NONE_OF_UNITS = "Nothing is fitted yet: these are figures of the result of a fit."
_OWN = "Own"
_OTHER_STYLE = "Open a style file\u2026"
_ROOM = (940, 620)
_PARTS = {
    "title": ("Title", "Recording, unit, and titles of the panels", "This figure has no title"),
    "legend": ("Legend", "What the lines are", "This figure has no lines that a legend would tell apart"),
    "bands": (
        "Intervals",
        "Intervals around curves: 95 %, or one standard error where the legend says so",
        "This figure has no intervals",
    ),
    "data": ("Data", "What was recorded, beside the model", "This figure has nothing recorded that could be left out"),
}
"""What can be left out of a figure: how it is called, what it is, and what is said of a figure that lacks it."""


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
        self._take_choice(making.choice)
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
        self.plot = self._box("figure_plot", "Plot on the screen", list(self._plots))
        self.show_what = self._box("figure_show", "What is shown", [])
        for box in (self.plot, self.show_what):
            box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
            box.setMinimumContentsLength(22)
        self.columns = self._box("figure_columns", "Width by columns", ["One column", "Two columns", _OWN])
        self.width_mm = self._number("figure_width", "Width", " mm", 20.0, 2000.0, 1)
        self.height_mm = self._number("figure_height", "Height", " mm", 0.0, 2000.0, 1)
        self.height_mm.setSpecialValueText("as it needs")
        self.font_size = self._number("figure_font_size", "Font size", " pt", 0.0, 24.0, 1)
        self.font_size.setSpecialValueText("of the style")
        self.style_box = self._box("figure_style", "Style", ["Standard", _OTHER_STYLE])
        self.shown = {name: self._check(f"figure_{name}", text, tooltip) for name, (text, tooltip, _) in _PARTS.items()}
        self._wanted = dict.fromkeys(_PARTS, True)  # also of parts that this figure does not have
        self.format = self._box("figure_format", "Format", list(FORMATS.values()))
        self.dpi = self._number("figure_dpi", "Resolution", " dpi", 20.0, 2400.0, 0)
        self.dpi.setToolTip("Of PNG and TIFF, and of maps and dense rasters within PDF and SVG")
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

    def _box(self, name: str, said: str, texts: Sequence[str]) -> QComboBox:
        box = StillCombo(self)
        box.setObjectName(name)
        box.setAccessibleName(said)
        box.addItems(texts)
        return box

    def _number(self, name: str, said: str, suffix: str, low: float, high: float, decimals: int) -> QDoubleSpinBox:
        made = StillDouble(self)
        made.setObjectName(name)
        made.setAccessibleName(said)
        made.setSuffix(suffix)
        made.setRange(low, high)
        made.setDecimals(decimals)
        made.setKeyboardTracking(False)
        return made

    def _check(self, name: str, text: str, tooltip: str) -> QCheckBox:
        made = QCheckBox(text, self)
        made.setObjectName(name)
        made.setAccessibleName(text)
        made.setToolTip(tooltip)
        return made

    def _lay_out(self) -> None:
        controls = QWidget(self)
        form = QFormLayout(controls)
        form.setContentsMargins(0, 0, 8, 0)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        shown = QVBoxLayout()
        shown.setSpacing(2)
        shown.addLayout(row(self.shown["title"], self.shown["legend"], None))
        shown.addLayout(row(self.shown["bands"], self.shown["data"], None))
        for text, field in (
            ("Plot", self.plot),
            ("Show", self.show_what),
            ("", shown),
            ("Columns", self.columns),
            ("Width", self.width_mm),
            ("Height", self.height_mm),
            ("Font size", self.font_size),
            ("Style", self.style_box),
            ("Format", self.format),
            ("Resolution", self.dpi),
        ):
            form.addRow(text, field)
        scroll = FormScroll(controls, "figure_form", self)
        scroll.setFixedWidth(330)
        frame = QFrame(self)
        frame.setObjectName("figure_paper")
        frame.setFrameShape(QFrame.Shape.StyledPanel)
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
        top.addWidget(scroll)
        top.addLayout(right, 1)
        box = QVBoxLayout(self)
        box.setContentsMargins(12, 12, 12, 12)
        box.addLayout(top, 1)
        box.addLayout(
            row(self.all_button, None, self.close_button, self.copy_button, self.save_button, self.save_here, spacing=8)
        )

    def _connect(self) -> None:
        self.plot.currentIndexChanged.connect(self._plot_changed)
        self.show_what.currentIndexChanged.connect(self._changed)
        self.columns.currentIndexChanged.connect(self._columns_changed)
        self.width_mm.valueChanged.connect(self._width_changed)
        self.style_box.activated.connect(self._style_chosen)
        for number in (self.height_mm, self.font_size, self.dpi):
            number.valueChanged.connect(self._changed)
        for name, check in self.shown.items():
            check.toggled.connect(partial(self._part_ticked, name))
        self.format.currentIndexChanged.connect(self._changed)
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
        return self._subjects[max(self.show_what.currentIndex(), 0)]

    @property
    def choice(self) -> FigureChoice:
        """What the controls say."""
        return FigureChoice(
            width=self.width_mm.value(),
            height=self.height_mm.value() if self.height_mm.value() >= 20.0 else 0.0,
            font_size=self.font_size.value() if self.font_size.value() >= 4.0 else 0.0,
            style_file=str(self.style_box.currentData() or ""),
            show_title=self._wanted["title"],
            show_legend=self._wanted["legend"],
            show_bands=self._wanted["bands"],
            show_data=self._wanted["data"],
            ending=list(FORMATS)[self.format.currentIndex()],
            dpi=self.dpi.value(),
        )

    @property
    def preview(self) -> Preview | None:
        """What was drawn last."""
        return self._seen

    def _take_choice(self, choice: FigureChoice) -> None:
        self.width_mm.setValue(choice.width or STANDARD.one_column)
        self.height_mm.setValue(choice.height)
        self.font_size.setValue(choice.font_size)
        for name, on in (
            ("title", choice.show_title),
            ("legend", choice.show_legend),
            ("bands", choice.show_bands),
            ("data", choice.show_data),
        ):
            self._wanted[name] = on
            self.shown[name].setChecked(on)
        self.format.setCurrentIndex(list(FORMATS).index(choice.ending))
        self.dpi.setValue(choice.dpi)
        if choice.style_file and Path(choice.style_file).is_file():
            self._add_style(choice.style_file)
        self._name_columns()

    def _plot_changed(self, *_: object) -> None:
        if not self._plots:
            return
        title = self.plot.currentText()
        self._subjects = self._making.subjects(title, *self._plots[title])
        with QSignalBlocker(self.show_what):
            self.show_what.clear()
            self.show_what.addItems([_THIS_PLOT, *(subject.title for subject in self._subjects[1:])])
            for number, subject in enumerate(self._subjects):
                self.show_what.setItemData(number, subject.title, Qt.ItemDataRole.ToolTipRole)
        several = any(subject.figure is not None for subject in self._subjects)
        allow(self.all_button, several, _NONE_OF_UNITS)
        self._changed()

    def _changed(self, *_: object) -> None:
        self._say_drawing()
        self._turn.start()

    def _part_ticked(self, name: str, on: bool) -> None:
        self._wanted[name] = on
        self._changed()

    def _offer_parts(self, there: frozenset[str]) -> None:
        """Let be ticked what the figure has; what it lacks is remembered for the next one."""
        for name, check in self.shown.items():
            _, tooltip, lacks = _PARTS[name]
            check.setEnabled(name in there)
            check.setToolTip(tooltip if name in there else lacks)
            with QSignalBlocker(check):
                check.setChecked(name in there and self._wanted[name])

    def _columns_changed(self, number: int) -> None:
        widths = (STANDARD.one_column, STANDARD.two_columns)
        if number < len(widths):
            self.width_mm.setValue(widths[number])

    def _width_changed(self, *_: object) -> None:
        self._name_columns()
        self._changed()

    def _name_columns(self) -> None:
        widths = [STANDARD.one_column, STANDARD.two_columns]
        with QSignalBlocker(self.columns):
            self.columns.setCurrentIndex(widths.index(self.width_mm.value()) if self.width_mm.value() in widths else len(widths))

    def _style_chosen(self, number: int) -> None:
        if self.style_box.itemText(number) == _OTHER_STYLE:
            path = file_to_open(self, "Open a style file", "", "Style (*.toml)")
            if path:
                self._add_style(path)
            else:
                self.style_box.setCurrentIndex(0)
        self._changed()

    def _add_style(self, path: str) -> None:
        at = self.style_box.findData(path)
        if at < 0:
            at = self.style_box.count() - 1
            self.style_box.insertItem(at, Path(path).stem, path)
            self.style_box.setItemData(at, path, Qt.ItemDataRole.ToolTipRole)
        self.style_box.setCurrentIndex(at)

    # The figure

    def _say_drawing(self) -> None:
        """Say it in place of the figure where there is none yet, below it where it is about to change."""
        first = self._pixmap.isNull()
        if first:
            self.picture.setText(_DRAWING)
        self.size_said.setText("" if first else _DRAWING)

    def _draw(self) -> None:
        if self._subjects:
            self._making.preview(self.subject, self.choice, self._take, self._say)

    def _take(self, preview: Preview) -> None:
        self.fault.clear()
        self._seen = preview
        self._pixmap = QPixmap()
        self._pixmap.loadFromData(preview.png)
        self.size_said.setText(f"{preview.width:.1f} \u00d7 {preview.height:.1f} mm")
        self._offer_parts(preview.parts)
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
        self._making.save_in(self.subject, self.choice, self._making.folder)

    def _save(self) -> None:
        self._remember()
        self._making.save(self.subject, self.choice)

    def _save_all(self) -> None:
        self._remember()
        self._making.save_all(self.choice)

    def _copy(self) -> None:
        self._remember()
        self._making.render(self.subject, self.choice, (".png", ".svg"), self._put_on_clipboard, self._say)

    def _put_on_clipboard(self, content: dict[str, bytes]) -> None:
        data = QMimeData()
        data.setImageData(QImage.fromData(content[".png"]))
        data.setData("image/svg+xml", content[".svg"])
        QGuiApplication.clipboard().setMimeData(data)
        self.size_said.setText("copied to the clipboard")

    def _remember(self) -> None:
        self._making.choice = self.choice

    def done(self, result: int) -> None:
        self._remember()
        self._turn.stop()
        super().done(result)
