"""What a log may tell a stranger: when and how severe, and where in the program; never its sentences, which name files, units and columns."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

LEFT_OUT = "(sentence left out: it may name files, units or columns)"

_HEADERS = (
    re.compile(r"^(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} [A-Z]+ [\w.]+): ?(.*)$"),  # of the log file
    re.compile(r"^(\d\d:\d\d:\d\d(?:  . (?:warning|error))?)  (.*)$"),  # of the log panel
)
_FRAME = re.compile(r'^File "(.+)", line (\d+), in (\S+)$')
_FAULT = re.compile(r"^([A-Za-z_][\w.]*(?:Error|Exception|Warning|Interrupt|Exit|Iteration|Cancelled))(?::|$)")
_OURS = ("glmengine", "glmgui")
_INSTALLED = ("site-packages", "dist-packages")


def without_names(text: str) -> Iterator[str]:
    """Lines of a log, with the times, the severities, the kinds of the faults and the places in the program that they passed through."""
    for line in text.splitlines():
        bare = line.strip()
        header = next((found for pattern in _HEADERS if (found := pattern.match(bare))), None)
        if header is not None:
            fault = _FAULT.match(header[2].rpartition("program: ")[2])
            yield f"{header[1]}: {fault[1] if fault else LEFT_OUT}"
        elif frame := _FRAME.match(bare):
            place = _place(frame[1])
            yield f"    {place}, line {frame[2]}, in {frame[3]}" if place else "    a file of the user"
        elif bare == "Traceback (most recent call last):":
            yield f"    {bare}"
        elif fault := _FAULT.match(bare):
            yield f"    {fault[1]}"


def _place(path: str) -> str:
    """A file of the program or of a library, from its package on; of others, which the user wrote, an empty name."""
    parts = PurePosixPath(path.replace("\\", "/")).parts
    for name in _INSTALLED:
        if name in parts:
            return "/".join(parts[parts.index(name) + 1 :])
    for name in _OURS:
        if name in parts:
            return "/".join(parts[len(parts) - 1 - parts[::-1].index(name) :])
    if any(part.startswith("python3") for part in parts) or parts[:1] == ("<frozen",):
        return "/".join(parts[-2:])
    return ""
