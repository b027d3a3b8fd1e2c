"""Light and dark: one table of colours for Qt, icons and plots, and the application's style made from it.

Fusion with a palette of the project's own, because Qt's colour schemes do nothing offscreen and on bare X11. Plots take their
colours from the widget palette (`glmgui.plots.style`), so they follow.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

from qtpy.QtCore import QByteArray, QRectF, QSize, Qt
from qtpy.QtGui import QColor, QFont, QFontDatabase, QGuiApplication, QIcon, QPainter, QPalette, QPixmap
from qtpy.QtSvg import QSvgRenderer
from qtpy.QtWidgets import QApplication

from glmengine.resources import resource


@dataclass(frozen=True)
class Tokens:
    """Colours by what they are for, as ``#rrggbb``.

    Attributes
    ----------
    window, base, alternate, raised : str
        Ground of the window, of lists and plots, of every other row, of buttons.
    text, muted, disabled : str
    accent, on_accent : str
        Selection and the main button, and text on it.
    border, outline : str
        Lines between areas, and around fields that can be changed.
    progress : str
        The filled part of a progress bar, on which text is still readable.
    error, warning, good : str
        Always next to a sign or a word, never the only mark.
    """

    window: str
    base: str
    alternate: str
    raised: str
    text: str
    muted: str
    disabled: str
    accent: str
    on_accent: str
    border: str
    outline: str
    progress: str
    error: str
    warning: str
    good: str


_LIGHT = Tokens(
    window="#f3f4f6", base="#ffffff", alternate="#f7f8fa", raised="#fbfbfc", text="#1b1f24", muted="#5b6470", disabled="#a3a9b1",
    accent="#0067a3", on_accent="#ffffff", border="#d3d7dd", outline="#8d959f", progress="#9fcbe8", error="#b3261e", warning="#8a5a00", good="#00694d",
)  # fmt: skip
_DARK = Tokens(
    window="#1f2227", base="#17191d", alternate="#1d2025", raised="#2b2f36", text="#e6e8eb", muted="#a2a9b3", disabled="#6b727c",
    accent="#3d94cf", on_accent="#0b0d0f", border="#3a3f47", outline="#6d747e", progress="#1f5a80", error="#ff8a80", warning="#f0b849", good="#4fd1a5",
)  # fmt: skip


def tokens(dark: bool) -> Tokens:
    """The table for light or dark."""
    return _DARK if dark else _LIGHT


_HOST_IS_DARK = "glmgui_host_is_dark"


def follow(dark: bool) -> None:
    """Draw as another program looks whose application this is, which has a look of its own."""
    QGuiApplication.instance().setProperty(_HOST_IS_DARK, dark)


def is_dark() -> bool:
    """Whether the application is shown dark now."""
    app = QGuiApplication.instance()
    host = app.property(_HOST_IS_DARK) if app is not None else None
    if host is not None:
        return bool(host)
    return QGuiApplication.palette().color(QPalette.ColorRole.Window).lightness() < 128


def current() -> Tokens:
    """The table that the application is shown in now."""
    return tokens(is_dark())


def system_is_dark() -> bool:
    """What the desktop asks for; light where it does not say."""
    return QGuiApplication.styleHints().colorScheme() == Qt.ColorScheme.Dark


_STYLED = "glmgui_styled"


ZOOMS = (0.7, 0.8, 0.9, 1.0, 1.1, 1.25, 1.5, 1.75, 2.0, 2.5)
"""How many times the desktop's own size text can be shown in."""
_OWN_SIZE, _ZOOM = "glmgui_own_size", "glmgui_zoom"
_READABLE = (6.0, 40.0)  # points; outside, the platform has not said what it means
USUAL_SIZE = 9.0
"""Points of the text with which lengths in pixels were measured."""


def zoom(app: QApplication) -> float:
    """How many times the desktop's own size text is shown in now."""
    return app.property(_ZOOM) or 1.0


def set_zoom(app: QApplication, factor: float) -> None:
    """Show all text, and what is measured by it, so many times as large as the desktop has it."""
    if factor != zoom(app):
        app.setProperty(_ZOOM, factor)
        if app.property(_STYLED):
            apply(app, is_dark())


def next_zoom(now: float, step: int) -> float:
    """The factor one step larger (1) or smaller (-1), the same at either end."""
    further = [factor for factor in ZOOMS if (factor - now) * step > 1e-6]
    return (min if step > 0 else max)(further, default=now)


def apply(app: QApplication, dark: bool) -> None:
    """Give the whole application this look; every widget hears of it by a palette change."""
    if not app.property(_STYLED):  # setting the style again would polish every widget twice
        app.setStyle("Fusion")
        app.setProperty(_STYLED, True)
    _ensure_font(app)
    table = tokens(dark)
    sheet = _style_sheet(table, "dark" if dark else "light", app.font().pointSizeF() / USUAL_SIZE)
    if app.styleSheet() != sheet:  # every widget is polished again, also where nothing differs
        app.setPalette(palette(table))
        app.setStyleSheet(sheet)


def palette(table: Tokens) -> QPalette:
    """A Qt palette made from a table of colours."""
    made = QPalette()
    role, group = QPalette.ColorRole, QPalette.ColorGroup
    for which, colour in (
        (role.Window, table.window),
        (role.WindowText, table.text),
        (role.Base, table.base),
        (role.AlternateBase, table.alternate),
        (role.ToolTipBase, table.raised),
        (role.ToolTipText, table.text),
        (role.PlaceholderText, table.muted),
        (role.Text, table.text),
        (role.Button, table.raised),
        (role.ButtonText, table.text),
        (role.BrightText, table.error),
        (role.Link, table.accent),
        (role.LinkVisited, table.accent),
        (role.Highlight, table.accent),
        (role.HighlightedText, table.on_accent),
        (role.Light, table.raised),
        (role.Midlight, table.raised),
        (role.Mid, table.border),
        (role.Dark, table.border),
        (role.Shadow, table.border),
    ):
        made.setColor(which, QColor(colour))
    if hasattr(role, "Accent"):
        made.setColor(role.Accent, QColor(table.accent))
    for which in (role.WindowText, role.Text, role.ButtonText):
        made.setColor(group.Disabled, which, QColor(table.disabled))
    made.setColor(group.Disabled, role.Highlight, QColor(table.border))
    made.setColor(group.Disabled, role.HighlightedText, QColor(table.disabled))
    return made


def icon(name: str) -> QIcon:
    """The stroke icon ``resources/icons/<name>.svg`` in the text colour of the present look, pale where disabled."""
    return _icon(name, is_dark())


@lru_cache(maxsize=256)
def _icon(name: str, dark: bool) -> QIcon:
    source = resource(f"icons/{name}.svg").read_text(encoding="utf-8")
    if name == "app":
        return _drawn(source, {QIcon.Mode.Normal: ""})
    table = current()
    return _drawn(
        source, {QIcon.Mode.Normal: table.text, QIcon.Mode.Disabled: table.disabled, QIcon.Mode.Selected: table.on_accent}
    )


def _drawn(source: str, colours: dict[QIcon.Mode, str]) -> QIcon:
    made = QIcon()
    for mode, colour in colours.items():
        text = source.replace("currentColor", colour) if colour else source
        renderer = QSvgRenderer(QByteArray(text.encode()))
        for size in (16, 20, 24, 32, 48, 64):
            pixmap = QPixmap(QSize(size, size))
            pixmap.fill(Qt.GlobalColor.transparent)
            painter = QPainter(pixmap)
            renderer.render(painter, QRectF(0, 0, size, size))
            painter.end()
            made.addPixmap(pixmap, mode)
    return made


def _ensure_font(app: QApplication) -> None:
    """The desktop's own size times the zoom; where the platform names a family that is not there (offscreen), one that is; where there is none, matplotlib's."""
    families = QFontDatabase.families()
    if not families:
        families = _fonts_of_matplotlib()
    font = QFont(app.font())
    if families and font.family() not in families:
        preferred = ("Noto Sans", "DejaVu Sans", "Liberation Sans", "Arial", "Helvetica")
        font.setFamily(next((name for name in preferred if name in families), families[0]))
    own = app.property(_OWN_SIZE)
    if own is None:
        own = font.pointSizeF() if font.pixelSize() < 0 else font.pixelSize() * 72 / app.primaryScreen().logicalDotsPerInch()
        own = own if _READABLE[0] <= own <= _READABLE[1] else USUAL_SIZE
        app.setProperty(_OWN_SIZE, own)
    font.setPointSizeF(own * zoom(app))
    if font != app.font():
        app.setFont(font)


def _fonts_of_matplotlib() -> list[str]:
    """Families of the fonts that matplotlib brings along, for machines without any."""
    spec = find_spec("matplotlib")
    for place in (spec.submodule_search_locations or []) if spec is not None else []:
        for name in ("DejaVuSans.ttf", "DejaVuSans-Bold.ttf", "DejaVuSansMono.ttf"):
            QFontDatabase.addApplicationFont(str(Path(place) / "mpl-data" / "fonts" / "ttf" / name))
    return QFontDatabase.families()


def _style_sheet(table: Tokens, look: str, scale: float) -> str:
    pictures = resource("themes").as_posix()
    arrow, indicator, spin = (max(round(pixels * scale), pixels) for pixels in (10, 13, 16))
    return f"""
    QToolTip {{ color: {table.text}; background: {table.raised}; border: 1px solid {table.border}; padding: 4px; }}
    QMainWindow::separator {{ background: {table.border}; width: 1px; height: 1px; margin: 2px; }}
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
    QHeaderView {{ background: {table.base}; border: none; }}
    QCheckBox::indicator, QAbstractItemView::indicator, QGroupBox::indicator {{ width: {indicator}px; height: {indicator}px; border: 1px solid {table.outline};
        border-radius: 3px; background: {table.base}; }}
    QCheckBox::indicator:checked, QAbstractItemView::indicator:checked, QGroupBox::indicator:checked {{ background: {table.accent};
        border: 1px solid {table.accent}; image: url({pictures}/check-{look}.svg); }}
    QAbstractItemView::indicator:checked:selected {{ border: 1px solid {table.on_accent}; }}
    QCheckBox::indicator:disabled {{ border: 1px solid {table.border}; }}
    QCheckBox::indicator:focus {{ border: 1px solid {table.accent}; }}
    """
