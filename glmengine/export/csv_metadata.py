"""Where the numbers of CSV files come from, beside them, as the W3C's "Model for Tabular Data and Metadata" (2015) has it.

A CSV file has no place for it: a line of comment would be taken for data by many programs. The standard names two places, which are
looked for: ``csv-metadata.json`` in the folder, of all its tables, and ``NAME.csv-metadata.json`` beside a single one.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from glmengine.io.files.whole import write_whole
from glmengine.results.origin import origin

if TYPE_CHECKING:
    from glmengine.results.result import Result

OF_A_FOLDER = "csv-metadata.json"


def csv_metadata(result: Result, texts: Mapping[str, str]) -> str:
    """The description, in JSON, of the CSV files whose texts are given by name: their columns, program, hashes and seed."""
    tables = []
    for name, text in texts.items():
        titles = next(csv.reader(io.StringIO(text)), [])
        tables.append({"url": name, "tableSchema": {"columns": [{"titles": title} for title in titles]}})
    notes = [{"about": "provenance", **origin(result)}]
    found = {"@context": "http://www.w3.org/ns/csvw", "notes": notes}
    return json.dumps(found | (tables[0] if len(tables) == 1 else {"tables": tables}), indent=1, ensure_ascii=False) + "\n"


def write_csv(result: Result, path: Path, text: str) -> list[Path]:
    """Write one table and its description beside it; the files written.

    Raises
    ------
    GlmError
        If the folder cannot be written to.
    """
    beside = path.with_name(f"{path.name}-metadata.json")
    described = csv_metadata(result, {path.name: text})
    write_whole(path, text.encode("utf-8"))
    write_whole(beside, described.encode("utf-8"))
    return [path, beside]
