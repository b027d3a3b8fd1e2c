"""Fitted results as a processing module in a copy of the recording's NWB file; the original is never touched."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from glmengine.errors import GlmError
from glmengine.export.file_names import file_name, free_name
from glmengine.export.formats.result_tables import result_tables
from glmengine.export.nwb import write_nwb
from glmengine.export.recordings import refuse_original
from glmengine.io.files.hdf5_writing import copied_hdf5
from glmengine.io.files.leftovers import scratch_folder

if TYPE_CHECKING:
    import xarray as xr
    from pynwb import NWBFile

    from glmengine.recording.recording import Recording
    from glmengine.results.result import Result

MODULE = "glmengine"
_OF_A_TABLE = ("id", "name", "parent", "description", "columns", "colnames", "object_id")


def write_results_nwb(result: Result, recording: Recording, path: str | Path) -> None:
    """Write a copy of the recording with a processing module ``glmengine``.

    The module holds the tables ``scores`` (one row a unit), ``coefficients`` (one row a feature, one column a unit, with
    standard errors), ``analysis`` (the analysis as TOML, the notes and the versions), and every other table of
    `glmengine.export.formats`: tests, curves, filters, coupling, cross-validation, comparisons, checks. A recording that did not come
    from NWB is written as NWB first.

    Parameters
    ----------
    result : Result
    recording : Recording
        The one that was fitted.
    path : str or Path
        Must not be the recording's own file.

    Raises
    ------
    GlmError
        If `path` is the recording's file, is not named as NWB, or cannot be written, or if the result is of other units.
    """
    from pynwb import NWBHDF5IO

    path = Path(path)
    if path.suffix.lower() != ".nwb":
        raise GlmError(f"{path.name}: the copy with the results is an NWB file; give a name that ends with .nwb")
    refuse_original(recording, path)
    _refuse_strangers(result, recording)
    is_nwb = recording.path is not None and recording.source.get("format") == "NWB"
    if is_nwb and not os.path.exists(recording.path):
        raise GlmError(f"{recording.path}: the recording is no longer there, so it cannot be copied; open it where it is now")
    with scratch_folder() as folder:
        original = recording.path
        if not is_nwb:
            original = folder / "recording.nwb"
            write_nwb(recording, original)
        with copied_hdf5(original, path) as hdf5:
            io = NWBHDF5IO(file=hdf5, mode="a")
            file = io.read()
            _add(file, result)
            io.write(file)


def _refuse_strangers(result: Result, recording: Recording) -> None:
    """Results of another recording do not belong into this one's copy."""
    unknown = [str(unit) for unit in result.units if str(unit) not in recording.unit_names]
    if unknown:
        raise GlmError(
            f"{recording.name}: has no unit {', '.join(unknown[:5])}, which the results are of; give the recording that was fitted"
        )


def _add(file: NWBFile, result: Result) -> None:
    import tomli_w
    from pynwb.core import DynamicTable, VectorData

    taken = set(file.processing)
    name = next(name for name in (MODULE, *(f"{MODULE}_{number}" for number in range(2, 1000))) if name not in taken)
    module = file.create_processing_module(name, "generalized linear models fitted by glmengine")
    columns: list[Any] = [VectorData(name="unit_name", description="name of the unit", data=list(result.units))]
    for key, values in result.scores.data_vars.items():
        if values.dims == ("unit",):
            columns.append(VectorData(name=str(key), description=_meaning(values, str(key)), data=_plain(values.values)))
    module.add(DynamicTable(name="scores", description="how well each unit is described, one row a unit", columns=columns))

    names = ["intercept", *map(str, result.coefficients["feature"].values)]
    labels = [predictor.label(name) for predictor in result.predictors for name in names]
    coefficients = np.concatenate([np.vstack([one.intercepts, one.coefficients]) for one in result.predictors])
    errors = np.concatenate([np.vstack([one.intercept_errors, one.standard_errors]) for one in result.predictors])
    about = "; one column a unit, in the order of the table of scores"
    columns = [
        VectorData(name="feature", description="label of the feature; the first row is the intercept", data=labels),
        VectorData(name="coefficient", description="log rate per bin and unit of the feature" + about, data=coefficients),
        VectorData(name="standard_error", description="standard error of the coefficient" + about, data=errors),
    ]
    module.add(
        DynamicTable(name="coefficients", description="coefficients on the link scale, one row a feature", columns=columns)
    )

    texts = {"analysis": tomli_w.dumps(result.analysis.to_dict()), "notes": "\n".join(result.notes)}
    texts |= {str(key): str(value) for key, value in result.provenance.items()}
    columns = [
        VectorData(name="item", description="what it is", data=list(texts)),
        VectorData(name="text", description="as text; the analysis is TOML", data=list(texts.values())),
    ]
    module.add(DynamicTable(name="analysis", description="what was asked and with which versions", columns=columns))
    taken = {"scores", "coefficients", "analysis"}
    for one in result_tables(result):
        if one.name not in taken:
            columns = [
                VectorData(name=_column_name(title), description=one.meanings.get(title) or title, data=_plain(values))
                for title, values in one.columns.items()
            ]
            module.add(DynamicTable(name=free_name(file_name(one.name), taken), description=one.name, columns=columns))


def _column_name(title: str) -> str:
    """The title as NWB takes it: no slash and no colon, and no name that a table has for itself."""
    plain = title.replace("/", "_").replace(":", "_")
    return f"{plain}_" if plain in _OF_A_TABLE else plain


def _meaning(values: xr.DataArray, key: str) -> str:
    text, unit = str(values.attrs.get("long_name", key)), str(values.attrs.get("units", values.attrs.get("unit", "")))
    return f"{text} ({unit})" if unit else text


def _plain(values: np.ndarray) -> Any:
    return values if values.dtype.kind in "buif" else [str(value) for value in values]
