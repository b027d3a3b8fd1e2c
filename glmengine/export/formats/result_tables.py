"""All numbers of a result as tidy tables, each with a description of its columns, and where they come from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from glmengine.export.check_tables import check_datasets
from glmengine.export.tables import coefficient_rows, table_columns, tables_by_shape

if TYPE_CHECKING:
    import xarray as xr

    from glmengine.results.result import Result

_COEFFICIENTS = {
    "unit": "name of the unit",
    "feature": "label of the feature; the intercept is among them",
    "lag": "lag (s)",
    "coefficient": "on the link scale, per bin",
    "standard_error": "standard error of the coefficient",
}


@dataclass(frozen=True, eq=False)
class Table:
    """One tidy table.

    Attributes
    ----------
    name : str
    columns : mapping of str to (N,) array
        Of float64, integers, truth values, or texts (dtype ``<U``).
    meanings : mapping of str to str
        What a column is, with its unit, where known.
    """

    name: str
    columns: Mapping[str, np.ndarray]
    meanings: Mapping[str, str] = field(default_factory=dict)

    @property
    def n_rows(self) -> int:
        return len(next(iter(self.columns.values()), ()))


def result_tables(result: Result) -> tuple[Table, ...]:
    """Coefficients, scores, tests, curves, filters, coupling, cross-validation, comparison of models and checks, those that are there."""
    titles, rows = coefficient_rows(result)
    columns = {title: _plain([row[place] for row in rows]) for place, title in enumerate(titles)}
    tables = [Table("coefficients", columns, {name: text for name, text in _COEFFICIENTS.items() if name in columns})]
    for name, dataset in _datasets(result).items():
        for part, one in tables_by_shape(name, dataset).items():
            found = {title: _plain(values) for title, values in table_columns(one).items()}
            tables.append(Table(part, found, {title: _meaning(one[title]) for title in found if title in one.variables}))
    return tuple(tables)


def dictionary(tables: tuple[Table, ...]) -> Table:
    """The data dictionary: a row for each column of each table."""
    rows = [(one.name, title, one.meanings.get(title, "")) for one in tables for title in one.columns]
    columns = {title: _plain([row[place] for row in rows]) for place, title in enumerate(("table", "column", "meaning"))}
    return Table("data_dictionary", columns, {"table": "name of the table", "column": "its column", "meaning": "with its unit"})


def _datasets(result: Result) -> dict[str, xr.Dataset]:
    single = {
        "scores": result.scores,
        "tests": result.tests,
        "fold_scores": result.fold_scores,
        "smoothing": result.smoothing,
        "coupling": result.coupling,
        "cross_validation": result.cv,
        "sessions": result.sessions,
        "shift_test": None if result.shift_tests is None else result.shift_tests.table,
    }
    found = {name: dataset for name, dataset in single.items() if dataset is not None}
    found |= {f"curve {label}": dataset for label, dataset in result.curves.items()}
    found |= {f"filter {label}": dataset for label, dataset in result.filters.items()}
    if result.selection is not None:
        found |= {f"selection {name}": dataset for name, dataset in result.selection.datasets().items()}
    return found | {
        f"{check} {name}": dataset for check, datasets in check_datasets(result).items() for name, dataset in datasets.items()
    }


def _meaning(array: Any) -> str:
    text = str(array.attrs.get("long_name", ""))
    unit = str(array.attrs.get("units", array.attrs.get("unit", "")))
    return f"{text} ({unit})".strip() if unit else text


def _plain(values: Any) -> np.ndarray:
    array = np.asarray(values)
    return array if array.dtype.kind in "biufU" else np.asarray([str(value) for value in array], np.str_)
