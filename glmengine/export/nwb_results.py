"""Fitted results as a processing module in a copy of the recording's NWB file; the original is never touched."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from glmengine.errors import GlmError
from glmengine.export.nwb import write_nwb
from glmengine.files import replacing

if TYPE_CHECKING:
    import xarray as xr
    from pynwb import NWBFile

    from glmengine.recording import Recording
    from glmengine.results import Result

MODULE = "glmengine"


def write_results_nwb(result: Result, recording: Recording, path: str | Path) -> None:
    """Write a copy of the recording with a processing module ``glmengine``.

    The module holds the tables ``scores`` (one row a unit), ``coefficients`` (one row a feature, one column a unit, with
    standard errors) and ``analysis`` (the analysis as TOML, the notes and the versions). A recording that did not come from NWB
    is written as NWB first.

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
        If `path` is the recording's file, or cannot be written.
    """
    from pynwb import NWBHDF5IO

    path = Path(path)
    if recording.path is not None and path.exists() and path.samefile(recording.path):
        raise GlmError(f"{path}: is the recording itself, which is never changed; give another name for the copy")
    with replacing(path) as temporary:
        if recording.path is not None and recording.source.get("format") == "NWB":
            shutil.copyfile(recording.path, temporary)
        else:
            write_nwb(recording, temporary)
        with NWBHDF5IO(str(temporary), "a") as io:
            file = io.read()
            _add(file, result)
            io.write(file)


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

    labels = [str(label) for label in result.coefficients["feature"].values]
    intercepts = np.concatenate([result.intercepts.values[None, :], result.coefficients.values])
    errors = np.concatenate([result.intercept_errors.values[None, :], result.standard_errors.values])
    about = "; one column a unit, in the order of the table of scores"
    columns = [
        VectorData(
            name="feature", description="label of the feature; the first row is the intercept", data=["intercept", *labels]
        ),
        VectorData(name="coefficient", description="log rate per bin and unit of the feature" + about, data=intercepts),
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


def _meaning(values: xr.DataArray, key: str) -> str:
    text, unit = str(values.attrs.get("long_name", key)), str(values.attrs.get("units", values.attrs.get("unit", "")))
    return f"{text} ({unit})" if unit else text


def _plain(values: np.ndarray) -> Any:
    return values if values.dtype.kind in "buif" else [str(value) for value in values]
