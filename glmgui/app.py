"""The command `glmgui`: the process set up, the window opened, and the ways to run without a person."""

from __future__ import annotations

import os
import sys

from glmengine.interruption import RequestsToEnd

TYPE_CHECKING = False  # little is imported before `main` stands: Ctrl+C would be answered with a traceback
if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence
    from typing import NoReturn

    from qtpy.QtWidgets import QApplication

    from glmgui.shell.window import MainWindow


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program; the value is the exit code: 0 done, 1 something is wrong, 2 wrong usage, 130 or 143 where it was told to end."""
    with RequestsToEnd("glmgui: ended before the window was there; nothing was open") as requests:
        return _run(arguments, requests)


def _run(arguments: Sequence[str] | None, requests: RequestsToEnd) -> int:
    from pathlib import Path

    from glmengine.io.files.trial_reader import PROBE_OPTION

    if arguments is None and sys.argv[1:] == [PROBE_OPTION]:  # a frozen program reads a doubtful file in a copy of itself
        from glmengine.io.probe_child import main as read_for_parent

        return read_for_parent()
    options = _parser().parse_args(arguments)
    unattended = options.self_test or options.screenshots is not None
    if _no_screen():
        if not unattended:
            print(
                "glmgui: there is no screen (DISPLAY is not set); run it on a desktop, or use the command glmengine, "
                "glmgui --self-test or glmgui --screenshots DIR",
                file=sys.stderr,
            )
            return 1
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
    lacking = _qt_lacks()
    if lacking:
        print(f"glmgui: {lacking}", file=sys.stderr)
        return 1
    if unattended and options.scale is not None:
        os.environ["QT_SCALE_FACTOR"] = str(options.scale)
    prepare_process()
    if options.file is not None and not Path(options.file).expanduser().exists():
        print(f"glmgui: {options.file}: there is no such file; check the path", file=sys.stderr)
        return 1
    app = make_application()
    from glmgui.garbage import MainThreadGarbage

    MainThreadGarbage(app)
    if options.self_test:
        from glmgui.tools.selftest import self_test

        leave(self_test(app))
    if options.screenshots is not None:
        from glmgui.tools.screenshots import take_screenshots

        leave(take_screenshots(app, Path(options.screenshots), options.size or [(1366, 768)], options.dark))
    leave(_show(app, options.file, options.demo, requests))


def prepare_process() -> None:
    """Settings that must stand before Qt and JAX are imported, and the hooks that lose no error."""
    os.environ["QT_API"] = "pyqt6"
    os.environ["PYQTGRAPH_QT_LIB"] = "PyQt6"  # lab environments hold several bindings
    os.environ.setdefault("MPLBACKEND", "agg")
    # the worker's Python lets the main thread in sooner than after the usual 5 ms
    sys.setswitchinterval(0.001)
    _share_freed_memory()
    from glmengine.backend import jax_runtime as runtime
    from glmengine.parallel.unused_libraries import spare_libraries
    from glmgui.scoped_enums import spare_short_names

    runtime.configure()
    spare_libraries()
    spare_short_names()
    from glmgui import notices as errors

    errors.start_log()
    errors.install_hooks()


_M_ARENA_MAX, _MOST_ARENAS = -8, 2


def _share_freed_memory() -> None:
    """Let all threads allocate from two pools of memory where the C library is glibc, which else makes one for each of up to 16 threads.

    What a compilation has freed in the pool of its thread is of no use to others: over seven drives of a random user with fits the process
    grew to 1,384 MB, of which 250 were in use; with two pools to 881.
    """
    if sys.platform.startswith("linux"):
        import ctypes

        limit = getattr(ctypes.CDLL(None), "mallopt", None)  # other C libraries have no such pools
        if limit is not None:
            limit(_M_ARENA_MAX, _MOST_ARENAS)


def make_application(settings_dark: bool | None = None) -> QApplication:
    """The application with its look; `settings_dark` overrides what is remembered."""
    from qtpy.QtWidgets import QApplication

    from glmgui import theme
    from glmgui.settings import Settings

    app = QApplication.instance() or QApplication(["glmgui"])
    app.setApplicationName("glmgui")
    app.setApplicationDisplayName("glmgui")
    app.setDesktopFileName("glmgui")
    settings = Settings()
    theme.set_zoom(app, settings.zoom)
    dark = settings.dark if settings_dark is None else settings_dark
    theme.apply(app, theme.system_is_dark() if dark is None else dark)
    app.setWindowIcon(theme.icon("app"))
    return app


_SEEN_MS = 200
"""After which the window has been painted, and nothing that is done besides delays that."""

_FRAME = 40
"""Pixels that a window manager's frame may take."""


def leave(code: int) -> NoReturn:
    """End the process at once, once the window has closed: everything is written by then.

    Not by the interpreter's own way out, on which PyQt deletes what Qt still holds while it walks the list of it
    (`cleanup_on_exit` in QtCore), now and then into memory that is gone; a worker that could not be ended would be waited for, too.
    """
    import logging

    logging.shutdown()
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:  # a program without a terminal
            try:
                stream.flush()
            except (OSError, ValueError):
                code = code or 1  # the reader of a pipe has gone, or the disk is full
    os._exit(code)


def _show(app: QApplication, file: str | None, demo: bool, requests: RequestsToEnd) -> int:
    from pathlib import Path

    from glmgui.actions import commands
    from glmgui.shell.window import MainWindow
    from glmgui.steps import PAGES
    from glmgui.turns import in_later_turn
    from glmgui.work.use_cases import READERS

    main_window = MainWindow()
    room = app.primaryScreen().availableGeometry()
    if main_window.width() + _FRAME > room.width() or main_window.height() + _FRAME > room.height():
        main_window.showMaximized()  # else the frame would push the status line off a small screen
    else:
        main_window.show()
    _end_on_signals(app, main_window)
    requests.too_late = "glmgui: ended while it was busy; what was kept of unsaved changes before is offered at the next start"

    def begin() -> None:
        commands.begin(main_window, None if file is None else Path(file).expanduser().resolve(), demo=demo)
        # while the user looks for a file
        in_later_turn(main_window, lambda: main_window.work.load((*READERS, *PAGES)), _SEEN_MS)

    in_later_turn(main_window, begin)
    return app.exec()


def _end_on_signals(app: QApplication, main_window: MainWindow) -> None:
    """Ctrl+C in the terminal and a request to terminate end the program, with what is unsaved kept."""
    import signal

    from qtpy.QtCore import QTimer

    def end(number: int, _: object) -> None:
        if main_window.work.recovery.keep_now():
            what = "the unsaved changes are kept and offered at the next start"
        elif main_window.document.modified:
            what = "the unsaved changes could not be kept, as the log says; those that were kept before are offered at the next start"
        else:
            what = "nothing was unsaved"
        print(f"glmgui: ended; {what}", file=sys.stderr)
        app.exit(128 + number)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)
    timer = QTimer(main_window)  # Python hears of a signal only when it runs now and then
    timer.timeout.connect(lambda: None)
    timer.start(500)


def _no_screen() -> bool:
    if not sys.platform.startswith("linux") or os.environ.get("QT_QPA_PLATFORM"):
        return False
    return not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def _qt_lacks() -> str:
    """What Qt lacks to open a window, in a sentence: it would abort the process and say so only in the log."""
    if not sys.platform.startswith("linux"):
        return ""
    from glmgui.qt_libraries import complaint

    asked = [name.partition(":")[0] for name in os.environ.get("QT_QPA_PLATFORM", "").split(";") if name]
    here = [name for name, display in (("wayland", "WAYLAND_DISPLAY"), ("xcb", "DISPLAY")) if os.environ.get(display)]
    said = [complaint(platform) for platform in asked or here]  # Qt takes the first of them that it can load
    return said[0] if said and all(said) else ""


def _parser() -> argparse.ArgumentParser:
    import argparse

    from glmengine import __version__

    parser = argparse.ArgumentParser(
        prog="glmgui", description="Find out what drives a neuron: generalized linear models of neural activity."
    )
    parser.add_argument("file", nargs="?", metavar="FILE", help="a recording, a project (.glm) or an analysis (.toml) to open")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--demo", action="store_true", help="open a simulated session and fit it")
    what.add_argument(
        "--self-test", action="store_true", help="check the installation: open, fit, export, verify; exit 0 if all is well"
    )
    what.add_argument("--screenshots", metavar="DIR", help="write pictures of every step with the fitted demonstration to DIR")
    parser.add_argument(
        "--size",
        metavar="WIDTHxHEIGHT",
        type=_size,
        action="append",
        help="of the window in the pictures, 1366x768 where not given; more than one, each in a folder of its own",
    )
    parser.add_argument("--scale", metavar="FACTOR", type=_factor, help="how many times a desktop would magnify the pictures")
    parser.add_argument("--dark", action="store_true", help="take the pictures in the dark look")
    parser.add_argument("--version", action="version", version=f"glmgui {__version__}")
    return parser


def _size(text: str) -> tuple[int, int]:
    """``1366x768`` as two numbers."""
    from argparse import ArgumentTypeError

    width, _, height = text.partition("x")
    if not (width.isdigit() and height.isdigit() and int(width) and int(height)):
        raise ArgumentTypeError(f"a size is written as 1366x768, not {text!r}")
    return int(width), int(height)


def _factor(text: str) -> float:
    """``1.5`` as a number, where a desktop can magnify so."""
    from argparse import ArgumentTypeError

    try:
        factor = float(text)
    except ValueError:
        factor = 0.0
    if not 0.5 <= factor <= 4.0:
        raise ArgumentTypeError(f"a scale is a number from 0.5 to 4, not {text!r}")
    return factor


if __name__ == "__main__":
    raise SystemExit(main())
