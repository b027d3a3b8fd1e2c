"""Estimates of what a fit takes before it is run: bins, columns, seconds and memory."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from glmengine.analysis.units import chosen_units
from glmengine.analysis.used_bins import used_bins
from glmengine.context import SILENT, Context
from glmengine.design.term_size import n_columns
from glmengine.sentences import numbered, percent

if TYPE_CHECKING:
    from glmengine.analysis.analysis import Analysis
    from glmengine.recording.recording import Recording

# Multiplications per second that a fit reaches on two cores with float64, all passes together.
_RATE = 4e9
# Passes through the design: a fit from nothing, and one from a neighbouring strength.
_FIRST_PASSES, _NEXT_PASSES = 14, 6
_START_SECONDS = 0.3
_BY_LIKELIHOOD = 10.0  # strengths by marginal likelihood beside a grid, with folds
_LONG = 120.0  # s, from which on it is worth thinking of a smaller question
_USUAL_FOLDS, _USUAL_STRENGTHS, _FINE_BINS = 5, 5, 0.01
_LARGE = 0.5  # of the memory of the machine
_STREAMED = 0.5  # GB for the chunks of a matrix that is made again in each pass
_BETWEEN = "   \u00b7   "


@dataclass(frozen=True, eq=False)
class Estimate:
    """The size of a fit.

    Attributes
    ----------
    n_bins, n_valid : int
        Bins of the chosen time, and those of them that meet the conditions.
    n_columns, n_units : int
    n_fits : int
        Fits of one unit at one strength: strengths, folds and settings, multiplied.
    seconds, gigabytes : float
        Rough.
    recording : Recording
        With the derived covariates.
    shorter : tuple of str
        What would make it shorter, the most effective first.
    """

    n_bins: int
    n_valid: int
    n_columns: int
    n_units: int
    n_fits: int
    seconds: float
    gigabytes: float
    recording: Recording
    shorter: tuple[str, ...] = ()

    @property
    def size(self) -> str:
        """Bins and columns, in one line."""
        share = self.n_valid / self.n_bins if self.n_bins else 0.0
        said = f"{self.n_bins:,} bins, {percent(share)} valid"
        return f"{said}{_BETWEEN}{numbered(self.n_columns, 'column')} to fit" if self.n_columns else said

    @property
    def text(self) -> str:
        """Bins, columns, time and memory, in one line."""
        cost = f"{_BETWEEN}about {_time(self.seconds)}, {max(self.gigabytes, 0.1):.1f} GB"
        return self.size + (cost if self.n_columns else "")

    @property
    def product(self) -> str:
        """What is multiplied, and what it comes to, in one sentence."""
        fits = f" \u00d7 {self.n_fits:,} fits each" if self.n_fits > 1 else ""
        return (
            f"{self.n_valid:,} bins \u00d7 {numbered(self.n_columns, 'column')} (a number to fit each) \u00d7 "
            f"{numbered(self.n_units, 'unit')}{fits}: "
            f"about {_time(self.seconds)} and {max(self.gigabytes, 0.1):.1f} GB."
        )

    @property
    def warnings(self) -> tuple[str, ...]:
        """Sentences on what is large: hours of work, more memory than the machine has to spare."""
        said = []
        if self.seconds > _LONG:
            remedies = f" Shorter: {'; '.join(self.shorter)}." if self.shorter else ""
            said.append(f"This takes about {_time(self.seconds)}.{remedies}")
        machine = machine_gigabytes()
        if machine is not None and self.gigabytes > _LARGE * machine:
            said.append(
                f"This takes about {self.gigabytes:.1f} GB of the {machine:.0f} GB of this machine. Choose fewer units, wider bins, or "
                "less memory for the design in the model's options."
            )
        return tuple(said)


def estimate(analysis: Analysis, recording: Recording, context: Context = SILENT) -> Estimate:
    """Look at the time grid and count columns; raises `GlmError` as a fit would. Some milliseconds of work."""
    used = used_bins(analysis, recording, context)
    whole, grid, n_valid = used.recording, used.grid, int(np.count_nonzero(used.rows))
    n_units = len(chosen_units(analysis.units, whole))
    sessions = max(1, len(whole.sessions))
    columns = sum(
        n_columns(term, len(whole.unit_names), whole) * (sessions if term.separate else 1)
        for term in analysis.terms
        if term.enabled
    )
    columns += sessions - 1 if analysis.model.intercept_per_session and columns else 0
    strengths, folds = (1 if analysis.model.finds_strengths else len(analysis.model.strengths)), analysis.validation.folds
    passes = _FIRST_PASSES + (_NEXT_PASSES * strengths if strengths else 0)
    settings = math.prod(len(one.choices) for one in analysis.model.search)
    nested = folds if analysis.validation.nested and folds else 1
    problems = n_units * (1 + folds * settings * nested)
    if analysis.model.finds_strengths and folds:
        passes *= _BY_LIKELIHOOD
    seconds = _START_SECONDS + passes * 2.0 * n_valid * columns * problems / _RATE
    matrix = 8e-9 * grid.n_bins * columns
    # a matrix that fits is kept with the counts as numbers beside it, and where there is room in single precision too; else only the
    # counts are, in a byte or so a bin
    copies = 1.5 if 1.5 * matrix <= analysis.model.memory else 1.0
    kept = copies * matrix + 8e-9 * n_valid * n_units if matrix <= analysis.model.memory else _STREAMED
    memory = kept + 4e-9 * n_valid * n_units
    fits = max(strengths, 1) * (1 + folds * settings * nested)
    return Estimate(
        grid.n_bins,
        n_valid,
        columns,
        n_units,
        fits,
        seconds,
        0.15 + memory,
        whole,
        _remedies(analysis, strengths, settings, n_units),
    )


def machine_gigabytes() -> float | None:
    """Memory of this machine; None where the system does not say."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    except (AttributeError, ValueError, OSError):  # Windows has no such call
        return None


def _remedies(analysis: Analysis, strengths: int, settings: int, n_units: int) -> tuple[str, ...]:
    """What would make a fit shorter and by how much, the largest factor first."""
    model, validation = analysis.model, analysis.validation
    found: list[tuple[float, str]] = []
    if model.finds_strengths and validation.folds:
        found.append((_BY_LIKELIHOOD, "strengths by cross-validation take about a tenth of the time"))
    if validation.nested and validation.folds:
        found.append((validation.folds, f"without nested folds it is {validation.folds} times faster"))
    if settings > 1:
        found.append((settings, f"{settings} combinations of settings are searched; fewer are faster in proportion"))
    if validation.folds > _USUAL_FOLDS:
        found.append((validation.folds / _USUAL_FOLDS, f"{_USUAL_FOLDS} folds do as well as {validation.folds}"))
    if strengths > _USUAL_STRENGTHS:
        found.append(
            (strengths / _USUAL_STRENGTHS, f"{strengths} strengths are tried; {_USUAL_STRENGTHS} find the best nearly as well")
        )
    if analysis.time.bin_size < _FINE_BINS:
        found.append((2.0, f"bins twice as wide as {analysis.time.bin_size * 1000:g} ms halve it"))
    if n_units > 1:
        found.append((1.5, f"begin with a few of the {n_units} units"))
    return tuple(text for _, text in sorted(found, key=lambda one: -one[0])[:3])


def _time(seconds: float) -> str:
    if seconds < 1:
        return "1 s"
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
