"""Suite2p folders: deconvolved activity (spks) of the cells, the frame rate from ops.npy without unpickling it."""

from __future__ import annotations

import pickletools
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from glmengine.errors import GlmError
from glmengine.npy import npy_array, npy_header
from glmengine.reading import RawRecording, RawSeries, Reader

if TYPE_CHECKING:
    from glmengine.recipes import Recipe

NUMBERS = ("BINFLOAT", "FLOAT", "BININT", "BININT1", "BININT2", "INT", "LONG1")
BETWEEN = ("MEMOIZE", "BINPUT", "LONG_BINPUT", "PUT")


def recognises(path: Path, head: bytes) -> bool:
    """True for a plane's folder, and for the folder that holds one plane."""
    return path.is_dir() and _plane(path) is not None


def read(path: Path, recipe: Recipe | None = None) -> RawRecording:
    """The cells (``iscell``) as units, `spks` as their activity per frame; a recipe with counts may give the frame rate."""
    folder = _plane(path)
    traces = npy_array(folder / "spks.npy")
    if traces.ndim != 2 or traces.dtype.kind not in "uif":
        raise GlmError(f"{path.name}: spks.npy is {traces.shape} {traces.dtype}, not cells by frames; run Suite2p again")
    raw = RawRecording()
    cells = np.ones(len(traces), dtype=bool)
    if (folder / "iscell.npy").is_file():
        chosen = npy_array(folder / "iscell.npy")
        if len(chosen) == len(traces):
            cells = np.atleast_2d(chosen.T)[0] > 0
            raw.unit_columns["probability"] = np.atleast_2d(chosen.T)[-1][cells]
    if not cells.all():
        raw.notes.append(f"{int((~cells).sum())} regions that Suite2p does not call cells left out.")
    if not cells.any():
        raise GlmError(f"{path.name}: none of its {len(traces)} regions is called a cell; choose the cells in Suite2p")
    rate = recipe.counts.rate if recipe is not None and recipe.counts is not None else None
    rate = rate or _frame_rate(folder / "ops.npy")
    if not rate:
        raise GlmError(
            f"{path.name}: the frame rate (fs) cannot be read from ops.npy; give it in a recipe with [counts] values = ['spks'] and rate = 30"
        )
    times = (np.arange(traces.shape[1]) + 0.5) / rate
    raw.counts = RawSeries("spks", times, traces[cells].T.astype(np.float64))
    raw.unit_names = [str(number) for number in np.flatnonzero(cells)]
    raw.notes.append("Activity is deconvolved fluorescence, not spikes: rates are in its units.")
    return raw


READER = Reader("Suite2p", (), recognises, read, probe=True)


def _plane(path: Path) -> Path | None:
    planes = [path, *sorted(path.glob("plane*")), *sorted(path.glob("suite2p/plane*"))]
    found = [folder for folder in planes if (folder / "spks.npy").is_file() and (folder / "F.npy").is_file()]
    return found[0] if len(found) == 1 or (found and found[0] == path) else None


def _frame_rate(path: Path) -> float | None:
    """The number behind the key ``fs`` in the pickle, found by reading its opcodes and running none."""
    if not path.is_file():
        return None
    try:
        with open(path, "rb") as stream:
            npy_header(stream)
            awaited = False
            for opcode, argument, _ in pickletools.genops(stream):
                if awaited and opcode.name in NUMBERS:
                    rate = float(argument)
                    return rate if np.isfinite(rate) and rate > 0 else None
                awaited = argument == "fs" or (awaited and opcode.name in BETWEEN)
    except (ValueError, OSError, IndexError, UnicodeDecodeError):
        return None
    return None
