"""What the tables over all recordings hold of one that was fitted, as plain values."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from glmengine.recording.recording import Recording
    from glmengine.results.result import Result

MOST_GROUPS = 100
"""A column of the unit table with more different texts than this names units and groups none."""


@dataclass(frozen=True)
class Summary:
    """Of one recording.

    Attributes
    ----------
    name : str
    units : tuple of str
    features, bins : int
    converged : bool
        Whether every unit reached its optimum.
    seconds : float
    scores : mapping of str to tuple
        One value a unit.
    about : mapping of str to tuple of str
        Columns of texts of the unit table (region, animal), one value a unit.
    notes : tuple of str
    """

    name: str
    units: tuple[str, ...]
    features: int
    bins: int
    converged: bool
    seconds: float
    scores: Mapping[str, tuple[Any, ...]]
    about: Mapping[str, tuple[str, ...]]
    notes: tuple[str, ...]

    @property
    def held_out(self) -> np.ndarray:
        """(M,) deviance explained on held-out time, NaN where it is not known."""
        return np.asarray(self.scores["deviance_explained_heldout"], np.float64)

    def to_json(self) -> str:
        """Every number to the last bit; NaN as JSON's writers of Python have it."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Summary:
        """What `to_json` wrote.

        Raises
        ------
        ValueError, TypeError, KeyError
            If it is something else.
        """
        held = json.loads(text)
        for field in ("scores", "about"):
            held[field] = {name: tuple(values) for name, values in held[field].items()}
        return cls(**{**held, "units": tuple(held["units"]), "notes": tuple(held["notes"])})


def summary_of(result: Result, recording: Recording) -> Summary:
    """The summary of a result on the recording that it was fitted to."""
    return Summary(
        name=result.recording_name,
        units=tuple(result.units),
        features=int(result.coefficients.sizes["feature"]),
        bins=int(result.scores["n_bins"].max()),
        converged=bool(result.converged),
        seconds=float(result.seconds),
        scores={str(name): tuple(values.values.tolist()) for name, values in result.scores.data_vars.items()},
        about=_texts(result, recording),
        notes=tuple(result.notes),
    )


def _texts(result: Result, recording: Recording) -> dict[str, tuple[str, ...]]:
    table = recording.unit_table
    if table is None or not set(result.units) <= set(table.index):
        return {}
    found = {}
    for name in table.columns:
        column = table.loc[list(result.units), name]
        if column.dtype.kind in "OUST" and all(isinstance(value, str) or value is None for value in column):
            texts = tuple("" if value is None else str(value) for value in column)
            if len(set(texts)) <= MOST_GROUPS:
                found[str(name)] = texts
    return found
