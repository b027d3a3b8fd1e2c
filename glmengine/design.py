"""The model matrix as named parts, one per term, expanded a stretch of rows at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

    from glmengine.blocks import Block
    from glmengine.terms import AnyTerm
    from glmengine.timegrid import TimeGrid

_CHUNK_NUMBERS = 2**21


@dataclass(frozen=True)
class Part:
    """The columns of one term.

    Attributes
    ----------
    term : AnyTerm
        With bounds, knots, sources and kept columns frozen.
    block : Block
        Makes the p columns.
    columns : list of dict
        One record a column: ``label``, ``variable``, ``channel``, ``lag`` (s, NaN where the column is no single lag) and ``function``.
    penalty : callable
        Gives the second-difference penalty (p, p), or None where the term has none.
    unit_of : (p,) array of str or None
        The unit that a column comes from; None where the term does not come from units.
    own_only, never_own : bool
        Whether such a column may drive that unit alone, or all but that unit.
    """

    term: AnyTerm
    block: Block
    columns: list[dict[str, Any]]
    penalty: Callable[[], np.ndarray | None]
    unit_of: np.ndarray | None = None
    own_only: bool = False
    never_own: bool = False

    def allowed(self, unit: str) -> np.ndarray:
        """(p,) bool: which columns may drive `unit`."""
        if self.unit_of is None or not (self.own_only or self.never_own):
            return np.ones(len(self.columns), bool)
        own = self.unit_of == unit
        return own if self.own_only else ~own


@dataclass(frozen=True)
class Design:
    """A model matrix of T rows and P columns.

    Attributes
    ----------
    parts : tuple of Part
        One per term, in order.
    grid : TimeGrid
        The T bins.
    valid : (T,) bool
        Rows that may be used and in which every column has a value.
    notes : tuple of str
        What was left out and why, one sentence each.
    """

    parts: tuple[Part, ...]
    grid: TimeGrid
    valid: np.ndarray
    notes: tuple[str, ...] = field(default=())

    @property
    def terms(self) -> tuple[AnyTerm, ...]:
        """The terms that have columns, with bounds, knots and kept columns frozen: the same features on any data."""
        return tuple(part.term for part in self.parts)

    @property
    def n_rows(self) -> int:
        return len(self.valid)

    @property
    def n_columns(self) -> int:
        return sum(len(part.columns) for part in self.parts)

    @property
    def shape(self) -> tuple[int, int]:
        return self.n_rows, self.n_columns

    @cached_property
    def columns(self) -> pd.DataFrame:
        """One row a column: index `feature` (its label), with term, kind, variable, channel, lag and function."""
        import pandas as pd

        records = [{"term": part.term.label, "kind": part.term.kind, **column} for part in self.parts for column in part.columns]
        frame = pd.DataFrame(records, columns=["label", "term", "kind", "variable", "channel", "lag", "function"])
        return frame.set_index("label").rename_axis("feature")

    @cached_property
    def slices(self) -> Mapping[str, slice]:
        """Where the columns of each term are, by its label."""
        ends = np.cumsum([0, *(len(part.columns) for part in self.parts)])
        return {part.term.label: slice(int(a), int(b)) for part, a, b in zip(self.parts, ends[:-1], ends[1:], strict=True)}

    @property
    def groups(self) -> Mapping[str, np.ndarray]:
        """Column numbers of each term, as the group lasso takes them."""
        return {label: np.arange(place.start, place.stop) for label, place in self.slices.items()}

    def mask(self, unit_names: Sequence[str]) -> np.ndarray | None:
        """(P, M) bool, which columns may drive which unit; None where all may."""
        if not any(part.own_only or part.never_own for part in self.parts):
            return None
        return np.column_stack([np.concatenate([part.allowed(name) for part in self.parts]) for name in unit_names])

    def chunk(self, start: int, stop: int) -> np.ndarray:
        """Rows `start` to `stop` (stop - start, P) in float64; invalid rows may hold NaN."""
        if len(self.parts) == 1:
            return self.parts[0].block.chunk(start, stop)
        out = np.empty((stop - start, self.n_columns))
        for part, place in zip(self.parts, self.slices.values(), strict=True):
            out[:, place] = part.block.chunk(start, stop)
        return out

    def dense(self) -> np.ndarray:
        """The whole matrix (T, P)."""
        return self.chunk(0, self.n_rows)

    def to_frame(self) -> pd.DataFrame:
        """The whole matrix with its labels, indexed by the centres of the bins (s)."""
        import pandas as pd

        return pd.DataFrame(self.dense(), index=pd.Index(self.grid.centres, name="time_s"), columns=self.columns.index)

    def matvec(self, coefficients: np.ndarray) -> np.ndarray:
        """X B for B (P, M), as (T, M); rows that are not valid are NaN."""
        out = np.full((self.n_rows, coefficients.shape[1]), np.nan)
        for start, stop in self._stretches():
            values = sum(
                part.block.times(start, stop, coefficients[place]) for part, place in zip(self.parts, self.slices.values(), strict=True)
            )
            kept = self.valid[start:stop]
            out[start:stop][kept] = values[kept]
        return out

    def tmatvec(self, residuals: np.ndarray) -> np.ndarray:
        """X' R for R (T, M), as (P, M); rows that are not valid count as zero."""
        total = np.zeros((self.n_columns, residuals.shape[1]))
        for start, stop in self._stretches():
            kept = self.valid[start:stop]
            part_of = np.where(kept[:, None], residuals[start:stop], 0.0)
            for part, place in zip(self.parts, self.slices.values(), strict=True):
                total[place] += part.block.transposed_times(start, stop, part_of, kept)
        return total

    def gram(self, weights: np.ndarray | None = None) -> np.ndarray:
        """X' diag(weights) X (P, P), `weights` (T,); rows that are not valid count as zero."""
        total = np.zeros((self.n_columns, self.n_columns))
        for rows, values in self.valid_chunks():
            total += (values if weights is None else values * weights[rows, None]).T @ values
        return total

    def penalty_matrix(self, label: str) -> np.ndarray | None:
        """Second-difference penalty (p, p) of the term called `label`; None where its functions have no order."""
        return next(part for part in self.parts if part.term.label == label).penalty()

    def report(self) -> str:
        """Whether the data can tell the columns apart: rank, condition, and terms that say the same, in words."""
        from glmengine.identifiability import identifiability

        return identifiability(self)

    def valid_chunks(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Numbers of valid rows and their values, a stretch at a time."""
        for start, stop in self._stretches():
            kept = np.flatnonzero(self.valid[start:stop])
            if kept.size:
                yield kept + start, self.chunk(start, stop)[kept]

    def _stretches(self) -> Iterator[tuple[int, int]]:
        step = max(1024, _CHUNK_NUMBERS // max(self.n_columns, 1))
        for start in range(0, self.n_rows, step):
            yield start, min(start + step, self.n_rows)
