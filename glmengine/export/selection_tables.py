"""A selection of terms as CSV tables."""

from __future__ import annotations

from dataclasses import fields

from glmengine.export.tables import table_csv, tables_by_shape
from glmengine.selection.term_selection import TermSelection

SELECTION_TABLES = tuple(field.name for field in fields(TermSelection))
"""What the tables are called after."""


def selection_texts(selection: TermSelection) -> dict[str, str]:
    """CSV of each array by the name of its file: ``selection_chosen.csv``, ``selection_models.csv``, ..."""
    return {
        f"selection_{name}.csv": table_csv(table)
        for title, dataset in selection.datasets().items()
        for name, table in tables_by_shape(title, dataset).items()
    }
