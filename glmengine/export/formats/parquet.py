"""Folders of Parquet tables; meanings of columns and provenance are in the metadata."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

from glmengine.export.file_names import file_name, free_name
from glmengine.export.formats.result_tables import result_tables
from glmengine.export.outputs import writable_folder
from glmengine.io.files.whole import write_whole
from glmengine.results.origin import origin

if TYPE_CHECKING:
    from glmengine.results.result import Result


def write(result: Result, folder: Path) -> list[Path]:
    """A Parquet file of each table.

    Raises
    ------
    GlmError
        If the folder cannot be written to.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    folder, taken, written = writable_folder(folder), set[str](), []
    for one in result_tables(result):
        arrays = {title: pa.array(values) for title, values in one.columns.items()}
        fields = [
            pa.field(title, array.type, metadata={"meaning": one.meanings.get(title, "")}) for title, array in arrays.items()
        ]
        table = pa.table(list(arrays.values()), schema=pa.schema(fields, metadata=origin(result)))
        stream = io.BytesIO()
        pq.write_table(table, stream)
        written.append(folder / f"{free_name(file_name(one.name), taken)}.parquet")
        write_whole(written[-1], stream.getvalue())
    return written
