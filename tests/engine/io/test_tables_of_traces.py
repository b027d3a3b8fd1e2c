"""Tables with a column of activity for each cell: drafted as one unit a column."""

from __future__ import annotations

import numpy as np
import pytest

from glmengine.errors import GlmError
from glmengine.io.opening import open_recording
from glmengine.io.recipe_assistant import draft_recipe

RNG = np.random.default_rng(0)


def table(path, columns):
    np.savetxt(path, np.column_stack(list(columns.values())), delimiter=",", header=",".join(columns), comments="", fmt="%.4f")
    return path


@pytest.mark.parametrize("stem", ["cell", "ROI_", "Mean"])
def test_columns_alike_without_times_are_units_at_a_rate_that_is_a_guess(tmp_path, stem):
    """Nothing was recognised in such a table, and the first cell was offered as spike times."""
    names = tuple(f"{stem}{number}" for number in range(1, 9))
    draft = draft_recipe(table(tmp_path / "dff.csv", {name: RNG.normal(size=300) for name in names}))
    assert draft.recipe.counts.values == names
    assert draft.recipe.counts.rate_is_guess
    assert any("8 columns named alike" in reason and "guess" in reason for reason in draft.reasons)
    recording = open_recording(tmp_path / "dff.csv", draft.recipe)
    assert len(recording.unit_names) == 8


def test_columns_alike_beside_their_times_have_these(tmp_path):
    columns = {"time": np.arange(300) / 30, **{f"Mean{number}": RNG.normal(size=300) for number in range(1, 5)}}
    counts = draft_recipe(table(tmp_path / "dff.csv", columns)).recipe.counts
    assert counts.values == ("Mean1", "Mean2", "Mean3", "Mean4")
    assert (counts.times, counts.rate) == ("time", None)


@pytest.mark.parametrize("stem", ["x", "led_x", "angle", "lick"])
def test_what_is_called_otherwise_is_no_unit(tmp_path, stem):
    with pytest.raises(GlmError, match="nothing in it looks like"):
        draft_recipe(table(tmp_path / "track.csv", {f"{stem}{number}": RNG.normal(size=300) for number in range(1, 5)}))


def test_what_is_measured_beside_other_things_is_no_unit(tmp_path):
    columns = {"speed": RNG.uniform(size=300), **{f"emg{number}": RNG.normal(size=300) for number in range(1, 5)}}
    with pytest.raises(GlmError, match="nothing in it looks like"):
        draft_recipe(table(tmp_path / "track.csv", columns))
