"""Light and dark: which of them is shown, the palette, the icons and the size of text.

Fusion with a palette of the project's own, because Qt's colour schemes do nothing offscreen and on bare X11. Plots take their
colours from the widget palette (`glmgui.plots.style`), so they follow; what the palette cannot say is in `glmgui.style_sheet`.
"""

from __future__ import annotations

from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

from qtpy.QtCore import QByteArray, QRectF, QSize, Qt
from qtpy.QtGui import QColor, QFont, QFontDatabase, QGuiApplication, QIcon, QPainter, QPalette, QPixmap
from qtpy.QtSvg import QSvgRenderer
from qtpy.QtWidgets import QApplication

from glmengine.resources import resource
from glmgui.colours import Tokens, tokens
from glmgui.painted_icon import painted_icon
from glmgui.wrapped_tips import WrappedTips

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
    """Give the whole application this look; every widget hears of it by a palette change, and a window renews its style sheets."""
    if not app.property(_STYLED):  # setting the style again would polish every widget twice
        app.setStyle(WrappedTips())
        app.setProperty(_STYLED, True)
    _ensure_font(app)
    made = palette(tokens(dark))
    if app.palette() != made:  # every widget takes its colours again, also where nothing differs
        app.setPalette(made)


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
    for which in (role.WindowText, role.Text, role.ButtonText, role.PlaceholderText):
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
        return _drawn(source)
    table = current()
    colours = {QIcon.Mode.Disabled: table.disabled, QIcon.Mode.Selected: table.on_accent}

    def draw(painter: QPainter, place: QRectF, mode: QIcon.Mode) -> None:
        text = source.replace("currentColor", colours.get(mode, table.text))
        QSvgRenderer(QByteArray(text.encode())).render(painter, place)

    return painted_icon(draw)


def _drawn(source: str) -> QIcon:
    """In the sizes that desktops take for a program."""
    made, renderer = QIcon(), QSvgRenderer(QByteArray(source.encode()))
    for size in (16, 20, 24, 32, 48, 64):
        pixmap = QPixmap(QSize(size, size))
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        renderer.render(painter, QRectF(0, 0, size, size))
        painter.end()
        made.addPixmap(pixmap)
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
