"""Which fold holds each row out."""

from __future__ import annotations

from typing import Any

import numpy as np

from glmengine.errors import GlmError
from glmengine.models.numbers import is_number
from glmengine.timegrid.blocks import blocks_of


def compact(fold: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Labels (F,) of the folds, and for each row (T,) the number of its fold among them, -1 for none."""
    labels = np.unique(fold[fold >= 0])
    return labels, np.where(fold >= 0, np.searchsorted(labels, np.maximum(fold, 0)), -1)


def fold_numbers(folds: Any, valid: np.ndarray) -> np.ndarray:
    """(T,) fold of each row, -1 for those that are never held out or not valid; see `cross_validate`."""
    T = len(valid)
    if np.ndim(folds) == 0:
        if not is_number(folds) or folds != np.floor(folds):
            raise GlmError(
                f"folds: {folds!r} is not a whole number; give a number of folds, or a fold number per row",
                field="validation.folds",
            )
        return blocks_of(valid, int(folds))
    array = np.asarray(folds)
    if array.shape != (T,):
        raise GlmError(
            f"folds: has shape {array.shape}; give a number of folds, or a fold number for each of the {T} rows",
            field="validation.folds",
        )
    if array.dtype.kind not in "iuf":
        raise GlmError(f"folds: fold numbers must be whole numbers, these are {array.dtype}", field="validation.folds")
    if array.dtype.kind == "f" and not np.array_equal(array, np.floor(array)):
        raise GlmError("folds: fold numbers must be whole; -1 marks rows that are never held out", field="validation.folds")
    array = np.where(valid, array.astype(int), -1)
    if not (array >= 0).any():
        raise GlmError("folds: no valid row has a fold number of 0 or more; nothing would be held out", field="validation.folds")
    if (array[valid] == array[valid][0]).all():
        raise GlmError(
            "folds: all valid rows are in one fold, which leaves none to fit to; use two or more", field="validation.folds"
        )
    return np.where(array < 0, -1, array)
