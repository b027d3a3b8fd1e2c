"""The compiled steps: what is added up over the rows of one chunk, for many columns of a problem at once.

Every step multiplies in the orientation that XLA does fast on a CPU: `B @ X.T` for predictors and `R @ X` for gradients, K columns
of the problem as rows of the small matrix (measured: `X.T @ r` reaches a tenth of that), and rows lying transposed, columns x rows, for Gram
matrices. Formulas are static arguments: frozen values that compare equal. Totals go in and come out, so that nothing but them leaves the device.
"""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from glmengine.backend.chunks import Chunk
from glmengine.backend.formulas import Seen


class Columns(NamedTuple):
    """Which rows of a chunk's arrays K columns of a problem have, and their parameters.

    Attributes
    ----------
    coef, intercept : (K, P), (K,) float64
    own : (U, F, H) float64 or None
        Parameters of the own columns, unit by unit; `place` (K,) int32 says where in them, counted through, each column's are.
    unit, weight, offset, held : (K,) int32
        Row of the chunk's y and own columns, weights and offset; fold held out.
    dispersion, null : (K, 1) float64
    """

    coef: Any
    intercept: Any
    own: Any
    place: Any
    unit: Any
    weight: Any
    offset: Any
    held: Any
    dispersion: Any
    null: Any


def _predictor(chunk: Chunk, columns: Columns) -> Any:
    eta = columns.coef @ chunk.X.T + columns.intercept[:, None] + _of(chunk.offset, columns.offset)
    if columns.own is not None:
        by_unit = jnp.einsum("ufh,uhc->ufc", columns.own, chunk.own)
        eta = eta + by_unit.reshape(-1, by_unit.shape[2])[columns.place]
    return eta


def _seen(chunk: Chunk, columns: Columns, held_out: bool) -> Seen:
    same = chunk.fold[None, :] == columns.held[:, None]
    weights = _of(chunk.weights, columns.weight) * (same if held_out else ~same)
    return Seen(chunk.y[columns.unit], weights, columns.dispersion, columns.null, _of(chunk.offset, columns.offset))


def _of(shared: Any, place: Any) -> Any:
    """(K, c) what each column sees of an array (1, c) or (U, c); (1, c) where it is the same for all, which costs no gathering."""
    return shared if len(shared) == 1 else shared[place]


@partial(jax.jit, static_argnames=("formula", "held_out", "precision"))
def slopes(
    totals: tuple[Any, Any, Any], chunk: Chunk, columns: Columns, *, formula: Any, held_out: bool, precision: str
) -> tuple[Any, Any, Any]:
    """Loss (m,), gradient (K, Q) and absolute slopes (K,), made in `precision` and added to the totals."""
    if precision != "float64":
        chunk, columns = jax.tree.map(
            lambda part: part.astype(precision) if part.dtype == jnp.float64 else part, (chunk, columns)
        )
    loss, residual = formula(_predictor(chunk, columns), _seen(chunk, columns, held_out))
    return (
        totals[0] + jnp.sum(loss, axis=1, dtype=jnp.float64),
        totals[1] + _back(chunk, columns, residual),
        totals[2] + jnp.sum(jnp.abs(residual), axis=1),
    )


def _back(chunk: Chunk, columns: Columns, residual: Any) -> Any:
    parts = [residual @ chunk.X]
    if columns.own is not None:
        units, fits, _ = columns.own.shape
        by_unit = jnp.zeros((units * fits, residual.shape[1]), residual.dtype).at[columns.place].set(residual)
        own = jnp.einsum("ufc,uhc->ufh", by_unit.reshape(units, fits, -1), chunk.own)
        parts.append(own.reshape(units * fits, -1)[columns.place])
    return jnp.concatenate([*parts, jnp.sum(residual, axis=1)[:, None]], axis=1)


@jax.jit
def back(total: Any, chunk: Chunk, columns: Columns, residual: Any) -> Any:
    """(K, Q) products of numbers for each row (K, c) with the rows, added to the total."""
    return total + _back(chunk, columns, residual)


@partial(jax.jit, static_argnames=("formula", "held_out"))
def weights_at(eta: Any, chunk: Chunk, columns: Columns, *, formula: Any, held_out: bool) -> Any:
    """Weights of rows (n, c) where the predictors are known. This alone is compiled for each formula: with products it took three times as long."""
    return formula(eta, _seen(chunk, columns, held_out))


@partial(jax.jit, static_argnames=("precision",))
def grams(total: Any, chunk: Chunk, weights: Any, unit: Any, *, precision: str) -> Any:
    """Sums of w z z' (n, Q, Q), z the prepared columns and a constant, added to the total; `unit` (n,), or that of all."""
    X = chunk.X.T.astype(precision)
    one = jnp.ones((1, X.shape[1]), precision)

    def gram(row: tuple[Any, Any]) -> Any:
        w, u = row
        own = [] if chunk.own is None else [chunk.own[u].astype(precision)]
        values = jnp.concatenate([X, *own, one])
        return ((values * w.astype(precision)[None, :]) @ values.T).astype(jnp.float64)

    units = unit if len(unit) == len(weights) else jnp.broadcast_to(unit[:1], (len(weights),))
    return total + jax.lax.map(gram, (weights, units))


@jax.jit
def gram(total: Any, chunk: Chunk, used: Any) -> Any:
    """Sum of z z' (P + 1, P + 1) over the first rows of a chunk, shared columns alone, added to the total."""
    inside = (jnp.arange(chunk.X.shape[0]) < used).astype(chunk.X.dtype)
    values = jnp.concatenate([chunk.X.T, inside[None]])
    return total + (values * inside[None]) @ values.T


@partial(jax.jit, static_argnames=("formula", "held_out"))
def sums(total: Any, chunk: Chunk, columns: Columns, *, formula: Any, held_out: bool) -> Any:
    """(K, m) sums of the formula's numbers, added to the total."""
    return total + _sums(_predictor(chunk, columns), chunk, columns, formula, held_out)


@jax.jit
def predictor(chunk: Chunk, columns: Columns) -> Any:
    """Linear predictors (K, c), offsets included."""
    return _predictor(chunk, columns)


@partial(jax.jit, static_argnames=("formula", "held_out"))
def sums_at(total: Any, eta: Any, chunk: Chunk, columns: Columns, *, formula: Any, held_out: bool) -> Any:
    """`sums` where the predictors are known."""
    return total + _sums(eta, chunk, columns, formula, held_out)


def _sums(eta: Any, chunk: Chunk, columns: Columns, formula: Any, held_out: bool) -> Any:
    return jnp.stack([jnp.sum(row, axis=1) for row in formula(eta, _seen(chunk, columns, held_out))], axis=1)
