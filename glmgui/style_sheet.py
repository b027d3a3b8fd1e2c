"""The style sheet of the present look, and the parts of a window that carry it.

Each part of a window, which is a widget directly in it, carries the sheet by itself. For a sheet of the application Qt styles each widget once
for every widget around it: nine times, in a window of 3,000 widgets 1.4 s in one piece. For what a part carries it does so once; and the sheet
of a part that nobody sees can wait until it is seen, or until nothing else is to be done.
"""

from __future__ import annotations

from qtpy.QtCore import QEvent, QObject, Qt, QTimer
from qtpy.QtWidgets import QApplication, QMainWindow, QWidget

from glmengine.resources import resource
from glmgui import theme
from glmgui.colours import Tokens

_PAUSE_MS = 20
"""Between parts that are not seen: what the user does comes first."""
_SEPARATORS = "QMainWindow::separator { background: rgba(128, 134, 142, 35%); width: 1px; height: 1px; margin: 2px; }"
"""What the window itself draws, in a colour for both looks: a sheet that it carried would be that of all parts."""


class Sheets(QObject):
    """Keeps the style sheets of the parts of a window those of the present look."""

    def __init__(self, window: QMainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._present = present_sheet()
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.timeout.connect(self._dress_next)
        window.setStyleSheet(_SEPARATORS)

    @property
    def to_renew(self) -> bool:
        """Whether parts that nobody sees still wait for the present sheet."""
        return self._pause.isActive()

    def carry(self, part: QWidget) -> None:
        """Let a part that has come into the window carry the sheet from now on."""
        part.installEventFilter(self)
        self._dress(part)

    def renew(self) -> None:
        """Take the sheet of the present look: what is seen in the window at once, the rest one part after the other."""
        self._present = present_sheet()
        for part in self._parts():
            if part.isVisible() and not part.isWindow():
                self._dress(part)
        self._pause.start(0)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Show and isinstance(watched, QWidget):
            self._dress(watched)
        return False

    def _dress(self, part: QWidget) -> None:
        if part.styleSheet() != self._present:  # else all in it would be styled again
            part.setStyleSheet(self._present)

    def _dress_next(self) -> None:
        wait = sorted((part for part in self._parts() if part.styleSheet() != self._present), key=QWidget.isHidden)
        if wait:
            self._dress(wait[0])
            self._pause.start(_PAUSE_MS)

    def _parts(self) -> list[QWidget]:
        return self._window.findChildren(QWidget, options=Qt.FindChildOption.FindDirectChildrenOnly)


def present_sheet() -> str:
    """The style sheet of the look and the size of text that the application has now."""
    dark = theme.is_dark()
    return style_sheet(theme.tokens(dark), "dark" if dark else "light", QApplication.font().pointSizeF() / theme.USUAL_SIZE)


def style_sheet(table: Tokens, look: str, scale: float) -> str:
    """The sheet of a look; `look` is the word for it in the names of pictures, `scale` how many times as large as usual text is."""
    pictures = resource("themes").as_posix()
    arrow, indicator, spin = (max(round(pixels * scale), pixels) for pixels in (10, 13, 16))
    return f"""
    QToolTip {{ color: {table.text}; background: {table.raised}; border: 1px solid {table.border}; padding: 4px; }}
    QSplitter::handle {{ background: transparent; }}
    QSplitter::handle:hover {{ background: {table.border}; }}
    QHeaderView::section {{ background: {table.base}; color: {table.muted}; border: none;
        border-bottom: 1px solid {table.border}; padding: 3px 6px; }}
    QToolBar {{ border: none; border-bottom: 1px solid {table.border}; background: {table.window}; spacing: 4px; padding: 3px 6px; }}
    QToolBar::separator {{ background: {table.border}; width: 1px; margin: 4px 4px; }}
    #steps_bar {{ border: none; padding: 0px; spacing: 0px; }}
    #steps QToolButton {{ border: none; border-left: 3px solid transparent; border-radius: 0px; padding: 5px 2px; }}
    #steps QToolButton:hover {{ background: {table.alternate}; }}
    #steps QToolButton:checked {{ border-left: 3px solid {table.accent}; background: {table.base}; font-weight: bold; }}
    #steps QToolButton:focus {{ background: {table.alternate}; }}
    #start_page, #start_content {{ background: {table.base}; border: none; }}
    #start_drop {{ border: 2px dashed {table.outline}; border-radius: 6px; background: {table.window}; }}
    QDialogButtonBox {{ dialogbuttonbox-buttons-have-icons: 0; }}
    #command_palette {{ border: 1px solid {table.outline}; background: {table.window}; }}
    QLabel[fault="true"] {{ color: {table.error}; }}
    #notice_bar {{ border: none; border-left: 4px solid {table.good}; background: {table.raised}; border-top: 1px solid {table.border}; }}
    #notice_bar[level="warning"] {{ border-left: 4px solid {table.warning}; }}
    #notice_bar[level="error"] {{ border-left: 4px solid {table.error}; }}
    #notice_sign {{ color: {table.good}; font-weight: bold; }}
    #notice_sign[level="warning"] {{ color: {table.warning}; }}
    #notice_sign[level="error"] {{ color: {table.error}; }}
    QStatusBar {{ border-top: 1px solid {table.border}; }}
    QStatusBar::item {{ border: none; }}
    DockTitle {{ background: {table.window}; border-bottom: 1px solid {table.border}; }}
    QDockWidget::title {{ background: {table.window}; padding: 4px 8px; border-bottom: 1px solid {table.border}; }}
    QPushButton[primary="true"] {{ background: {table.accent}; color: {table.on_accent}; border: 1px solid {table.accent}; border-radius: 4px;
        padding: 6px 16px; font-weight: bold; }}
    QPushButton[primary="true"]:hover, QPushButton[primary="true"]:focus {{ border: 1px solid {table.text}; }}
    QPushButton[primary="true"]:disabled {{ background: {table.window}; color: {table.disabled}; border: 1px solid {table.border}; }}
    QProgressBar {{ border: 1px solid {table.border}; border-radius: 3px; background: {table.base}; text-align: center; }}
    QProgressBar::chunk {{ background: {table.progress}; border-radius: 2px; }}
    QLineEdit, QAbstractSpinBox, QPlainTextEdit, QTextBrowser {{ border: 1px solid {table.outline}; border-radius: 3px; background: {table.base};
        selection-background-color: {table.accent}; selection-color: {table.on_accent}; }}
    QLineEdit {{ padding: 2px 4px; }}
    QLineEdit:focus, QAbstractSpinBox:focus {{ border: 1px solid {table.accent}; }}
    QLineEdit:disabled, QAbstractSpinBox:disabled {{ border: 1px solid {table.border}; background: {table.window}; color: {table.disabled}; }}
    QAbstractSpinBox QLineEdit, QComboBox QLineEdit {{ border: none; padding: 0px; background: transparent; }}
    QAbstractSpinBox {{ padding: 2px 2px 2px 4px; }}
    QAbstractSpinBox::up-button, QAbstractSpinBox::down-button {{ border: none; width: {spin}px; background: transparent; }}
    QAbstractSpinBox::up-arrow {{ image: url({pictures}/up-{look}.svg); width: {arrow}px; height: {arrow}px; }}
    QAbstractSpinBox::down-arrow {{ image: url({pictures}/down-{look}.svg); width: {arrow}px; height: {arrow}px; }}
    QAbstractItemView, QTableView, QTreeView, QListView {{ border: 1px solid {table.border}; background: {table.base}; alternate-background-color: {table.alternate}; }}
    Framed {{ border: 1px solid {table.border}; border-radius: 3px; }}
    QHeaderView {{ background: {table.base}; border: none; }}
    QTabBar::tab {{ background: {table.window}; color: {table.text}; border: 1px solid {table.border}; border-top-width: 2px;
        padding: 5px 11px 4px 11px; }}
    QTabBar::tab:hover {{ background: {table.alternate}; }}
    QTabBar::tab:selected {{ background: {table.base}; border-top: 2px solid {table.accent}; }}
    QTabBar::tab:focus {{ border: 1px solid {table.accent}; border-top: 2px solid {table.accent}; }}
    QTabBar::tab:disabled {{ color: {table.disabled}; }}
    QTabBar::tab:selected:disabled {{ border-top: 2px solid {table.outline}; }}
    QCheckBox::indicator, QAbstractItemView::indicator, QGroupBox::indicator {{ width: {indicator}px; height: {indicator}px; border: 1px solid {table.outline};
        border-radius: 3px; background: {table.base}; }}
    QCheckBox::indicator:checked, QAbstractItemView::indicator:checked, QGroupBox::indicator:checked {{ background: {table.accent};
        border: 1px solid {table.accent}; image: url({pictures}/check-{look}.svg); }}
    QAbstractItemView::indicator:checked:selected {{ border: 1px solid {table.on_accent}; }}
    QCheckBox::indicator:disabled {{ border: 1px solid {table.border}; }}
    QCheckBox::indicator:focus {{ border: 1px solid {table.accent}; }}
    """
