"""Child processes that read doubtful files for this one: started when first needed, kept for the next file, ended by what brings them down.

To start Python and what reads files takes half a second, as long as the opening of most recordings. A child is asked for one file after
another as long as all goes well; after anything else it is ended, so that no file is refused for what an earlier one left behind.
"""

from __future__ import annotations

import atexit
import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from glmengine.context import Context
from glmengine.interruption import KeptFromChildren

PROBE_OPTION = "--probe-recording"
"""A frozen program has no Python to start: with this first argument its entry points run `glmengine.io.probe_child.main`."""

IDLE_SECONDS = 60
"""A child that is asked for nothing for so long ends by itself."""

LOOK = 0.1
"""Seconds between two looks whether the user cancels."""

PATIENCE = 10.0
"""So many times as long as a child may compute it may take in all: on a busy computer it waits for its turn, and files lie on slow disks."""

LIMITS_COMPUTING = hasattr(signal, "SIGXCPU")
"""Whether the system ends a process that has computed for too long."""


class BrokeDown(Exception):
    """The child ended without an answer."""


class TooLate(Exception):
    """It gave none within the time."""


def answer_of(request: dict[str, Any], limit: float, context: Context) -> dict[str, Any]:
    """What a child says of a request: ``{"ok": True}``, or ``error`` and ``field``.

    Parameters
    ----------
    request : dict
        Plain data, as `glmengine.io.probe_child` reads them.
    limit : float
        Seconds of the processor's time; of time, where the system limits no process's computing.
    context : Context

    Raises
    ------
    BrokeDown, TooLate
        The file brought it down, or held it up.
    Cancelled
        If the context says so meanwhile; the child is ended.
    """
    waiting = _kept()
    if waiting is not None:
        try:
            reply = _asked(waiting, request, limit, context)
        except BrokeDown:
            reply = {}
        if "ok" in reply:
            return reply
    # what a child says that has read other files before may be of them
    return _asked(_Child(), request, limit, context)


def _asked(child: _Child, request: dict[str, Any], limit: float, context: Context) -> dict[str, Any]:
    """Its answer; it is kept for the next request where all went well, and ended otherwise."""
    reply: dict[str, Any] = {}
    try:
        reply = child.answer(request, limit, context)
        return reply
    finally:
        if "ok" not in reply or not _keep(child):
            child.end()


class _Child:
    """A process that waits for requests, each a line of JSON on its standard input."""

    def __init__(self) -> None:
        self.kind = _kind()
        command, environment = _command(), _environment()
        pipe, nowhere = subprocess.PIPE, subprocess.DEVNULL
        root = os.path.abspath(os.sep)  # a folder that a process is in can be neither removed nor unmounted
        with KeptFromChildren():
            self._process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=nowhere, env=environment, cwd=root)

    def answer(self, request: dict[str, Any], limit: float, context: Context) -> dict[str, Any]:
        """Ask, and wait; raises as `answer_of`."""
        name = os.urandom(8).hex()
        lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        listener = threading.Thread(target=self._listen, args=(name, lines), name="trial reading", daemon=True)
        listener.start()
        give_up = time.monotonic() + limit * (PATIENCE if LIMITS_COMPUTING else 1.0)
        ended = False
        try:
            stdin = self._process.stdin
            assert stdin is not None
            with suppress(OSError):  # it has ended, and the listener hears of it
                asked = {**request, "name": name, "idle": IDLE_SECONDS, "seconds": limit}
                stdin.write(json.dumps(asked).encode() + b"\n")
                stdin.flush()
            while True:
                try:
                    line = lines.get(timeout=LOOK)
                except queue.Empty:
                    context.check()
                    if time.monotonic() > give_up:
                        raise TooLate from None
                    continue
                try:
                    reply: dict[str, Any] = json.loads(line)
                except ValueError:
                    raise (TooLate if self._computed_too_long() else BrokeDown) from None
                ended = True
                return reply
        finally:
            if not ended:
                self.end()
            listener.join()

    def _listen(self, name: str, lines: queue.SimpleQueue[str]) -> None:
        """Hand on the line that begins with the request's name, or an empty one at the end; libraries may print what they like."""
        stdout = self._process.stdout
        assert stdout is not None
        start = name.encode() + b" "
        for line in stdout:
            if line.startswith(start):
                lines.put(line[len(start) :].decode("utf-8", "replace"))
                return
        lines.put("")

    def _computed_too_long(self) -> bool:
        """Whether what ended it was its limit on computing."""
        self.end()
        return LIMITS_COMPUTING and self._process.returncode == -signal.SIGXCPU

    def is_alive(self) -> bool:
        return self._process.poll() is None

    def end(self) -> None:
        """Kill it, whatever it is doing."""
        process = self._process
        if process.poll() is None:
            process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                with suppress(OSError):  # what was written last is for nobody
                    stream.close()


_lock = threading.Lock()
_waiting: list[_Child] = []


def _kept() -> _Child | None:
    """A child that waits for a request, or None."""
    kind = _kind()
    with _lock:
        child = _waiting.pop() if _waiting else None
    if child is not None and (child.kind != kind or not child.is_alive()):
        child.end()
        child = None
    return child


def _keep(child: _Child) -> bool:
    """Have it wait for the next request; False where one is waiting already."""
    with _lock:
        if _waiting:
            return False
        _waiting.append(child)
    return True


@atexit.register
def _end_all() -> None:
    with _lock:
        while _waiting:
            _waiting.pop().end()


def _kind() -> tuple[str, ...]:
    """What makes a child another one: its program, and where its modules lie."""
    return (*_command(), os.environ.get("PYTHONPATH", ""))


def _command() -> list[str]:
    if getattr(sys, "frozen", False):
        return [sys.executable, PROBE_OPTION]
    return [sys.executable, "-P", "-c", "import sys; from glmengine.io.probe_child import main; sys.exit(main())"]


def _environment() -> dict[str, str]:
    package = str(Path(__file__).resolve().parents[3])
    paths = [package, *map(os.path.abspath, filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep)))]
    # one thread: each would reserve address space, which is what is limited
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(paths),
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
        "HDF5_USE_FILE_LOCKING": "FALSE",
    }
