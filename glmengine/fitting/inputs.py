"""Designs and observations as the solvers take them: float64, labelled, checked, with the rows that can be used."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from glmengine.backend.row_sources import ArrayRows, RowSource, SparseRows, infinite_value
from glmengine.errors import GlmError
from glmengine.models import Family
from glmengine.threads import workers

CHECK_BYTES = 16 * 2**20


@dataclass(frozen=True)
class Inputs:
    """What is fitted: T rows, P columns, M units.

    Attributes
    ----------
    source : RowSource
        The design.
    valid : (T,) bool
        Rows of the design without NaN.
    Y : (T, M) array
        Observations: integers as they came, of which only chunks become float64; else float64, NaN where missing.
    weights : (T,) or (T, M) float64 or None
        Frequency weights.
    offset : (T,) or (T, M) float64 or None
    features, units : tuple of str
        Labels of columns and units.
    groups : mapping of str to (p,) int array
        Columns of each term.
    smoothness, axes : callable or None
        Second-difference matrix of a term, and the same along each of its variables.
    sources : mapping of str to sequence of (p,) int array
        Columns of each source of each term.
    mask : (P, M) bool or None
        Which columns may drive which unit.
    single : bool
        Y was one-dimensional.
    """

    source: RowSource
    valid: np.ndarray
    Y: np.ndarray
    weights: np.ndarray | None
    offset: np.ndarray | None
    features: tuple[str, ...]
    units: tuple[str, ...]
    groups: Mapping[str, np.ndarray] = field(default_factory=dict)
    smoothness: Callable[[str], np.ndarray | None] | None = None
    axes: Callable[[str], Sequence[np.ndarray]] | None = None
    sources: Mapping[str, Sequence[np.ndarray]] = field(default_factory=dict)
    mask: np.ndarray | None = None
    single: bool = False

    @property
    def shape(self) -> tuple[int, int, int]:
        """T, P, M."""
        return (*self.source.shape, self.Y.shape[1])


def read_inputs(
    X: Any,
    Y: Any,
    family: Family,
    *,
    weights: Any = None,
    offset: Any = None,
    mask: Any = None,
    units: Sequence[str] | None = None,
    whole: bool = True,
) -> Inputs:
    """Take NumPy, JAX, pandas, xarray or pynapple objects, for X a SciPy sparse matrix or a `Design` too, and check them.

    Raises
    ------
    GlmError
        For shapes that do not match, infinite values, bad weights, and observations the family cannot have.
    """
    values, unit_names = _array(Y, "Y")
    single = values.ndim == 1
    values = values[:, None] if single else values
    if values.ndim != 2:
        raise GlmError(f"Y: has {values.ndim} dimensions; give one row per time bin and one column per unit")
    if hasattr(X, "chunk") and hasattr(X, "columns") and hasattr(X, "valid"):
        source, valid = X, np.asarray(X.valid, bool)
        features = tuple(str(label) for label in X.columns.index)
        groups = {str(k): np.asarray(v) for k, v in X.groups.items()}
        smoothness: Callable[[str], np.ndarray | None] | None = X.penalty_matrix
        axes, sources = getattr(X, "axis_penalties", None), _sources(X.columns)
    elif is_sparse(X):
        source = SparseRows(X)
        features = tuple(f"x{j}" for j in range(source.shape[1]))
        valid, groups, smoothness, axes, sources = source.finite_rows(), {}, None, None, {}
    else:
        table, features = _array(X, "X")
        if table.ndim == 1:
            table = table[:, None]
        if table.ndim != 2:
            raise GlmError(f"X: has {table.ndim} dimensions; give one row per time bin and one column per feature")
        source, features = ArrayRows(table), features or tuple(f"x{j}" for j in range(table.shape[1]))
        valid, groups, smoothness, axes, sources = _finite_rows(source, features), {}, None, None, {}
    n_rows, n_columns = source.shape
    _check_same_rows(X, Y)
    if len(values) != n_rows:
        turned = "; X looks transposed: give X.T" if n_columns == len(values) else ""
        raise GlmError(f"X has {n_rows} rows and Y {len(values)}; both must have one row per time bin{turned}")
    if n_rows == 0:
        raise GlmError("X: has no rows; there is nothing to fit")
    names = _unit_names(units) if units is not None else unit_names or tuple(str(m) for m in range(values.shape[1]))
    if len(names) != values.shape[1]:
        raise GlmError(f"Y has {values.shape[1]} units, but {len(names)} names were given")
    twice = next((name for at, name in enumerate(names) if name in names[:at]), None)
    if twice is not None:
        raise GlmError(f"unit_names: '{twice}' is there twice; give each unit a name of its own")
    family.check(values, names, whole=whole)
    return Inputs(
        source=source,
        valid=valid,
        Y=values if values.dtype.kind in "ui" else values.astype(np.float64, copy=False),
        weights=read_per_row(weights, "weights", values.shape, lowest=0.0),
        offset=read_per_row(offset, "offset", values.shape),
        features=features,
        units=names,
        groups=groups,
        smoothness=smoothness,
        axes=axes,
        sources=sources,
        mask=_mask(mask, (n_columns, values.shape[1])),
        single=single,
    )


def _check_same_rows(X: Any, Y: Any) -> None:
    """Refuse rows that carry times or labels which say that row by row they are not of one another."""
    times = [np.asarray(part.t) for part in (X, Y) if type(part).__module__.startswith("pynapple") and hasattr(part, "t")]
    if len(times) == 2 and len(times[0]) == len(times[1]) > 1:
        apart = np.flatnonzero(np.abs(times[0] - times[1]) > 0.5 * np.median(np.diff(times[1])))
        if apart.size:
            at = int(apart[0])
            raise GlmError(
                f"X and Y have rows of other times (row {at}: {times[0][at]:g} s and {times[1][at]:g} s); bring both to the same bins, as with "
                "X.interpolate(Y) or Y.restrict(epochs)"
            )
    labels = [part.index for part in (X, Y) if type(part).__module__.startswith("pandas") and hasattr(part, "index")]
    if (
        len(labels) == 2
        and len(labels[0]) == len(labels[1])
        and not labels[0].equals(labels[1])
        and set(labels[0]) == set(labels[1])
    ):
        raise GlmError("X and Y have the same row labels in another order; bring them into one, as with Y.loc[X.index]")


def predictor(X: Any, coef: np.ndarray, features: Sequence[str]) -> np.ndarray:
    """(T, M) products of rows (T, P), of any kind that `read_inputs` takes, with coefficients (P, M); NaN where a row is not valid.

    Raises
    ------
    GlmError
        For rows that have not these features.
    """
    if (hasattr(X, "matvec") and hasattr(X, "valid")) or is_sparse(X):
        n_columns = X.shape[1]
    else:
        X, _ = _array(X, "X")
        X = X[:, None] if X.ndim == 1 and len(features) == 1 else X
        n_columns = X.shape[1] if X.ndim == 2 else None
    if n_columns != len(features):
        what = f"{n_columns} columns" if n_columns is not None else f"{X.ndim} dimensions"
        raise GlmError(f"X: has {what}; give rows with the {len(features)} columns of the fit")
    if hasattr(X, "matvec"):
        return np.where(np.asarray(X.valid)[:, None], X.matvec(coef), np.nan)
    return X.astype(float, copy=False) @ coef


def is_sparse(X: Any) -> bool:
    """Whether this is a two-dimensional matrix of `scipy.sparse`."""
    return hasattr(X, "tocsr") and getattr(X, "ndim", 0) == 2


def _unit_names(units: Any) -> tuple[str, ...]:
    if isinstance(units, str) or np.ndim(units) != 1:
        raise GlmError(f"unit_names: is {units!r}; give a list of names, one per unit")
    return tuple(str(name) for name in units)


def _sources(columns: Any) -> dict[str, list[np.ndarray]]:
    """Column numbers of each source of each term, in the order of the columns (a data frame with `term` and `variable`)."""
    found: dict[str, dict[str, list[int]]] = {}
    for number, (term, variable) in enumerate(zip(columns["term"], columns["variable"], strict=True)):
        found.setdefault(str(term), {}).setdefault(str(variable), []).append(number)
    return {term: [np.array(group) for group in groups.values()] for term, groups in found.items()}


def _array(data: Any, what: str) -> tuple[np.ndarray, tuple[str, ...]]:
    """Numbers of an array-like and its column labels, where it has any."""
    labels: tuple[str, ...] = ()
    if type(data).__module__.startswith("pynapple") and type(data).__name__ in _NO_TABLES:
        raise GlmError(f"{what}: {_NO_TABLES[type(data).__name__]}")
    if hasattr(data, "dims") and hasattr(data, "coords"):  # xarray
        if data.ndim == 2 and data.dims[1] in data.coords:
            labels = tuple(str(v) for v in data.coords[data.dims[1]].values)
        data = data.values
    elif hasattr(data, "columns"):  # pandas, TsdFrame
        labels = tuple(str(v) for v in data.columns)
    elif (
        hasattr(data, "name") and isinstance(getattr(data, "name", None), str) and getattr(data, "ndim", 0) == 1
    ):  # pandas Series
        labels = (data.name,)
    if hasattr(data, "toarray"):
        raise GlmError(f"{what}: is a sparse matrix, which only X may be; give {what}.toarray()")
    values = getattr(data, "values", data)
    if isinstance(values, np.ma.MaskedArray):  # what is masked is missing
        values = np.where(np.ma.getmaskarray(values), np.nan, values.data) if np.ma.is_masked(values) else values.data
    elif hasattr(data, "isna") and hasattr(data, "to_numpy") and _has_missing_numbers(data):
        values = data.to_numpy(dtype=float, na_value=np.nan)
    try:
        array = np.asarray(values() if callable(values) else values)
    except ValueError as error:
        raise GlmError(f"{what}: its rows are of different lengths; give a table of numbers, one row per time bin") from error
    if array.dtype.kind == "O":
        try:
            array = array.astype(float)
        except (TypeError, ValueError) as error:
            raise GlmError(f"{what}: {_what_is_no_number(array, labels)}; convert or remove it first") from error
    if array.dtype.kind not in "buif":
        raise GlmError(f"{what}: must hold numbers, these are {array.dtype}; convert them first")
    if array.ndim == 0:
        raise GlmError(f"{what}: is a single number; give one row per time bin")
    return array, labels


_NO_TABLES = {
    "Ts": "is a Ts, times without values; count them in bins first, as with spikes.count(0.01)",
    "TsGroup": "is a TsGroup, spike times; count them in bins first, as with spikes.count(0.01)",
    "IntervalSet": "is an IntervalSet, which has no value in each time bin; restrict X and Y to it before the fit",
}
"""What to do with objects of pynapple that have no row for each time bin."""


def _what_is_no_number(array: np.ndarray, labels: tuple[str, ...]) -> str:
    """The first value of an array of objects that is no number, with its row and column."""
    for place, value in np.ndenumerate(array):
        try:
            float(value)
        except (TypeError, ValueError):
            column = f"column '{labels[place[1]]}', " if array.ndim == 2 and len(labels) == array.shape[1] else ""
            row = f"row {place[0]} " if place else ""
            return f"{column}{row}holds {value!r:.40}, which is no number"
    return "holds what is no number"


def _has_missing_numbers(data: Any) -> bool:
    """Whether a pandas object holds numbers alone, some of them missing in its own way."""
    kinds = [data.dtype] if hasattr(data, "dtype") else list(data.dtypes)
    if all(isinstance(kind, np.dtype) for kind in kinds):
        return False
    return all(kind.kind in "buif" for kind in kinds) and bool(np.any(data.isna()))


def _finite_rows(source: ArrayRows, features: Sequence[str]) -> np.ndarray:
    """(T,) bool: rows without NaN; an infinite value is an error."""
    n_rows, n_columns = source.shape
    valid = np.ones(n_rows, bool)
    if source.X.dtype.kind in "bui":
        return valid
    step = max(1, CHECK_BYTES // (8 * max(n_columns, 1)))
    starts = list(range(0, n_rows, step))

    def is_finite(start: int) -> bool:
        part = source.X[start : start + step]
        with np.errstate(over="ignore", invalid="ignore"):
            return bool(np.isfinite(np.ones(len(part), part.dtype) @ part).all())  # a sum finds NaN and infinity in one fast pass

    with workers(n_rows * n_columns) as pool:
        fine = list(pool.map(is_finite, starts))
    for start in (start for start, all_finite in zip(starts, fine, strict=True) if not all_finite):
        part = source.X[start : start + step]
        infinite = np.isinf(part)
        if infinite.any():
            row, column = np.argwhere(infinite)[0]
            raise infinite_value(features[column], start + row)
        valid[start : start + step] = ~np.isnan(part).any(axis=1)
    return valid


def read_per_row(values: Any, what: str, shape: tuple[int, int], lowest: float | None = None) -> np.ndarray | None:
    """Numbers for each row (T,), or each row and unit (T, M), checked; None for None."""
    if values is None:
        return None
    array, _ = _array(values, what)
    array = np.asarray(array, dtype=np.float64)
    if array.shape not in ((shape[0],), shape, (shape[0], 1)):
        raise GlmError(f"{what}: has shape {array.shape}; give ({shape[0]},) or {shape}")
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if not np.isfinite(array).all():
        raise GlmError(f"{what}: row {int(np.argwhere(~np.isfinite(array))[0][0])} is not finite; every row needs a number")
    if lowest is not None and (array < lowest).any():
        raise GlmError(f"{what}: row {int(np.argwhere(array < lowest)[0][0])} is below {lowest:g}; weights are 0 or more")
    return array


def _mask(mask: Any, shape: tuple[int, int]) -> np.ndarray | None:
    if mask is None:
        return None
    array = np.asarray(mask)
    if array.shape == (shape[0],):
        array = np.repeat(array[:, None], shape[1], axis=1)
    if array.shape != shape:
        raise GlmError(f"mask: has shape {array.shape}; give one row per column of X and one column per unit, {shape}")
    if not np.isin(array, (0, 1)).all():
        raise GlmError("mask: must hold only True and False (or 1 and 0)")
    array = array.astype(bool)
    return None if array.all() else array
