"""What the strength of a penalty does to the curve of a term, told before anything is fitted."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from glmengine.analysis.penalty import penalty_of
from glmengine.design.tensor_product import axis_penalties, joint_columns
from glmengine.errors import GlmError
from glmengine.models import get_family
from glmengine.models.penalty import Columns
from glmengine.sentences import percent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from glmengine.analysis.analysis import Analysis, Model
    from glmengine.analysis.terms import AnyTerm, CovariateTerm

_POINTS, _POINTS_IN_2D = 240, 40
_MOST_COLUMNS = 400  # more would take longer than a movement of the slider may
# Curvature of the mean objective for one unit of the predictor, where it does not depend on the rate.
_CURVATURES = {"gaussian": 2.0, "gamma": 1.0}
_EVERYTHING = 20.0  # a factor of the rate that hardly any tuning has
_WEAK, _STRONG = 1.03, 1.5
_BROADER = 1.05  # of the width that the functions have anyway


@dataclass(frozen=True)
class StrengthEffect:
    """What a strength does to one term of a typical unit.

    Attributes
    ----------
    term, variable : str
        Label of the term, and the variable along which `width` is.
    freedom : float
        Effective degrees of freedom that are left to it, of `most_freedom` without a penalty and beside the intercept; NaN where the penalty
        is not quadratic.
    most_freedom : float
    width : float
        Full width at half height, in the unit of the variable, of what becomes of a change at a single value: details narrower than this
        are smeared out. The functions alone, without a penalty, have `least_width`.
    least_width : float
    kept : float
        Share of its height that a single broad hump over the whole range keeps.
    left_out_below : float
        Change of the rate, as a factor, below which single coefficients, or the term, are set to zero; 1 where none is.
    """

    term: str
    variable: str
    freedom: float
    most_freedom: float
    width: float
    least_width: float
    kept: float
    left_out_below: float

    def sentence(self, unit: str = "") -> str:
        """The same in words, for a unit in the middle of those chosen; `unit` is that of the variable."""
        size = f"{self.width:.2g}{' ' if unit else ''}{unit}"
        said = []
        if math.isfinite(self.freedom):
            narrow = (
                f"details of {self.variable} narrower than about {size} are smeared out"
                if self.width > _BROADER * self.least_width
                else f"its functions, about {size} wide, stay as they are"
            )
            said.append(
                f"{self.term} keeps {self.freedom:.1f} of {self.most_freedom:.0f} degrees of freedom and {percent(self.kept)} of the height of a "
                f"broad hump; {narrow}."
            )
        if self.left_out_below > _EVERYTHING:
            said.append(f"{self.term}: practically everything becomes zero.")
        elif self.left_out_below > 1.0:
            change = (
                percent(max(self.left_out_below - 1.0, 0.001), 1)
                if self.left_out_below < 1.1
                else percent(self.left_out_below - 1.0)
            )
            said.append(f"{self.term}: what changes the rate by less than about {change} becomes zero.")
        return " ".join(said) or f"{self.term} is not held back."

    @property
    def verdict(self) -> str:
        """``weak``, ``moderate`` or ``strong``, by what is left."""
        if not math.isfinite(self.freedom):
            return "weak" if self.left_out_below < _WEAK else "moderate" if self.left_out_below < _STRONG else "strong"
        share = self.freedom / self.most_freedom
        return "weak" if share > 0.9 else "moderate" if self.kept > 0.7 else "strong"


def information_a_bin(model: Model, spikes_a_bin: float) -> float:
    """Curvature of the mean objective for one unit of the linear predictor at the mean rate; NaN where the link is not the family's own.

    Of counts it is the mean count (McCullagh & Nelder 1989, section 2.5), of the Gaussian 2, as its loss is the squared error.
    """
    family = get_family(model.family)
    try:
        own = family.link(model.link or None).name == family.link(None).name
    except GlmError:  # said beside the link
        own = False
    if not own or family.by_class:
        return float("nan")
    return spikes_a_bin if family.counts else _CURVATURES.get(model.family, float("nan"))


def explained_term(terms: Sequence[AnyTerm]) -> CovariateTerm | None:
    """The term that `strength_effect` can speak of: the first enabled one of one or two variables whose bases have bounds."""
    for term in terms:
        if term.enabled and term.kind == "covariate" and len(term.factors) <= 2:
            bases = [factor.basis for factor in term.factors]
            if all(getattr(basis, "bounds", None) is not None and basis.family != "custom" for basis in bases):
                return term
    return None


def strength_effect(analysis: Analysis, term: CovariateTerm, strength: float, spikes_a_bin: float) -> StrengthEffect | None:
    """What `strength` does to `term` where every value of its variables is visited equally often; None where that cannot be told.

    The estimate at the maximum is a linear smoother of the data with matrix B (B'wB + P)^-1 B'w (Hastie & Tibshirani 1990, section 5.2):
    its trace is the freedom that is left, its row in the middle of the range what becomes of a change there.
    """
    information = information_a_bin(analysis.model, spikes_a_bin)
    if not (math.isfinite(information) and information > 0):
        return None
    axes = [np.linspace(*factor.basis.bounds, _POINTS if len(term.factors) == 1 else _POINTS_IN_2D) for factor in term.factors]
    factors = [factor.with_(basis=factor.basis.frozen(x)) for factor, x in zip(term.factors, axes, strict=True)]
    places = np.meshgrid(*axes, indexing="ij")
    columns = joint_columns(factors, [place.ravel() for place in places])
    n = columns.shape[1]
    if n > _MOST_COLUMNS or not np.isfinite(columns).all():
        return None
    spread = columns.std(axis=0)
    known = Columns(
        n,
        {term.label: np.arange(n)},
        spread,
        lambda label: np.sum(axis_penalties(factors), axis=0),
        lambda label: axis_penalties(factors),
    )
    penalty = penalty_of(analysis.model, (term,)).scaled(1.0).resolve(known).times(strength)
    threshold = penalty.l1.max(initial=0.0)
    if penalty.groups:
        threshold = float(
            max(weight / math.sqrt(len(group)) for group, weight in zip(penalty.groups, penalty.group_weights, strict=True))
        )
    variance = float(np.median(spread[spread > 0] ** 2)) if (spread > 0).any() else float("nan")
    left_out = math.exp(min(threshold / (information * variance), 50.0)) if variance > 0 else float("nan")
    freedom, width, kept = _smoothed(columns, information, penalty.quadratic, axes[0], places)
    most, least, _ = _smoothed(columns, information, np.zeros((n, n)), axes[0], places)
    if not penalty.is_smooth:
        freedom = float("nan")
    return StrengthEffect(term.label, term.factors[0].variable, freedom, most, width, least, kept, left_out)


def _smoothed(
    columns: np.ndarray, information: float, penalty: np.ndarray, x: np.ndarray, places: list[np.ndarray]
) -> tuple[float, float, float]:
    """Freedom, width of the kernel in the middle along the first axis, and share of a broad hump that is kept."""
    centre = columns - columns.mean(axis=0)  # the intercept, which no penalty acts on
    weighted = centre * (information / len(centre))
    gram = centre.T @ weighted
    # what is collinear (functions that sum to one, beside the intercept) is told apart at rounding level only
    held = gram + penalty + 1e-10 * max(float(np.trace(gram)) / len(gram), 1e-300) * np.eye(len(gram))
    shape = places[0].shape
    middle = np.ravel_multi_index([size // 2 for size in shape], shape)
    share = (places[0] - x[0]) / (x[-1] - x[0])
    hump = (0.5 - 0.5 * np.cos(2.0 * np.pi * share)).ravel()
    solved = np.linalg.solve(held, np.column_stack([gram, centre[middle], weighted.T @ hump]))
    freedom = float(np.trace(solved[:, :-2]))
    row = (weighted @ solved[:, -2] + 1.0 / len(centre)).reshape(shape)
    kernel = row if row.ndim == 1 else row[:, shape[1] // 2]
    fitted = centre @ solved[:, -1]
    centred = hump - hump.mean()
    kept = float(centred @ (fitted - fitted.mean()) / (centred @ centred))
    return freedom, _width(x, kernel), min(max(kept, 0.0), 1.0)


def _width(x: np.ndarray, kernel: np.ndarray) -> float:
    """Full width at half of the height above the kernel's lowest value around its peak."""
    peak = int(np.argmax(kernel))
    half = 0.5 * kernel[peak]
    below = kernel < half
    left = np.flatnonzero(below[:peak])
    right = np.flatnonzero(below[peak:])
    start = x[left[-1]] if left.size else x[0]
    stop = x[peak + right[0]] if right.size else x[-1]
    return float(stop - start)
