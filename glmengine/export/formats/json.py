"""Tables by column as JSON; missing numbers are null, infinite ones texts."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from glmengine.export.formats.result_tables import result_tables
from glmengine.io.files.whole import write_whole
from glmengine.results.origin import origin

if TYPE_CHECKING:
    from glmengine.results.result import Result


def write(result: Result, path: Path) -> list[Path]:
    """One object: ``provenance``, ``analysis``, ``tables`` (columns by table) and ``meanings``.

    Raises
    ------
    GlmError
        If the file cannot be written.
    """
    tables = result_tables(result)
    content = {
        "provenance": origin(result),
        "analysis": result.analysis.to_dict(),
        "tables": {
            one.name: {title: [_plain(value) for value in values.tolist()] for title, values in one.columns.items()}
            for one in tables
        },
        "meanings": {one.name: dict(one.meanings) for one in tables},
    }
    write_whole(path, json.dumps(content, ensure_ascii=False, allow_nan=False).encode("utf-8"))
    return [path]


def _plain(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else ("Infinity" if value > 0 else "-Infinity")
    return value
