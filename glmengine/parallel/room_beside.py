"""How many processes there is memory for beside this one."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from glmengine.freed_memory import give_back

BESIDE_SETTING = 1.0
"""GB that the whole program may take beyond the memory setting of an analysis."""


def held_bytes() -> float:
    """What this process has in memory, or on macOS the most that it had; 0 where the system does not say it."""
    if sys.platform.startswith("linux"):
        return float(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")
    if sys.platform == "darwin":
        import resource

        return float(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
    return 0.0


def processes_beside(each: float, memory: float) -> int:
    """Processes of `each` so many bytes that there is room for beside what this one holds, which is as much as each at least.

    A window holds results and what it drew of them, which counts: what it starts is bounded by the same setting, `memory` in GB.
    """
    give_back()
    return max(int(((memory + BESIDE_SETTING) * 1e9 - max(held_bytes(), each)) / each), 0)
