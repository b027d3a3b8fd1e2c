"""At 1366 x 768 nothing is cut off, and everything that takes focus is reached with the Tab key."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import pytest
from qtpy.QtCore import QPoint, QRectF, Qt
from qtpy.QtGui import QColor, QPalette, QPixmap
from qtpy.QtTest import QTest
from qtpy.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSlider,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QLabel,
    QLineEdit,
    QScrollArea,
    QScrollBar,
    QTabBar,
    QTableView,
    QTabWidget,
    QToolButton,
    QTreeView,
    QWidget,
)

from glmengine.results.kept_fits import keep_fit
from glmgui import theme
from glmgui.notices import notices
from glmgui.plots.axis import NamedAxis
from glmgui.plots.base import Plot
from glmgui.widgets.layout import Framed
from glmgui.widgets.texts import ElidedLabel
from tests.gui.conftest import PatientBot

STEPS = ("data", "features", "model", "results", "checks", "fits", "answers", "population", "batch")
CONTROLS = (QAbstractButton, QAbstractItemView, QAbstractSlider, QAbstractSpinBox, QComboBox, QLineEdit)


@pytest.fixture
def fitted(window, small_recording, small_analysis, small_result, qtbot):
    window.document.open(small_recording, small_analysis, small_result)
    window.work.shelf.add(keep_fit(small_result, window.work.shelf.folder()), small_result)
    qtbot.waitUntil(lambda: window.work.size.estimate is not None)
    return window


@pytest.fixture(scope="module")
def lasting(lasting_window, small_recording, small_analysis, small_result, request):
    """`fitted`, whose pages are made once for the tests that only look at them."""
    lasting_window.document.open(small_recording, small_analysis, small_result)
    lasting_window.work.shelf.add(keep_fit(small_result, lasting_window.work.shelf.folder()), small_result)
    PatientBot(request).waitUntil(lambda: lasting_window.work.size.estimate is not None)
    return lasting_window


@pytest.fixture
def looked_at(lasting):
    """The window of the file as it was opened: of its first size, light, each page at its first tab."""
    lasting.resize(1366, 768)
    lasting.show_step("data")
    yield lasting
    if theme.is_dark():
        lasting.set_dark(False)
    for tabs in lasting.findChildren(QTabWidget):
        tabs.setCurrentIndex(0)


def test_names_of_units_are_whole_beside_their_scores(fitted, at_rest):
    fitted.resize(1024, 740)
    fitted.show_step("results")
    at_rest(fitted)
    view = fitted.panels["results"].units.view
    for part in range(view.columnCount() - 1):  # whichever is sorted, and so has an arrow
        view.sortByColumn(part, Qt.SortOrder.DescendingOrder)
        at_rest(fitted)
        assert view.columnWidth(0) >= view.sizeHintForColumn(0)
        assert not view.horizontalScrollBar().isVisible()


@pytest.mark.parametrize("width", [911, 1024])
def test_what_is_being_done_has_room_in_a_small_toolbar(fitted, at_rest, width):
    fitted.resize(width, 740)
    fitted.progress.begin("Making features", can_stop=True)
    fitted.progress._show()
    at_rest(fitted)
    label = fitted.progress.label
    assert label.width() >= label.fontMetrics().horizontalAdvance(label.text())
    assert fitted.toolbar.widgetForAction(fitted.action("palette")).isVisible()
    fitted.progress.end()
    fitted.resize(1366, 740)
    at_rest(fitted)
    assert fitted.toolbar.findChild(QToolButton, "tool_undo").toolButtonStyle() == Qt.ToolButtonStyle.ToolButtonTextBesideIcon


@pytest.mark.parametrize("length", [4, 20, 90])
def test_a_message_is_seen_whole(fitted, length, qtbot, at_rest):
    notices().tell("error", "no such thing " * length, "details", "Fitting 8 units")
    bar = fitted.notice_bar
    text = bar.findChild(QLabel, "notice_text")
    qtbot.waitUntil(lambda: bar.isVisible() and text.height() >= text.heightForWidth(text.width()) > 0)
    at_rest(fitted)
    assert text.height() >= text.heightForWidth(text.width())
    assert bar.height() <= bar.parentWidget().height()
    assert bar.rect().contains(text.geometry())
    assert bar.height() < 120


def test_a_message_is_seen_whole_after_text_has_grown(fitted, qtbot, at_rest):
    notices().tell("error", "no such thing " * 11, "details", "Fitting 8 units")
    bar = fitted.notice_bar
    text = bar.findChild(QLabel, "notice_text")
    qtbot.waitUntil(bar.isVisible)
    at_rest(fitted)
    before = bar.height()
    try:
        for _ in range(3):
            fitted.zoom(1)
        qtbot.waitUntil(lambda: bar.height() > before)
        at_rest(fitted)
        assert text.height() >= text.heightForWidth(text.width())
        assert bar.rect().contains(text.geometry())
    finally:
        fitted.zoom(0)


@pytest.mark.parametrize("width", [1024, 1366])
def test_headings_tabs_and_labels_of_axes_are_whole(fitted, width, at_rest):
    fitted.resize(width, 740)
    for step in pages_of(fitted, at_rest):
        assert not cut_in_tables_tabs_and_plots(fitted.panels[step]), step


def controls(window) -> list[QWidget]:
    found = []
    for widget in window.findChildren(CONTROLS):
        own = isinstance(widget.parent(), QAbstractSpinBox | QComboBox)
        internal = widget.objectName().startswith("qt_") or isinstance(widget, QScrollBar) or own
        if widget.isVisible() and widget.isEnabled() and not internal and widget.focusPolicy() != Qt.FocusPolicy.NoFocus:
            found.append(widget)
    return found


def test_the_tab_key_reaches_every_control(looked_at, at_rest):
    for step in STEPS:
        looked_at.show_step(step)
        at_rest(looked_at)
        wanted = controls(looked_at)
        assert len(wanted) > 5, step
        chain, at = set(), looked_at.nextInFocusChain()
        while at is not looked_at and len(chain) < 5000:
            chain.add(id(at))
            at = at.nextInFocusChain()
        missed = [
            f"{type(widget).__name__} {widget.objectName()}"
            for widget in wanted
            if not (widget.focusPolicy() & Qt.FocusPolicy.TabFocus) or id(widget) not in chain
        ]
        assert not missed, step


@pytest.mark.parametrize("dark", [False, True])
def test_no_word_is_cut_off(looked_at, dark, at_rest):
    looked_at.set_dark(dark)
    for step in STEPS:
        looked_at.show_step(step)
        at_rest(looked_at)
        assert not cut_off(looked_at), step


def cut_off(fitted, *, titles: bool = True) -> list[str]:
    """What is not shown whole; titles that end in an ellipsis and say the rest under the mouse only where they are asked for."""
    cut = []
    for label in fitted.findChildren(QLabel):
        if isinstance(label, ElidedLabel) and not titles:
            continue
        narrow = label.width() < label.sizeHint().width() - 1 or label.height() < label.fontMetrics().height() - 1
        if label.isVisible() and label.text() and not label.wordWrap() and narrow:
            cut.append(f"label '{label.text()}': {label.width()} of {label.sizeHint().width()} px")
        if label.isVisible() and label.wordWrap() and label.height() < label.heightForWidth(label.width()) - 1:
            cut.append(f"label '{label.text()[:60]}': {label.height()} of {label.heightForWidth(label.width())} px high")
    for button in fitted.findChildren(QAbstractButton):
        ours = button.isVisible() and button.text() and not button.objectName().startswith("qt_")
        icon_only = isinstance(button, QToolButton) and button.toolButtonStyle() == Qt.ToolButtonStyle.ToolButtonIconOnly
        if ours and not icon_only and button.width() < button.minimumSizeHint().width() - 1:
            cut.append(f"button '{button.text()}': {button.width()} of {button.minimumSizeHint().width()} px")
    for line in fitted.findChildren(QLineEdit):
        wanted = line.fontMetrics().horizontalAdvance(line.placeholderText())
        if line.isVisible() and not line.text() and wanted > line.width() - 2 * 2:  # the margins that Qt keeps in it
            cut.append(f"'{line.placeholderText()}' in {line.objectName()}: {line.width()} of {wanted + 4} px")
    return cut


def cut_in_tables_tabs_and_plots(page: QWidget) -> list[str]:
    """Headings of columns, tabs that are out of sight and labels of axes, where they are not whole."""
    cut = []
    for view in page.findChildren((QTableView, QTreeView)):
        header = view.header() if isinstance(view, QTreeView) else view.horizontalHeader()
        for at in range(header.count() if view.isVisible() and header.isVisible() else 0):
            said = str(view.model().headerData(at, Qt.Orientation.Horizontal))
            wanted = max(header.fontMetrics().horizontalAdvance(line) for line in said.split("\n"))
            if not header.isSectionHidden(at) and header.sectionSize(at) < wanted + 2 * 6:  # of the style sheet
                cut.append(f"heading '{said}' of {view.objectName()}: {header.sectionSize(at)} of {wanted + 2 * 6} px")
    for bar in page.findChildren(QTabBar):
        if bar.isVisible() and bar.count() and bar.tabRect(bar.count() - 1).right() > bar.width():
            cut.append(f"tabs of {bar.parent().objectName()}: {bar.tabRect(bar.count() - 1).right()} of {bar.width()} px")
    for plot in page.findChildren(Plot):
        axes = [one for one in plot.scene.items() if isinstance(one, NamedAxis) and one.isVisible()] if plot.isVisible() else []
        cut += [f"axis of '{plot.title}': {axis.cut_label}" for axis in axes if axis.cut_label]
    return cut


def test_the_tab_key_leaves_every_table(looked_at, at_rest):
    for step in STEPS:
        looked_at.show_step(step)
        looked_at.activateWindow()
        at_rest(looked_at)
        tables = [one for one in looked_at.panels[step].findChildren(QAbstractItemView) if one.isVisible() and one.isEnabled()]
        assert tables or step in ("model", "answers", "population", "batch")
        for table in tables:
            table.setFocus()
            assert looked_at.focusWidget() is table
            QTest.keyClick(table, Qt.Key.Key_Tab)
            assert looked_at.focusWidget() is not table, table.objectName()


# 1024 x 768 as it is, 1366 x 768 and 1024 x 768 at one and a half times the size
@pytest.mark.parametrize("size", [(1024, 740), (911, 490), (683, 490)])
def test_what_does_not_fit_a_small_window_can_be_scrolled_to(looked_at, size, at_rest):
    looked_at.resize(*size)
    for step in STEPS:
        looked_at.show_step(step)
        for turn in tabs_of(looked_at.panels[step]) if size[0] < 900 else (None,):
            if turn is not None:
                turn()
            at_rest(looked_at)
            assert (looked_at.width(), looked_at.height()) == size, step
            assert not cut_off(looked_at, titles=False), step
            all_can_be_reached(looked_at)


def tabs_of(panel: QWidget) -> list[Callable[[], None] | None]:
    """What turns to each tab of a page, one after the other; of a page without tabs one None."""
    tabs = [one for one in panel.findChildren(QTabWidget) if one.isVisible()]
    return [partial(one.setCurrentIndex, at) for one in tabs for at in range(one.count())] or [None]


def pages_of(window: QWidget, at_rest: Callable[[QWidget], None]) -> Iterator[str]:
    """The step whose page is shown, for each tab of each page, when nothing is left to be drawn there."""
    for step in STEPS:
        window.show_step(step)
        for turn in tabs_of(window.panels[step]):
            if turn is not None:
                turn()
            at_rest(window)
            yield step


def all_can_be_reached(fitted) -> None:
    for control in controls(fitted):
        area = control.parentWidget()
        inside = control
        while area is not None and area is not fitted:
            if isinstance(area, QScrollArea):
                assert inside.width() <= area.widget().width(), control.objectName()
                assert area.widget().width() <= area.viewport().width() or area.horizontalScrollBar().maximum() > 0, (
                    control.objectName()
                )
                inside = area
            area = area.parentWidget()


def test_the_window_is_no_larger_than_a_small_screen(looked_at):
    for step in STEPS:
        looked_at.show_step(step)
        QApplication.processEvents()
        hint = looked_at.minimumSizeHint()
        assert hint.width() <= 1366, step
        assert hint.height() <= 768 - 30, step


def test_no_number_stands_far_from_the_others_on_a_large_screen(looked_at, at_rest):
    """A column of numbers takes what its numbers and its heading need; room that is left goes to words, or stays empty."""
    looked_at.resize(2560, 1400)
    seen, far = 0, []
    for step in pages_of(looked_at, at_rest):
        for table in looked_at.panels[step].findChildren(QTableView):
            for part in columns_of_numbers(table) if table.isVisible() else ():
                header = table.horizontalHeader()
                needed = max(table.sizeHintForColumn(part), header.sectionSizeHint(part))
                seen += 1
                if header.sectionSize(part) > 2 * needed + 20:
                    far.append(f"{step} {table.objectName()} {part}: {header.sectionSize(part)} of {needed} px")
    assert seen > 10
    assert not far


def columns_of_numbers(table: QTableView) -> list[int]:
    model = table.model()
    sides = (model.index(0, part).data(Qt.ItemDataRole.TextAlignmentRole) for part in range(model.columnCount()))
    return [at for at, side in enumerate(sides) if side and Qt.AlignmentFlag(side) & Qt.AlignmentFlag.AlignRight]


@pytest.mark.parametrize("dark", [True, False])
def test_every_icon_is_seen_on_its_ground(looked_at, dark, at_rest):
    looked_at.set_dark(dark)
    for step in STEPS:
        looked_at.show_step(step)
        at_rest(looked_at)
        faint = [
            f"{button.objectName()}: {clearest(button):.1f}"
            for button in looked_at.findChildren(QAbstractButton)
            if button.isVisible() and button.isEnabled() and not button.icon().isNull() and clearest(button) < 3.0
        ]
        assert not faint, step


def test_what_is_typed_in_and_chosen_from_is_framed_on_a_dark_ground(looked_at, at_rest):
    looked_at.set_dark(True)
    looked_at.show_step("features")
    at_rest(looked_at)
    boxes = [one for one in looked_at.panels["features"].findChildren(QComboBox) if one.isVisible() and one.isEditable()]
    assert boxes
    for box in boxes:
        image, ground = box.grab().toImage(), light_of(box.palette().color(QPalette.ColorRole.Window))
        edge = [light_of(image.pixelColor(x, image.height() // 2)) for x in range(5)]
        assert (max(edge) + 0.05) / (ground + 0.05) >= 3.0


@pytest.mark.parametrize("dark", [False, True])
def test_the_chosen_tab_is_told_from_the_others(looked_at, dark, at_rest):
    """On a dark ground it was a trace lighter than those beside it."""
    looked_at.set_dark(dark)
    looked_at.show_step("features")
    at_rest(looked_at)
    bar = looked_at.panels["features"].pictures.tabBar()
    image, ground = bar.grab().toImage(), light_of(bar.palette().color(QPalette.ColorRole.Window))

    def marked(tab: int) -> bool:
        """Whether a line across it stands out from the ground."""
        area = bar.tabRect(tab)
        places = range(area.left() + 3, area.right() - 2)
        lines = [[light_of(image.pixelColor(x, y)) for x in places] for y in range(area.top(), area.bottom() + 1)]
        return any(all((max(one, ground) + 0.05) / (min(one, ground) + 0.05) >= 3.0 for one in line) for line in lines)

    assert [marked(tab) for tab in range(bar.count())] == [tab == bar.currentIndex() for tab in range(bar.count())]


def test_a_page_is_as_high_as_before_after_each_change_of_the_look(fitted, at_rest):
    """The page of the population grew by four pixels each time, and was scrolled."""
    fitted.resize(1366, 768)
    fitted.show_step("population")
    at_rest(fitted)
    bar = fitted.findChild(QScrollArea, "population_panel_scroll").verticalScrollBar()
    for dark in (True, False):
        fitted.set_dark(dark)
        at_rest(fitted)
        assert bar.maximum() == 0


def clearest(button: QAbstractButton) -> float:
    """Contrast of the clearest pixel of an icon to the ground of its window (WCAG 2, 1.4.11: at least 3)."""
    image = button.icon().pixmap(button.iconSize()).toImage()
    ground = light_of(button.palette().color(QPalette.ColorRole.Window))
    pixels = (image.pixelColor(x, y) for x in range(image.width()) for y in range(image.height()))
    lights = [light_of(pixel) for pixel in pixels if pixel.alpha() > 200]
    return max((max(one, ground) + 0.05) / (min(one, ground) + 0.05) for one in lights) if lights else 21.0


def light_of(colour: QColor) -> float:
    parts = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in colour.getRgbF()[:3]]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


@pytest.mark.parametrize("scale", [1.0, 1.25, 1.5])
def test_lines_around_parts_of_forms_are_whole_at_any_scale(fitted, scale, at_rest):
    """Of a scale of 1.5 edges were lost between two pixels."""
    panel = fitted.panels["features"]
    fitted.show_step("features")
    fitted.document.select(term=next(at for at, term in enumerate(fitted.document.analysis.terms) if term.kind == "covariate"))
    at_rest(fitted)
    frames = panel.findChildren(Framed)
    assert frames
    shown = QPixmap(fitted.size() * scale)
    shown.setDevicePixelRatio(scale)
    fitted.render(shown)
    image = shown.toImage()
    for frame in frames:
        corner = frame.mapTo(fitted, QPoint(0, 0))
        whole = QRectF(scale * corner.x(), scale * corner.y(), scale * frame.width(), scale * frame.height())
        middle = whole.center()
        ground = image.pixelColor(round(whole.left()) + 4, round(middle.y()))
        for x, y, along in (
            (whole.left(), middle.y(), (1, 0)),
            (whole.right() - scale, middle.y(), (1, 0)),
            (middle.x(), whole.top(), (0, 1)),
            (middle.x(), whole.bottom() - scale, (0, 1)),
        ):
            near = [image.pixelColor(round(x) + step * along[0], round(y) + step * along[1]) for step in (-1, 0, 1)]
            assert any(colour != ground for colour in near), (frame.objectName(), x, y)


@pytest.mark.parametrize("dark", [False, True])
def test_quiet_words_are_as_pale_as_all_others_where_nothing_can_be_done(dark):
    """On a page that was being filled anew hints were the darkest of all words."""
    table = theme.tokens(dark)
    colours = theme.palette(table)
    assert colours.color(QPalette.ColorGroup.Disabled, QPalette.ColorRole.PlaceholderText).name() == table.disabled
    assert colours.color(QPalette.ColorGroup.Active, QPalette.ColorRole.PlaceholderText).name() == table.muted
