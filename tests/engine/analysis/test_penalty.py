"""The penalty of an analysis: groups by source, weights and kinds of single terms, smoothness along each variable."""

import numpy as np
import pytest

import glmengine as ge
from glmengine.analysis.analysis import Analysis
from glmengine.analysis.penalty import penalty_of, strengths_of
from glmengine.design.prepare import prepare
from glmengine.errors import GlmError
from glmengine.fitting.batch import resolve_penalty
from glmengine.fitting.inputs import read_inputs
from glmengine.models import GroupLasso, NoPenalty, Ridge, Smoothness, get_family

HD = {"kind": "covariate", "factors": [{"variable": "head_direction", "basis": {"family": "cyclic_b_spline", "n": 5}}]}
PLACE = {
    "kind": "covariate",
    "factors": [
        {"variable": "position.x", "basis": {"family": "b_spline", "n": 4}},
        {"variable": "position.y", "basis": {"family": "b_spline", "n": 5}},
    ],
}
COUPLING = {"kind": "coupling", "basis": {"family": "raised_cosine_log", "n": 3, "window": 0.2}}


def analysis_of(*terms, folds=0, **model):
    model = {"strengths": [1e-3], **model}
    return Analysis.from_dict({"time": {"bin_size": 0.02}, "terms": list(terms), "model": model, "validation": {"folds": folds}})


def resolved(analysis, recording):
    prepared = prepare(analysis, recording)
    inputs = read_inputs(prepared.design, prepared.counts, get_family("poisson"), units=prepared.units)
    return prepared.design, resolve_penalty(penalty_of(analysis.model, prepared.design.terms), inputs, None)


def test_groups_by_source_take_out_whole_connections(small_recording):
    analysis = analysis_of(HD, COUPLING, penalty="group_lasso", groups="sources", strengths=[5e-4])
    design, found = resolved(analysis, small_recording)
    by_source = design.columns.reset_index().groupby(["term", "variable"], sort=False).groups
    assert [group.tolist() for group in found.groups] == [list(part) for part in by_source.values()]
    assert len(found.groups) == 1 + 3
    assert found.group_weights == pytest.approx(np.sqrt([5, 3, 3, 3]))
    result = ge.run(analysis, small_recording)
    coupling = result.coefficients[result.coefficients["kind"] == "coupling"]
    zero = (coupling == 0).groupby("variable")
    assert ((zero.sum("feature") == 0) | (zero.sum("feature") == 3)).all(), "a connection is in or out as a whole"
    norms = np.sqrt((coupling**2).groupby("variable").sum("feature"))
    off = [float(norms.sel(variable=a, unit=b)) for a in ["hd", "place", "flat"] for b in ["hd", "place", "flat"] if a != b]
    assert min(off) == 0 < max(off)
    by_terms = ge.run(analysis.with_(model=analysis.model.with_(groups="terms")), small_recording)
    assert not np.array_equal(by_terms.coefficients, result.coefficients)


def test_arrays_have_no_sources(small_recording):
    X, y = np.random.default_rng(0).normal(size=(50, 3)), np.ones(50)
    with pytest.raises(GlmError, match="no sources"):
        ge.fit(X, y, penalty=GroupLasso(1e-3, groups="sources"))
    with pytest.raises(GlmError, match="'terms' or 'sources'"):
        GroupLasso(1e-3, groups="units")
    assert GroupLasso(1e-3, groups="terms") == GroupLasso(1e-3)


def test_a_term_may_have_its_own_penalty_and_weight(small_recording):
    analysis = analysis_of(
        {**HD, "penalty_weight": 100.0}, {**PLACE, "penalty": "lasso"}, COUPLING, {**HD, "name": "free", "penalty": "none"}
    )
    design, found = resolved(analysis, small_recording)
    ridge, l1 = np.zeros(design.n_columns), np.zeros(design.n_columns)
    ridge[design.slices["head_direction"]] = 100.0
    ridge[design.slices["coupling"]] = 1.0
    l1[design.slices["position.x x position.y"]] = 1.0
    assert found.ridge == pytest.approx(ridge)
    assert found.l1 == pytest.approx(l1)
    assert found.matrix is None
    result = ge.run(analysis_of({**HD, "penalty_weight": 1e4}, PLACE), small_recording)
    plain = ge.run(analysis_of(HD, PLACE), small_recording)
    heavy, light = (float(np.abs(r.coefficients[r.coefficients["term"] == "head_direction"]).max()) for r in (result, plain))
    assert heavy < 0.1 * light


def test_a_single_weighted_term_keeps_its_weight_at_any_strength(small_recording):
    weighted = ge.run(analysis_of({**HD, "penalty_weight": 50.0}), small_recording)
    stronger = ge.run(analysis_of(HD, strengths=[0.05]), small_recording)
    assert weighted.coefficients.values == pytest.approx(stronger.coefficients.values, abs=1e-8)
    chosen = ge.run(analysis_of({**HD, "penalty_weight": 50.0}, folds=3, strengths=[1e-6, 1e-1]), small_recording)
    same = ge.run(analysis_of(HD, folds=3, strengths=[5e-5, 5.0]), small_recording)
    assert chosen.cv["scores"].values == pytest.approx(same.cv["scores"].values, abs=1e-9, nan_ok=True)


def test_smoothness_along_each_variable_of_a_term(small_recording):
    design, found = resolved(analysis_of(HD, {**PLACE, "penalty": "smoothness", "smoothness": [2.0, 7.0]}), small_recording)
    part = design.slices["position.x x position.y"]
    along = design.axis_penalties("position.x x position.y")
    assert len(along) == 2
    assert found.matrix[part, part] == pytest.approx(2 * along[0] + 7 * along[1])
    assert np.kron(np.diff(np.eye(4), 2, axis=0).T @ np.diff(np.eye(4), 2, axis=0), np.eye(5)) == pytest.approx(along[0])
    assert found.ridge[part] == pytest.approx(0)
    assert (found.ridge[design.slices["head_direction"]] == 1).all()
    # beside another penalty it is added
    design, found = resolved(analysis_of({**PLACE, "smoothness": [3.0]}), small_recording)
    assert found.matrix == pytest.approx(3 * (along[0] + along[1]))
    assert (found.ridge == 1).all()
    # and the model's own smoothness takes the axes of the term
    design, found = resolved(analysis_of({**PLACE, "smoothness": [1.0, 0.0]}, HD, penalty="smoothness"), small_recording)
    assert found.matrix[:20, :20] == pytest.approx(along[0])
    assert found.matrix[20:, 20:] == pytest.approx(design.penalty_matrix("head_direction"))
    assert not found.ridge.any()


def test_smoothness_flattens_only_the_axis_it_acts_on(small_recording):
    rough = ge.run(analysis_of({**PLACE, "penalty": "smoothness", "smoothness": [0.0, 1e4]}), small_recording)
    field = rough.coefficients.sel(unit="place").values.reshape(4, 5)
    straight = np.abs(np.diff(field, 2, axis=1)).max()
    assert straight < 1e-3 * np.abs(np.diff(field, 2, axis=0)).max()


def test_the_wrong_number_of_axes_is_refused(small_recording):
    with pytest.raises(GlmError, match="has 2 variables and smoothness along 3"):
        ge.run(analysis_of({**PLACE, "smoothness": [1.0, 2.0, 3.0]}), small_recording)
    with pytest.raises(GlmError):
        analysis_of({**HD, "smoothness": [-1.0]})


def test_strengths_act_where_only_a_term_is_penalised(small_recording):
    analysis = analysis_of(HD, {**PLACE, "penalty": "ridge"}, penalty="none")
    assert strengths_of(analysis) == [1e-3]
    assert strengths_of(analysis_of(HD, PLACE, penalty="none")) == [0.0]
    assert penalty_of(analysis_of(HD, penalty="none").model) == NoPenalty()
    design, found = resolved(analysis, small_recording)
    assert not found.ridge[design.slices["head_direction"]].any()
    assert found.ridge[design.slices["position.x x position.y"]].all()
    with pytest.raises(GlmError, match="several strengths"):
        analysis_of({**HD, "penalty": "ridge"}, penalty="none", strengths=[1e-3, 1e-2])


def test_defaults_are_the_models_penalty_alone(small_recording):
    terms = prepare(analysis_of(HD, PLACE), small_recording).design.terms
    assert penalty_of(analysis_of(HD).model, terms) == Ridge()
    assert penalty_of(analysis_of(HD, penalty="smoothness", standardised=True).model, terms) == Smoothness(standardised=True)


def test_a_file_without_the_fields_asks_the_same_question():
    # the hash is of what differs from the defaults, so that fields of later versions do not make old results stale
    analysis = analysis_of(HD)
    assert Analysis.from_dict(analysis.to_dict()).sha256 == analysis.sha256
    assert "penalty_weight" not in str(analysis.to_dict())
    changed = analysis_of({**HD, "penalty_weight": 2.0})
    assert changed.sha256 != analysis.sha256
    assert Analysis.from_dict(changed.to_dict()) == changed
