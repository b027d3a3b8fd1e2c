"""The methods paragraph has the numbers of the analysis, and the references those that it cites."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

import glmengine as ge
from glmengine.analysis.time import Condition
from glmengine.cli.main import main
from glmengine.export.citations import bibtex, cited, entries
from glmengine.export.methods import methods_text


def test_the_numbers_are_those_of_the_analysis(small_result):
    text = methods_text(small_result)
    assert text.startswith("Activity of 3 units was counted")
    assert "in bins of 20 ms over the whole recording" in text
    assert "6 cyclic B-spline functions" in text
    assert "3 raised cosine log functions over 100 ms" in text
    tried = small_result.cv["strength"].values
    assert f"the best of {len(tried)} (from {tried.min():g} to {tried.max():g}) for each unit" in text
    assert "3-fold cross-validation over contiguous blocks of time" in text
    assert f"glmengine {small_result.provenance['versions']['glmengine']}" in text
    limited = small_result.analysis.time.with_(conditions=(Condition(variable="speed", above=5.0),), epochs=("first",))
    other = methods_text(replace(small_result, analysis=small_result.analysis.with_(time=limited)))
    assert "over the epochs first, where speed was above 5" in other


@pytest.mark.parametrize(
    ("validation", "said"),
    [
        ({"split": "halves"}, "2-fold cross-validation over the two halves"),
        ({"split": "odd_even", "grouped_by": "laps"}, "2-fold cross-validation over odd against even intervals of 'laps'"),
        ({"split": "odd_even"}, "2-fold cross-validation over odd against even blocks"),
        (
            {"split": "trials", "grouped_by": "trials", "balanced": "trials.choice"},
            "2-fold cross-validation over whole intervals of 'trials', of which each fold has its share of every value of 'trials.choice'",
        ),
    ],
)
def test_the_split_is_said_as_it_was_made(small_result, validation, said):
    """With as many folds as there are, not as many as were asked for."""
    asked = small_result.analysis.with_(validation=ge.Validation(folds=5, **validation))
    two = replace(small_result, analysis=asked, fold_scores=small_result.fold_scores.isel(fold=[0, 1]))
    assert said in methods_text(two)


def test_epochs_that_are_only_scored_are_said(small_result):
    scores = small_result.scores.assign(deviance_explained_test=small_result.scores["deviance_explained_heldout"] * 0 + 0.25)
    for folds, said in ((0, "No time was held out"), (3, "3-fold cross-validation")):
        validation = ge.Validation(folds=folds, test_epochs=("second",))
        model = small_result.analysis.model.with_(strengths=(1e-4,))
        tested = replace(small_result, scores=scores, analysis=small_result.analysis.with_(validation=validation, model=model))
        text = methods_text(tested)
        assert "The epoch second was never fitted, only scored; the median deviance explained there was 0.25." in text
        assert (said in text) == (folds > 0)


def test_each_work_that_is_cited_has_an_entry(small_result, small_recording):
    checked = small_result.with_goodness(small_result.goodness(small_recording))
    whole = set(re.findall(r"@\w+\{(\w+),", bibtex(checked)))
    named = set(re.findall(r"\[(\w+)\]", methods_text(checked)))
    assert "haslinger2010" in named
    assert named | {"glmgui"} == whole, "each work is cited in the paragraph"
    assert {"nelder1972", "truccolo2005", "pillow2008", "pillow2005", "wood2006", "dunn1996"} <= named
    assert "haslinger2010" not in bibtex(small_result)


def test_the_command_and_the_files(small_result, tmp_path, capsys):
    from glmengine.export import write_outputs

    write_outputs(small_result, tmp_path, figures=False)
    assert main(["methods", str(tmp_path / "result.nc")]) == 0
    said = capsys.readouterr().out
    assert said.startswith(methods_text(small_result))
    assert "@software{glmgui" in said
    assert (tmp_path / "methods.txt").read_text(encoding="utf-8").strip() == methods_text(small_result)
    assert "<h2>Methods</h2>" in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_a_script_finds_the_recording_from_where_it_lies(small_result, tmp_path):
    """Moved together with the recording, it opens it still."""
    from glmengine.export.script import script_text

    (tmp_path / "data").mkdir()
    text = script_text(small_result.analysis, tmp_path / "data" / "Mäuse 1.nwb", folder=tmp_path / "results" / "a")
    assert 'parent / "../../data/Mäuse 1.nwb"' in text
    assert str(tmp_path) not in text
    moved = tmp_path / "elsewhere" / "results" / "a" / "script.py"
    moved.parent.mkdir(parents=True)
    moved.write_text(text.replace("if __name__", "print(main.__defaults__[0])\nif False and __name__"), encoding="utf-8")
    import subprocess
    import sys

    found = subprocess.run([sys.executable, moved], capture_output=True, text=True, check=True, encoding="utf-8").stdout.strip()
    assert found == str(moved.parent / "../../data/Mäuse 1.nwb")


def test_works_are_those_of_what_was_used(small_result):
    def keys(**changes):
        analysis = small_result.analysis.with_(model=small_result.analysis.model.with_(**changes))
        return set(cited(replace(small_result, analysis=analysis)))

    assert "wood2006" in keys(penalty="smoothness") & keys(penalty="ridge")
    assert "eilers1996" in keys(penalty="smoothness")
    assert "tibshirani1996" in keys(penalty="lasso")
    assert "zou2005" in keys(penalty="elastic_net")
    assert "yuan2006" in keys(penalty="group_lasso")
    assert {"wood2011", "wood2015"} <= keys(strength_by="marginal_likelihood")
    assert not {"wood2006", "wood2011", "park2014", "harris2020"} & keys(penalty="none")


def test_references_are_whole():
    import re

    from glmengine.export.citations import _ENTRIES, _PREPRINTS

    assert len(entries()) == len(_ENTRIES) + len(_PREPRINTS)
    for key, entry in _PREPRINTS.items():
        assert entry.startswith(f"@misc{{{key},")
        assert {"author", "title", "howpublished", "year", "doi"} <= set(re.findall(r"(\w+)=\{", entry))

    for key, entry in _ENTRIES.items():
        assert entry.startswith(f"@article{{{key},")
        assert entry.count("{") == entry.count("}")
        fields = dict(re.findall(r"(\w+)=\{((?:[^{}]|\{[^{}]*\})*)\}", entry))
        assert {"author", "title", "journal", "volume", "number", "pages", "year", "doi"} <= set(fields), key
        assert key.endswith(fields["year"])
        assert fields["doi"].startswith("10.")
