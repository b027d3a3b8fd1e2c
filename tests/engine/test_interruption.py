"""A request to end is answered in one sentence and with the shell's exit code, also while Python still imports what a command needs."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from contextlib import suppress

import pytest

from glmengine.interruption import KeptFromChildren, RequestsToEnd
from tests.clock import PATIENCE_S

# the module whose import is cut short by the signal
CUT_SHORT = """
import importlib.abc, os, signal, sys

class Interrupter(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name == sys.argv[2]:
            os.kill(os.getpid(), getattr(signal, sys.argv[1]))
        return None

signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's job in the background is begun with it ignored
sys.meta_path.insert(0, Interrupter())
from {entry} import main
sys.exit(main({arguments!r}))
"""


def cut_short(entry, arguments, name, module):
    code = textwrap.dedent(CUT_SHORT).format(entry=entry, arguments=arguments)
    return subprocess.run(
        [sys.executable, "-c", code, name, module],
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
@pytest.mark.parametrize("module", ["glmengine.cli.parser", "numpy"])
def test_the_command_line_says_so_while_it_imports(name, module):
    ended = cut_short("glmengine.cli.main", ["inspect", "/no/such/file.nwb"], name, module)
    assert ended.returncode == 128 + getattr(signal, name)
    assert ended.stderr == "glmengine: interrupted; nothing unfinished was kept\n"


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_the_window_says_so_while_it_imports(name):
    ended = cut_short("glmgui.app", [], name, "qtpy.QtWidgets")
    assert ended.returncode == 128 + getattr(signal, name)
    assert ended.stderr == "glmgui: ended before the window was there; nothing was open\n"


# the main thread is in a library that never comes back, as a long product or a file of a slow disk is
BUSY = """
import _thread, ctypes, os, signal, sys, time
from glmengine import interruption
interruption.GRACE = float(sys.argv[1])
signal.signal(signal.SIGINT, signal.default_int_handler)
with interruption.RequestsToEnd(too_late="too late"):
    def ask():
        for _ in range(int(sys.argv[2])):
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(0.2)
    lock, asking = ctypes.create_string_buffer(64), False
    while True:
        try:
            if not asking:
                asking = True
                _thread.start_new_thread(ask, ())
            ctypes.CDLL(None).pthread_mutex_lock(lock)
        except KeyboardInterrupt:  # it came before the lock was taken
            continue
"""


@pytest.mark.skipif(sys.platform != "linux", reason="needs a call of the system that no signal cuts short")
@pytest.mark.parametrize(("grace", "requests", "said"), [("0.3", "1", "too late\n"), ("600", "2", "")])
def test_a_library_that_does_not_come_back_is_not_waited_for(grace, requests, said):
    command = [sys.executable, "-c", BUSY, grace, requests]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    assert (ended.returncode, ended.stderr) == (128 + signal.SIGTERM, said)


def test_an_import_that_swallows_the_interruption_is_no_fault_of_the_program(capsys, monkeypatch):
    from glmengine.cli.main import main

    def swallowed():
        try:
            signal.raise_signal(signal.SIGTERM)
        except KeyboardInterrupt:
            raise ImportError("initialization failed") from None

    monkeypatch.setattr("glmengine.cli.parser.build_parser", swallowed)
    with HandlersPutBack():
        assert main(["templates"]) == 143
    assert capsys.readouterr().err == "glmengine: interrupted; nothing unfinished was kept\n"


class HandlersPutBack:
    def __enter__(self):
        self.before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def __exit__(self, *_):
        for number, handler in self.before.items():
            signal.signal(number, handler)


def test_a_request_that_falls_into_a_destructor_prints_no_traceback():
    code = """
    import os, signal
    from glmengine.interruption import RequestsToEnd

    class Dying:
        def __del__(self):
            os.kill(os.getpid(), signal.SIGINT)

    class Broken:
        def __del__(self):
            raise ValueError("told")

    signal.signal(signal.SIGINT, signal.default_int_handler)
    with RequestsToEnd() as request:
        Dying()
        Broken()
    assert request.code == 130
    """
    ended = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, timeout=PATIENCE_S, check=False
    )
    assert ended.returncode == 0
    assert "KeyboardInterrupt" not in ended.stderr
    assert "ValueError: told" in ended.stderr


def test_what_the_program_was_started_with_stays():
    with HandlersPutBack():
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        with RequestsToEnd() as request:
            assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
            signal.raise_signal(signal.SIGINT)
        assert request.code == 0
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_a_child_never_hears_of_ctrl_c():
    code = "import os, signal; os.kill(os.getpid(), signal.SIGINT); print('goes on')"
    with KeptFromChildren():
        child = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    assert (child.returncode, child.stdout, child.stderr) == (0, "goes on\n", "")
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, set())


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_a_request_that_falls_into_a_callback_or_a_destructor_ends_the_work_all_the_same(name):
    """Python lets nothing through there; the work went on to its end, and the command said that it was done."""
    code = """
    import gc, os, signal, sys, time
    from glmengine.interruption import RequestsToEnd

    number, swallowed = getattr(signal, sys.argv[1]), []

    class Dying:
        def __del__(self):
            swallowed.append("destructor")
            time.sleep(0.25)  # longer than until it comes again, which falls into this too

    def callback(phase, _):
        if phase == "start" and not swallowed:
            swallowed.append("callback")
            os.kill(os.getpid(), number)

    signal.signal(signal.SIGINT, signal.default_int_handler)
    gc.callbacks.append(callback)
    ended = time.monotonic() + float(sys.argv[2])
    with RequestsToEnd(too_late="too late") as request:
        try:
            gc.collect()
            for _ in range(2):
                Dying()
            while time.monotonic() < ended:
                time.sleep(0.01)
            print("went on")
        except KeyboardInterrupt:
            print("ended")
    print(swallowed[0], request.code - number)
    """
    command = [sys.executable, "-c", textwrap.dedent(code), name, str(PATIENCE_S)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    assert ended.stdout == "ended\ncallback 128\n"
    assert ended.stderr == ""


def test_what_puts_things_in_order_after_a_request_is_not_interrupted_again(monkeypatch):
    """Nor is a request told again that a library has made another error of, as long as that is dealt with."""
    monkeypatch.setattr("glmengine.interruption.AGAIN", 0.005)
    done = []
    with HandlersPutBack(), RequestsToEnd() as request:
        try:
            try:
                signal.raise_signal(signal.SIGTERM)
            except KeyboardInterrupt:
                raise ImportError("initialization failed") from None
        except ImportError:
            time.sleep(0.1)
            done.append("in the handler of what came of it")
            try:
                int("no number")
            except ValueError:
                time.sleep(0.1)
                done.append("in one within it")
            request.heard()
        time.sleep(0.1)
        done.append("on the way out")
    assert len(done) == 3


def test_a_request_that_is_dropped_comes_again(monkeypatch):
    monkeypatch.setattr("glmengine.interruption.AGAIN", 0.005)
    with HandlersPutBack(), RequestsToEnd() as request:
        for _ in range(3):
            with suppress(KeyboardInterrupt):
                signal.raise_signal(signal.SIGTERM) if not request.code else time.sleep(PATIENCE_S)
                pytest.fail("it was not told again")
        request.heard()
    assert request.code == 128 + signal.SIGTERM
