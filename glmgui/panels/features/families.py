"""Families of basis functions by what they are used for."""

from __future__ import annotations

from functools import cache
from typing import get_args

from glmengine.basis import AnyBasis
from glmengine.spec import Spec


@cache
def basis_classes() -> dict[str, type[Spec]]:
    """Every family by its name in files."""
    members = get_args(AnyBasis)[0]
    return {kind.model_fields["family"].default: kind for kind in (get_args(members) or (members,))}
