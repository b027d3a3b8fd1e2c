"""Suite2p folders: deconvolved activity of the cells, and the frame rate."""

from __future__ import annotations

import pickletools
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from glmengine.errors import GlmError
from glmengine.io.files.npy import npy_array, npy_header
from glmengine.io.raw import RawRecording, RawSeries
from glmengine.io.reader import Reader

if TYPE_CHECKING:
    from glmengine.io.recipe.recipe import Recipe

NUMBERS = ("BINFLOAT", "FLOAT", "BININT", "BININT1", "BININT2", "INT", "LONG1")
BETWEEN = ("MEMOIZE", "BINPUT", "LONG_BINPUT", "PUT")


def recognises(path: Path, head: bytes) -> bool:
    """True for a plane's folder, and for the folder that holds the planes."""
    return path.is_dir() and bool(_planes(path))


def read(path: Path, recipe: Recipe | None = None) -> RawRecording:
    """The cells (``iscell``) of all planes as units, `spks` as their activity per frame.

    A recipe with counts may give the frame rate, and ``values = ["F"]`` for the fluorescence in place of `spks`.

    Raises
    ------
    GlmError
        If the frame rate is not known, or no region is called a cell.
    """
    counts = None if recipe is None else recipe.counts
    what = "F" if counts is not None and "F" in counts.values else "spks"
    folders = _planes(path)
    raw = RawRecording()
    rate = (counts.rate if counts is not None else None) or _frame_rate(folders[0] / "ops.npy")
    if not rate:
        raise GlmError(
            f"{path.name}: the frame rate (fs) cannot be read from ops.npy; give it in a recipe with [counts] values = ['spks'] and rate = 30"
        )
    traces, probabilities, regions = [], [], 0
    for folder in folders:
        found, cells, probability = _cells(path, folder, what)
        regions += len(cells)
        traces.append(found[cells])
        probabilities.append(probability[cells])
        prefix = f"{folder.name}-" if len(folders) > 1 else ""
        raw.unit_names += [f"{prefix}{number}" for number in np.flatnonzero(cells)]
    if not raw.unit_names:
        raise GlmError(f"{path.name}: none of its {regions} regions is called a cell; choose the cells in Suite2p")
    if regions > len(raw.unit_names):
        raw.notes.append(f"{regions - len(raw.unit_names)} regions that Suite2p does not call cells left out.")
    frames = {found.shape[1] for found in traces}
    if len(frames) > 1:
        raw.notes.append(f"The planes have {min(frames)} to {max(frames)} frames; what some lack at the end was left out of all.")
    values = np.concatenate([found[:, : min(frames)] for found in traces]).T.astype(np.float64)
    raw.counts = RawSeries(what, np.round((np.arange(len(values)) + 0.5) / rate, 9), values)
    probability = np.concatenate(probabilities)
    if not np.isnan(probability).any():
        raw.unit_columns["probability"] = probability
    if len(folders) > 1:
        raw.unit_columns["plane"] = np.repeat([folder.name for folder in folders], list(map(len, traces))).astype(object)
    kind = "fluorescence" if what == "F" else "deconvolved fluorescence"
    raw.notes.append(f"Activity is {kind}, not spikes: rates are in its units.")
    return raw


READER = Reader("Suite2p", (), recognises, read, probe=True, writes=("*.npy", "Fall.mat"))


def _planes(path: Path) -> list[Path]:
    """The folder itself, or the planes in it."""
    for folders in ([path], path.glob("plane*"), path.glob("suite2p/plane*")):
        found = [folder for folder in folders if (folder / "spks.npy").is_file() and (folder / "F.npy").is_file()]
        if found:
            return sorted(found, key=lambda folder: (len(folder.name), folder.name))
    return []


def _cells(path: Path, folder: Path, what: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Activity (N, T) of all regions of a plane, (N,) whether each is a cell, and with which probability."""
    traces = npy_array(folder / f"{what}.npy")
    if traces.ndim != 2 or traces.dtype.kind not in "uif":
        raise GlmError(f"{path.name}: {what}.npy is {traces.shape} {traces.dtype}, not cells by frames; run Suite2p again")
    chosen = npy_array(folder / "iscell.npy") if (folder / "iscell.npy").is_file() else np.empty(0)
    if chosen.size and len(chosen) != len(traces):
        raise GlmError(
            f"{path.name}: iscell.npy has {len(chosen)} rows and {what}.npy {len(traces)}, where both have one for each region; copy both again"
        )
    if chosen.dtype.kind not in "buif" or not chosen.size:
        return traces, np.ones(len(traces), dtype=bool), np.full(len(traces), np.nan)
    rows = chosen.reshape(len(chosen), -1)
    return traces, rows[:, 0] > 0, rows[:, -1].astype(np.float64)


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
