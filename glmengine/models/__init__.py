"""Families, links and penalties: what a model assumes, apart from how it is fitted."""

from glmengine.models.families import FAMILIES, Family, get_family
from glmengine.models.links import LINKS, Link, get_link
from glmengine.models.penalties import (
    ElasticNet,
    GroupLasso,
    Lasso,
    NoPenalty,
    Penalty,
    Ridge,
    Smoothness,
    SumPenalty,
    get_penalty,
)

__all__ = [
    "FAMILIES",
    "LINKS",
    "ElasticNet",
    "Family",
    "GroupLasso",
    "Lasso",
    "Link",
    "NoPenalty",
    "Penalty",
    "Ridge",
    "Smoothness",
    "SumPenalty",
    "get_family",
    "get_link",
    "get_penalty",
]
