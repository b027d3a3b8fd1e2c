"""Ctrl+C and the system's request to end a program, answered in one sentence from its first instant on.

Only what Python itself has loaded is imported here: whatever comes before the handlers stand would be answered with a traceback.
"""

from __future__ import annotations

import _thread
import os
import signal
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType

GRACE = 6.0
"""Seconds from a request to the end of the process, whatever it is busy with."""

AGAIN = 0.1
"""Seconds after which it is seen whether a request is on its way out, and told once more if it is not: Python lets nothing through of what falls into a
destructor or a callback of a library (JAX has one that runs whenever garbage is collected), and libraries drop it while they are imported."""

_DEFAULT = {signal.SIGINT: signal.default_int_handler, signal.SIGTERM: signal.SIG_DFL}


class RequestsToEnd:
    """Within it a request to end raises `KeyboardInterrupt` in the main thread, or, where a sentence is given, says it and ends the process.

    What the program was started with, or has asked for, stays: signals that are ignored (``nohup``), handlers of its own. Once a request came,
    the next one ends the process at once, also after the block: it is on its way out.

    Python's own handlers are run by the main thread between two steps of the interpreter, which may be long inside a library, or wait for other threads.
    What the system writes to a pipe as soon as a signal comes is read by a thread of its own, which ends the process at the second request, or after
    `GRACE` seconds if the block has not ended by then.

    Parameters
    ----------
    at_once : str
        The sentence.
    too_late : str
        What is said where the time ran out; may be changed within the block.

    Attributes
    ----------
    code : int
        What the process ends with: 128 and the number of the signal, as shells have it; 0 where none came.
    """

    def __init__(self, at_once: str = "", too_late: str = "") -> None:
        self.code = 0
        self.too_late = too_late or at_once
        self._at_once = at_once
        self._taken: list[signal.Signals] = []
        self._over = False
        self._heard = False
        self._told, self._echoes = 0, 0  # times that it was told again, not yet raised and not yet seen in the pipe
        self._woken_before: int | None = None
        self._pipe = -1

    def __enter__(self) -> RequestsToEnd:
        for number, default in _DEFAULT.items():
            if signal.getsignal(number) is default:
                try:
                    signal.signal(number, self._end)
                except ValueError:  # not the main thread, which alone hears of signals
                    break
                self._taken.append(number)
        if self._taken:
            self._watch()
        return self

    def __exit__(self, *_: object) -> None:
        self._over = True
        if self._woken_before is not None:
            signal.set_wakeup_fd(self._woken_before)
            os.close(self._pipe)
        for number in self._taken:
            if not self.code and signal.getsignal(number) == self._end:
                signal.signal(number, _DEFAULT[number])

    def _end(self, number: int, _: FrameType | None) -> None:
        self.code = 128 + number
        if self._at_once:
            os.write(2, f"{self._at_once}\n".encode())
            os._exit(self.code)
        for one in self._taken:
            signal.signal(one, self._end_now)
        sys.unraisablehook = _without_the_request
        _thread.start_new_thread(self._tell_until_heard, (number, _thread.get_ident()))
        raise KeyboardInterrupt

    def _end_now(self, number: int, _: FrameType | None) -> None:
        """What follows the first request: the second one, or the first told again."""
        if not self._told:
            os._exit(128 + number)
        self._told -= 1
        if not (self._over or self._heard):
            raise KeyboardInterrupt

    def heard(self) -> None:
        """The block knows of the request, and is about to end."""
        self._heard = True

    def _tell_until_heard(self, number: int, main: int) -> None:
        while True:
            time.sleep(AGAIN)
            if self._over or self._heard:
                return
            if not _is_ending(main):
                self._told += 1
                self._echoes += 1
                if hasattr(signal, "pthread_kill"):  # cuts short what the system is waited for in
                    signal.pthread_kill(main, number)
                else:
                    _thread.interrupt_main(number)

    def _watch(self) -> None:
        """Begin the thread that hears of signals by the pipe; where the system has no such pipe, the main thread alone does."""
        told, self._pipe = os.pipe()
        try:
            os.set_blocking(self._pipe, False)
            self._woken_before = signal.set_wakeup_fd(self._pipe, warn_on_full_buffer=False)
        except (AttributeError, ValueError, OSError):
            os.close(told)
            os.close(self._pipe)
            return
        _thread.start_new_thread(self._listen, (told,))

    def _listen(self, told: int) -> None:
        asked = 0
        while heard := os.read(told, 1):
            number = heard[0]
            if number not in self._taken:  # somebody else's
                continue
            if self._echoes:
                self._echoes -= 1
                continue
            asked += 1
            if asked > 1:
                os._exit(128 + number)
            _thread.start_new_thread(self._end_in_time, (number,))
        os.close(told)

    def _end_in_time(self, number: int) -> None:
        time.sleep(GRACE)
        if not self._over:
            os.write(2, f"{self.too_late}\n".encode())
            os._exit(128 + number)


def _is_ending(thread: int) -> bool:
    """Whether a thread is handling a request to end, or what came of one: it puts things in order on its way out."""
    handled = sys._current_exceptions().get(thread)
    error = handled[1] if isinstance(handled, tuple) else handled
    while error is not None and not isinstance(error, KeyboardInterrupt):
        error = error.__context__
    return error is not None


def _without_the_request(happened: sys.UnraisableHookArgs) -> None:
    """A request that falls into a destructor or a callback of a library is told there by a traceback; its one sentence comes all the same."""
    if happened.exc_type is not KeyboardInterrupt:
        sys.__unraisablehook__(happened)


class KeptFromChildren:
    """Within it a process that is started never hears of Ctrl+C, which is the parent's to answer, not even while it is begun."""

    def __enter__(self) -> None:
        block = getattr(signal, "pthread_sigmask", None)  # Windows has none
        self._before = None if block is None else block(signal.SIG_BLOCK, {signal.SIGINT})

    def __exit__(self, *_: object) -> None:
        if self._before is not None:
            signal.pthread_sigmask(signal.SIG_SETMASK, self._before)
