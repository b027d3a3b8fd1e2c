"""Rules on a column of a table: one of several values, or a number within limits."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from glmengine.errors import GlmError
from glmengine.recording.events import as_label


def matching_values(
    values: Any, one_of: Sequence[str], at_least: float | None, at_most: float | None, *, name: str, field: str = ""
) -> np.ndarray:
    """Which values of a column a rule admits.

    Parameters
    ----------
    values : (N,) array-like
        Missing ones (None, NaN, empty) are never admitted.
    one_of : sequence of str
        Admitted values as `as_label` writes them; numbers also in any other way of writing (``"1"`` and ``"1.0"``), True and False in
        any case. Any value where empty.
    at_least, at_most : float or None
        Limits, themselves admitted.
    name, field : str
        Of the column, and the path of the rule, for errors.

    Returns
    -------
    (N,) bool

    Raises
    ------
    GlmError
        If a limit is set on values that are not numbers.
    """
    cells = list(np.asarray(values, dtype=object))
    texts = [as_label(value) for value in cells]
    mask = np.array([bool(text) for text in texts], dtype=bool)
    if one_of:
        wanted = {_key(text) for text in one_of}
        mask &= np.array([_key(text) in wanted for text in texts], dtype=bool)
    if at_least is not None or at_most is not None:
        numbers = _numbers(texts, name, field)
        with np.errstate(invalid="ignore"):
            if at_least is not None:
                mask &= numbers >= at_least
            if at_most is not None:
                mask &= numbers <= at_most
    return mask


def check_limits(low: float | None, high: float | None, what: str, low_field: str, high_field: str) -> None:
    """Refuse limits between which nothing lies.

    Raises
    ------
    GlmError
        If the upper one is below the lower one.
    """
    if low is not None and high is not None and high < low:
        raise GlmError(
            f"{what} can never hold: {high_field.replace('_', ' ')} {high:g} is below {low_field.replace('_', ' ')} {low:g}; correct one of them",
            field=high_field,
        )


def check_intervals(intervals: tuple[tuple[float, float], ...]) -> tuple[tuple[float, float], ...]:
    """The intervals (start and stop in s), none of which may be reversed, empty or without an end.

    Raises
    ------
    GlmError
        If one is.
    """
    for start, stop in intervals:
        if not (math.isfinite(start) and math.isfinite(stop)):
            raise GlmError(f"the interval from {start} s to {stop} s has no end; write times of the recording, in seconds")
        if not stop > start:
            raise GlmError(f"the interval from {start} s to {stop} s is reversed or empty; its stop must come after its start")
    return intervals


def _key(text: str) -> object:
    text = text.strip()
    if text.lower() in ("true", "false"):
        return text.lower()
    try:
        return float(text)
    except ValueError:
        return text


def _numbers(texts: Sequence[str], name: str, field: str) -> np.ndarray:
    numbers = np.full(len(texts), np.nan)
    for at, text in enumerate(texts):
        if text:
            try:
                numbers[at] = float(text)
            except ValueError as error:
                raise GlmError(
                    f"'{name}' holds '{text}', which is no number; choose among its values instead", field=field
                ) from error
    return numbers
