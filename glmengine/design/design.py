"""The model matrix as named blocks, expanded a stretch of rows at a time.

Its products use what a block knows of itself: joint tuning of hundreds of columns of which few are not zero as a sparse matrix (20 x 20
B-splines: 2.5 times as fast, 6 times for the weighted Gram matrix; boxes 5 and 37 times), lagged counts by their correlograms
(`glmengine.design.lagged_gram`). Small blocks are faster as numbers: 8 x 8 B-splines nine times for the weighted Gram matrix. Fits read the rows
as numbers, in chunks, and take from here the Gram matrix that they begin with (measured by `tests/benchmarks/structured_speed.py`).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from glmengine.basis.supports import Placed, Supports
from glmengine.threads import quiet_blas

if TYPE_CHECKING:
    import pandas as pd
    from scipy.sparse import csr_array

    from glmengine.analysis.terms import AnyTerm
    from glmengine.timegrid.grid import TimeGrid

_CHUNK_NUMBERS = 2**21


class Column(NamedTuple):
    """One column of a design: its label, what it depends on, the number of that in its term, of its basis function, and its lag in s."""

    label: str
    variable: str
    channel: int
    function: int
    lag: float = 0


class Block(ABC):
    """The columns of one term.

    Attributes
    ----------
    term : AnyTerm
        With bounds and knots kept.
    columns : list of Column
    """

    term: AnyTerm
    columns: list[Column]

    @abstractmethod
    def chunk(self, start: int, stop: int) -> np.ndarray:
        """Rows `start` to `stop` as (stop - start, p) float64, NaN where they are not defined."""

    def seen(self, start: int, stop: int) -> np.ndarray:
        """`chunk` for a caller that only reads it, which may be a part of what the block keeps."""
        return self.chunk(start, stop)

    @abstractmethod
    def penalty_matrix(self) -> np.ndarray:
        """Second-difference penalty (p, p) of the block's coefficients."""

    def sparse(self, start: int, stop: int) -> csr_array | None:
        """`chunk` as a sparse matrix where most of it is zero, so that products with it are faster; rows that are not defined may be
        zero. None where they are not."""
        return None

    def supports(self, index: np.ndarray) -> Supports:
        """Which columns may be other than zero in rows `index` (n,), as the structure of the block tells: all, where it knows of no zeros."""
        return Supports.everywhere(index.size, np.ones(len(self.columns)))

    def defined(self, start: int, stop: int) -> np.ndarray:
        """(stop - start,) bool, True where every column has a value."""
        return np.isfinite(self.chunk(start, stop)).all(axis=1)

    def moments(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
        """X' X (p, p) and sums (p,) of the columns over `rows` (T,) bool, where the structure of the block makes them faster than
        products of its numbers; None where it does not."""
        return None

    def allowed(self, unit: str) -> np.ndarray:
        """(p,) bool: which columns may drive `unit`."""
        return np.ones(len(self.columns), bool)

    @property
    def restricts(self) -> bool:
        """Whether `allowed` differs between units."""
        return False

    def for_units(self, units: Sequence[str]) -> Block:
        """The block without the columns that may drive none of these units, where it can do without them; else itself."""
        return self


@dataclass(frozen=True)
class LeftOut:
    """A term that has no columns in the bins used, by its label, and why, in words that follow a colon."""

    label: str
    why: str

    def __str__(self) -> str:
        return f"The term '{self.label}' was left out: {self.why}."


@dataclass(frozen=True)
class Design:
    """A model matrix of T rows and P columns.

    Attributes
    ----------
    blocks : tuple of Block
        One per term, in order.
    grid : TimeGrid
        The T bins.
    valid : (T,) bool
        Rows that may be used and in which every column has a value.
    notes : tuple of str
        What was left out and why, one sentence each.
    left_out : tuple of LeftOut
        The terms among it.
    """

    blocks: tuple[Block, ...]
    grid: TimeGrid
    valid: np.ndarray
    notes: tuple[str, ...] = field(default=())
    left_out: tuple[LeftOut, ...] = field(default=())

    @property
    def terms(self) -> tuple[AnyTerm, ...]:
        """The terms with bounds and knots kept: the same features on any data."""
        return tuple(block.term for block in self.blocks)

    @property
    def n_rows(self) -> int:
        return len(self.valid)

    @property
    def n_columns(self) -> int:
        return sum(len(block.columns) for block in self.blocks)

    @property
    def shape(self) -> tuple[int, int]:
        return self.n_rows, self.n_columns

    @cached_property
    def columns(self) -> pd.DataFrame:
        """One row a column: index `feature` (its label), with term, kind, variable, channel, lag and function."""
        import pandas as pd

        columns = [(block.term, column) for block in self.blocks for column in block.columns]
        rows = [(term.label, term.kind, one.variable, one.channel, one.lag, one.function) for term, one in columns]
        labels = pd.Index([one.label for _, one in columns], name="feature")
        return pd.DataFrame(rows, index=labels, columns=["term", "kind", "variable", "channel", "lag", "function"])

    @cached_property
    def slices(self) -> Mapping[str, slice]:
        """Where the columns of each term are, by its label."""
        ends = np.cumsum([0, *(len(block.columns) for block in self.blocks)])
        return {block.term.label: slice(int(a), int(b)) for block, a, b in zip(self.blocks, ends[:-1], ends[1:], strict=True)}

    @property
    def groups(self) -> Mapping[str, np.ndarray]:
        """Column numbers of each term, as the group lasso takes them."""
        return {label: np.arange(part.start, part.stop) for label, part in self.slices.items()}

    def mask(self, unit_names: Sequence[str]) -> np.ndarray | None:
        """(P, M) bool, which columns may drive which unit; None where all may."""
        if not any(block.restricts for block in self.blocks):
            return None
        return np.column_stack([np.concatenate([block.allowed(name) for block in self.blocks]) for name in unit_names])

    def of(self, labels: Sequence[str], units: Sequence[str] | None = None) -> Design:
        """The terms with these labels alone, on the same rows; of units' own past that of `units` alone, where they are given."""
        kept = [block for block in self.blocks if block.term.label in labels]
        return replace(self, blocks=tuple(kept if units is None else (block.for_units(units) for block in kept)))

    def chunk(self, start: int, stop: int) -> np.ndarray:
        """Rows `start` to `stop` (stop - start, P) in float64; invalid rows may hold NaN."""
        if len(self.blocks) == 1:
            return self.blocks[0].chunk(start, stop)
        return np.hstack([block.seen(start, stop) for block in self.blocks])

    def defined(self, start: int, stop: int) -> np.ndarray:
        """(stop - start,) bool, True where every column has a value."""
        return np.logical_and.reduce([block.defined(start, stop) for block in self.blocks])

    def supports(self, index: np.ndarray | None = None) -> list[Placed]:
        """Which columns may be other than zero in rows `index` (n,), or in all: block by block its columns and what it knows of them."""
        rows = np.arange(self.n_rows) if index is None else index
        return [(self.groups[block.term.label], block.supports(rows)) for block in self.blocks]

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
        for rows, parts in self._valid_parts():
            out[rows] = sum(values @ coefficients[where] for where, values in parts)
        return out

    def tmatvec(self, residuals: np.ndarray) -> np.ndarray:
        """X' R for R (T, M), as (P, M); rows that are not valid count as zero."""
        total = np.zeros((self.n_columns, residuals.shape[1]))
        for rows, parts in self._valid_parts():
            for where, values in parts:
                total[where] += values.T @ residuals[rows]
        return total

    def gram(self, weights: np.ndarray | None = None) -> np.ndarray:
        """X' diag(weights) X (P, P), `weights` (T,); rows that are not valid count as zero."""
        if weights is None and (moments := self.moments()) is not None:
            return moments[0]
        total = np.zeros((self.n_columns, self.n_columns))
        for rows, parts in self._valid_parts():
            for number, (where, values) in enumerate(parts):
                weighted = values if weights is None else values * weights[rows, None]
                for other, others in parts[number:]:
                    product = weighted.T @ others
                    total[where, other] += product if isinstance(product, np.ndarray) else product.toarray()
        return np.triu(total) + np.triu(total, 1).T

    def moments(self) -> tuple[np.ndarray, np.ndarray] | None:
        """X' X (P, P) and column sums (P,) over the valid rows, where the structure of a block saves work; None where it does not."""
        own = [block.moments(self.valid) for block in self.blocks]
        if all(found is None for found in own):
            return None
        gram, sums = np.zeros((self.n_columns,) * 2), np.zeros(self.n_columns)
        parts = list(self.slices.values())
        for part, found in zip(parts, own, strict=True):
            if found is not None:
                gram[part, part], sums[part] = found
        if len(own) > 1:  # what is left: blocks without such a structure, and what two blocks have in common
            with quiet_blas():
                for _, values in self.valid_chunks():
                    for part, found in zip(parts, own, strict=True):
                        begin = part.start if found is None else part.stop
                        gram[part, begin:] += values[:, part].T @ values[:, begin:]
                        if found is None:
                            sums[part] += values[:, part].sum(axis=0)
        return np.triu(gram) + np.triu(gram, 1).T, sums

    def penalty_matrix(self, label: str) -> np.ndarray:
        """Second-difference penalty (p, p) of the term called `label`."""
        return next(block for block in self.blocks if block.term.label == label).penalty_matrix()

    def axis_penalties(self, label: str) -> list[np.ndarray]:
        """The parts of `penalty_matrix` along each variable of a term, (p, p) each; one for a term that has no such axes."""
        block = next(block for block in self.blocks if block.term.label == label)
        return block.axis_penalties() if hasattr(block, "axis_penalties") else [block.penalty_matrix()]

    def _valid_parts(self) -> Iterator[tuple[np.ndarray, list[tuple[slice, Any]]]]:
        """As `valid_chunks`, the values in parts with the columns they are: sparse ones of blocks that are, the others together."""
        kinds = [block.sparse(0, min(1, self.n_rows)) is not None for block in self.blocks]
        if not any(kinds):
            for rows, values in self.valid_chunks():
                yield rows, [(slice(0, self.n_columns), values)]
            return
        places = list(self.slices.values())
        for rows, start, stop in self._stretches():
            yield (
                rows,
                [
                    (where, (block.sparse(start, stop) if sparse else block.chunk(start, stop))[rows - start])
                    for where, block, sparse in zip(places, self.blocks, kinds, strict=True)
                ],
            )

    def _stretches(self) -> Iterator[tuple[np.ndarray, int, int]]:
        """The rows a chunk at a time: numbers of its valid ones (k,), where it begins and ends; those without a valid row are left out."""
        step = max(1024, _CHUNK_NUMBERS // max(self.n_columns, 1))
        for start in range(0, self.n_rows, step):
            kept = np.flatnonzero(self.valid[start : start + step])
            if kept.size:
                yield kept + start, start, min(start + step, self.n_rows)

    def valid_chunks(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Valid rows, a chunk at a time: their numbers (k,) and values (k, P)."""
        for rows, start, stop in self._stretches():
            yield rows, self.chunk(start, stop)[rows - start]
