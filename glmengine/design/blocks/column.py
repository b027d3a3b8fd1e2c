"""Precomputed columns: covariates that are features already, as they are or standardised."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from glmengine.basis.supports import Supports
from glmengine.design.design import Block, Column, LeftOut
from glmengine.errors import GlmError
from glmengine.recording.binned import sample_covariate

if TYPE_CHECKING:
    from glmengine.analysis.terms import ColumnsTerm
    from glmengine.recording.recording import Recording
    from glmengine.timegrid.grid import TimeGrid


class ColumnBlock(Block):
    """Values that are columns.

    Parameters
    ----------
    term : ColumnsTerm
        With one reference a column, and their means and scales where they are standardised.
    values : (T, p) array
        NaN where invalid.
    """

    def __init__(self, term: ColumnsTerm, values: np.ndarray) -> None:
        self.term, self._values = term, values
        self.columns = [Column(f"{term.label}[{name}]", name, channel, channel) for channel, name in enumerate(term.variables)]

    def chunk(self, start: int, stop: int) -> np.ndarray:
        return columns_of(self.term, self._values[start:stop])

    def supports(self, index: np.ndarray) -> Supports:
        """Indicators and the like that were given as numbers: zeros as they stand there."""
        if self.term.standardised:
            return Supports.everywhere(index.size, np.ones(len(self.columns)))
        return Supports.of_patterns(self._values[index] != 0)

    def penalty_matrix(self) -> np.ndarray:
        """None of the columns is a neighbour of another."""
        return np.zeros((len(self.columns),) * 2)


def columns_of(term: ColumnsTerm, values: np.ndarray) -> np.ndarray:
    """(N, p) columns of a frozen term for values (N, p) of its covariates."""
    if not term.standardised:
        return values.copy()
    return (values - np.asarray(term.means)) / np.asarray(term.scales)


def column_block(
    term: ColumnsTerm,
    recording: Recording,
    grid: TimeGrid,
    rows: np.ndarray,
    max_gap: float | None,
    where: str,
    notes: list[str],
    *,
    frozen: bool,
) -> ColumnBlock | LeftOut:
    """The columns on a grid, those that vary.

    Parameters
    ----------
    term : ColumnsTerm
    recording : Recording
    grid : TimeGrid
        T bins.
    rows : (T,) bool
        Those that may be used; means and standard deviations are taken from them.
    max_gap : float, optional
    where : str
        Path of the term in the analysis.
    notes : list of str
        To which what was left out is added.
    frozen : bool
        The term is one of an earlier design, and keeps all its columns.

    Raises
    ------
    GlmError
        If a covariate is unknown, is an angle, is given twice, or has no valid sample.
    """
    names: list[str] = []
    for place, name in enumerate(term.variables):
        field = f"{where}.variables.{place}"
        found = recording.covariates[name].variables if name in recording.covariates else (name,)
        for one in found:
            if recording.variable(one, field=field).kind == "angle":
                raise GlmError(
                    f"term '{term.label}': '{one}' is an angle, which jumps where the circle closes; use a tuning term",
                    field=field,
                )
            if one in names:
                raise GlmError(f"term '{term.label}': the column '{one}' is there twice; give it once", field=field)
            names.append(one)
    values = np.column_stack([sample_covariate(recording.variable(name), grid, max_gap) for name in names])
    if not frozen:
        valid = np.isfinite(values) & rows[:, None]
        for place, name in enumerate(names):
            if not valid[:, place].any():
                raise GlmError(
                    f"term '{term.label}': '{name}' has no valid sample in the bins used; take it out, or use other epochs",
                    field=f"{where}.variables",
                )
        low, high = np.where(valid, values, np.inf).min(axis=0), np.where(valid, values, -np.inf).max(axis=0)
        kept = np.flatnonzero(high > low)
        for place in np.flatnonzero(high <= low):
            notes.append(f"The column '{names[place]}' of '{term.label}' was left out: it is constant in the bins used.")
        if not len(kept):
            return LeftOut(term.label, "it has no column that varies")
        names, values = [names[place] for place in kept], values[:, kept]
    label = term.label
    term = term.with_(variables=tuple(names))
    if term.label != label:  # columns that were left out or written out do not rename the term
        term = term.with_(name=label)
    if term.standardised and len(term.means) != len(names):
        together = values[rows & np.isfinite(values).all(axis=1)]
        if not len(together):
            raise GlmError(
                f"term '{label}': there is no bin in which all its columns are valid; take some of them out",
                field=f"{where}.variables",
            )
        scales = together.std(axis=0)
        term = term.with_(means=tuple(together.mean(axis=0).tolist()), scales=tuple(np.where(scales > 0, scales, 1.0).tolist()))
    return ColumnBlock(term, values)
