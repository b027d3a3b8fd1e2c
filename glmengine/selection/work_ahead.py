"""Shares of the progress of a selection, by the work that its models are expected to take."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from glmengine.context import Context
from glmengine.selection.nested_models import Ground, Model

GOES_ON = 0.6
"""Share of the units that are expected to take one more term."""

WHOLE_FIT, BIN_BY_BIN = 0.1, 0.06
"""What the fit of a model on all bins, and the look at its held-out rates bin by bin, take of the time of its cross-validation."""

SCORE_TEST = 0.2
"""The same of the score tests of a unit, of the cross-validation of the model with all terms."""

FIXED_COLUMNS, CONSTANT = 60.0, 12.0
"""Columns that would take as long as what a model takes however few it has; and as one that has none, and so no strengths to try."""


@dataclass
class WorkAhead:
    """Hands out parts of a context by the work in them, and by what is expected after them.

    How many rounds a search takes, and how many units go on, is known only when it is there: what turns out less moves the bar on.

    Attributes
    ----------
    context : Context
    later : callable
        Gives the work that comes after what is asked for here, as far as it is known by now.
    done : float
    """

    context: Context
    later: Callable[[], float] = float
    done: float = 0.0

    def part(self, work: float, rest: float = 0.0, stage: str | None = None) -> Context:
        """A context for this much work, after which `rest` is expected, and what comes later."""
        whole = max(self.done + work + rest + self.later(), 1e-300)
        begin, self.done = self.done, self.done + work
        return self.context.part(begin / whole, self.done / whole, stage)


def unit_work(ground: Ground, model: Model) -> float:
    """What the cross-validation of a model takes for one unit, in columns that are gone through."""
    own = ground.own[ground.columns(model)]
    return FIXED_COLUMNS + float(own.sum()) / max(own.shape[1], 1) if len(own) else CONSTANT


def work_of(ground: Ground, models: Iterable[tuple[Model, int]]) -> float:
    """The same of models of so many units each."""
    return sum(number * unit_work(ground, model) for model, number in models if number)


def rounds_ahead(ground: Ground, models: Iterable[Model], rounds: int, *, begun: bool, tests: bool) -> float:
    """Work of so many rounds to come, in each of which units that have these models now may take one more term.

    Parameters
    ----------
    begun : bool
        Whether a round is under way, after which only some go on.
    tests : bool
        Whether candidates go through a score test first.
    """
    models = list(models)
    if not models:
        return 0.0
    K, everything = len(ground.candidates), unit_work(ground, ground.everything)
    width = max(everything - FIXED_COLUMNS, 0.0) / max(K, 1)
    each, size = sum(unit_work(ground, model) for model in models) / len(models), sum(map(len, models)) / len(models)
    total = 0.0
    for number in range(int(begun), int(begun) + rounds):
        candidates = max(K - size - number, 0.0)  # each beside those that were taken before
        fits = candidates * min(max(each, FIXED_COLUMNS) + (number + 1) * width, everything)
        total += GOES_ON**number * (fits + (SCORE_TEST * everything if tests and candidates else 0.0))
    return len(models) * total


def reductions_ahead(candidates: int) -> float:
    """Models that a unit is expected to ask for after a round in which so many terms could be taken out one by one."""
    return sum(GOES_ON**number * (candidates - number) for number in range(1, candidates))
