"""The compiled steps: what is summed over the rows of one chunk, for many columns of the problem at once.

Every step multiplies in the orientation that XLA does fast on a CPU: `B @ X.T` for predictors and `R @ X` for gradients, K columns
of the problem as rows of the small matrix (measured: `X.T @ r` reaches a tenth of that). Derivatives are written out, nothing is
differentiated automatically. Family and link are static arguments: frozen values that compare equal.
"""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from glmengine.backend.rows import Chunk
from glmengine.backend.worth import worth


class Where(NamedTuple):
    """Which rows and observations each of K columns of the problem has.

    Attributes
    ----------
    unit, weight, offset : (K,) int32
        Row of the chunk's y, weights and offset.
    held : (K,) int32
        Fold that is held out of the column.
    dispersion : (K,) float64
        Of the negative binomial.
    """

    unit: Any
    weight: Any
    offset: Any
    held: Any
    dispersion: Any


def _predictor(chunk: Chunk, coef: Any, intercept: Any, where: Where) -> Any:
    return coef @ chunk.X.T + intercept[:, None] + chunk.offset[where.offset]


def _weights(chunk: Chunk, where: Where, held_out: bool) -> Any:
    """(K, c) weights of the rows that count: those not held out, or those held out."""
    same = chunk.fold[None, :] == where.held[:, None]
    return chunk.weights[where.weight] * (same if held_out else ~same)


@partial(jax.jit, static_argnames=("family", "link"))
def loss_and_gradient(
    chunk: Chunk, coef: Any, intercept: Any, where: Where, *, family: Any, link: Any
) -> tuple[Any, Any, Any, Any]:
    """Sums over a chunk: loss (K,), gradient by coefficients (K, P), by intercept (K,), and absolute score (K,)."""
    eta = _predictor(chunk, coef, intercept, where)
    loss, score, _, _ = family.evaluate(eta, chunk.y[where.unit], link, where.dispersion[:, None])
    weights = _weights(chunk, where, False)
    residual = weights * score
    return jnp.sum(weights * loss, axis=1), residual @ chunk.X, jnp.sum(residual, axis=1), jnp.sum(jnp.abs(residual), axis=1)


@partial(jax.jit, static_argnames=("family", "link"))
def held_out_loss(chunk: Chunk, coef: Any, intercept: Any, where: Where, *, family: Any, link: Any) -> Any:
    """Loss (K,) summed over the rows of a chunk that are held out of each column."""
    eta = _predictor(chunk, coef, intercept, where)
    loss, _, _, _ = family.evaluate(eta, chunk.y[where.unit], link, where.dispersion[:, None])
    return jnp.sum(_weights(chunk, where, True) * loss, axis=1)


@partial(jax.jit, static_argnames=("family", "link", "expected", "precision"))
def hessian(
    chunk: Chunk, coef: Any, intercept: Any, where: Where, *, family: Any, link: Any, expected: bool, precision: str
) -> tuple[Any, Any, Any]:
    """Second derivatives of one column (K = 1) summed over a chunk: (P, P) in `precision`, with the intercept (P,), of the intercept."""
    eta = _predictor(chunk, coef, intercept, where)
    _, _, fisher, observed = family.evaluate(eta, chunk.y[where.unit], link, where.dispersion[:, None])
    return _outer(chunk, (_weights(chunk, where, False) * (fisher if expected else observed))[0], precision)


@partial(jax.jit, static_argnames=("family", "link"))
def score_products(chunk: Chunk, coef: Any, intercept: Any, where: Where, *, family: Any, link: Any) -> tuple[Any, Any, Any]:
    """Sum over a chunk of the outer products of each row's gradient, in the layout of `hessian`: the middle of the sandwich."""
    eta = _predictor(chunk, coef, intercept, where)
    _, score, _, _ = family.evaluate(eta, chunk.y[where.unit], link, where.dispersion[:, None])
    return _outer(chunk, (_weights(chunk, where, False) * score * score)[0], "float64")


def _outer(chunk: Chunk, weights: Any, precision: str) -> tuple[Any, Any, Any]:
    X = chunk.X.astype(precision)
    return (X * weights.astype(precision)[:, None]).T @ X, weights @ chunk.X, jnp.sum(weights)


@jax.jit
def gram(chunk: Chunk, weights: Any) -> tuple[Any, Any, Any]:
    """X'WX (P, P), X'w (P,) and sum of w, for one (c,) row of weights."""
    return _outer(chunk, weights, "float64")


@partial(jax.jit, static_argnames=("family", "link", "held_out"))
def scores(chunk: Chunk, coef: Any, intercept: Any, null: Any, where: Where, *, family: Any, link: Any, held_out: bool) -> Any:
    """`worth` of a model on the rows of a chunk that the column was fitted to, or on those held out of it."""
    eta = _predictor(chunk, coef, intercept, where)
    weights = _weights(chunk, where, held_out)
    return worth(jnp, family, link, eta, chunk.y[where.unit], weights, null, where.dispersion[:, None])
