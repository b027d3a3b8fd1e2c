"""Export of numbers from the window: the engine's formats, and where a single table comes from."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from qtpy.QtGui import QGuiApplication
from qtpy.QtWidgets import QMainWindow, QPushButton

from glmengine.export.formats import FORMATS
from glmengine.export.methods import methods_text
from glmgui import file_dialogs, slow_disks
from glmgui.notices import notices
from glmgui.shell.notice_bar import NoticeBar
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


def test_the_methods_paragraph_is_copied_and_that_is_said(qtbot, exporting, small_result):
    QGuiApplication.clipboard().clear()
    exporting.copy_methods()
    qtbot.waitUntil(lambda: QGuiApplication.clipboard().text() == methods_text(small_result))
    assert "clipboard" in notices().all[-1].text


def test_no_choice_writes_nothing(exporting, questions, jobs, tmp_path):
    questions.next_choice, questions.next_path = None, tmp_path / "coefficients.csv"
    exporting.export_coefficients()
    assert not jobs._pending
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("number", "name", "begins"), [(0, "r.pdf", b"%PDF"), (1, "r.html", b"<!doctype html>")])
def test_the_report_is_written_as_pdf_or_html(
    qtbot, exporting, questions, document, tmp_path, small_result, number, name, begins
):
    bare = replace(small_result, cv=None, coupling=None, tests=None, curves={}, filters={})
    document.set_recording(None)
    document.set_result(bare)
    folder = tmp_path / "reports"
    folder.mkdir()
    questions.next_choice, questions.next_path = number, folder / name
    with qtbot.waitSignal(exporting.exported, timeout=60_000):
        exporting.export_report()
    assert (folder / name).read_bytes().startswith(begins)
    assert [path.name for path in folder.iterdir()] == [name]


def test_everything_goes_into_a_folder_of_its_own(qtbot, exporting, questions, document, tmp_path, monkeypatch, small_result):
    """Not among the files of the folder that is chosen, and the bar says where, with a button that shows it."""
    chosen = tmp_path / "out"
    chosen.mkdir()
    (chosen / "scores.csv").write_text("mine")
    bare = replace(small_result, cv=None, coupling=None, tests=None, curves={}, filters={})
    document.set_recording(None)
    document.set_result(replace(bare, analysis=bare.analysis.with_(title="Day 3: place")))
    questions.next_path, shown = chosen, []
    bar = NoticeBar(QMainWindow())
    qtbot.addWidget(bar.parentWidget())
    notices().noticed.connect(bar.show_notice)
    with qtbot.waitSignal(exporting.exported, timeout=60_000) as exported:
        exporting.export_all()
    folder = chosen / "Day 3_ place results"
    assert exported.args == [folder]
    assert {path.name for path in chosen.iterdir()} == {folder.name, "scores.csv"}
    assert {"result.nc", "scores.csv", "report.html"} <= {path.name for path in folder.iterdir()}
    assert bar.notice.text == f"{sum(path.is_file() for path in folder.rglob('*'))} files written to {folder}"
    monkeypatch.setattr("glmgui.shell.notice_bar.show_folder", shown.append)
    bar.findChild(QPushButton, "notice_open").click()
    assert shown == [folder]


def test_everything_asks_before_it_replaces_what_is_there(exporting, questions, jobs, tmp_path, monkeypatch):
    there = tmp_path / "out" / f"{exporting._document.recording.name} results"
    there.mkdir(parents=True)
    (there / "scores.csv").write_text("mine")
    asked = []
    monkeypatch.setattr(questions, "replace_files", lambda folder, what: asked.append((folder, what)))
    for chosen in (there.parent, there):  # that of an earlier export may be chosen itself
        questions.next_path = chosen
        exporting.export_all()
    assert asked == [(there, "results")] * 2
    assert not jobs._pending
    assert [path.name for path in there.parent.rglob("*")] == [there.name, "scores.csv"]


def test_the_next_dialog_begins_where_everything_was_exported(exporting, questions, jobs, monkeypatch, tmp_path):
    questions.next_path = tmp_path / "out"
    (tmp_path / "out").mkdir()
    monkeypatch.setattr(jobs, "submit", lambda *arguments, **options: None)
    exporting.export_all()
    assert exporting._settings.save_folder == str(tmp_path / "out")


def test_a_name_that_gets_its_ending_is_asked_about_again(qtbot, tmp_path, monkeypatch):
    """The dialog asks about the name as it was typed."""
    from glmgui.dialogs.questions import Dialogs

    dialogs = Dialogs(None)
    monkeypatch.setattr(file_dialogs, "file_to_save", lambda *_: (str(tmp_path / "tuning"), "PDF (*.pdf)"))
    assert dialogs.save_path("Save", "", "PDF (*.pdf)", ".pdf") == tmp_path / "tuning.pdf"
    (tmp_path / "tuning.pdf").write_bytes(b"mine")
    for agreed in (False, True):
        monkeypatch.setattr(Dialogs, "_replace", lambda self, path, agreed=agreed: agreed)
        assert dialogs.save_path("Save", "", "PDF (*.pdf)", ".pdf") == (tmp_path / "tuning.pdf" if agreed else None)


def test_a_folder_that_cannot_be_written_to_is_never_proposed(settings, tmp_path, monkeypatch):
    locked, own = tmp_path / "locked", tmp_path / "own"
    for folder in (locked, own):
        folder.mkdir()
    access = slow_disks.os.access
    monkeypatch.setattr(slow_disks.os, "access", lambda path, mode: path != locked and access(path, mode))
    settings.folder = own
    assert settings.save_folder == str(own)
    settings.folder = locked
    assert settings.folder == str(locked)
    assert settings.save_folder not in (str(locked), "")
    settings.save_folder = own
    settings.folder = locked
    assert settings.save_folder == str(own)


def test_the_script_is_written_alone(
    qtbot, exporting, document, questions, tmp_path, small_recording, small_analysis, small_result
):
    document.open(small_recording, small_analysis, small_result)
    questions.next_path = tmp_path / "again.py"
    with qtbot.waitSignal(exporting.exported):
        exporting.export_script()
    text = (tmp_path / "again.py").read_text(encoding="utf-8")
    compile(text, "again.py", "exec")
    assert "head_direction" in text
    assert exporting._settings.save_folder == str(tmp_path)
