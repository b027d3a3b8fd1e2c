"""The operations over rows in JAX: on a GPU the design is moved there once, and nothing but sums comes back."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from glmengine.backend import jax_runtime as runtime
from glmengine.backend.chunks import Chunk, bucket
from glmengine.backend.formulas import SlopeFormula, SumFormula, WeightFormula
from glmengine.backend.operations import View
from glmengine.backend.rows import Rows

if TYPE_CHECKING:
    from glmengine.backend.jax_steps import Columns

FEW_COLUMNS = 16
"""With fewer columns a pass costs about the same for one of them as for all, so it is always made for all."""

OBSERVED_AT_A_TIME = 32
"""Columns whose observations are copied at once."""

GRAMS_AT_A_TIME = 8
"""Gram matrices of one compiled step; what is left over is made one by one, so that two sizes serve any number of them."""


class JaxOperations:
    """See `glmengine.backend.operations.Operations`."""

    halves = True

    def __init__(self, rows: Rows, context: Any) -> None:
        self.rows, self.context = rows, context
        self.name = f"JAX on {runtime.device_name(rows.platform)}"

    def slopes(
        self, formula: SlopeFormula, view: View, theta: np.ndarray, *, precision: str = "float64"
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        from glmengine.backend import jax_steps as steps

        def begin(k: int) -> tuple[np.ndarray, ...]:
            return np.zeros(1 if formula.coupled else k), np.zeros((k, self.rows.size)), np.zeros(k)

        def step(totals: Any, chunk: Chunk, columns: Columns) -> Any:
            return steps.slopes(totals, chunk, columns, formula=formula, held_out=view.held_out, precision=precision)

        loss, gradient, absolute = self._over_chunks(step, begin, view, theta, coupled=formula.coupled, precision=precision)
        return loss, gradient, absolute

    def grams(
        self,
        formula: WeightFormula,
        view: View,
        theta: np.ndarray,
        *,
        precision: str = "float64",
        stride: int = 1,
        among: np.ndarray | None = None,
    ) -> np.ndarray:
        from glmengine.backend import jax_steps as steps

        Q = self.rows.size

        def step(total: Any, chunk: Chunk, columns: Columns) -> Any:
            eta = steps.predictor(chunk, columns)
            weights = steps.weights_at(eta, chunk, columns, formula=formula, held_out=view.held_out)
            return steps.grams(total, chunk, weights, columns.unit, precision=precision)

        if formula.coupled:  # each of a few columns needs all of them
            found = self._over_chunks(step, lambda k: np.zeros((k * (k + 1) // 2, Q, Q)), view, theta, coupled=True)
        else:
            whole = view.size - view.size % GRAMS_AT_A_TIME
            parts = [np.arange(first, first + GRAMS_AT_A_TIME) for first in range(0, whole, GRAMS_AT_A_TIME)]
            parts += [np.array([k]) for k in range(whole, view.size)]
            found = np.empty((view.size, Q, Q))
            for part in parts:
                found[part] = self._over_chunks(step, lambda k: np.zeros((k, Q, Q)), view.of(part), theta[part], exact=True)
        if among is not None:
            places = np.append(among, Q - 1)
            found = found[:, places[:, None], places]
        return found

    def gram(self) -> np.ndarray:
        from glmengine.backend import jax_steps as steps

        shared = np.append(np.arange(self.rows.padded), self.rows.size - 1)
        total: Any = np.zeros((shared.size, shared.size))
        with runtime.float64():
            for number, chunk in self._chunks():
                used = min(self.rows.n - number * self.rows.chunk_rows, self.rows.chunk_rows)
                total = steps.gram(total, chunk, np.int32(used))
        result = np.zeros((self.rows.size, self.rows.size))
        result[np.ix_(shared, shared)] = np.asarray(total)
        return result

    def sums(self, formula: SumFormula, view: View, theta: np.ndarray) -> np.ndarray:
        from glmengine.backend import jax_steps as steps

        def step(total: Any, chunk: Chunk, columns: Columns) -> Any:
            return steps.sums(total, chunk, columns, formula=formula, held_out=view.held_out)

        def begin(k: int) -> np.ndarray:
            return np.zeros((1 if formula.coupled else k, formula.numbers))

        return self._over_chunks(step, begin, view, theta, coupled=formula.coupled).T

    def predictor(self, view: View, theta: np.ndarray) -> Iterator[tuple[Any, Any]]:
        from glmengine.backend import jax_steps as steps

        columns = self._columns(view, theta, self._sizes(view))
        for number in range(self.rows.n_chunks):
            self.context.check()
            with runtime.float64():
                eta = steps.predictor(self.rows.on_device(number), columns)
            begin = number * self.rows.chunk_rows
            yield slice(begin, min(begin + self.rows.chunk_rows, self.rows.n)), eta

    def sums_at(self, formula: SumFormula, view: View, predictor: Iterable[tuple[Any, Any]]) -> np.ndarray:
        from glmengine.backend import jax_steps as steps

        theta = np.zeros((view.size, self.rows.size))
        with runtime.float64():
            columns = self._columns(view, theta, self._sizes(view))
            total: Any = np.zeros((1 if formula.coupled else len(columns.unit), formula.numbers))
            for (_, chunk), (_, eta) in zip(self._chunks(), predictor, strict=True):
                total = steps.sums_at(total, eta, chunk, columns, formula=formula, held_out=view.held_out)
            return np.asarray(total)[: view.size].T

    def back(self, view: View, residual: np.ndarray) -> np.ndarray:
        from glmengine.backend import jax_steps as steps

        with runtime.float64():
            columns = self._columns(view, np.zeros((view.size, self.rows.size)), (view.size,))
            total: Any = np.zeros((view.size, self.rows.size))
            for number, chunk in self._chunks():
                begin = number * self.rows.chunk_rows
                part = residual[:, begin : begin + self.rows.chunk_rows]
                total = steps.back(total, chunk, columns, np.pad(part, ((0, 0), (0, self.rows.chunk_rows - part.shape[1]))))
            return np.array(total)

    def observed(self, view: View) -> np.ndarray:
        observed = self.rows.observations
        sums = np.empty((view.size, self.rows.size))
        for first in range(0, view.size, OBSERVED_AT_A_TIME):
            some = view.of(np.arange(first, min(first + OBSERVED_AT_A_TIME, view.size)))
            y = observed.y[some.unit] * observed.weights[some.unit if len(observed.weights) > 1 else [0]]
            if observed.fold is not None:
                y[(observed.fold == some.held[:, None]) != some.held_out] = 0.0
            sums[first : first + some.size] = self.back(some, y)
        return sums

    def _chunks(self, precision: str = "float64") -> Iterator[tuple[int, Chunk]]:
        made = self.rows.in_single if precision == "float32" else self.rows.on_device
        for number in range(self.rows.n_chunks):
            self.context.check()
            yield number, made(number)

    def _over_chunks(
        self,
        step: Callable[[Any, Chunk, Columns], Any],
        begin: Callable[[int], Any],
        view: View,
        theta: np.ndarray,
        *,
        coupled: bool = False,
        exact: bool = False,
        precision: str = "float64",
    ) -> Any:
        """What `step` makes of all chunks from the totals that `begin` makes for so many columns, each (K, ...) but where they are coupled.

        Those that are `coupled`, or so many `exact`ly, are not padded. Chunks come in this `precision`, where there is room for it.
        """
        import jax

        sizes = (view.size,) if coupled or exact else self._sizes(view)
        with runtime.float64():
            if view.held_out and not coupled:
                return self._over_some(step, begin, view, theta, sizes, precision)
            columns = jax.device_put(self._columns(view, theta, sizes), runtime.device(self.rows.platform))
            totals = begin(len(columns.unit))
            waiting: deque[Any] = deque()  # one chunk is worked on while the next is handed over
            for _, chunk in self._chunks(precision):
                totals = step(totals, chunk, columns)
                waiting.append(totals)
                if len(waiting) > 2:
                    jax.block_until_ready(waiting.popleft())
            return jax.tree.map(lambda total: np.array(total) if coupled else np.array(total)[: view.size], totals)

    def _over_some(
        self,
        step: Callable[[Any, Chunk, Columns], Any],
        begin: Callable[[int], Any],
        view: View,
        theta: np.ndarray,
        sizes: tuple[int, ...],
        precision: str,
    ) -> Any:
        """`_over_chunks` where columns see the rows held out alone: each chunk is given those that see any of it."""
        import jax

        result = begin(view.size)
        fold = self.rows.observations.fold
        assert fold is not None, "rows are held out by their folds"
        for number, chunk in self._chunks(precision):
            first = number * self.rows.chunk_rows
            some = view.present(fold[first : first + self.rows.chunk_rows])
            if not some.size:
                continue
            columns = self._columns(view.of(some), theta[some], sizes)
            found = step(begin(len(columns.unit)), chunk, columns)
            for total, part in zip(jax.tree.leaves(result), jax.tree.leaves(found), strict=True):
                total[some] += np.asarray(part)[: some.size]
        return result

    def _sizes(self, view: View) -> tuple[int, ...]:
        """Numbers of columns that steps are compiled for."""
        full = bucket(max(self.rows.columns, view.size))
        if view.held_out:  # with contiguous folds most chunks hold rows of one or two of them
            return bucket(-(-2 * view.size // np.unique(view.held).size)), full
        return (full,) if full < FEW_COLUMNS else (bucket(full // 4), full)

    def _columns(self, view: View, theta: np.ndarray, sizes: tuple[int, ...]) -> Columns:
        """Parameters and places, padded to the least of a few sizes, for each of which a step is compiled."""
        from glmengine.backend.jax_steps import Columns

        rows, k = self.rows, view.size
        K = min((size for size in sizes if size >= k), default=k)
        chosen = np.concatenate([np.arange(k), np.zeros(K - k, int)])  # what is padded is the first column again
        padded = theta[chosen]
        unit = view.unit[chosen].astype(np.int32)
        shared = np.zeros_like(unit)
        offset = rows.observations.offset
        ones = np.ones((K, 1))
        own = place = None
        if rows.own_padded:
            own, place = self._by_unit(theta[:, rows.padded : -1], view.unit)
            place = place[chosen].astype(np.int32)
        return Columns(
            coef=padded[:, : rows.padded],
            intercept=padded[:, -1],
            own=own,
            place=place,
            unit=unit,
            weight=unit if len(rows.observations.weights) > 1 else shared,
            offset=unit if offset is not None and len(offset) > 1 else shared,
            held=view.held[chosen].astype(np.int32),
            dispersion=ones if view.dispersion is None else view.dispersion[chosen][:, None],
            null=ones if view.null is None else view.null[chosen][:, None],
        )

    def _by_unit(self, own: np.ndarray, unit: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Parameters of own columns (k, H) as (U, F, H), F the most that one unit has (a power of two), and where each column's are."""
        units = bucket(len(self.rows.observations.y))
        counts = np.bincount(unit, minlength=units)
        fits = 2 ** int(np.ceil(np.log2(counts.max())))
        rank = np.empty(unit.size, int)
        rank[np.argsort(unit, kind="stable")] = np.arange(unit.size) - np.repeat(np.cumsum(counts) - counts, counts)
        place = unit * fits + rank
        result = np.zeros((units * fits, own.shape[1]))
        result[place] = own
        return result.reshape(units, fits, -1), place
