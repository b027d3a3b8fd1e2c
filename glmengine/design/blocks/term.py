"""Columns of tuning, of filtered signals, and of filtered counts."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from glmengine.analysis.terms import CouplingTerm, CovariateTerm, FilterTerm, HistoryTerm
from glmengine.basis.supports import Supports
from glmengine.design.design import Block, Column
from glmengine.design.lagged_gram import lagged_cost, lagged_moments
from glmengine.design.lagged_supports import filtered_shares
from glmengine.design.tensor_product import (
    axis_penalties,
    joint_columns,
    joint_defined,
    joint_indices,
    joint_sparse,
    joint_supports,
)
from glmengine.timegrid.convolution import convolve_pieces, full_window

if TYPE_CHECKING:
    from scipy.sparse import csr_array

_SPARSE, _FEWEST = 0.05, 200
"""Share of numbers that are not zero up to which, and number of columns from which on, products with a sparse matrix are faster."""

_WORTH = 0.5
"""Share of the time of the dense product below which lagged counts are multiplied by their structure."""


class ProductBlock(Block):
    """Tuning: the row-wise product of one basis per variable.

    Parameters
    ----------
    term : CovariateTerm
        Its bases frozen.
    samples : sequence of (T,) arrays
        The variable of each factor in each bin, NaN where invalid.
    """

    def __init__(self, term: CovariateTerm, samples: Sequence[np.ndarray]) -> None:
        self.term, self._samples = term, tuple(samples)
        names = " x ".join(factor.variable for factor in term.factors)
        self.columns = []
        for number, index in enumerate(joint_indices(term.factors)):
            which = ",".join(map(str, index))
            self.columns.append(Column(f"{term.label}[{which}]", names, 0, number))

    def chunk(self, start: int, stop: int) -> np.ndarray:
        return joint_columns(self.term.factors, [x[start:stop] for x in self._samples])

    def defined(self, start: int, stop: int) -> np.ndarray:
        return joint_defined(self.term.factors, [x[start:stop] for x in self._samples])

    def supports(self, index: np.ndarray) -> Supports:
        return joint_supports(self.term.factors, [x[index] for x in self._samples])

    def sparse(self, start: int, stop: int) -> csr_array | None:
        if self._share > _SPARSE:
            return None
        return joint_sparse(self.term.factors, [x[start:stop] for x in self._samples])

    @cached_property
    def _share(self) -> float:
        """Share of the numbers that are not zero, from some of the rows; 1 where there are too few columns for it to matter."""
        if len(self.columns) < _FEWEST or not len(self._samples[0]):
            return 1.0
        some = np.linspace(0, len(self._samples[0]) - 1, 200).astype(int)
        values = joint_columns(self.term.factors, [x[some] for x in self._samples])
        values = values[np.isfinite(values).all(axis=1)]
        return float(np.count_nonzero(values) / values.size) if values.size else 1.0

    def penalty_matrix(self) -> np.ndarray:
        """Of a product the sum over its axes, each with the identity on the others (Wood 2006)."""
        return np.sum(self.axis_penalties(), axis=0)

    def axis_penalties(self) -> list[np.ndarray]:
        """The penalty along each variable, (p, p) each."""
        return axis_penalties(self.term.factors)


class FilterBlock(Block):
    """A signal filtered by kernels over lags.

    Parameters
    ----------
    term : FilterTerm
    values : (T,) array
        The signal in each bin, NaN where invalid: so is then every row whose window holds it.
    offsets : (S + 1,) int
        Row at which each stretch of time begins.
    bin_size : float
        In seconds.
    """

    def __init__(self, term: FilterTerm, values: np.ndarray, offsets: np.ndarray, bin_size: float) -> None:
        self.term, self._values, self._offsets = term, values[:, None], offsets
        self._lags, self._kernel = term.basis.kernel(bin_size)
        self.columns = [
            Column(f"{term.label}[{function}]", term.variable, 0, function) for function in range(self._kernel.shape[1])
        ]

    def chunk(self, start: int, stop: int) -> np.ndarray:
        return convolve_pieces(self._values, self._lags, self._kernel, self._offsets, start, stop)

    def supports(self, index: np.ndarray) -> Supports:
        return Supports.everywhere(index.size, filtered_shares(self._values, self._lags, self._kernel, index))

    def penalty_matrix(self) -> np.ndarray:
        own = self.term.basis.penalty_matrix()
        return np.zeros((len(self.columns),) * 2) if own is None else own


class SpikeBlock(Block):
    """History and coupling: the counts of source units filtered by kernels over the past.

    Parameters
    ----------
    term : HistoryTerm or CouplingTerm
    counts : (T, C) array
        Spikes of the C sources, kept in their integer type; only the rows of a chunk become float64.
    sources : sequence of str
        Names of the C units.
    offsets : (S + 1,) int
        Row at which each stretch of time begins.
    bin_size : float
        In seconds.
    """

    def __init__(
        self, term: HistoryTerm | CouplingTerm, counts: np.ndarray, sources: Sequence[str], offsets: np.ndarray, bin_size: float
    ) -> None:
        self.term, self._counts, self._offsets, self._bin_size = term, counts, offsets, bin_size
        self._names = tuple(sources)
        self._lags, self._kernel = term.basis.kernel(bin_size)
        self._sources = np.repeat(np.asarray(sources, dtype=object), self._kernel.shape[1])
        self.columns = [
            Column(f"{term.label}[{source}][{function}]", source, channel, function)
            for channel, source in enumerate(sources)
            for function in range(self._kernel.shape[1])
        ]

    def chunk(self, start: int, stop: int) -> np.ndarray:
        return convolve_pieces(self._counts, self._lags, self._kernel, self._offsets, start, stop)

    def supports(self, index: np.ndarray) -> Supports:
        return Supports.everywhere(index.size, filtered_shares(self._counts, self._lags, self._kernel, index))

    def defined(self, start: int, stop: int) -> np.ndarray:
        if self._counts.dtype.kind not in "iu":  # an absent count spoils the windows that hold it
            return super().defined(start, stop)
        return full_window(self._lags, self._offsets, start, stop)

    def moments(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
        if lagged_cost(self._counts, *self._kernel.shape, rows) > _WORTH:
            return None
        return lagged_moments(self._counts, self._lags, self._kernel, rows)

    def allowed(self, unit: str) -> np.ndarray:
        own: Any = self._sources == unit
        if self.term.kind == "history":
            return own.astype(bool)
        return np.ones(len(self._sources), bool) if self.term.include_self else ~own.astype(bool)

    @property
    def restricts(self) -> bool:
        return self.term.kind == "history" or not self.term.include_self

    def for_units(self, units: Sequence[str]) -> SpikeBlock:
        """Of history the past of these units; of coupling all of it, since every source drives some of them."""
        if self.term.kind != "history" or set(units) >= set(self._names):
            return self
        kept = [number for number, name in enumerate(self._names) if name in units]
        sources = [self._names[number] for number in kept]
        return SpikeBlock(self.term, self._counts[:, kept], sources, self._offsets, self._bin_size)

    def penalty_matrix(self) -> np.ndarray:
        own = self.term.basis.penalty_matrix()
        if own is None:
            return np.zeros((len(self.columns),) * 2)
        return np.kron(np.eye(len(self.columns) // len(own)), own)
