"""Filters of space that somebody else has made, read from a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from glmengine.errors import GlmError

if TYPE_CHECKING:
    from glmengine.terms import ReceptiveFieldTerm


def given_filters(term: ReceptiveFieldTerm, channels: int, where: str) -> np.ndarray:
    """(C, k) filters of a file: an array of NumPy's, or numbers in text, one filter of C numbers or k of them one after another."""
    path = Path(term.filter_file)
    if not term.filter_file:
        raise GlmError(f"term '{term.label}': no filter is given; name a file", field=f"{where}.filter_file")
    try:
        if path.suffix.lower() == ".npy":
            values = np.load(path, allow_pickle=False)
        else:
            values = np.loadtxt(path, delimiter="," if path.suffix.lower() == ".csv" else None, encoding="utf-8")
        values = np.asarray(values, np.float64)
    except (OSError, ValueError) as error:
        raise GlmError(
            f"{path.name}: cannot be read as an array of numbers ({error}); give a .npy, .csv or text file",
            field=f"{where}.filter_file",
        ) from error
    if values.size == 0 or values.size % channels or not np.isfinite(values).all():
        what = (
            "holds numbers that are not finite"
            if values.size and not np.isfinite(values).all()
            else f"holds {values.size} numbers"
        )
        raise GlmError(
            f"{path.name}: {what}, and '{term.variable}' has {channels} channels; give {channels} numbers for each filter",
            field=f"{where}.filter_file",
        )
    return values.reshape(-1, channels).T
