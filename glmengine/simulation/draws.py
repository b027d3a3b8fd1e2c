"""Observations drawn from each family given their mean, in JAX."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from glmengine.errors import GlmError
from glmengine.models import Family

MOST = 500.0
"""The largest mean of a count that is drawn; exp of less than minus 700 is no number."""


def drawer(family: Family) -> Callable[[Any, Any, Any, Any], Any]:
    """A function of means, uniform numbers, gamma variates and dispersions, all of one shape, that gives the observations.

    Raises
    ------
    GlmError
        For a family whose distribution nothing here draws from.
    """
    import jax.numpy as jnp
    from jax.scipy.special import ndtri

    if family.binary:
        return lambda mean, uniform, gamma, dispersion: (uniform < mean).astype(mean.dtype)
    if family.name == "poisson":
        return lambda mean, uniform, gamma, dispersion: poisson_quantile(mean, uniform)
    if family.name == "negative_binomial":
        return lambda mean, uniform, gamma, dispersion: poisson_quantile(jnp.minimum(mean * gamma, MOST), uniform)
    if family.counts:
        return lambda mean, uniform, gamma, dispersion: _quantile(family, mean, uniform, dispersion)
    if family.name == "gaussian":
        return lambda mean, uniform, gamma, dispersion: mean + jnp.sqrt(dispersion) * ndtri(uniform)
    if family.name == "gamma":
        return lambda mean, uniform, gamma, dispersion: mean * gamma
    raise GlmError(
        f"surrogates of the {family.words} family cannot be drawn; fit another family to simulate from", field="model.family"
    )


def needs_gamma(family: Family) -> bool:
    """Whether gamma variates of mean 1 and variance `dispersion` are used."""
    return family.name in ("negative_binomial", "gamma")


def poisson_quantile(mean: Any, uniform: Any) -> Any:
    """The least counts whose distribution function is not below `uniform`."""
    import jax
    import jax.numpy as jnp

    def going(state: tuple[Any, Any, Any, Any]) -> Any:
        _, term, below, _ = state
        return jnp.any((uniform > below) & (term > 0.0))

    def onward(state: tuple[Any, Any, Any, Any]) -> tuple[Any, Any, Any, Any]:
        number, term, below, count = state
        number = number + 1.0
        count = jnp.where((uniform > below) & (term > 0.0), number, count)
        term = term * mean / number
        return number, term, below + term, count

    first = jnp.exp(-mean)
    return jax.lax.while_loop(going, onward, (jnp.zeros((), mean.dtype), first, first, jnp.zeros_like(mean)))[3]


def _quantile(family: Family, mean: Any, uniform: Any, dispersion: Any) -> Any:
    """The same of any counts, from their log-likelihood."""
    import jax
    import jax.numpy as jnp

    def chance(number: Any) -> Any:
        return jnp.exp(family.log_likelihood(mean, jnp.full_like(mean, number), dispersion))

    def going(state: tuple[Any, Any, Any]) -> Any:
        number, below, _ = state
        return jnp.any(uniform > below) & (number < 100.0 * MOST)

    def onward(state: tuple[Any, Any, Any]) -> tuple[Any, Any, Any]:
        number, below, count = state
        number = number + 1.0
        count = jnp.where(uniform > below, number, count)
        return number, below + chance(number), count

    first = chance(0.0)
    return jax.lax.while_loop(going, onward, (jnp.zeros((), mean.dtype), first, jnp.zeros_like(mean)))[2]
