"""Families by name: the distribution of the observations given their mean.

Each gives the loss of the objective with its derivatives by the linear predictor, the full log-likelihood, the
deviance and a check of the data, all elementwise, in NumPy for NumPy arrays and in JAX for anything else.
"""

from __future__ import annotations

from glmengine.errors import GlmError
from glmengine.models.class_families import Bernoulli, Categorical
from glmengine.models.count_families import NegativeBinomial, Poisson
from glmengine.models.family import Family
from glmengine.models.signal_families import Gamma, Gaussian

FAMILIES: dict[str, Family] = {
    family.name: family for family in (Poisson(), Bernoulli(), Gaussian(), Gamma(), NegativeBinomial(), Categorical())
}
_OTHER_NAMES = {
    "normal": "gaussian",
    "binomial": "bernoulli",
    "nb": "negative_binomial",
    "negativebinomial": "negative_binomial",
    "multinomial": "categorical",
}


def get_family(name: str | Family) -> Family:
    """The family of this name.

    Raises
    ------
    GlmError
        If there is none of that name.
    """
    if isinstance(name, Family):
        return name
    family = FAMILIES.get(_OTHER_NAMES.get(name.lower(), name.lower())) if isinstance(name, str) else None
    if family is None:
        raise GlmError(f"there is no family {name!r}; choose one of {', '.join(FAMILIES)}", field="model.family")
    return family
