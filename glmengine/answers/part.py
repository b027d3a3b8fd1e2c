"""Answers of some of the units: what is kept of them in a file while the others are still to come."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from glmengine.errors import GlmError
from glmengine.io.files.netcdf import read_netcdf, write_netcdf
from glmengine.selection.term_selection import TermSelection

if TYPE_CHECKING:
    import xarray as xr

KIND, FORMAT_VERSION = "part of an answer sheet", 4  # 4: terms say what they add when they come in
FOLDER = "unfinished"
"""Folder beside the sheet's files in which the parts are kept until the sheet is whole."""


@dataclass(frozen=True, eq=False)
class Part:
    """Answers of some units.

    Attributes
    ----------
    selection : TermSelection
        Each unit judged by itself.
    checks : Dataset (unit)
        Of the final models; NaN and empty where there is none.
    shift_p : Dataset (unit, term)
        ``shift_p``, the gain of the step (``shift_gain``), and that of the best candidate of each shift (``shift_null``, over ``shuffle`` too).
    curves, filters : mapping of str to Dataset
    evidence : mapping of str to Dataset
        As of `glmengine.answers.final_models.Final`.
    finished : bool
        Whether nothing was left out because the caller wanted to stop.
    notes : tuple of str
    """

    selection: TermSelection
    checks: xr.Dataset
    shift_p: xr.Dataset | None
    curves: Mapping[str, xr.Dataset] = field(default_factory=dict)
    filters: Mapping[str, xr.Dataset] = field(default_factory=dict)
    evidence: Mapping[str, xr.Dataset] = field(default_factory=dict)
    finished: bool = True
    notes: tuple[str, ...] = ()

    def save(self, path: Path, key: str) -> None:
        """Write one file, whole or not at all; `key` says which question and units it answers."""
        datasets = {f"selection:{name}": one for name, one in self.selection.datasets().items()}
        datasets["checks"] = self.checks
        if self.shift_p is not None:
            datasets["shift_p"] = self.shift_p
        datasets |= {f"curves:{label}": one for label, one in self.curves.items()}
        datasets |= {f"filters:{label}": one for label, one in self.filters.items()}
        datasets |= {f"evidence:{name}": one for name, one in self.evidence.items()}
        write_netcdf(path, datasets, {"key": key, "notes": json.dumps(self.notes)}, kind=KIND, format_version=FORMAT_VERSION)

    @classmethod
    def load(cls, path: Path, key: str) -> Part | None:
        """Read what `save` wrote; None where there is nothing, or what is there answers something else or is damaged."""
        if not path.exists():
            return None
        try:
            datasets, texts, version = read_netcdf(path, kind=KIND, format_version=FORMAT_VERSION)
            if texts["key"] != key or version < FORMAT_VERSION:
                return None
            return cls(
                selection=TermSelection.from_datasets(named(datasets, "selection:")),
                checks=datasets["checks"],
                shift_p=datasets.get("shift_p"),
                curves=named(datasets, "curves:"),
                filters=named(datasets, "filters:"),
                evidence=named(datasets, "evidence:"),
                notes=tuple(json.loads(texts["notes"])),
            )
        except (GlmError, KeyError, json.JSONDecodeError):  # it is made anew
            return None


def key_of(*what: object) -> str:
    """A short name of a question, a recording and units."""
    return hashlib.sha256("\n".join(map(str, what)).encode()).hexdigest()


def named(datasets: Mapping[str, xr.Dataset], prefix: str) -> dict[str, xr.Dataset]:
    """Those whose names begin so, without that beginning."""
    return {name.removeprefix(prefix): one for name, one in datasets.items() if name.startswith(prefix)}
