"""The arrays that a recipe names, looked up among those of a file, with one sentence where there is none such."""

from __future__ import annotations

import numpy as np

from glmengine.errors import GlmError
from glmengine.io.recipe.recipe import COLUMN, Arrays


def entry_named(arrays: Arrays, name: str, field: str) -> np.ndarray | list[np.ndarray]:
    """The array, the column of one (``name[2]``), or the cells under a name.

    Raises
    ------
    GlmError
        If there is none; as all of these do, with the `field` of the recipe that names it.
    """
    column = COLUMN.search(name)
    whole = arrays.get(COLUMN.sub("", name)) if column and name not in arrays else None
    if isinstance(whole, np.ndarray) and whole.ndim == 2 and int(column[1]) < whole.shape[1]:
        return whole[:, int(column[1])]
    if name not in arrays:
        have = ", ".join(list(arrays)[:20]) or "nothing"
        raise GlmError(f"field '{field}': there is no array or column '{name}'; the file holds: {have}", field=field)
    return arrays[name]


def array_named(arrays: Arrays, name: str, field: str) -> np.ndarray:
    """The same where cells will not do."""
    found = entry_named(arrays, name, field)
    if isinstance(found, list):
        raise GlmError(f"field '{field}': '{name}' is a cell array, where one array is needed; name another", field=field)
    return found


def numbers_named(arrays: Arrays, name: str, field: str) -> np.ndarray:
    """A row of numbers under a name."""
    return plain_numbers(array_named(arrays, name, field), name, field)


def plain_numbers(values: np.ndarray, name: str, field: str) -> np.ndarray:
    """Values, which are those under `name`, as a row of numbers."""
    values = np.ravel(values)
    if values.dtype.kind not in "buif":
        held = f"texts such as '{values[0]}'" if values.dtype.kind in "OSU" and values.size else str(values.dtype)
        raise GlmError(f"field '{field}': '{name}' holds {held}, not numbers; name another array", field=field)
    return values.astype(np.float64)
