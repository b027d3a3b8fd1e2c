"""Screenshots of every step with the fitted demonstration."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtCore import QSize
from qtpy.QtWidgets import QWidget

from glmengine.analysis.templates import course, template_for
from glmengine.errors import GlmError
from glmgui.actions.palette import CommandPalette
from glmgui.dialogs.ready_analysis import ReadyAnalysisDialog
from glmgui.dialogs.shortcuts import ShortcutsDialog
from glmgui.notices import notices
from glmgui.screen_room import room_on
from glmgui.tools import answer_pictures, check_pictures, dialog_pictures, state_pictures
from glmgui.tools.unattended import settle, wait_until

if TYPE_CHECKING:
    from qtpy.QtGui import QPixmap
    from qtpy.QtWidgets import QApplication

    from glmgui.shell.window import MainWindow

_PATIENCE = 900.0  # s, for the first fit of a slow machine with nothing compiled


def take_screenshots(app: QApplication, folder: Path, sizes: Sequence[tuple[int, int]], dark: bool = False) -> int:
    """Write the pictures to `folder` and say which; 0 if all were written.

    Parameters
    ----------
    app : QApplication
    folder : Path
    sizes : sequence of tuple
        Of the window, in pixels of the desktop's scale; of more than one, each has a folder of its own in `folder`.
    dark : bool
        Whether to begin with the dark look, which some of the pictures have anyway.
    """
    from glmengine.export.outputs import writable_folder
    from glmgui import theme
    from glmgui.tools.unattended_window import unattended_window

    folders = {size: folder if len(sizes) == 1 else folder / f"{size[0]}x{size[1]}" for size in sizes}
    try:
        for one in folders.values():
            writable_folder(one)
    except GlmError as error:
        print(f"glmgui: {error.message}", file=sys.stderr)
        return 1
    faults: list[str] = []
    notices().noticed.connect(lambda notice: faults.append(notice.text) if notice.level == "error" else None)
    with tempfile.TemporaryDirectory() as scratch:
        theme.apply(app, dark)
        window = unattended_window(Path(scratch), sizes[0])
        window.set_dark(dark)
        try:
            for number, (name, prepare) in enumerate(_PICTURES):
                known = len(faults)
                beside = prepare(window)
                running = name.endswith(check_pictures.RUNNING)
                if running:
                    settle(0.4)
                else:
                    _wait(window)
                if name.endswith(check_pictures.REFUSED):
                    del faults[known:]
                for size, where in folders.items():
                    path = where / f"{number:02d}-{name}.png"
                    if len(sizes) > 1:
                        window.resize(*size)
                        settle(0.1)
                        if not running:
                            _wait(window)
                    if not _picture(window, beside, size).save(str(path)):
                        faults.append(f"{path} cannot be written")
                    print(path)
                if beside is not None:
                    beside.close()
                if name.endswith(check_pictures.REFUSED):
                    window.notice_bar.dismiss()
                if len(sizes) > 1:
                    window.resize(*sizes[0])
        except TimeoutError as error:
            faults.append(str(error))
        window.close()
        theme.apply(app, False)
    for fault in faults:
        print(f"glmgui: {fault}", file=sys.stderr)
    return 1 if faults else 0


def _picture(window: MainWindow, beside: QWidget | None, size: tuple[int, int]) -> QPixmap:
    """The window, or what stands beside it, no larger than a screen of the window's size has room for."""
    if beside is None:
        return window.grab()
    own = beside.size()
    beside.resize(own.boundedTo(room_on(QSize(*size))))
    settle(0.1)
    taken = beside.grab()
    beside.resize(own)
    return taken


def _wait(window: MainWindow) -> None:
    """Until what is shown is all there: a page asks for more once it is laid out, and draws what it is given in a turn of its own."""
    for _ in range(2):
        settle(0.3)
        wait_until(lambda: window.jobs.idle, _PATIENCE, "waiting for the work to end")
    settle(0.3)


_LATELY = (
    ("place.toml", "2 terms"),
    ("rat7-probe", "212 units, 1.2 h"),
    ("linear-track.glm", "25 units, 33 min, 3 terms, 4 fits"),
    ("rat7-day3.nwb", "31 units, 33 min"),
)


def _recent(window: MainWindow) -> None:
    """As the start page is on another day: files of the scratch folder that were opened lately."""
    folder = window.settings.path.parent
    for name, said in _LATELY:
        (folder / name).touch()
        window.settings.add_recent(folder / name, said)
    window.work.recent.changed.emit()
    window.work.recent.look()


def _search(window: MainWindow) -> QWidget:
    window.show_step("data")
    window.action("palette").trigger()
    palette = window.findChild(CommandPalette)
    palette.line.setText("speed")
    return palette


def _shortcuts(window: MainWindow) -> QWidget:
    window.action("shortcuts").trigger()
    return window.findChild(ShortcutsDialog)


def _question(window: MainWindow) -> QWidget:
    """What is asked where a recording lacks something that a ready analysis needs."""
    lesson = next(one for one in course() if one.name == "decision-task")
    ready = template_for(lesson.asks, window.document.recording)
    dialog = ReadyAnalysisDialog(lesson, window.document.recording.name, ready.lacking, parent=window)
    dialog.show()
    return dialog


def _large_text(window: MainWindow) -> None:
    window.set_dark(False)
    window.show_step("data")
    for _ in range(3):
        window.zoom(1)


def _start_dark(window: MainWindow) -> None:
    window.zoom(0)
    window.set_dark(True)
    window.show_start()


def _open(window: MainWindow) -> None:
    """The sample that is being opened since the picture before."""
    wait_until(lambda: window.document.recording is not None, _PATIENCE, "opening the sample session")


def _page_of_data(window: MainWindow) -> None:
    panel = window.panels["data"]
    panel.show_page(panel.pages.tuning)
    wait_until(lambda: bool(panel.pages.tuning.plots), _PATIENCE, "drawing the raw tuning")


def _fit(window: MainWindow) -> None:
    window.work.fitting.fit()
    wait_until(lambda: window.document.result is not None or not window.document.busy, _PATIENCE, "fitting the sample session")
    window.show_step("results")
    if window.document.result is not None:
        window.document.select(unit=window.document.result.best_unit)


def _tab(number: int) -> Callable[[MainWindow], None]:
    def show(window: MainWindow) -> None:
        window.panels["results"].show_page(number)

    return show


def _term(number: int) -> Callable[[MainWindow], None]:
    def show(window: MainWindow) -> None:
        window.show_step("features")
        window.panels["features"].pictures.setCurrentIndex(0)
        window.document.select(term=number)

    return show


def _design_matrix(window: MainWindow) -> None:
    window.show_step("features")
    features = window.panels["features"]
    features.pictures.setCurrentWidget(features.design)


def _figure(window: MainWindow) -> QWidget | None:
    window.show_step("results")
    window.panels["results"].show_page(0)
    settle(0.5)
    window.action("export_figure").trigger()
    return window.findChild(QWidget, "figure_dialog")


def _nested(window: MainWindow) -> None:
    window.show_step("model")
    analysis = window.document.analysis
    validation = analysis.validation.with_(split="interleaved", gap=True, nested=True)
    model = analysis.model.with_(penalty="smoothness")
    window.document.edit(analysis.with_(model=model, validation=validation), "Change validation")


def _population(page: int) -> Callable[[MainWindow], None]:
    def show(window: MainWindow) -> None:
        window.show_step("population")
        window.panels["population"].show_page(page)
        window.document.select(units=window.document.kept_result.units[:3])

    return show


def _batch(window: MainWindow) -> None:
    """The sample and a file that is no recording, looked at."""
    window.show_step("batch")
    path = window.document.recording.path
    window.work.many.add([path, path.parent / "missing.nwb"])


def _batch_begun(window: MainWindow) -> None:
    """Both begun, the results in the scratch folder."""
    window.work.questions.next_path = window.settings.path.parent / "results"
    window.work.many.ask_destination()
    window.panels["batch"].start.click()


def _batch_done(window: MainWindow) -> None:
    wait_until(lambda: not window.work.many.running, _PATIENCE, "fitting the recordings of the list")


def _stale(window: MainWindow) -> None:
    window.show_step("results")
    window.panels["results"].show_page(0)
    analysis = window.document.analysis
    window.document.edit(analysis.with_(time=analysis.time.with_(bin_size=analysis.time.bin_size * 2)), "Change bin size")


def _dark(window: MainWindow) -> None:
    window.document.undo()
    window.set_dark(True)


_PICTURES: tuple[tuple[str, Callable[..., None]], ...] = (
    ("start", lambda window: None),
    ("start-recent", _recent),
    *state_pictures.NOTHING_OPEN,
    ("data", _open),
    ("data-tuning", _page_of_data),
    ("search", _search),
    ("shortcuts", _shortcuts),
    ("question", _question),
    *dialog_pictures.ASKED,
    ("features", _term(0)),
    ("features-2", _term(1)),
    ("design-matrix", _design_matrix),
    ("model", lambda window: window.show_step("model")),
    *check_pictures.UNFITTED,
    *state_pictures.UNFITTED,
    ("results", _fit),
    ("rates", _tab(1)),
    ("validation", _tab(2)),
    ("scores", _tab(3)),
    ("figure", _figure),
    *check_pictures.FITTED,
    ("population", _population(0)),
    ("population-coupling", _population(1)),
    ("population-scatter", _population(3)),
    ("population-table", _population(4)),
    *state_pictures.FITTED,
    *answer_pictures.FITTED,
    ("batch", lambda window: window.show_step("batch")),
    ("batch-looked", _batch),
    (f"batch{check_pictures.RUNNING}", _batch_begun),
    ("batch-done", _batch_done),
    ("stale", _stale),
    ("population-stale", _population(0)),
    *check_pictures.STALE,
    *answer_pictures.STALE,
    ("dark", _dark),
    ("dark-figure", _figure),
    *check_pictures.DARK,
    *answer_pictures.DARK,
    ("dark-population", _population(0)),
    ("dark-data", lambda window: window.show_step("data")),
    ("dark-features", _term(1)),
    ("dark-design-matrix", _design_matrix),
    ("dark-model", lambda window: window.show_step("model")),
    ("dark-model-nested", _nested),
    ("large-text", _large_text),
    ("start-dark", _start_dark),
)
