"""Memory that Python has freed, given back to the system."""

from __future__ import annotations

import ctypes
import sys


def give_back() -> None:
    """Let the C library give back what lies free between what is in use, which it else keeps for what comes next.

    Worth it after a fit whose rows took most of the memory, where arrays of another kind follow: on Linux with glibc; elsewhere nothing is done.
    """
    if sys.platform.startswith("linux"):
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # other C libraries have no such call
        if trim is not None:
            trim(0)
