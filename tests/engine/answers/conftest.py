"""The question that answer sheets of the tests answer."""

from __future__ import annotations

import pytest

import glmengine as ge


@pytest.fixture(scope="module")
def question() -> ge.Analysis:
    def term(name: str, variable: str, family: str) -> dict:
        return {"kind": "covariate", "name": name, "factors": [{"variable": variable, "basis": {"family": family, "n": 5}}]}

    return ge.Analysis.from_dict(
        {
            "time": {"bin_size": 0.05},
            "terms": [term("direction", "head_direction", "cyclic_b_spline"), term("x", "position.x", "b_spline")],
            "model": {"strengths": [1e-3]},
        }
    )
