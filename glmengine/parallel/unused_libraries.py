"""Libraries that a process of the program need not load."""

from __future__ import annotations

import sys


def spare_neo() -> None:
    """Leave out what pynapple would import only to open the formats of Neo, which this program does not: a third of pynapple's own time.

    For processes that are the program's alone, before they import pynapple: nothing else in them can import Neo afterwards.
    """
    sys.modules.setdefault("neo", None)  # an import then fails, which pynapple expects
