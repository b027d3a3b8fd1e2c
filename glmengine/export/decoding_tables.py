"""What a population says of some covariates, as a CSV table and an npz file."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np

from glmengine.decoding.decode import Decoded
from glmengine.export.outputs import writable_folder
from glmengine.export.tables import csv_text
from glmengine.io.files.whole import write_whole


def write_decoded(decoded: Decoded, folder: str | Path) -> list[Path]:
    """Write ``decoded.csv``, a row a bin, and ``decoded.npz``, which has the posterior too, where that is known.

    The columns are ``time`` (s), ``NAME`` and ``NAME_true`` of each variable, and ``error``. The arrays of the npz are ``time`` (T,), ``variables``
    (V,), ``estimate`` and ``true`` (T, V), ``error`` (T,), ``posterior`` (T, K1, ..., KV) and the values of each variable that were tried,
    ``values_1`` (K1,), ....

    Raises
    ------
    GlmError
        If the folder cannot be written to.
    """
    folder = writable_folder(folder)
    names = [str(name) for name in decoded.values["variable"].values]
    time, error = decoded.values["time"].values, decoded.error.values
    estimate, true = (decoded.values[key].transpose("time", "variable").values for key in ("estimate", "true"))
    paired = [
        (f"{name}{ending}", values[:, place])
        for place, name in enumerate(names)
        for ending, values in (("", estimate), ("_true", true))
    ]
    table = csv_text(
        ["time", *(title for title, _ in paired), "error"],
        zip(time, *(values for _, values in paired), error, strict=True),
    )
    tried = {}
    if decoded.posterior is not None:
        tried = {f"values_{place + 1}": decoded.posterior[name].values for place, name in enumerate(names)}
        tried["posterior"] = decoded.posterior.values
    stream = io.BytesIO()
    np.savez_compressed(
        stream,
        time=time,
        variables=np.array(names),
        estimate=estimate,
        true=true,
        error=error,
        **tried,
    )
    written = [folder / "decoded.csv", folder / "decoded.npz"]
    write_whole(written[0], table.encode("utf-8"))
    write_whole(written[1], stream.getvalue())
    return written
