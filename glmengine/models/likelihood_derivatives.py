"""Loss, score, curvatures and variance of a family that gives its log-likelihood alone, by automatic differentiation."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from glmengine.models.arrays import library
from glmengine.models.domain import feasible, within_domain

FEWEST = 256
"""Numbers are handed over in arrays of this length times a power of two, for each of which the formulas are compiled once."""


def derivatives(family: Any, eta: Any, y: Any, link: Any, dispersion: Any = None) -> tuple[Any, Any, Any, Any]:
    """Loss, score, expected and actual curvature: see `Family.evaluate`.

    The actual curvature of an exponential dispersion model is linear in the observation, so that its expectation is its value at
    the mean (Jorgensen 1987): exact for these, and for other families a number that a solver may use.
    """
    if library(eta, y, dispersion).np is np:
        return _in_numpy(_compiled(family, link), eta, y, dispersion)
    return _by_predictor(family, link, eta, y, dispersion)


def variance_of_mean(family: Any, mu: Any, dispersion: Any = None) -> Any:
    """(-d2 log-likelihood / d mean2)^-1 at an observation equal to the mean."""
    if library(mu, dispersion).np is np:
        return _in_numpy(_compiled_variance(family), mu, mu, dispersion)[0]
    return _by_mean(family, mu, mu, dispersion)[0]


@lru_cache(maxsize=64)
def _compiled(family: Any, link: Any) -> Any:
    import jax

    return jax.jit(lambda eta, y, dispersion: _by_predictor(family, link, eta, y, dispersion))


@lru_cache(maxsize=64)
def _compiled_variance(family: Any) -> Any:
    import jax

    return jax.jit(lambda mu, y, dispersion: _by_mean(family, mu, y, dispersion))


def _by_predictor(family: Any, link: Any, eta: Any, y: Any, dispersion: Any) -> tuple[Any, Any, Any, Any]:
    import jax.numpy as jnp

    eta = jnp.asarray(eta)
    inside, safe = within_domain(jnp, eta) if family.bounds_predictor(link) else (True, eta)

    def loss_of(observed: Any) -> Any:
        return lambda at: -family.loss_factor * family.log_likelihood(link.mean(at), observed, dispersion)

    loss, score, observed = _twice(loss_of(y), safe)
    expected = _twice(loss_of(link.mean(safe)), safe)[2]
    fine = inside & jnp.isfinite(loss) & jnp.isfinite(score) & jnp.isfinite(observed) & jnp.isfinite(expected)
    return feasible(jnp, fine, loss, score, jnp.maximum(expected, 0.0), observed)


def _by_mean(family: Any, mu: Any, y: Any, dispersion: Any) -> tuple[Any]:
    return (-1.0 / _twice(lambda at: family.log_likelihood(at, y, dispersion), mu)[2],)


def _twice(function: Any, at: Any) -> tuple[Any, Any, Any]:
    """An elementwise function and its first two derivatives."""
    import jax
    import jax.numpy as jnp

    one = jnp.ones_like(at)

    def first(x: Any) -> tuple[Any, Any]:
        return jax.jvp(function, (x,), (one,))

    (value, slope), (_, bend) = jax.jvp(first, (at,), (one,))
    return value, slope, bend


def _in_numpy(compiled: Any, at: Any, y: Any, dispersion: Any) -> tuple[np.ndarray, ...]:
    """The same for NumPy arrays, in float64 whatever JAX's setting, padded to a length that is met again."""
    import jax

    given = np.broadcast_arrays(*(np.asarray(1.0 if part is None else part, np.float64) for part in (at, y, dispersion)))
    shape, size = given[0].shape, given[0].size
    if size == 0:
        return tuple(np.zeros(shape) for _ in range(4))
    padded = FEWEST * 2 ** max(0, int(np.ceil(np.log2(size / FEWEST))))
    flat = [np.pad(part.ravel(), (0, padded - size), mode="edge") for part in given]
    with jax.enable_x64(True):
        found = compiled(flat[0], flat[1], None if dispersion is None else flat[2])
        return tuple(np.asarray(part)[:size].reshape(shape) for part in found)
