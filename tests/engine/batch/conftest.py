"""What the tests of batches share."""

from __future__ import annotations

import pytest


@pytest.fixture(scope="module")
def quick(small_analysis):
    """Head direction alone, without folds."""
    return small_analysis.with_(
        terms=small_analysis.terms[:1],
        model=small_analysis.model.with_(strengths=(1e-4,)),
        validation=small_analysis.validation.with_(folds=0),
    )
