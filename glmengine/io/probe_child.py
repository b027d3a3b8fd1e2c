"""The child process of a trial reading: what `glmengine.io.files.probe` starts."""

from __future__ import annotations

import json
import math
import os
import sys
import threading
import time
from pathlib import Path
from typing import Any

from glmengine.errors import GlmError
from glmengine.io.content import read_raw
from glmengine.io.recognition import reader_named
from glmengine.parallel.unused_libraries import spare_libraries

BLOCK = 2**24
"""Bytes that are read at a time of a series."""


def main() -> int:
    """Read the files named in requests, a line of JSON each on standard input, and answer each with a line that begins with its name."""
    spare_libraries()
    idle: threading.Timer | None = None
    for line in sys.stdin.buffer:
        if idle is not None:
            idle.cancel()
        request = json.loads(line)
        _limit(request["memory"], request["seconds"])
        try:
            if "series" in request:
                _read_series(Path(request["path"]), request["series"])
            else:
                _read_whole(request)
            reply: dict[str, str | bool] = {"ok": True}
        except GlmError as error:
            reply = {"error": error.message, "field": error.field}
        sys.stdout.write(f"\n{request['name']} {json.dumps(reply)}\n")
        sys.stdout.flush()
        idle = threading.Timer(request["idle"], os._exit, (0,))
        idle.daemon = True
        idle.start()
    os._exit(0)  # a library that was led astray may hang in its own clean-up


def _limit(size: int, seconds: float) -> None:
    """Bytes of address space, and seconds of computing from now on, that may be had, where the system knows such limits."""
    try:
        import resource

        until = math.ceil(time.process_time() + seconds)
        for limit, most in ((resource.RLIMIT_AS, size), (resource.RLIMIT_CORE, 0), (resource.RLIMIT_CPU, until)):
            _, hard = resource.getrlimit(limit)
            resource.setrlimit(limit, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))
    except (ImportError, ValueError, OSError):
        pass  # no such limit on this system


def _read_whole(request: dict[str, Any]) -> None:
    recipe = None
    if request["recipe"] is not None:
        from glmengine.io.recipe.recipe import Recipe

        recipe = Recipe.parse(request["recipe"])
    read_raw(Path(request["path"]), reader_named(request["reader"]), recipe)


def _read_series(path: Path, places: list[str]) -> None:
    import h5py

    try:
        with h5py.File(path, "r") as file:
            for place in places:
                data = file[place]
                step = max(1, BLOCK * data.shape[0] // max(data.size * data.dtype.itemsize, 1))
                for first in range(0, data.shape[0], step):
                    data[first : first + step]
    except (OSError, KeyError, RuntimeError, ValueError) as error:
        detail = " ".join(str(error).split())[:120]
        raise GlmError(f"{path.name}: {places[0]} cannot be read ({detail}); copy or export the file again") from error
