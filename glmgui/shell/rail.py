"""The rail of steps on the left, each with a word on what stands in it."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import QEvent, QSize, Qt, Signal
from qtpy.QtGui import QFontMetrics, QResizeEvent
from qtpy.QtWidgets import QButtonGroup, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from glmgui import theme
from glmgui.steps import Step
from glmgui.work.use_cases import UseCases

START = "start"
"""What is picked for the page that stands before the steps."""
_ICON, _MARGIN, _SPACING, _PADDING = 22, 6, 3, 10
_LEAST_WIDTH, _BESIDE = 92, 26
_NOTHING = "\u2013"


class StepsRail(QWidget):
    """The start page and the steps in order, each with what stands in it; picking one shows it.

    As much of each is written as the height allows: picture, title and state; title and state; the title alone.
    """

    picked = Signal(str)

    def __init__(self, steps: Sequence[Step], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("steps")
        self._steps = tuple(steps)
        self._states: dict[str, str] = dict.fromkeys((step.name for step in self._steps), "")
        self._lines, self._pictures = 2, True
        self._group = QButtonGroup(self)
        self.buttons: dict[str, QToolButton] = {}
        box = QVBoxLayout(self)
        box.setContentsMargins(4, _MARGIN, 4, _MARGIN)
        box.setSpacing(_SPACING)
        box.setSizeConstraint(QVBoxLayout.SizeConstraint.SetNoConstraint)  # the buttons follow the height, not it them
        self.start = self._button(START, "Start", "Recent files, samples and ready analyses  (Alt+Home)")
        box.addWidget(self.start)
        for number, step in enumerate(self._steps, start=1):
            title = f"{number} {step.title}"
            button = self.buttons[step.name] = self._button(step.name, title, f"{title}  ({step.shortcut})")
            box.addWidget(button)
        box.addStretch(1)
        self.renew_icons()
        self._fit()

    def _button(self, name: str, title: str, tooltip: str) -> QToolButton:
        button = QToolButton(self)
        button.setObjectName(f"step_{name}")
        button.setCheckable(True)
        button.setAutoRaise(True)
        button.setIconSize(QSize(_ICON, _ICON))
        button.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        button.setText(title)
        button.setAccessibleName(title)
        button.setToolTip(tooltip)
        button.clicked.connect(lambda: self.picked.emit(name))
        button.setProperty("title", title)
        self._group.addButton(button)
        return button

    def set_current(self, name: str) -> None:
        """Mark a step, or the start page, as the one that is shown."""
        (self.start if name == START else self.buttons[name]).setChecked(True)

    def say(self, work: UseCases) -> None:
        """Show a few words below the title of each step."""
        states = {step.name: step.said(work) for step in self._steps}
        if states != self._states:
            self._states = states
            self.setFixedWidth(self._wide)
            self._write()

    def follow(self, work: UseCases) -> None:
        """Say again what stands in the steps as work comes on."""
        self._work, runs = work, work.fitting.runs
        for come in (
            runs.changed,
            runs.found,
            work.answers.filled,
            work.answers.changed,
            work.answers.question.changed,
            work.checks.changed,
            work.many.changed,
        ):
            come.connect(self._say_again)

    def _say_again(self, *_: object) -> None:
        self.say(self._work)

    def renew_icons(self) -> None:
        """Draw all icons in the colours of the present look."""
        for step in self._steps:
            self.buttons[step.name].setIcon(theme.icon(step.icon))
        self.start.setIcon(theme.icon("start"))

    # The height that there is

    def minimumSizeHint(self) -> QSize:
        return QSize(self._wide, self._height_with(1, pictures=False))

    def sizeHint(self) -> QSize:
        return QSize(self._wide, self._height_with(2, pictures=True))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange and hasattr(self, "start"):
            self._fit()

    @property
    def _wide(self) -> int:
        """For the longest line that is written, in the bold letters of the step that is shown."""
        font = self.font()
        font.setBold(True)
        lines = [button.property("title") for button in self.buttons.values()] + list(self._states.values())
        return max(_LEAST_WIDTH, max(map(QFontMetrics(font).horizontalAdvance, lines), default=0) + _BESIDE)

    def _button_height(self, lines: int, *, pictures: bool) -> int:
        return lines * self.fontMetrics().height() + _PADDING + (_ICON + 2 if pictures else 0)

    def _height_with(self, lines: int, *, pictures: bool) -> int:
        count = len(self._steps)
        heights = count * self._button_height(lines, pictures=pictures) + self._button_height(1, pictures=False)
        return 2 * _MARGIN + count * _SPACING + heights

    def _fit(self) -> None:
        """Choose how much is written, and write it."""
        ways = ((2, True), (2, False), (1, False))
        self._lines, self._pictures = next(
            ((lines, pictures) for lines, pictures in ways if self._height_with(lines, pictures=pictures) <= self.height()),
            ways[-1],
        )
        self.setFixedWidth(self._wide)
        self._write()

    def _write(self) -> None:
        below = Qt.ToolButtonStyle.ToolButtonTextUnderIcon if self._pictures else Qt.ToolButtonStyle.ToolButtonTextOnly
        self.start.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.start.setIconSize(QSize(16, 16))
        self.start.setFixedHeight(self._button_height(1, pictures=False))
        for step in self._steps:
            button, state = self.buttons[step.name], self._states[step.name]
            title = button.property("title")
            button.setToolButtonStyle(below)
            button.setFixedHeight(self._button_height(self._lines, pictures=self._pictures))
            button.setText(f"{title}\n{state or _NOTHING}" if self._lines > 1 else title)
            button.setAccessibleName(f"Step {title}{': ' + state if state else ''}")
            button.setToolTip(f"{title}{': ' + state if state else ''}  ({step.shortcut})")
