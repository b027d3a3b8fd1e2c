"""What is said of a file before it is opened: an angle in both units, as it may be given in degrees and is kept in radians."""

from __future__ import annotations

from glmgui.dialogs.recipe_preview import in_words
from glmgui.drawings.summary import summarise


def test_an_angle_is_said_in_degrees_too_and_in_what_it_is_kept(small_recording):
    (said,) = [line for line in in_words(summarise(small_recording)).splitlines() if line.startswith("head_direction:")]
    assert " rad (0° to 360°; angles are kept in radians), " in said
