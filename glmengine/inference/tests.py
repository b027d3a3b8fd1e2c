"""Wald and likelihood-ratio tests of terms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from glmengine.errors import GlmError
from glmengine.inference.inference import Inference
from glmengine.models.numbers import is_number
from glmengine.sentences import listed

if TYPE_CHECKING:
    import xarray as xr

WALD_WORDS = {
    "wald": "Wald statistic of the term",
    "df": "degrees of freedom of the statistic",
    "p": "probability of a statistic at least as large if the term had no effect; takes bins for independent",
}
"""Meaning of each variable of a table of Wald tests."""


@dataclass(frozen=True)
class Worth:
    """What a fit is worth, for M units.

    Attributes
    ----------
    log_likelihood, deviance, edf, n_valid : (M,)
    dispersion : (M,) or None
        The estimated scale, None where the family has none that is free.
    """

    log_likelihood: np.ndarray
    deviance: np.ndarray
    edf: np.ndarray
    n_valid: np.ndarray
    dispersion: np.ndarray | None


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


def wald(
    inference: Inference,
    known: Mapping[str, np.ndarray],
    groups: Mapping[str, Any] | Sequence[Any] | None,
    *,
    features: Sequence[str],
    units: Sequence[str],
    claims: np.ndarray,
    rest: np.ndarray | None,
) -> xr.Dataset:
    """Test each term, or each group of columns, of a fit: could all its coefficients be 0 (or, with an intercept, add a constant)?

    The statistic is that of Wood (2013, Biometrika 100: 221-228) on the Bayesian covariance, with effective degrees of freedom rounded:
    Wald's where nothing is penalised; with a ridge it errs on the side of caution. It takes the strength of the penalty as given, and
    p-values are not corrected for how many are looked at.

    Parameters
    ----------
    inference : Inference
    known : mapping of str to (p,) int array
        Columns of the terms of the design.
    groups : mapping of str to columns, or sequence of columns, or None
        Column numbers or names of each group. By default the terms of the design; single columns where it is a plain array.
    features, units : sequence of str
        Names of the P columns and M units.
    claims : (M,) bool
        Units of whose estimates a claim can be made: not those held at zero by a penalty.
    rest : (M,) or None
        Degrees of freedom of the estimated scale, None where the family has none that is free.

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
        groups = known or {name: [number] for number, name in enumerate(features)}
    if isinstance(groups, str | bytes) or not isinstance(groups, Mapping | Sequence | np.ndarray):
        raise GlmError(f"groups: is {groups!r:.60}; give lists of columns, or a dictionary of them by name")
    labelled = dict(groups) if isinstance(groups, Mapping) else {str(number): group for number, group in enumerate(groups)}
    columns = [_columns(features, group) for group in labelled.values()]
    if list(known) == list(labelled) and all(np.array_equal(a, b) for a, b in zip(known.values(), columns, strict=True)):
        found = inference.terms
    else:
        found = inference.wald(columns)
    statistic, df = np.where(claims, found.statistic, np.nan), np.where(claims, found.df, np.nan)
    values = {"wald": statistic, "df": df, "p": p_values(statistic, df, rest)}
    coords = {"term": list(labelled), "unit": list(units)}
    return xr.Dataset(
        {name: (("term", "unit"), value, {"long_name": WALD_WORDS[name]}) for name, value in values.items()}, coords
    )


def likelihood_ratio(larger: Worth, smaller: Worth, units: Sequence[str]) -> xr.Dataset:
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
        If the fits differ in the rows that they used.
    """
    import xarray as xr

    found = zip(("statistic", "df", "p"), ratio_test(larger, smaller), strict=True)
    return xr.Dataset({name: ("unit", value) for name, value in found}, {"unit": list(units)})


def ratio_test(larger: Worth, smaller: Worth) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Statistic, degrees of freedom and p (M,) of `likelihood_ratio`, without labels."""
    if not np.allclose(larger.n_valid, smaller.n_valid):
        raise GlmError(
            "likelihood ratio: the fits used different rows (a column of one has missing values where the other has none); "
            "leave the same rows out of both"
        )
    df = np.asarray(larger.edf - smaller.edf, float)
    if larger.dispersion is None:
        rest, statistic = None, 2.0 * (larger.log_likelihood - smaller.log_likelihood)
    else:
        rest, statistic = larger.n_valid - larger.edf, (smaller.deviance - larger.deviance) / larger.dispersion
    df = np.where(df > 1e-8, df, np.nan)
    return statistic, df, p_values(np.maximum(statistic, 0.0), df, rest)


def _columns(names: Sequence[str], group: Any) -> np.ndarray:
    """Column numbers of a group of numbers or names."""
    names = list(names)
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
