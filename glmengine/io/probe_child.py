"""The child process of a trial reading: what `glmengine.io.files.probe` starts."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from glmengine.errors import GlmError
from glmengine.io.content import read_raw
from glmengine.io.recognition import reader_named

BLOCK = 2**24
"""Bytes that are read at a time of a series."""


def main() -> int:
    """Read the file named in the request on standard input; the last line of standard output is the answer."""
    request = json.loads(sys.stdin.buffer.read())
    try:
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (request["memory"], request["memory"]))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    except (ImportError, ValueError, OSError):
        pass  # no such limit on this system
    try:
        if "series" in request:
            _read_series(Path(request["path"]), request["series"])
        else:
            _read_whole(request)
        reply: dict[str, str | bool] = {"ok": True}
    except GlmError as error:
        reply = {"error": error.message, "field": error.field}
    sys.stdout.write("\n" + json.dumps(reply) + "\n")
    sys.stdout.flush()
    os._exit(0)  # a library that was led astray may hang in its own clean-up


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
