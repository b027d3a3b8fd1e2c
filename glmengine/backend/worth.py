"""What a model is worth on some rows: likelihoods, deviances and residuals, summed over those that count.

A formula that runs in NumPy and in a compiled step alike. A family with a free scale is taken at scale 1.
"""

from __future__ import annotations

from typing import Any


def worth(xp: Any, family: Any, link: Any, eta: Any, y: Any, weights: Any, null: Any, dispersion: Any) -> Any:
    """Eight sums over the rows for each of K columns of a problem.

    Parameters
    ----------
    xp : module
        `numpy` or `jax.numpy`, as the arrays are.
    family, link
    eta, y, weights : (K, c)
        Linear predictors, observations, and weights, 0 for rows that do not count.
    null : (K,)
        Mean observations, the model to compare with.
    dispersion : (K, 1)
        Of the negative binomial.

    Returns
    -------
    (8, K) array
        Weights, observations, log-likelihood and deviance of the model, the same of the null means, squared Pearson residuals, and squared
        distances of the observations from the null mean.
    """
    used = weights > 0
    base = xp.broadcast_to(null[:, None], eta.shape)
    y = xp.where(used, y, base)  # rows that do not count stay inside the family's domain
    mu = xp.where(used, link.mean(eta), base)
    rows = (
        xp.ones_like(y),
        y,
        family.log_likelihood(mu, y, dispersion),
        family.deviance(mu, y, dispersion),
        family.log_likelihood(base, y, dispersion),
        family.deviance(base, y, dispersion),
        (y - mu) ** 2 / family.variance(mu, dispersion),
        (y - base) ** 2,
    )
    return xp.stack([xp.sum(xp.where(used, weights * row, 0.0), axis=1) for row in rows])
