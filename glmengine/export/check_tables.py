"""Checks that are kept with a result (goodness, bootstrap, surrogates, decoding) as CSV tables."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from glmengine.export.file_names import file_name, free_name
from glmengine.export.tables import table_csv, tables_by_shape

if TYPE_CHECKING:
    import xarray as xr

    from glmengine.results.result import Result

CHECKS = ("goodness", "bootstrap", "simulated", "decoded")
"""What the tables are called after."""

MOST_ROWS = 300_000
"""Of one table: larger arrays (cross-correlograms of many pairs, posteriors) are in the result's own file only."""


def check_datasets(result: Result) -> dict[str, dict[str, xr.Dataset]]:
    """The datasets of each check that is kept."""
    kept = dict(zip(CHECKS, (result.goodness_of_fit, result.bootstrap_bands, result.simulated, result.decoded), strict=True))
    return {name: found.datasets() for name, found in kept.items() if found is not None}


def check_texts(result: Result) -> dict[str, str]:
    """CSV of each array by the name of its file: ``goodness_summary.csv``, ``bootstrap_coefficients.csv``, ..."""
    texts: dict[str, str] = {}
    taken: set[str] = set()
    for check, datasets in check_datasets(result).items():
        for title, dataset in datasets.items():
            for name, table in tables_by_shape(title, dataset).items():
                if math.prod(table.sizes.values()) <= MOST_ROWS:
                    texts[f"{free_name(f'{check}_{file_name(name)}', taken)}.csv"] = table_csv(table)
    return texts
