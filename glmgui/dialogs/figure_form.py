"""How a figure is drawn: which plot, its size, font, style, parts and format, as a form."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from qtpy.QtCore import QSignalBlocker, Qt, Signal
from qtpy.QtWidgets import QCheckBox, QComboBox, QDoubleSpinBox, QFormLayout, QGridLayout, QWidget

from glmengine.figures.style import STANDARD
from glmgui.file_dialogs import file_to_open
from glmgui.still_fields import StillCombo, StillDouble
from glmgui.widgets.form_scroll import FormScroll
from glmgui.work.figure_making import FORMATS, FigureChoice

_OWN = "Own"
_OTHER_STYLE = "Open a style file\u2026"
_WIDTH = 330  # pixels
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


class FigureForm(FormScroll):
    """What a figure shows and how.

    Parameters
    ----------
    plots : sequence of str
        Titles of the plots on the screen.
    choice : FigureChoice
        What the controls say at first.
    parent : QWidget

    Signals
    -------
    changed
        A control says something else than before; not those that say which plot.
    """

    changed = Signal()

    def __init__(self, plots: Sequence[str], choice: FigureChoice, parent: QWidget | None = None) -> None:
        controls = QWidget(parent)
        super().__init__(controls, "figure_form", parent)
        self._make_controls(plots)
        self._lay_out(controls)
        self._take_choice(choice)
        self._connect()
        self.setFixedWidth(_WIDTH)

    def _make_controls(self, plots: Sequence[str]) -> None:
        self.plot = self._box("figure_plot", "Plot on the screen", plots)
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

    def _lay_out(self, controls: QWidget) -> None:
        form = QFormLayout(controls)
        form.setContentsMargins(0, 0, 8, 0)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        shown = QGridLayout()  # in columns: a box stands nearer to its own word than to the one before it
        shown.setVerticalSpacing(2)
        shown.setHorizontalSpacing(self.fontMetrics().horizontalAdvance("mm"))
        shown.setColumnStretch(2, 1)
        for at, check in enumerate(self.shown.values()):
            shown.addWidget(check, *divmod(at, 2))
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

    def _connect(self) -> None:
        self.show_what.currentIndexChanged.connect(self.changed)
        self.columns.currentIndexChanged.connect(self._columns_changed)
        self.width_mm.valueChanged.connect(self._width_changed)
        self.style_box.activated.connect(self._style_chosen)
        for number in (self.height_mm, self.font_size, self.dpi):
            number.valueChanged.connect(self.changed)
        for name, check in self.shown.items():
            check.toggled.connect(partial(self._part_ticked, name))
        self.format.currentIndexChanged.connect(self.changed)

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

    def _part_ticked(self, name: str, on: bool) -> None:
        self._wanted[name] = on
        self.changed.emit()

    def offer_parts(self, there: frozenset[str]) -> None:
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
        self.changed.emit()

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
        self.changed.emit()

    def _add_style(self, path: str) -> None:
        at = self.style_box.findData(path)
        if at < 0:
            at = self.style_box.count() - 1
            self.style_box.insertItem(at, Path(path).stem, path)
            self.style_box.setItemData(at, path, Qt.ItemDataRole.ToolTipRole)
        self.style_box.setCurrentIndex(at)
