"""The same analysis on many recordings: what became of each, and all their scores, in two tables."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from glmengine.io.files.whole import write_whole
from glmengine.io.raw import unique_names

if TYPE_CHECKING:
    import xarray as xr

    from glmengine.results.result import Result

_HEAD = (
    "recording",
    "outcome",
    "reason",
    "folder",
    "units",
    "features",
    "bins",
    "converged",
    "deviance_explained_heldout_median",
    "deviance_explained_heldout_most",
    "seconds",
)


class Summary:
    """Collects results of recordings; `folders` says where those of each go.

    Parameters
    ----------
    folder : Path
        For the tables ``recordings.csv`` (one row a recording) and ``scores.csv`` (one row a recording and unit).
    recordings : sequence of str
        Given twice, a recording counts once.
    """

    def __init__(self, folder: Path, recordings: Sequence[str]) -> None:
        self.folder, self.failures = folder, 0
        given = list(dict.fromkeys(recordings))
        names = unique_names([Path(one).stem or Path(one).name for one in given])
        self.folders = {one: folder / name for one, name in zip(given, names, strict=True)}
        self._rows: list[list[Any]] = []
        self._scores: list[tuple[str, tuple[str, ...], xr.Dataset]] = []

    def done(self, recording: str, result: Result) -> None:
        """A recording was fitted and its results are written."""
        held_out = np.asarray(result.scores["deviance_explained_heldout"].values, np.float64)
        known = held_out[np.isfinite(held_out)]
        best = [float(np.median(known)), float(known.max())] if len(known) else ["", ""]
        counts = [len(result.units), result.coefficients.sizes["feature"], int(result.scores["n_bins"].max())]
        folder = self.folders[recording].name
        self._rows.append([recording, "done", "", folder, *counts, result.converged, *best, result.seconds])
        self._scores.append((recording, result.units, result.scores))

    def failed(self, recording: str, reason: str) -> None:
        """A recording could not be fitted."""
        self.failures += 1
        self._rows.append([recording, "failed", " ".join(reason.split()), *[""] * (len(_HEAD) - 3)])

    def write(self) -> None:
        """Write both tables; recordings that were not reached are not in them."""
        from glmengine.export.tables import csv_text

        write_whole(self.folder / "recordings.csv", csv_text(_HEAD, self._rows).encode("utf-8"))
        columns = list(dict.fromkeys(str(name) for _, _, scores in self._scores for name in scores.data_vars))
        rows = [
            [recording, unit, *(scores[name].values[at] if name in scores else "" for name in columns)]
            for recording, units, scores in self._scores
            for at, unit in enumerate(units)
        ]
        write_whole(self.folder / "scores.csv", csv_text(["recording", "unit", *columns], rows).encode("utf-8"))
