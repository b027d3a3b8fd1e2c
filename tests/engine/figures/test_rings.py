"""Rings of polar plots are few and round, and hold the largest value; paper and screen have the same."""

from __future__ import annotations

import numpy as np
import pytest

from glmengine.figures.drawing import RATE, Axis, Curve, Polar
from glmengine.figures.drawn import draw_drawing
from glmengine.figures.page import Page
from glmengine.figures.rings import round_rings

ANGLES = (np.arange(40) + 0.5) * 2 * np.pi / 40


@pytest.mark.parametrize(
    ("most", "rings"),
    [
        (2.06, (0.8, 1.6, 2.4)),
        (34.0, (20.0, 40.0)),
        (6.0, (3.0, 6.0)),
        (0.3, (0.15, 0.3)),
        (1000.0, (500.0, 1000.0)),
        (0.0, (0.5, 1.0)),
        (np.nan, (0.5, 1.0)),
    ],
)
def test_rings_are_round(most, rings):
    assert round_rings(most) == pytest.approx(rings, rel=1e-12)


def test_the_outermost_ring_holds_everything_and_not_much_more():
    for most in np.random.default_rng(0).uniform(-4, 4, 500):
        rings = round_rings(10.0**most)
        assert len(rings) in (2, 3)
        assert 10.0**most * (1 - 1e-8) <= rings[-1] <= 1.35 * 10.0**most
        assert np.allclose(np.diff(rings), rings[0])
        assert all(len(f"{ring:g}".replace(".", "").strip("0").partition("e")[0]) <= 2 for ring in rings)


def test_paper_has_the_rings_of_the_rule_and_says_at_them_what_they_measure():
    rate = 1 + np.cos(ANGLES)
    curve = Curve("", ANGLES, rate, rate - 0.1, rate + 0.1, band="\u00b11 standard error")
    drawing = Polar("rate", "head: rate", Axis("head", "rad"), RATE, [curve])
    (ax,) = draw_drawing(drawing).axes
    assert list(ax.get_yticks()) == list(round_rings(float(curve.high.max())))
    assert ax.get_ylim()[1] >= curve.high.max()
    assert [text.get_text() for text in ax.get_yticklabels()] == ["0.8", "1.6", "rate (Hz)\n2.4"]
    assert ax.get_xlabel() == "head"
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["\u00b11 standard error"]
    assert len(ax.collections) == 1


def test_an_error_that_is_not_shown_is_not_named_either():
    curve = Curve("", ANGLES, np.ones(40), np.full(40, 0.5), np.full(40, 3.5), band="\u00b11 standard error")
    drawing = Polar("rate", "head: rate", Axis("head", "rad"), RATE, [curve])
    (ax,) = draw_drawing(drawing, Page(bands=False)).axes
    assert ax.get_legend() is None
    assert not ax.collections
    assert tuple(ax.get_yticks()) == round_rings(1.0)
