"""Notices: errors, warnings and notes of the whole program, with the hooks that catch them and the log file.

Exceptions in slots, in threads, in finalisers and Qt's own warnings all become a `Notice`; without the hook PyQt aborts the process
at an exception in a slot; pyqtgraph's own hook, which would hide it, is taken away where it is imported (`glmgui.plots`).
"""

from __future__ import annotations

import logging
import logging.handlers
import os
import sys
import threading
import time
import traceback
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from qtpy.QtCore import QObject, QtMsgType, Signal, qInstallMessageHandler

from glmengine.errors import GlmError
from glmgui.settings import state_folder

log = logging.getLogger("glmgui")

Level = Literal["info", "warning", "error"]
_KEPT = 2000


@dataclass(frozen=True)
class Notice:
    """Something that happened.

    Attributes
    ----------
    level : {"info", "warning", "error"}
    text : str
        One sentence for the user.
    details : str
        What a developer needs, may be long, may be empty.
    title : str
        What was being done.
    when : float
        Seconds since the epoch.
    page : str
        The page of the guide that says more; empty where none does.
    written : Path or None
        The file or folder that was written.
    """

    level: Level
    text: str
    details: str = ""
    title: str = ""
    when: float = field(default_factory=time.time)
    page: str = ""
    written: Path | None = None

    @property
    def said(self) -> str:
        """The title and the text; a file that both name is named once."""
        name, colon, rest = self.text.partition(": ")
        text = rest if colon and self.title.endswith(f" {name}") else self.text
        return f"{self.title}: {text}" if self.title else text


class Notices(QObject):
    """All notices of this run, and signals for new ones and for those that are no longer so; may be told from any thread."""

    noticed = Signal(object)  # Notice
    settled = Signal(str)  # title

    def __init__(self) -> None:
        super().__init__()
        self._kept: deque[Notice] = deque(maxlen=_KEPT)

    def tell(
        self, level: Level, text: str, details: str = "", title: str = "", page: str = "", written: Path | None = None
    ) -> None:
        notice = Notice(level, text, details, title, page=page, written=written)
        self._kept.append(notice)
        log.log({"info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}[level], "%s", notice.said)
        if details:
            log.info("%s", details)
        self.noticed.emit(notice)

    def settle(self, title: str) -> None:
        """Say that what was told under `title` is no longer so."""
        self.settled.emit(title)

    def tell_error(self, error: BaseException, title: str = "") -> None:
        """Tell of an exception: in its own words if the user can put it right, with its traceback if not."""
        if isinstance(error, GlmError):
            self.tell("error", error.message, f"field: {error.field}" if error.field else "", title)
        else:
            details = "".join(traceback.format_exception(error))
            self.tell("error", f"{type(error).__name__}: {error}", details, title or "Fault in the program")

    @property
    def all(self) -> tuple[Notice, ...]:
        return tuple(self._kept)


_notices: list[Notices] = []


def notices() -> Notices:
    """The notices of this process."""
    if not _notices:
        _notices.append(Notices())
    return _notices[0]


def install_hooks() -> None:
    """Send everything uncaught to `notices`."""

    def from_main(kind: type[BaseException], error: BaseException, trace: object) -> None:
        if issubclass(kind, KeyboardInterrupt):
            sys.__excepthook__(kind, error, trace)
            return
        notices().tell_error(error.with_traceback(trace))

    def from_thread(happened: threading.ExceptHookArgs) -> None:
        if happened.exc_value is not None and not isinstance(happened.exc_value, SystemExit):
            notices().tell_error(happened.exc_value, f"Fault in thread {happened.thread.name if happened.thread else ''}")

    def unraisable(happened: sys.UnraisableHookArgs) -> None:
        if happened.exc_value is not None:
            log.warning("Ignored in %r: %s", happened.object, "".join(traceback.format_exception(happened.exc_value)))

    sys.excepthook = from_main
    threading.excepthook = from_thread
    sys.unraisablehook = unraisable
    qInstallMessageHandler(_from_qt)


_last_warnings: deque[str] = deque(maxlen=2)


def _from_qt(kind: QtMsgType, context: object, text: str) -> None:
    level = {
        QtMsgType.QtDebugMsg: logging.DEBUG,
        QtMsgType.QtInfoMsg: logging.INFO,
        QtMsgType.QtWarningMsg: logging.WARNING,
        QtMsgType.QtCriticalMsg: logging.ERROR,
        QtMsgType.QtFatalMsg: logging.CRITICAL,
    }.get(kind, logging.WARNING)
    logging.getLogger("qt").log(level, "%s", text)
    if kind == QtMsgType.QtFatalMsg:  # Qt aborts the process now, and nobody would see why
        # the warnings before it say why, the first of them best
        why = [" ".join(part.split()).rstrip(".") for part in (*_last_warnings, text.partition(". ")[0])]
        print(f"glmgui: {why[0]}; {why[-1]}" if len(why) > 1 else f"glmgui: {why[0]}", file=sys.stderr)
        sys.stderr.flush()
        os._exit(1)
    if kind in (QtMsgType.QtWarningMsg, QtMsgType.QtCriticalMsg):
        _last_warnings.append(text)


@contextmanager
def kept_hooks() -> Iterator[None]:
    """Leave the hooks for what is uncaught as they are, whatever a library that is imported meanwhile puts in their place."""
    hooks = sys.excepthook, threading.excepthook
    try:
        yield
    finally:
        sys.excepthook, threading.excepthook = hooks


def log_file() -> Path:
    """Where the log of the program is kept."""
    return state_folder() / "glmgui.log"


class _LogFile(logging.handlers.RotatingFileHandler):
    """A file that may find no room: lines are then lost, and nobody is told of each."""

    def handleError(self, record: logging.LogRecord) -> None:
        if not isinstance(sys.exc_info()[1], OSError):
            super().handleError(record)


def start_log() -> None:
    """Keep the log in a file of limited size; where it cannot be written, the program runs without."""
    root = logging.getLogger()
    root.setLevel(logging.INFO)
    for noisy in ("jax", "matplotlib", "hdmf", "h5py", "asyncio"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    try:
        log_file().parent.mkdir(parents=True, exist_ok=True)
        handler: logging.Handler = _LogFile(log_file(), maxBytes=1_000_000, backupCount=1, encoding="utf-8", delay=False)
    except OSError as error:
        root.addHandler(logging.StreamHandler())
        log.info("The log is not kept in a file (%s).", error)
        return
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root.addHandler(handler)
