"""What is said of a file before it is opened: an angle as it is kept and shown, in radians, and that these go round."""

from __future__ import annotations

from glmgui.dialogs.recipe_preview import in_words
from glmgui.drawings.summary import summarise


def test_an_angle_is_said_in_what_it_is_kept_in(small_recording):
    (said,) = [line for line in in_words(summarise(small_recording)).splitlines() if line.startswith("head_direction:")]
    assert " rad (2\u03c0 are a full turn), " in said
    assert "\u00b0" not in said
