"""Options with which a check was asked for, kept in the attributes of what it found, so that a script can ask the same again."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import xarray as xr

ASKED = "asked"
"""Name of the attribute: a JSON object of the options that differ from the defaults."""

_MOST_STRETCHES = 500  # an attribute of HDF5 cannot be long


def with_options(dataset: xr.Dataset, method: Callable[..., Any], **options: Any) -> xr.Dataset:
    """The dataset with the options that differ from the defaults of `method` in its attributes.

    Stretches of time given in seconds become pairs of numbers; more than 500 of them are left out, and `asked_options` gives None for such.
    """
    defaults = {name: one.default for name, one in inspect.signature(method).parameters.items()}
    found: dict[str, Any] | None = {}
    for name, value in options.items():
        plain = _plain(value)
        if isinstance(plain, list) and len(plain) > _MOST_STRETCHES:
            found = None
            break
        if plain != defaults[name]:
            found[name] = plain
    return dataset.assign_attrs({ASKED: json.dumps(found, ensure_ascii=False)})


def asked_options(dataset: xr.Dataset) -> Mapping[str, Any] | None:
    """The options as plain data; None where they are not known."""
    text = dataset.attrs.get(ASKED)
    return None if text is None else json.loads(str(text))


def _plain(value: Any) -> Any:
    if hasattr(value, "start") and hasattr(value, "end") and hasattr(value, "values"):  # an IntervalSet
        value = np.column_stack([value.start, value.end])
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return value
