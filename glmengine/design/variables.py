"""The covariates that a term depends on."""

from __future__ import annotations

from typing import Any


def variables_of(term: Any) -> tuple[str, ...]:
    """References of the covariates of a term (``"speed"``, ``"position.x"``), its gain not among them."""
    factors = tuple(factor.variable for factor in getattr(term, "factors", ()))
    single = getattr(term, "variable", "")
    return (*factors, *getattr(term, "variables", ()), *((single,) if single else ()))
