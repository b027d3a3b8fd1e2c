"""Linear predictors that a link cannot take: values that stand in for them, and the losses they get."""

from __future__ import annotations

from typing import Any

from glmengine.models.arrays import INFEASIBLE


def within_domain(xp: Any, eta: Any) -> tuple[Any, Any]:
    """Where a predictor that must be positive is so, and the predictor with 1 elsewhere."""
    inside = eta > 0.0
    return inside, xp.where(inside, eta, 1.0)


def feasible(xp: Any, where: Any, loss: Any, *derivatives: Any) -> tuple[Any, ...]:
    """Loss and derivatives, replaced by a very large one and by zeros but `where` they make sense."""
    return (xp.where(where, loss, INFEASIBLE), *(xp.where(where, value, 0.0) for value in derivatives))
