"""Fits that several tests look at, made once."""

from __future__ import annotations

import pytest


@pytest.fixture(scope="session")
def small_analysis():
    """Head direction, position and own history for `small_recording`, two strengths, three folds."""
    from glmengine.analysis.analysis import Analysis

    return Analysis.from_dict(
        {
            "title": "small",
            "time": {"bin_size": 0.02},
            "terms": [
                {
                    "kind": "covariate",
                    "factors": [{"variable": "head_direction", "basis": {"family": "cyclic_b_spline", "n": 6}}],
                },
                {
                    "kind": "covariate",
                    "factors": [{"variable": f"position.{axis}", "basis": {"family": "b_spline", "n": 5}} for axis in "xy"],
                    "name": "place",
                },
                {"kind": "history", "basis": {"family": "raised_cosine_log", "n": 3, "window": 0.1}},
                {"kind": "coupling", "basis": {"family": "raised_cosine_log", "n": 2, "window": 0.06}},
            ],
            "model": {"strengths": [1e-5, 1e-3]},
            "validation": {"folds": 3},
        }
    )


@pytest.fixture(scope="session")
def small_result(small_analysis, small_recording):
    """`small_analysis` fitted to `small_recording`."""
    import glmengine as ge

    return ge.run(small_analysis, small_recording)


@pytest.fixture
def empty_figures(monkeypatch):
    """Figures are drawn as one empty panel, for tests of the files that hold them; what is in them other tests look at."""
    import glmengine.figures
    from glmengine.figures.layout import panels

    monkeypatch.setattr(glmengine.figures, "draw", lambda *_, **__: panels(1)[0])


@pytest.fixture(scope="session")
def demo_recording():
    """The simulated session."""
    from glmengine.simulation.catalogue import sample

    return sample("head-direction-place", seed=0)


@pytest.fixture(scope="session")
def demo_result(demo_recording):
    """The simulated session with the analysis of the demonstration."""
    import glmengine as ge

    return ge.run(ge.demo_analysis(), demo_recording)
