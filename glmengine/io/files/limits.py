"""Limits on what is read into memory, and values of files in plain types."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from glmengine.errors import GlmError

LARGEST_ARRAY = 2 * 2**30
"""Bytes of the largest array that is read into memory; larger ones are left out with a note, or refused where they are needed."""

LARGEST_UNASKED = 2**26
"""Bytes of the largest array that is read although the recipe does not name it."""

LARGEST_TEXT = 2**30
"""Bytes of the largest text file that is read."""

LARGEST_NOTE = 2**26
"""Bytes of the largest text that only says something about the data (parameters, labels, events)."""


def note_bytes(path: Path) -> bytes:
    """The content of a file that says something about the data; `GlmError` where it is larger than any such file."""
    size = path.stat().st_size
    if size > LARGEST_NOTE:
        raise GlmError(f"{path.name}: is {size / 2**20:.0f} MB, far too large for what it should hold; copy it again")
    return path.read_bytes()


def text_of(value: Any) -> str:
    """A string from bytes or whatever a file holds; damaged characters are replaced."""
    if isinstance(value, bytes | np.bytes_):
        return bytes(value).decode("utf-8", "replace")
    return str(value)


def plain_column(values: np.ndarray) -> np.ndarray:
    """A column of a table as numbers, booleans or str, whatever dtype the file has."""
    values = np.asarray(values)
    if values.dtype.kind in "OSU":
        return np.array([text_of(value) for value in values.ravel()], dtype=object).reshape(values.shape)
    return values
