"""The table of families by name.

A family is a distribution of the observations given their mean. Each gives the loss of the objective with its derivatives by the linear predictor, the full log-likelihood, the
deviance and a check of the data, all elementwise, in NumPy for NumPy arrays and in JAX for anything else.

A family is there when its file is: every module of this folder whose name ends in ``_family`` or ``_families`` is looked through.
"""

from __future__ import annotations

import inspect
import pkgutil
import sys
from importlib import import_module

from glmengine.errors import GlmError
from glmengine.models.family import Family

FIRST = ("poisson", "bernoulli", "gaussian", "gamma", "negative_binomial", "categorical")
"""The order in which families are offered; those that are not named here follow."""

_OTHER_NAMES = {
    "normal": "gaussian",
    "binomial": "bernoulli",
    "nb": "negative_binomial",
    "negativebinomial": "negative_binomial",
    "multinomial": "categorical",
}


def _found() -> dict[str, Family]:
    """The families of all files, by name."""
    found: dict[str, Family] = {}
    for _, name, _ in pkgutil.iter_modules(sys.modules[__package__].__path__):
        if not name.endswith(("_family", "_families")):
            continue
        for member in vars(import_module(f"{__package__}.{name}")).values():
            if inspect.isclass(member) and issubclass(member, Family) and member.name:
                found[member.name] = member()
    rest = [name for name in found if name not in FIRST]
    return {name: found[name] for name in (*FIRST, *rest)}


FAMILIES: dict[str, Family] = _found()


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
