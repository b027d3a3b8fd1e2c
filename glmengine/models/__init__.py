"""Families, links and penalties: the assumptions of a model, apart from how it is fitted."""

from glmengine.models.families import FAMILIES, get_family
from glmengine.models.family import Family
from glmengine.models.links import LINKS, Link, get_link
from glmengine.models.penalties import (
    ElasticNet,
    GroupLasso,
    Lasso,
    NoPenalty,
    Ridge,
    Smoothness,
    get_penalty,
)
from glmengine.models.penalty import Penalty, SumPenalty

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
