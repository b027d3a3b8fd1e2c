"""Some damaged files of every format, through the same opening as all others: each opens or is refused, in time.

`tests/benchmarks/mutants.py` tries them by the thousand.
"""

from __future__ import annotations

import pytest

from tests.mutants import KINDS, attempt, make_good, mutants

EACH = 5


@pytest.mark.parametrize("kind", KINDS)
def test_damaged_files_open_or_are_refused(kind, tmp_path, monkeypatch):
    monkeypatch.setattr("glmengine.io.files.probe.BASE_SECONDS", 10.0)
    good = make_good(kind, tmp_path / "good")
    outcomes = [attempt(mutant) for mutant in mutants(kind, good, tmp_path, range(EACH))]
    assert not [f"{one.mutant.kind} {one.mutant.seed} ({one.mutant.what}): {one.end}" for one in outcomes if one.is_fault]
    assert max(one.worked for one in outcomes) < 25


@pytest.mark.parametrize("kind", KINDS)
def test_the_undamaged_file_opens(kind, tmp_path):
    """So that a refusal of a mutant is due to its damage."""
    from glmengine.io.opening import open_recording

    good = make_good(kind, tmp_path)
    recipe = KINDS[kind][1]
    path = next(good.iterdir()) if recipe is not None or kind == "nwb" else good
    recording = open_recording(path, recipe)
    assert len(recording.unit_names) >= 1
