"""The analysis: what it refuses, how it is written, and what its hash counts."""

from __future__ import annotations

import tomllib

import pytest

from glmengine.analysis.analysis import Analysis, Condition, Model, Time, Validation
from glmengine.analysis.templates import load_template, template_text, templates
from glmengine.errors import GlmError

TOML = """
format_version = 1
[time]
bin_size = 0.02
[[terms]]
kind = "covariate"
[[terms.factors]]
variable = "x"
[terms.factors.basis]
family = "b_spline"
n = 7
"""


def test_a_file_comes_back_as_it_was(tmp_path, small_analysis):
    small_analysis.save(tmp_path / "a.toml")
    assert Analysis.load(tmp_path / "a.toml") == small_analysis


def test_only_what_differs_from_the_defaults_is_written(tmp_path):
    Analysis.from_dict(tomllib.loads(TOML)).save(tmp_path / "a.toml")
    assert tomllib.loads((tmp_path / "a.toml").read_text()) == {**tomllib.loads(TOML), "format_version": 2}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ("[time]\nbin_sise = 0.02", "time.bin_sise"),
        ("[time]\nbin_size = -1", "time.bin_size"),
        ("[time]\nbin_size = nan", "time.bin_size"),
        ('[time]\nbin_size = "wide"', "time.bin_size"),
        ("[time]\nintervals = [[5.0, 3.0]]", "time.intervals"),
        ('[[time.conditions]]\nvariable = "speed"', "time.conditions.0.above"),
        ('[[time.conditions]]\nvariable = "speed"\nabove = 5\nbelow = 3', "time.conditions.0.below"),
        ("[model]\nstrengths = [-1.0]", "model.strengths.0"),
        ('[model]\nfamily = "poison"', "model.family"),
        ("[validation]\nfolds = 1", "validation.folds"),
        ("[validation]\nfolds = 0", "validation.folds"),
        ('[[terms]]\nkind = "covariate"', "terms.0.factors"),
        (
            '[[terms]]\nkind = "covariate"\n[[terms.factors]]\nvariable = "x"\n[terms.factors.basis]\nfamily = "b_spline"\nn = 2',
            "terms.0.factors.0.basis.n",
        ),
        (
            '[[terms]]\nkind = "covariate"\n[[terms.factors]]\nvariable = "x"\n[terms.factors.basis]\nfamily = "b_spline"\nbounds = [1.0, 0.0]',
            "terms.0.factors.0.basis.bounds",
        ),
    ],
)
def test_a_bad_field_is_named_with_its_path(change, field, tmp_path):
    (tmp_path / "a.toml").write_text(change)
    with pytest.raises(GlmError, match=r"^a\.toml: ") as caught:
        Analysis.load(tmp_path / "a.toml")
    assert caught.value.field == field
    assert "\n" not in caught.value.message


@pytest.mark.parametrize(
    ("content", "field", "words"),
    [
        ('[[terms]]\nvariable = "x"', "terms.0.kind", "is missing; add it"),
        ('[[terms]]\nkind = "banana"', "terms.0.kind", "'banana'; choose one of 'covariate'"),
        (
            '[[terms]]\nkind = "history"\n[terms.basis]\nfamily = "bspline"',
            "terms.0.basis.family",
            "'bspline'; choose one of 'b_spline'",
        ),
        ('[[terms]]\nkind = "history"\n[terms.basis]\nn = 5', "terms.0.basis.family", "is missing; add it"),
        ('[[terms]]\nkind = "history"\nbasis = "b_spline"', "terms.0.basis", "must be a table"),
        ('[[derived]]\nkind = "velocity"', "derived.0.kind", "'velocity'; choose one of 'speed'"),
        ('[terms]\nkind = "history"', "terms", "must be a list"),
        ("[model]\nstrengths = 1e-3", "model.strengths", "must be a list"),
        ('model = "poisson"', "model", "must be a table"),
        (
            '[[terms]]\nkind = "coupling"\nsources = [1]\n[terms.basis]\nfamily = "history"',
            "terms.0.sources.0",
            "put it in quotation marks",
        ),
    ],
)
def test_a_hand_written_file_is_answered_in_its_own_words(content, field, words, tmp_path):
    (tmp_path / "a.toml").write_text(content)
    with pytest.raises(GlmError) as caught:
        Analysis.load(tmp_path / "a.toml")
    assert caught.value.field == field
    assert words in caught.value.message
    assert not any(word in caught.value.message for word in ("tuple", "discriminator", "tag", "dictionary", "valid"))


def test_two_terms_of_one_name_are_refused():
    history = {"kind": "history", "basis": {"family": "raised_cosine_log", "n": 3, "window": 0.1}}
    with pytest.raises(GlmError, match="two terms are called 'history'") as caught:
        Analysis.from_dict({"terms": [history, history]})
    assert caught.value.field == "terms.1.name"


def test_a_newer_format_is_refused(tmp_path):
    (tmp_path / "a.toml").write_text("format_version = 99")
    with pytest.raises(GlmError, match="newer version"):
        Analysis.load(tmp_path / "a.toml")


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"= 3", b"[time"])
def test_what_is_no_toml_is_refused(content, tmp_path):
    (tmp_path / "a.toml").write_bytes(content)
    with pytest.raises(GlmError, match="not a TOML file"):
        Analysis.load(tmp_path / "a.toml")


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(GlmError, match="cannot be read"):
        Analysis.load(tmp_path / "a.toml")


def test_the_hash_is_of_the_question_alone(small_analysis):
    assert small_analysis.with_(title="other", recording={"path": "elsewhere"}).sha256 == small_analysis.sha256
    others = [
        small_analysis.with_(time=Time(bin_size=0.01)),
        small_analysis.with_(model=Model(strengths=(1.0,))),
        small_analysis.with_(validation=Validation(folds=4)),
        small_analysis.with_(terms=small_analysis.terms[:1]),
        small_analysis.with_(time=Time(bin_size=0.02, conditions=(Condition(variable="speed", above=1.0),))),
    ]
    assert len({small_analysis.sha256, *(other.sha256 for other in others)}) == len(others) + 1


def test_every_template_loads_has_a_title_and_terms():
    found = templates()
    assert {"session", "head-direction", "place"} <= set(found)
    for name, title in found.items():
        analysis = load_template(name)
        assert title
        assert analysis.terms, name


def test_the_template_of_the_session_is_the_demonstration():
    from glmengine.simulation.catalogue import demo_analysis

    assert load_template("session") == demo_analysis()


def test_a_template_names_the_recording_it_is_for(tmp_path):
    (tmp_path / "a.toml").write_text(template_text("place", tmp_path / "my session.nwb"), encoding="utf-8")
    assert Analysis.load(tmp_path / "a.toml").recording.path == str((tmp_path / "my session.nwb").resolve())


def test_an_unknown_template_lists_those_there_are():
    with pytest.raises(GlmError, match="head-direction"):
        load_template("nothing")
