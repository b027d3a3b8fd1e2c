"""Where the rows of a design come from: an array, a sparse matrix, a design that makes them as they are read."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

from glmengine.basis.supports import Placed, of_columns
from glmengine.errors import GlmError


class RowSource(Protocol):
    """Rows of a design in float64; rows that are not used may hold anything.

    ``supports(index)`` says which columns may be other than zero in some of the rows, as `Design.supports`; None where nobody knows, as
    of plain matrices.
    """

    @property
    def shape(self) -> tuple[int, int]: ...

    def chunk(self, start: int, stop: int) -> np.ndarray: ...

    def supports(self, index: np.ndarray | None) -> list[Placed] | None: ...


class ArrayRows:
    """A design that is an array (T, P) in memory; converted to float64 as it is read, never copied whole.

    `expanded_from` is the source that knows where its zeros are, if it was made from one.
    """

    def __init__(self, X: np.ndarray, columns: np.ndarray | None = None, expanded_from: RowSource | None = None) -> None:
        self.X, self.columns, self.expanded_from = X, columns, expanded_from
        self.shape = (X.shape[0], X.shape[1] if columns is None else columns.size)

    @property
    def at_hand(self) -> bool:
        """Whether reading rows again costs next to nothing: their numbers lie side by side."""
        return self.columns is None and self.X.dtype.kind == "f" and self.X.strides[1] == self.X.itemsize

    def chunk(self, start: int, stop: int) -> np.ndarray:
        part = self.X[start:stop]
        if self.columns is not None:
            part = part[:, self.columns]
        return np.ascontiguousarray(part, dtype=np.float64)

    def supports(self, index: np.ndarray | None) -> list[Placed] | None:
        known = None if self.expanded_from is None else self.expanded_from.supports(index)
        return known if known is None or self.columns is None else of_columns(known, self.columns)


class SparseRows:
    """A design that SciPy keeps without its zeros, (T, P); dense only where a stretch of it is read."""

    def __init__(self, matrix: Any) -> None:
        from scipy.sparse import csr_array

        self.X = csr_array(matrix)
        self.shape = self.X.shape

    def chunk(self, start: int, stop: int) -> np.ndarray:
        return self.X[start:stop].toarray().astype(np.float64, copy=False)

    def supports(self, index: np.ndarray | None) -> None:
        return None

    def finite_rows(self) -> np.ndarray:
        """(T,) bool: rows without NaN; an infinite value is an error."""
        numbers = self.X.tocoo()
        infinite = np.flatnonzero(np.isinf(numbers.data))
        if infinite.size:
            raise infinite_value(f"x{numbers.col[infinite[0]]}", int(numbers.row[infinite[0]]))
        valid = np.ones(self.shape[0], bool)
        valid[numbers.row[np.isnan(numbers.data)]] = False
        return valid


class ColumnsOf:
    """Some columns of another source."""

    def __init__(self, source: RowSource, columns: np.ndarray) -> None:
        self.source, self.columns = source, columns
        self.shape = (source.shape[0], columns.size)

    def chunk(self, start: int, stop: int) -> np.ndarray:
        return np.ascontiguousarray(self.source.chunk(start, stop)[:, self.columns])

    def supports(self, index: np.ndarray | None) -> list[Placed] | None:
        known = self.source.supports(index)
        return None if known is None else of_columns(known, self.columns)


def columns_of(source: RowSource, columns: np.ndarray) -> RowSource:
    """Some columns of a source, read as directly as it allows."""
    if isinstance(source, ArrayRows) and source.columns is None:
        return ArrayRows(source.X, columns, source.expanded_from)
    return ColumnsOf(source, columns)


def infinite_value(feature: str, row: int) -> GlmError:
    """What to raise at the first value that is not a number and not missing."""
    return GlmError(f"X: column '{feature}', row {row} is infinite; remove it or set it to NaN, which leaves the row out")
