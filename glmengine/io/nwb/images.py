"""Images over time in an NWB file: frames of a stimulus, or indices of a set of images."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from glmengine.io.files.hdf5 import child, is_large
from glmengine.io.files.limits import text_of
from glmengine.io.nwb.values import values_and_times
from glmengine.io.raw import RawRecording, RawSeries, safe_name

if TYPE_CHECKING:
    import h5py

    from glmengine.io.nwb.walk import Found

MOST_PIXELS = 4096
"""Of a frame of which each pixel can be a column of a design; larger ones must be made coarser first."""


def why_no_film(found: Found) -> str:
    """Why pictures over time cannot be a covariate, one sentence; empty where they can."""
    data = found.group["data"]
    if found.names[0] != "stimulus/presentation" or not data.size or data.ndim < 2:
        return f"{found.label} ({found.kind}) is a raw signal and was not read."
    if math.prod(data.shape[1:]) > MOST_PIXELS:
        size = " x ".join(map(str, data.shape[1:]))
        return (
            f"{found.label} ({found.kind}) was not read: frames of {size} are too large for a receptive field; make them coarser."
        )
    return ""


def add_index(raw: RawRecording, found: Found) -> None:
    """Add which picture was shown as a category, and, where the pictures are in the file and small, the frames themselves."""
    pair = values_and_times(found.group, raw.notes, found.label)
    if pair is None or pair[1].ndim != 1:
        return
    times, index = pair[0], pair[1].astype(np.int64)
    name = safe_name(found.names[-1])
    raw.series.append(RawSeries(name, times, index, kind="category", description="number of the picture", source=found.label))
    pictures = _pictures(found.group, raw.notes)
    if pictures is None or not len(index) or index.min() < 0 or index.max() >= len(pictures):
        return
    if math.prod(pictures.shape[1:]) > MOST_PIXELS or len(index) * pictures[0].size * 4 > 2**28:
        raw.notes.append(f"{found.label}: its pictures are too large for a receptive field; only their numbers were read.")
        return
    frames = pictures.astype(np.float32)[index]
    raw.series.append(RawSeries(f"{name}_frames", times, frames, "a.u.", "step", source=found.label))


def _pictures(group: h5py.Group, notes: list[str]) -> np.ndarray | None:
    """(N, height, width, ...) pictures that an index counts, None where they are not in the file or differ in shape."""
    series = child(group, "indexed_timeseries", notes) if "indexed_timeseries" in group else None
    data = child(series, "data", notes) if series is not None else None
    if hasattr(data, "dtype") and data.ndim >= 2 and data.size and not is_large(data):
        return data[()] if data.dtype.kind in "buif" else None
    images = child(group, "indexed_images", notes) if "indexed_images" in group else None
    order = child(images, "order_of_images", notes) if images is not None else None
    if not hasattr(order, "dtype") or order.ndim != 1 or not len(order):
        return None
    found = [images.file[reference] for reference in order[()] if reference]
    shapes = {(getattr(item, "shape", None), text_of(getattr(item, "dtype", ""))) for item in found}
    if (
        len(found) != len(order)
        or len(shapes) != 1
        or len(found) * (found[0].size or 0) > 2**26
        or found[0].dtype.kind not in "buif"
    ):
        return None
    return np.stack([item[()] for item in found])
