"""Goodness of fit, and surrogates beside the data, as CSV tables and one NetCDF file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from glmengine.export.file_names import file_name, free_name
from glmengine.export.outputs import writable_folder
from glmengine.export.tables import table_csv, tables_by_shape
from glmengine.io.files.netcdf import write_netcdf
from glmengine.io.files.whole import write_whole

if TYPE_CHECKING:
    import xarray as xr

    from glmengine.goodness.goodness import Goodness

FORMAT_VERSION = 1


def write_goodness(goodness: Goodness, folder: str | Path) -> list[Path]:
    """Write ``goodness.nc`` and a CSV of each array: ``summary.csv``, ``rescaling.csv``, ``covariates.csv``, ...

    Raises
    ------
    GlmError
        If the folder cannot be written to.
    """
    in_words = goodness.summary.drop_vars("judgement", errors="ignore")  # the table says it in sentences
    return write_datasets({**goodness.datasets(), "summary": in_words}, folder, "goodness")


def write_datasets(datasets: Mapping[str, xr.Dataset], folder: str | Path, name: str) -> list[Path]:
    """Write ``NAME.nc`` with all datasets, and a CSV of each.

    Arrays of one dataset that have different labels go to files of their own (``rescaling_apart.csv``).

    Raises
    ------
    GlmError
        If the folder cannot be written to.
    """
    folder = writable_folder(folder)
    written, taken = [folder / f"{name}.nc"], set[str]()
    write_netcdf(written[0], datasets, {}, kind=f"glmengine {name}", format_version=FORMAT_VERSION)
    for title, dataset in datasets.items():
        for part, table in tables_by_shape(title, dataset).items():
            written.append(folder / f"{free_name(file_name(part), taken)}.csv")
            write_whole(written[-1], table_csv(table).encode("utf-8"))
    return written
