"""The design: its parts, its products, and features that stay the same on other data."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pynapple as nap
import pytest

import glmengine as ge
from glmengine.analysis.analysis import Analysis, Time
from glmengine.analysis.terms import CouplingTerm, CovariateTerm, Factor, HistoryTerm
from glmengine.analysis.time_grid import make_grid
from glmengine.design.build import build_design
from glmengine.design.prepare import prepare
from glmengine.design.preview import feature_preview
from glmengine.errors import GlmError
from glmengine.recording.binned import sample_covariate

B = ge.basis
TERMS = (
    CovariateTerm(factors=(Factor(variable="head_direction", basis=B.CyclicBSpline(n=6)),)),
    CovariateTerm(
        name="place",
        factors=(
            Factor(variable="position.x", basis=B.BSpline(n=5)),
            Factor(variable="position.y", basis=B.BSpline(n=4, placement="quantiles", order=3)),
        ),
    ),
    HistoryTerm(basis=B.RaisedCosineLog(n=3, window=0.1)),
    CouplingTerm(basis=B.RaisedCosineLog(n=2, window=0.06)),
)


def design_of(recording, terms=TERMS, *, epochs=("all",), **options):
    analysis = Analysis(time=Time(bin_size=0.02, epochs=epochs), terms=terms)
    return build_design(analysis, recording, make_grid(analysis.time, recording), unit_names=recording.unit_names, **options)


@pytest.fixture(scope="module")
def design(small_recording):
    return design_of(small_recording)


def test_columns_know_their_term_unit_and_function(design):
    assert design.shape == (6000, 6 + 20 + 9 + 6)
    assert design.columns.index.is_unique
    assert list(design.columns["term"].unique()) == ["head_direction", "place", "history", "coupling"]
    coupling = design.columns[design.slices["coupling"]]
    assert list(coupling["variable"]) == ["hd", "hd", "place", "place", "flat", "flat"]
    assert list(coupling["function"]) == [0, 1] * 3
    assert list(design.to_frame().columns) == list(design.columns.index)


def test_history_is_a_units_own_and_coupling_the_others(design, small_recording):
    mask = design.mask(small_recording.unit_names)
    assert mask[: design.slices["history"].start].all()
    np.testing.assert_array_equal(mask[design.slices["history"]], np.kron(np.eye(3), np.ones((3, 1))) > 0)
    np.testing.assert_array_equal(mask[design.slices["coupling"]], np.kron(1 - np.eye(3), np.ones((2, 1))) > 0)


def test_products_are_those_of_the_whole_matrix(design):
    rng = np.random.default_rng(0)
    X, T = design.dense(), design.n_rows
    np.testing.assert_array_equal(design.valid, np.isfinite(X).all(axis=1))
    np.testing.assert_allclose(design.chunk(100, 333), X[100:333], atol=1e-13)
    X = np.where(design.valid[:, None], X, 0.0)
    coefficients, residuals, weights = rng.normal(size=(X.shape[1], 2)), rng.normal(size=(T, 2)), rng.random(T)
    np.testing.assert_allclose(design.matvec(coefficients)[design.valid], (X @ coefficients)[design.valid], atol=1e-10)
    np.testing.assert_allclose(design.tmatvec(residuals), X.T @ residuals, atol=1e-8)
    np.testing.assert_allclose(design.gram(weights), (X * weights[:, None]).T @ X, rtol=1e-10, atol=1e-8)


def test_a_product_of_bases_is_every_product_of_their_functions(design, small_recording):
    place = design.terms[1]
    x, y = (sample_covariate(small_recording.variable(f"position.{axis}"), design.grid) for axis in "xy")
    one, other = (factor.basis.evaluate(values) for factor, values in zip(place.factors, (x, y), strict=True))
    block = design.dense()[:, design.slices["place"]]
    np.testing.assert_allclose(block, np.einsum("ti,tj->tij", one, other).reshape(len(x), -1), atol=1e-14)


def test_smoothness_of_a_product_is_the_sum_over_its_axes(design):
    one, other = (factor.basis.penalty_matrix() for factor in design.terms[1].factors)
    expected = np.kron(one, np.eye(4)) + np.kron(np.eye(5), other)
    np.testing.assert_allclose(design.penalty_matrix("place"), expected, atol=1e-14)


def test_features_of_one_half_are_the_same_on_the_other(small_recording):
    first = design_of(small_recording, epochs=("first",))
    again = design_of(small_recording, epochs=("second",), frozen_terms=first.terms)
    assert again.terms == first.terms
    whole = design_of(small_recording, frozen_terms=first.terms)
    both = np.isin(np.round(whole.grid.centres, 6), np.round(again.grid.centres[again.valid], 6))
    np.testing.assert_allclose(whole.dense()[both], again.dense()[again.valid], atol=1e-12)


def test_no_window_reaches_into_the_piece_before(small_recording):
    design = design_of(small_recording, TERMS[2:])
    cut = Time(bin_size=0.02, intervals=((0.0, 10.0), (20.0, 30.0), (40.0, 40.06)))
    grid = make_grid(cut, small_recording)
    pieces = build_design(Analysis(time=cut, terms=TERMS[2:]), small_recording, grid, unit_names=small_recording.unit_names)
    starts = grid.offsets[:-1]
    assert not pieces.valid[np.concatenate([start + np.arange(5) for start in starts[:2]])].any()
    assert not pieces.valid[starts[2] :].any()  # three bins, a window of five
    same = np.isin(np.round(design.grid.centres, 6), np.round(grid.centres[pieces.valid], 6))
    np.testing.assert_allclose(pieces.dense()[pieces.valid], design.dense()[same], atol=1e-12)


@pytest.mark.parametrize(
    ("term", "field", "words"),
    [
        (CovariateTerm(factors=(Factor(variable="nothing", basis=B.BSpline()),)), "terms.0.factors.0.variable", "no covariate"),
        (
            CovariateTerm(factors=(Factor(variable="position.x", basis=B.BSpline()),) * 2),
            "terms.0.factors.1.variable",
            "multiplied by itself",
        ),
        (
            CovariateTerm(factors=(Factor(variable="position.x", basis=B.BSpline(bounds=(0.0, 20.0))),)),
            "terms.0.factors.0.basis.bounds",
            "less than half",
        ),
        (HistoryTerm(basis=B.RaisedCosineLog(window=0.005)), "terms.0.basis.window", "shorter than a bin"),
        (HistoryTerm(basis=B.Identity()), "terms.0.basis.family", "past"),
        (CouplingTerm(basis=B.RaisedCosineLog(window=0.1), sources=("x",)), "terms.0.sources", "no unit"),
    ],
)
def test_what_cannot_be_expanded_is_refused_with_its_field(small_recording, term, field, words):
    with pytest.raises(GlmError, match=words) as caught:
        design_of(small_recording, (term,))
    assert caught.value.field == field


@pytest.mark.parametrize("place", range(4))
def test_a_preview_shows_the_columns_of_the_design(small_recording, place):
    time = Time(bin_size=0.02, intervals=((10.0, 10.01), (20.0, 60.0), (70.0, 110.0)))
    grid = make_grid(time, small_recording)
    term = TERMS[place]
    # a preview takes bounds from the samples of the whole recording, a fit from its bins, which are their means
    tolerance = 2e-3 if term.kind == "covariate" else 1e-12
    kept = design_of(small_recording, (term,)).terms
    design = build_design(Analysis(time=time), small_recording, grid, unit_names=("hd",), frozen_terms=kept)
    for start in (None, 70.0):
        times, values, labels = feature_preview(term, small_recording, time, seconds=5.0, start=start, unit="hd")
        rows = np.searchsorted(grid.centres, times - 1e-9)
        assert len(times) == 250
        assert labels == list(design.columns.index)
        np.testing.assert_allclose(values, design.dense()[rows], atol=tolerance)


def test_a_preview_of_what_has_no_bin_says_so_or_is_empty(small_recording):
    with pytest.raises(GlmError, match="no whole bin"):
        feature_preview(TERMS[0], small_recording, Time(bin_size=0.5, intervals=((10.0, 10.1),)))
    times, values, labels = feature_preview(TERMS[0], small_recording, Time(bin_size=0.02), start=1e6)
    assert not len(times)
    assert values.size == 0
    assert labels == []


@pytest.mark.parametrize(("lost", "said"), [(0.6, True), (0.1, False)])
def test_bins_without_a_value_are_said_where_they_are_a_good_part(small_recording, lost, said):
    heading = small_recording.covariates["head_direction"]
    span = float(heading.data.t[-1])
    values = np.where(heading.data.t < lost * span, np.nan, heading.data.values)
    tracked = replace(
        small_recording,
        covariates={
            "head_direction": replace(heading, data=nap.Tsd(heading.data.t, values, time_support=heading.data.time_support))
        },
    )
    prepared = prepare(Analysis(time=Time(bin_size=0.02), terms=TERMS[:1]), tracked)
    share = float(np.nansum(prepared.counts[prepared.design.valid]) / np.nansum(prepared.counts))
    notes = [note for note in prepared.notes if "have a value for every term" in note]
    assert bool(notes) == said
    for note in notes:
        assert "of the 6,000 bins chosen (40 %)" in note
        assert f"{100 * share:.0f} % of what was counted" in note
