"""Ctrl+C and the system's request to end a program, answered in one sentence from its first instant on.

Only what Python itself has loaded is imported here: whatever comes before the handlers stand would be answered with a traceback.
"""

from __future__ import annotations

import os
import signal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType

_DEFAULT = {signal.SIGINT: signal.default_int_handler, signal.SIGTERM: signal.SIG_DFL}


class RequestsToEnd:
    """Within it a request to end raises `KeyboardInterrupt` in the main thread, or, where a sentence is given, says it and ends the process.

    What the program was started with, or has asked for, stays: signals that are ignored (``nohup``), handlers of its own. Once a request came,
    the next one ends the process at once, also after the block: it is on its way out.

    Parameters
    ----------
    at_once : str
        The sentence.

    Attributes
    ----------
    code : int
        What the process ends with: 128 and the number of the signal, as shells have it; 0 where none came.
    """

    def __init__(self, at_once: str = "") -> None:
        self.code = 0
        self._at_once = at_once
        self._taken: list[signal.Signals] = []

    def __enter__(self) -> RequestsToEnd:
        for number, default in _DEFAULT.items():
            if signal.getsignal(number) is default:
                try:
                    signal.signal(number, self._end)
                except ValueError:  # not the main thread, which alone hears of signals
                    break
                self._taken.append(number)
        return self

    def __exit__(self, *_: object) -> None:
        for number in self._taken:
            if not self.code and signal.getsignal(number) == self._end:
                signal.signal(number, _DEFAULT[number])

    def _end(self, number: int, _: FrameType | None) -> None:
        self.code = 128 + number
        if self._at_once:
            os.write(2, f"{self._at_once}\n".encode())
            os._exit(self.code)
        for one in self._taken:
            signal.signal(one, _leave)
        raise KeyboardInterrupt


def _leave(number: int, _: FrameType | None) -> None:
    os._exit(128 + number)


class KeptFromChildren:
    """Within it a process that is started never hears of Ctrl+C, which is the parent's to answer, not even while it is begun."""

    def __enter__(self) -> None:
        block = getattr(signal, "pthread_sigmask", None)  # Windows has none
        self._before = None if block is None else block(signal.SIG_BLOCK, {signal.SIGINT})

    def __exit__(self, *_: object) -> None:
        if self._before is not None:
            signal.pthread_sigmask(signal.SIG_SETMASK, self._before)
