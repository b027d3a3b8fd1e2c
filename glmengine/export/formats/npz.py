"""NumPy arrays by table and column."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from glmengine.export.formats.result_tables import dictionary, result_tables
from glmengine.io.files.whole import write_whole
from glmengine.results.origin import origin

if TYPE_CHECKING:
    from glmengine.results.result import Result


def write(result: Result, path: Path) -> list[Path]:
    """Arrays called ``TABLE/COLUMN``, and ``provenance`` and ``analysis`` as JSON texts; read without pickles.

    Raises
    ------
    GlmError
        If the file cannot be written.
    """
    tables = result_tables(result)
    arrays = {f"{one.name}/{title}": values for one in (*tables, dictionary(tables)) for title, values in one.columns.items()}
    arrays["provenance"] = np.array(json.dumps(origin(result), ensure_ascii=False))
    arrays["analysis"] = np.array(json.dumps(result.analysis.to_dict(), ensure_ascii=False))
    stream = io.BytesIO()
    np.savez_compressed(stream, allow_pickle=False, **arrays)
    write_whole(path, stream.getvalue())
    return [path]
