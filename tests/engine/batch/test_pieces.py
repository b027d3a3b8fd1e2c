"""A long recording is fitted in blocks of units that are shared out; what comes out does not depend on who fitted which."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import xarray as xr

import glmengine as ge
from glmengine.analysis_run import run_block
from glmengine.batch.many_recordings import run_batch
from glmengine.batch.pieces import FOLDER, Piece, PieceDone, attempt
from glmengine.batch.task import Task
from glmengine.context import CallbackContext
from glmengine.design.unit_blocks import block_of, needs_all_units, unit_blocks
from glmengine.errors import Cancelled, GlmError
from glmengine.export.nwb import write_nwb
from glmengine.results.result import Result

ARRAYS = ("coefficients", "standard_errors", "intercepts", "scores", "coupling", "cv", "covariance", "tests", "fold_scores")
SMALL = 1e-3  # seconds of a block: a unit each


@pytest.fixture(scope="module")
def place(small_recording, tmp_path_factory):
    path = tmp_path_factory.mktemp("recording") / "long.nwb"
    write_nwb(small_recording, path)
    return str(path)


@pytest.fixture(scope="module")
def question(small_analysis):
    """Head direction, history and coupling: columns that all units have, that each has for itself, and that each has but one's own."""
    kept = [term for term in small_analysis.terms if term.label != "place"]
    return small_analysis.with_(terms=tuple(kept), validation=small_analysis.validation.with_(folds=2))


@pytest.fixture(scope="module")
def divided(question, place):
    """A unit at a time in this process."""
    return ge.run(question, ge.open_recording(place), blocks=3)


def same_bits(one: Result, other: Result) -> None:
    for name in ARRAYS:
        xr.testing.assert_identical(getattr(one, name), getattr(other, name))
    for kind in ("curves", "filters"):
        first, second = getattr(one, kind), getattr(other, kind)
        assert list(first) == list(second)
        for label in first:
            xr.testing.assert_identical(first[label], second[label])
    assert one.notes == other.notes


def test_blocks_give_what_all_units_together_give(question, place, divided):
    whole = ge.run(question, ge.open_recording(place))
    assert divided.provenance["blocks"] == 3
    assert divided.units == whole.units
    assert list(divided.coefficients["feature"].values) == list(whole.coefficients["feature"].values)
    assert divided.terms == whole.terms
    errors = whole.standard_errors.values
    apart = np.abs(divided.coefficients.values - whole.coefficients.values)
    assert (apart <= 1e-6 * np.maximum(np.abs(whole.coefficients.values), np.nan_to_num(errors))).all()
    for name in ("standard_errors", "cv", "fold_scores", "coupling"):
        xr.testing.assert_allclose(getattr(divided, name), getattr(whole, name), rtol=1e-6, atol=1e-12)
    own = np.sqrt(
        np.diagonal(whole.covariance.values, axis1=1, axis2=2)
    )  # beside which what two columns share may be next to nothing
    apart = np.abs(divided.covariance.values - whole.covariance.values)
    assert (apart <= 1e-6 * own[:, :, None] * own[:, None, :]).all()
    for label, curve in whole.curves.items():
        xr.testing.assert_allclose(divided.curves[label], curve, rtol=1e-6, atol=1e-9)
    np.testing.assert_array_equal(divided.scores["strength"].values, whole.scores["strength"].values)


def test_a_batch_divides_what_is_large_and_leaves_one_result(question, place, divided, tmp_path):
    seen = []
    watch = CallbackContext(lambda progress: seen.append(progress.fraction))
    outcomes = run_batch(question, [place], tmp_path, figures=False, block_seconds=SMALL, context=watch)
    assert [outcome.reason for outcome in outcomes] == [""]
    assert seen == sorted(seen)
    found = Result.load(tmp_path / "long" / "result.nc")
    same_bits(found, divided)
    assert "task" not in found.provenance
    assert not (tmp_path / "long" / FOLDER).exists()
    assert "ge.run(analysis, recording, blocks=3)" in (tmp_path / "long" / "script.py").read_text(encoding="utf-8")
    again = run_batch(question, [place], tmp_path, figures=False, block_seconds=SMALL)
    assert [outcome.done_before for outcome in again] == [True]


def test_blocks_that_are_fitted_are_kept_when_it_is_interrupted(question, place, divided, tmp_path, monkeypatch):
    out = tmp_path / "long"

    def fitted() -> set[str]:
        return {path.name for path in (out / FOLDER).glob("*.nc")}

    enough = CallbackContext(cancelled=lambda: len(fitted()) == 2)
    with pytest.raises(Cancelled):
        run_batch(question, [place], tmp_path, figures=False, block_seconds=SMALL, context=enough)
    assert fitted() == {"block-0000.nc", "block-0001.nc"}
    (out / FOLDER / "block-0001.nc").write_bytes(b"half of it")
    made = []
    monkeypatch.setattr("glmengine.batch.pieces.run_block", lambda *given: made.append(given[2]) or run_block(*given))
    run_batch(question, [place], tmp_path, figures=False, block_seconds=SMALL)
    assert made == [1, 2]
    same_bits(Result.load(out / "result.nc"), divided)


def test_a_block_of_another_quick_is_none_of_this_one(quick, place, tmp_path):
    task = Task(quick, place, tmp_path / "out", None, figures=False, block_seconds=SMALL)
    other = replace(task, analysis=quick.with_(seed=5))
    assert attempt(Piece(other, 2, 3)) == PieceDone(3)
    before = Piece(other, 2, 3).path.read_bytes()
    assert attempt(Piece(task, 2, 3)) == PieceDone(3)
    assert Piece(task, 2, 3).path.read_bytes() != before


def test_a_block_that_fails_is_said_once(quick, place, tmp_path, monkeypatch):
    def fails(analysis, recording, number, of, context):
        if number:
            raise GlmError("the disk is full")
        return run_block(analysis, recording, number, of, context)

    monkeypatch.setattr("glmengine.batch.pieces.run_block", fails)
    outcomes = run_batch(quick, [place], tmp_path, figures=False, block_seconds=SMALL)
    assert [outcome.reason for outcome in outcomes] == ["the disk is full"]


def test_how_many_blocks_is_a_matter_of_size_alone(small_analysis, small_recording):
    assert unit_blocks(small_analysis, small_recording) == 1
    assert unit_blocks(small_analysis, small_recording, 1e-6) == 3
    assert unit_blocks(small_analysis, small_recording, 0.0) == 1
    assert [unit for number in range(4) for unit in block_of(10, number, 4)] == list(range(10))


@pytest.mark.parametrize(
    ("changes", "why"), [({"one_strength": True}, "one strength"), ({"family": "categorical"}, "classes of the categorical")]
)
def test_units_that_belong_together_are_not_parted(small_analysis, small_recording, changes, why):
    analysis = small_analysis.with_(model=small_analysis.model.with_(**changes))
    assert why in needs_all_units(analysis)
    assert unit_blocks(analysis, small_recording, 1e-6) == 1
    with pytest.raises(GlmError, match=why):
        ge.run(analysis, small_recording, blocks=2)


def test_more_blocks_than_units_are_as_many_as_units(quick, small_recording):
    found = ge.run(quick, small_recording, blocks=50)
    assert found.provenance["blocks"] == len(found.units) == 3
