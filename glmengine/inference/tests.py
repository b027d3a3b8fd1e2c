"""Whether terms are needed: Wald tests of one fit, likelihood-ratio and F tests between two."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from glmengine.errors import GlmError
from glmengine.models.numbers import is_number
from glmengine.sentences import listed

if TYPE_CHECKING:
    import xarray as xr

    from glmengine.fitting.fit_result import Fit

WALD_WORDS = {
    "wald": "Wald statistic of the term",
    "df": "degrees of freedom of the statistic",
    "p": "probability of a statistic at least as large if the term had no effect",
}
"""Meaning of each variable of a table of Wald tests."""


def p_values(statistic: np.ndarray, df: np.ndarray, rest: np.ndarray | None) -> np.ndarray:
    """Probability of a statistic at least as large where nothing is there.

    Parameters
    ----------
    statistic, df : array
    rest : array or None
        Degrees of freedom of the estimated scale, against which it is an F test; None for a chi-squared one.
    """
    from scipy.special import chdtrc, fdtrc  # scipy.stats, which has them too, takes a second to import

    with np.errstate(invalid="ignore", divide="ignore"):
        tail = chdtrc(df, statistic) if rest is None else fdtrc(df, rest, np.maximum(statistic, 0.0) / df)
    return np.where(np.asarray(df) > 0, tail, np.nan)


def wald(fit: Fit, groups: Mapping[str, Any] | Sequence[Any] | None = None) -> xr.Dataset:
    """Test each term, or each group of columns, of a fit: could all its coefficients be 0 (or, with an intercept, add a constant)?

    The statistic is that of Wood (2013, Biometrika 100: 221-228) on the Bayesian covariance, with effective degrees of freedom rounded:
    Wald's where nothing is penalised; with a ridge it errs on the side of caution. It takes the strength of the penalty as given, and
    p-values are not corrected for how many are looked at.

    Parameters
    ----------
    fit : Fit
    groups : mapping of str to columns, or sequence of columns, optional
        Column numbers or names of each group. By default the terms of the design; single columns where it is a plain array.

    Returns
    -------
    Dataset (term, unit)
        ``wald``, ``df`` and ``p``; NaN for units that were not fitted and for terms without an identified coefficient, and everywhere for
        penalties that make zeros, of whose estimates no such claim can be made.

    Raises
    ------
    GlmError
        For a column that is not there.
    """
    import xarray as xr

    if groups is None:
        groups = fit.assembly.inputs.groups or {name: [number] for number, name in enumerate(fit.feature_names)}
    labelled = dict(groups) if isinstance(groups, Mapping) else {str(number): group for number, group in enumerate(groups)}
    columns = [_columns(fit, group) for group in labelled.values()]
    known = fit.assembly.inputs.groups
    if list(known) == list(labelled) and all(np.array_equal(a, b) for a, b in zip(known.values(), columns, strict=True)):
        found = fit.term_tests
    else:
        found = fit.wald_statistics(columns)
    statistic, df = found.statistic, found.df
    if not fit.penalty.is_smooth:
        claims = np.asarray(fit.strength) == 0
        statistic, df = np.where(claims, statistic, np.nan), np.where(claims, df, np.nan)
    rest = fit.n_valid - fit.edf if fit.assembly.family.free_scale else None
    values = {"wald": statistic, "df": df, "p": p_values(statistic, df, rest)}
    coords = {"term": list(labelled), "unit": list(fit.unit_names)}
    return xr.Dataset(
        {name: (("term", "unit"), value, {"long_name": WALD_WORDS[name]}) for name, value in values.items()}, coords
    )


def likelihood_ratio(larger: Fit, smaller: Fit) -> xr.Dataset:
    """Compare two fits to the same observations, of which the larger has all columns of the smaller: is what it has more needed?

    Twice the difference of the log-likelihoods against chi-squared with the difference of the (effective) degrees of freedom; for
    families with a free scale the difference of the deviances over the larger one's dispersion, as an F test (McCullagh & Nelder 1989). Exact
    in large samples without a penalty; with one it is a guide (Wood 2017, section 6.12.4), and for lasso penalties it has no meaning.

    Returns
    -------
    Dataset (unit)
        ``statistic``, ``df`` and ``p``.

    Raises
    ------
    GlmError
        If the fits differ in family, link, units or the rows that they used.
    """
    import xarray as xr

    if not hasattr(smaller, "log_likelihood"):
        raise GlmError(f"likelihood ratio: {type(smaller).__name__} is not a fit; give the one with fewer columns")
    for what in ("family", "link", "unit_names"):
        if getattr(larger, what) != getattr(smaller, what):
            raise GlmError(
                f"likelihood ratio: the fits differ in {what.replace('_', ' ')}; compare fits to the same observations"
            )
    if not np.allclose(larger.n_valid, smaller.n_valid):
        raise GlmError(
            "likelihood ratio: the fits used different rows (a column of one has missing values where the other has none); "
            "leave the same rows out of both"
        )
    df = np.asarray(larger.edf - smaller.edf, float)
    rest = larger.n_valid - larger.edf if larger.assembly.family.free_scale else None
    if rest is None:
        statistic = 2.0 * (larger.log_likelihood - smaller.log_likelihood)
    else:
        statistic = (smaller.deviance - larger.deviance) / larger.dispersion
    df = np.where(df > 1e-8, df, np.nan)
    values = {"statistic": statistic, "df": df, "p": p_values(np.maximum(statistic, 0.0), df, rest)}
    return xr.Dataset({name: ("unit", value) for name, value in values.items()}, {"unit": list(larger.unit_names)})


def _columns(fit: Fit, group: Any) -> np.ndarray:
    """Column numbers of a group of numbers or names."""
    names = list(fit.feature_names)
    numbers = []
    for column in np.atleast_1d(np.asarray(group)).tolist():
        if isinstance(column, str):
            if column not in names:
                raise GlmError(f"there is no column '{column}'; the columns are {listed(names)}")
            numbers.append(names.index(column))
        elif is_number(column) and 0 <= column < len(names) and column == int(column):
            numbers.append(int(column))
        else:
            raise GlmError(f"there is no column {column!r}; there are {len(names)}, from 0")
    return np.array(numbers, int)
