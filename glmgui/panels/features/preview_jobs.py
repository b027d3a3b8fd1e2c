"""Values for the pictures of a term, computed in the worker."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from glmengine.context import SILENT, Context
from glmengine.design.tensor_product import joint_bases
from glmengine.design.term_size import bases_of, known_size
from glmgui.drawings.mosaic import mosaic_of
from glmgui.panels.features.previews import BasisPreview, Features
from glmgui.panels.features.wording import axis_for
from glmgui.plots import Axis

if TYPE_CHECKING:
    from glmengine.analysis.analysis import Time
    from glmengine.analysis.terms import Factor
    from glmengine.recording.recording import Recording
    from glmengine.spec import Spec

SECONDS = 10.0
# Cells of the picture of one function along each axis, and of the sheet of all.
_CELLS, _LEAST_CELLS, _MOST_CELLS = 48, 3, 1000
_QUICK = 150
_SOME = 8
_MOST_ROWS = 1000


def basis_drawing(term: Spec, recording: Recording, bin_size: float, ranges: Ranges) -> Callable[[BasisPreview], None]:
    """What draws the functions of a term: computed here, where `is_quick` within a frame, and drawn by calling it on the main thread."""
    from glmengine.design.preview import basis_curve, product_image

    factors = getattr(term, "factors", None)
    if term.kind == "columns":
        return lambda preview: preview.show_text("The columns are taken as they are; they are drawn on the recording below.")
    if term.kind == "event":
        lags, values = term.kernel(bin_size)
        time, title = Axis("Time relative to the event", "ms"), f"{term.label}: {values.shape[1]} functions"
        return lambda preview: preview.show_curve(1000.0 * lags * bin_size, values, time, title, flip=False)
    if factors is None:
        basis = term.behind_refractory(bin_size).basis if term.kind == "history" else term.basis
        x, values, label, unit = basis_curve(basis, None, bin_size)
        title = f"{term.label}: {values.shape[1]} functions of the past"
        scale, unit = (1000.0, "ms") if unit == "s" else (1.0, unit)  # as the filters are drawn
        return lambda preview: preview.show_curve(scale * x, values, Axis(label, unit), title)
    axes = [axis_for(recording, factor.variable) for factor in factors[:2]]
    factors = ranges.with_categories(factors, recording)
    if len(factors) == 1:
        x, values, _, _ = basis_curve(factors[0].basis, ranges.of(factors[0], recording), bin_size)
        title = f"{term.label}: {values.shape[1]} functions"
        return lambda preview: preview.show_curve(x, values, axes[0], title)
    cells = max(min(_MOST_CELLS // max(_sizes(factors)), _CELLS), _LEAST_CELLS)
    x, y, images = product_image(factors, n=cells, ranges=[ranges.of(factor, recording) for factor in factors[:2]])
    shown = np.isfinite(images).any(axis=(2, 3)).sum()
    more = ", ".join(factor.variable for factor in factors[2:])
    title = f"{term.label}: {shown:,} functions" + (f" of the first two variables, each times those of {more}" if more else "")
    mosaic = mosaic_of(x, y, images.reshape(-1, len(x), len(y)), len(images), *axes)
    return lambda preview: preview.show_product(mosaic, title)


def is_quick(term: Spec) -> bool:
    """Whether the functions of a term are computed within a frame, so that their picture follows a slider."""
    if any(basis.family == "custom" for basis in bases_of(term)):
        return False  # who knows how long it takes
    sizes = _sizes(term.factors[:2]) if hasattr(term, "factors") else ()
    return len(sizes) < 2 or sizes[0] * sizes[1] <= _QUICK


def _sizes(factors: Sequence[Factor]) -> list[int]:
    """Functions of each of the first two variables; a few where only data say how many."""
    return [known_size(basis) or _SOME for basis in joint_bases(factors)[:2]]


class Ranges:
    """Ranges of the variables of a recording, kept because a slider asks for them at every step."""

    def __init__(self) -> None:
        self._recording: Recording | None = None
        self._known: dict[str, tuple[float, float]] = {}
        self._categories: dict[str, tuple[float, ...]] = {}

    def of(self, factor: Factor, recording: Recording) -> tuple[float, float]:
        """The bounds of a factor's basis, or where it has none the range of the valid samples of its variable."""
        bounds = getattr(factor.basis, "bounds", None)
        if bounds is not None:
            return bounds
        if recording is not self._recording:
            self._begin(recording)
        if factor.variable not in self._known:
            values = _seen_of(recording, factor.variable)
            self._known[factor.variable] = (float(values.min()), float(values.max())) if values.size else (0.0, 1.0)
        return self._known[factor.variable]

    def with_categories(self, factors: Sequence[Factor], recording: Recording) -> tuple[Factor, ...]:
        """The same factors; where all categories that occur have a function, with those of the valid samples."""
        if recording is not self._recording:
            self._begin(recording)
        return tuple(self._categorised(factor, recording) for factor in factors)

    def _categorised(self, factor: Factor, recording: Recording) -> Factor:
        if getattr(factor.basis, "categories", None) != ():
            return factor
        if factor.variable not in self._categories:
            self._categories[factor.variable] = factor.basis.frozen(_seen_of(recording, factor.variable)).categories
        return factor.with_(basis=factor.basis.with_(categories=self._categories[factor.variable]))

    def _begin(self, recording: Recording) -> None:
        self._recording, self._known, self._categories = recording, {}, {}


def _seen_of(recording: Recording, variable: str) -> np.ndarray:
    """The valid samples of a variable, some of them where it stays in its file."""
    if variable not in recording.variables:
        return np.empty(0)
    covariate, at = recording.variables[variable]
    values = covariate.seen()[1].reshape(len(covariate.seen()[0]), -1)[:, at or 0].astype(float)
    return values[np.isfinite(values)]


def features_on_recording(
    term: Spec, recording: Recording, time: Time, start: float | None, unit: str | None = None, context: Context = SILENT
) -> Features:
    """The columns of a term on some seconds of the recording, by default the first that are used."""
    from glmengine.design.preview import feature_preview

    if start is None and term.kind == "event":
        start = _before_first_event(term, recording, time)
    elif start is None and time.conditions:
        start = _first_used(recording, time, context)
    context.check()
    times, values, labels = feature_preview(term, recording, time, seconds=SECONDS, start=start, unit=unit)
    return Features(times, *_pooled(values), labels)


def _pooled(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Columns (t, p), as many as a picture can show, and their numbers: of each group of neighbours the value of largest magnitude."""
    count = values.shape[1]
    group = -(-count // _MOST_ROWS)
    if group <= 1:
        return values, np.arange(1, count + 1, dtype=float)
    groups = -(-count // group)
    padded = np.zeros((len(values), groups * group))
    padded[:, :count] = values
    parts = padded.reshape(len(values), groups, group)
    largest = np.argmax(np.abs(np.nan_to_num(parts)), axis=2)
    pooled = np.take_along_axis(parts, largest[:, :, None], axis=2)[:, :, 0]
    return pooled, np.arange(groups) * group + (group + 1) / 2


def _before_first_event(term: Spec, recording: Recording, time: Time) -> float | None:
    """Start (s) of a stretch with an event in it, if there is one in the chosen time."""
    from glmengine.analysis.time_grid import make_grid
    from glmengine.recording.events import event_times

    grid = make_grid(time, recording)
    times = event_times(recording, term.events, field="terms.0.events").times
    inside = times[(times >= grid.pieces[0, 0]) & (times <= grid.centres[-1])] if grid.n_bins else times[:0]
    return max(float(inside[0]) - term.before - 1.0, float(grid.pieces[0, 0])) if inside.size else None


def _first_used(recording: Recording, time: Time, context: Context) -> float | None:
    """Start (s) of the first stretch of which most bins meet the conditions."""
    from glmengine.analysis.time_grid import make_grid, usable_bins

    grid = make_grid(time, recording)
    used = np.concatenate([[0], np.cumsum(usable_bins(time, recording, grid, context))])
    n = min(max(round(SECONDS / time.bin_size), 1), grid.n_bins)
    share = (used[n:] - used[:-n]) / n
    if not share.size or not share.max():
        return None
    return float(grid.centres[np.argmax(share >= min(0.5, share.max()))])
