"""Export of numbers from the window: the engine's formats, and where a single table comes from."""

from __future__ import annotations

import json

import pytest

from glmengine.export.formats import FORMATS
from glmgui.work.exporting import Exporting

THERE = [form for form in FORMATS if not form.missing]


@pytest.fixture
def exporting(document, jobs, settings, questions, small_recording, small_result):
    document.set_recording(small_recording)
    document.set_result(small_result)
    return Exporting(document, jobs, settings, questions)


@pytest.mark.parametrize("number", range(len(THERE)), ids=[form.name for form in THERE])
def test_every_format_of_the_engine_can_be_chosen(qtbot, exporting, questions, tmp_path, number):
    form = THERE[number]
    questions.next_choice = number + 1
    questions.next_path = tmp_path / f"numbers{form.ending}" if form.ending else tmp_path
    with qtbot.waitSignal(exporting.exported) as exported:
        exporting.export_coefficients()
    (path,) = exported.args
    assert path.is_file() if form.ending else list(path.iterdir())
    assert path.parent == tmp_path


def test_the_coefficients_alone_say_beside_them_whence_they_are(qtbot, exporting, questions, tmp_path, small_result):
    questions.next_path = tmp_path / "coefficients.csv"
    with qtbot.waitSignal(exporting.exported):
        exporting.export_coefficients()
    said = json.loads((tmp_path / "coefficients.csv-metadata.json").read_text(encoding="utf-8"))
    assert said["notes"][0]["analysis_sha256"] == small_result.provenance["analysis_sha256"]


def test_no_choice_writes_nothing(exporting, questions, jobs, tmp_path):
    questions.next_choice, questions.next_path = None, tmp_path / "coefficients.csv"
    exporting.export_coefficients()
    assert not jobs._pending
    assert not list(tmp_path.iterdir())
