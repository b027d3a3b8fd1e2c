"""Remedies of a model that is not right are edits of the analysis, each of which changes one thing."""

from __future__ import annotations

import pytest

from glmengine.analysis.analysis import Analysis
from glmengine.analysis.default_terms import coupling_term, history_term, tuning_term
from glmengine.analysis.remedies import Remedy, from_text, remedied, to_text
from glmengine.errors import GlmError


@pytest.fixture
def analysis(small_recording):
    return Analysis(terms=(tuning_term(small_recording, "position.x"), history_term(), coupling_term()))


def test_remedies_survive_being_written():
    both = (Remedy("add_covariate", 'odd "name"; yes'), Remedy("longer_history", seconds=0.3))
    assert from_text(to_text(both)) == both
    assert from_text("") == ()


def test_the_history_gets_longer_finer_and_refractory(analysis, small_recording):
    window, n = analysis.terms[1].basis.window, analysis.terms[1].basis.n
    longer = remedied(Remedy("longer_history", seconds=10 * window), analysis, small_recording)
    assert longer.terms[1].basis.window > 10 * window
    assert remedied(Remedy("finer_history"), analysis, small_recording).terms[1].basis.n > n
    still = remedied(Remedy("refractory"), analysis, small_recording)
    assert still.terms[1].refractory >= still.time.bin_size
    assert [term.kind for term in still.terms] == [term.kind for term in analysis.terms]


def test_what_is_missing_is_added_once(analysis, small_recording):
    bare = Analysis(terms=analysis.terms[:1])
    for remedy, kind in (
        (Remedy("add_history"), "history"),
        (Remedy("add_coupling"), "coupling"),
        (Remedy("add_covariate", "head_direction"), "covariate"),
        (Remedy("slow_drift"), "covariate"),
    ):
        once = remedied(remedy, bare, small_recording)
        assert once.terms[:1] == bare.terms
        assert once.terms[-1].kind == kind
        assert remedied(remedy, once, small_recording) == once


def test_only_the_variable_that_is_meant_gets_finer(analysis, small_recording):
    finer = remedied(Remedy("finer_covariate", "position.x"), analysis, small_recording)
    assert finer.terms[0].factors[0].basis.n > analysis.terms[0].factors[0].basis.n
    assert finer.terms[1:] == analysis.terms[1:]


def test_families_and_links_change(analysis, small_recording):
    assert remedied(Remedy("negative_binomial"), analysis, small_recording).model.family == "negative_binomial"
    assert remedied(Remedy("softplus"), analysis, small_recording).model.link == "softplus"


@pytest.mark.parametrize(
    "remedy",
    [Remedy("longer_history"), Remedy("finer_coupling"), Remedy("finer_covariate", "speed"), Remedy("add_covariate", "no")],
)
def test_a_remedy_for_what_is_not_there_says_so(remedy, small_recording):
    with pytest.raises(GlmError):
        remedied(remedy, Analysis(terms=(tuning_term(small_recording, "head_direction"),)), small_recording)
