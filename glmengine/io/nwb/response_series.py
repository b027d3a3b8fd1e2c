"""Series of an NWB file without units that are the response themselves: photometry, a membrane potential or current."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from glmengine.errors import GlmError
from glmengine.io.files.limits import LARGEST_ARRAY
from glmengine.io.raw import RawRecording, RawSeries, safe_name, unique_names
from glmengine.recording.covariate_names import SPEED_NAME, TRACKED_NAME
from glmengine.sentences import listed

RESPONSE_NAME = re.compile(
    r"d_?f_?f|fluo|g?camp|dlight|grab|photomet|dopamine|membrane|^v_?m$|voltage|potential|current(?!_?stim)|response|sweep",
    re.IGNORECASE,
)
"""Names of what is measured of neurons, where there are no spikes."""

GIVEN_NAME = re.compile(r"stim|inject|command|isosbestic|control|reference|motion|wheel|lick|pupil|eye", re.IGNORECASE)
"""Names of what was done to the animal, or seen of it, and of what signals are corrected with."""


def likely_responses(series: Sequence[RawSeries]) -> list[RawSeries]:
    """Those that may be the response of a neuron, the likeliest first: by name, and by where they lie in the file."""

    def unlikely(item: RawSeries) -> int:
        place, *_, name = (item.source or item.name).split("/")
        if place == "stimulus" or "/behavior/" in item.source or TRACKED_NAME.search(name) or SPEED_NAME.search(name):
            return 2
        return 1 if GIVEN_NAME.search(name) or not RESPONSE_NAME.search(name) else 0

    return sorted((item for item in series if item.kind in (None, "continuous") and item.source), key=unlikely)


def take_series(raw: RawRecording, wanted: Sequence[str]) -> bool:
    """Make the series of these names, or places in the file, the responses of the units, one a component; False where there are none such.

    Raises
    ------
    GlmError
        If they are too large to be held, or do not share their times.
    """
    chosen = [series for series in raw.series if series.name in wanted or series.source in wanted]
    if not chosen:
        return False
    parts, names = [], []
    for series in chosen:
        times, values = series.times, series.values
        if series.stored is not None:
            size = 8 * len(series.stored) * series.stored.width
            if size > LARGEST_ARRAY:
                raise GlmError(
                    f"{series.name}: would take {size / 2**30:.1f} GB as a response; export it at a lower rate",
                    field="counts.values",
                )
            times, values = series.stored.read(0, len(series.stored))
        values = np.asarray(values).reshape(len(times), -1)
        parts.append((times, values))
        components = series.components or tuple(map(str, range(values.shape[1])))
        names += [series.name] if values.shape[1] == 1 else [f"{series.name}_{one}" for one in components]
    first = parts[0][0]
    for series, (times, _) in zip(chosen, parts, strict=True):
        if len(times) != len(first) or np.abs(times - first).max() > 1e-3 * max(float(np.median(np.diff(first))), 1e-9):
            raise GlmError(
                f"{series.name} and {chosen[0].name} do not have the same times; name series that do, or one alone",
                field="counts.values",
            )
    raw.series = [series for series in raw.series if all(series is not one for one in chosen)]
    raw.counts = RawSeries(chosen[0].name, first, np.concatenate([values for _, values in parts], axis=1), chosen[0].unit)
    raw.unit_names = unique_names([safe_name(name) for name in names])
    if raw.support is None and chosen[0].support is not None:  # nothing was recorded between sweeps
        half = float(np.median(np.diff(first))) / 2
        raw.support = np.asarray(chosen[0].support) + np.array([-half, half])
    raw.notes.append(f"As the recipe says, {listed([series.source or series.name for series in chosen], 6)} is the response.")
    return True
