"""Ticks of axes of angles: fractions of pi, on circles and on lines, and nothing else that an angle is written in."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

import glmengine
from glmengine.figures.drawing import Axis, Curve, Lines, Polar
from glmengine.figures.drawn import draw_drawing
from glmengine.figures.radians import QUARTERS, pi_text, pi_ticks

ANGLES = np.linspace(0, 2 * np.pi, 37)
CURVE = Curve("", ANGLES, 1 + np.cos(ANGLES))


@pytest.mark.parametrize(
    ("low", "high", "most", "written"),
    [
        (0, 2 * np.pi, 5, ["0", "\u03c0/2", "\u03c0", "3\u03c0/2", "2\u03c0"]),
        (0, 2 * np.pi, 3, ["0", "\u03c0", "2\u03c0"]),
        (
            -np.pi,
            np.pi,
            9,
            ["-\u03c0", "-3\u03c0/4", "-\u03c0/2", "-\u03c0/4", "0", "\u03c0/4", "\u03c0/2", "3\u03c0/4", "\u03c0"],
        ),
        (0.1, 6.1, 3, ["\u03c0/2", "\u03c0", "3\u03c0/2"]),
        (0, 100, 5, ["0", "8\u03c0", "16\u03c0", "24\u03c0"]),
        (0, 1, 5, []),
    ],
)
def test_ticks_are_the_finest_multiples_of_pi_for_which_there_is_room(low, high, most, written):
    step, places = pi_ticks(low, high, most)
    assert list(map(pi_text, places)) == written
    assert bool(step) == bool(written)
    np.testing.assert_allclose(np.diff(places), step)


def test_circles_and_lines_on_paper_write_one_angle_alike():
    angle, rate = Axis("head_direction", "rad"), Axis("rate", "Hz")
    circle = draw_drawing(Polar("p", "t", angle, rate, [CURVE])).axes[0]
    line = draw_drawing(Lines("l", "t", angle, rate, [CURVE])).axes[0]
    round_words = [label.get_text() for label in circle.get_xticklabels()]
    straight = dict(zip(line.get_xticks(), [label.get_text() for label in line.get_xticklabels()], strict=True))
    assert round_words == [text for _, text in QUARTERS]
    for place, text in QUARTERS:
        assert straight[min(straight, key=lambda tick: abs(tick - place))] == text


def test_no_file_of_the_program_shows_an_angle_in_degrees():
    """What recordings have in degrees is turned where it is opened, and what a recipe says of it is another matter."""
    root = Path(glmengine.__file__).parents[1]
    showing = [
        *(root / "glmgui").rglob("*.py"),
        *(root / "glmengine" / "figures").rglob("*.py"),
        *(root / "glmengine" / "decoding").rglob("*.py"),
    ]
    shown = [path.name for path in showing if re.search(r"\d\u00b0|\\u00b0|}\u00b0", path.read_text(encoding="utf-8"))]
    assert not shown
