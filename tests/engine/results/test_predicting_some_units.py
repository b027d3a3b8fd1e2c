"""Rates of some units: the same numbers as among all, made from the columns of these units alone, a bounded part at a time."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace

import numpy as np
import pytest

import glmengine as ge
from glmengine.design import chunks as parts
from glmengine.design.design import Design
from glmengine.errors import GlmError


@pytest.fixture
def chunks(monkeypatch):
    """The shape of every part of a design that is made."""
    seen, chunk = [], Design.chunk

    def spy(self, start, stop):
        values = chunk(self, start, stop)
        seen.append(values.shape)
        return values

    monkeypatch.setattr(Design, "chunk", spy)
    return seen


def test_the_numbers_are_those_among_all_units(small_result, small_recording):
    whole = small_result.predict(small_recording, bands=True)
    for units in (["place"], ["flat", "hd"]):
        own = small_result.predict(small_recording, units=units, bands=True)
        assert list(own["unit"].values) == units
        for name in ("rate", "low", "high"):
            np.testing.assert_allclose(own[name].values, whole[name].sel(unit=units).values, rtol=1e-10)


def test_only_the_columns_of_these_units_are_made(small_result, small_recording, chunks):
    kinds = small_result.coefficients["kind"].values
    sources = small_result.coefficients["variable"].values
    small_result.predict(small_recording, [[0.0, 20.0]])
    everything = {shape[1] for shape in chunks}
    chunks.clear()
    small_result.predict(small_recording, [[0.0, 20.0]], units=["hd"])
    others = int(((kinds == "history") & (sources != "hd")).sum())
    assert others > 0
    assert everything == {len(kinds)}
    assert {shape[1] for shape in chunks} == {len(kinds) - others}


def test_the_rows_come_in_parts_and_no_rate_of_another_unit_is_kept(small_result, small_recording, chunks, monkeypatch):
    monkeypatch.setattr(parts, "_CHUNK_NUMBERS", 20_000)
    copies = 400
    many = _widened(small_result, copies)
    bins = many.predict(small_recording, units=["u7"]).sizes["time"]
    assert max(shape[0] for shape in chunks) <= max(256, 20_000 // chunks[0][1])
    tracemalloc.start()
    try:
        many.predict(small_recording, units=["u7"])
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < copies * bins * 8 / 4  # the rates of all units alone would take four times that


def test_of_many_units_and_few_columns_the_parts_are_as_long_as_the_rates_allow(small_result, monkeypatch):
    monkeypatch.setattr(parts, "_CHUNK_NUMBERS", 10_000)
    design = type("Wide", (), {"n_columns": 2, "n_rows": 5000})()
    assert max(stop - start for start, stop in parts.row_chunks(design, 20)) == 500


def test_a_unit_that_was_not_fitted_is_named(small_result, small_recording):
    with pytest.raises(GlmError, match="'nobody' was not fitted; the result has: hd, place, flat"):
        small_result.predict(small_recording, units=["nobody"])
    with pytest.raises(GlmError, match="none is named"):
        small_result.predict(small_recording, units=[])


def test_of_spike_triggered_averages_only_the_units_own_are_made(chunks):
    recording = ge.sample("white-noise")
    analysis = ge.Analysis.from_dict(
        {
            "time": {"bin_size": 0.05, "intervals": [[0.0, 60.0]]},
            "units": {"min_spikes": 0},
            "terms": [
                {
                    "kind": "receptive_field",
                    "variable": next(iter(recording.covariates)),
                    "space": "sta",
                    "basis": {"family": "raised_cosine_log", "n": 3, "window": 0.3},
                }
            ],
            "model": {"strengths": [1e-3]},
            "validation": {"folds": 0},
        }
    )
    result = ge.run(analysis, recording)
    whole = result.predict(recording, [[0.0, 10.0]])
    chunks.clear()
    unit = result.units[2]
    own = result.predict(recording, [[0.0, 10.0]], units=[unit])
    assert {shape[1] for shape in chunks} == {3}
    np.testing.assert_allclose(own.sel(unit=unit).values, whole.sel(unit=unit).values, rtol=1e-10)


def _widened(result, copies):
    """A result of `copies` units that all follow head direction as the first one does."""
    terms = result.terms[:1]
    columns = result.coefficients["term"].values == terms[0].label
    names = [f"u{number}" for number in range(copies)]
    pick = np.zeros(copies, int)

    def wide(array, **which):
        return array.isel(unit=pick, **which).assign_coords(unit=names)

    return replace(
        result,
        analysis=result.analysis.with_(terms=result.analysis.terms[:1]),
        terms=terms,
        coefficients=wide(result.coefficients, feature=columns),
        standard_errors=wide(result.standard_errors, feature=columns),
        intercepts=wide(result.intercepts),
        intercept_errors=wide(result.intercept_errors),
        scores=wide(result.scores),
        covariance=None,
        coupling=None,
    )
