"""Ready analyses: which fit the recording, what the others lack in words, and how one is taken."""

from __future__ import annotations

import pytest
from qtpy.QtWidgets import QDialog

from glmengine.analysis.analysis import Analysis
from glmgui.dialogs.templates import TemplateDialog, load_templates
from glmgui.forms.names import missing


@pytest.fixture(scope="module")
def task():
    from glmengine.simulation.catalogue import sample

    return sample("decision-task")


@pytest.fixture(scope="module")
def templates():
    return load_templates()


def named(templates, name):
    return next(template for template in templates if template.name == name)


def test_every_template_says_what_it_is_for(templates):
    assert len(templates) >= 7
    for template in templates:
        assert template.title != template.name
        assert template.description.endswith((".", ")"))


def test_what_fits_can_be_estimated_and_what_does_not_is_named(templates, task, small_recording):
    from glmengine.design.fit_size import estimate

    fitting = [template for template in templates if not missing(template.analysis, task)]
    assert "decision-task" in {template.name for template in fitting}
    for template in fitting:
        assert estimate(template.analysis, task).n_columns > 0
    said = missing(named(templates, "decision-task").analysis, small_recording)
    assert any("'stimulus', 'choice', 'reward'" in line and "has none" in line for line in said)
    assert not missing(named(templates, "head-direction").analysis, small_recording)


def test_what_the_analysis_makes_itself_is_not_missing(templates, small_recording):
    place = named(templates, "place").analysis
    assert [derived.name for derived in place.derived] == ["speed"]
    assert missing(place, small_recording) == []
    assert "speed" in missing(place.with_(derived=()), small_recording)[0]


def test_coupling_takes_two_units(templates, small_recording):
    from dataclasses import replace

    alone = replace(
        small_recording, spikes=small_recording.spikes[[0]], unit_names=("hd",), unit_table=small_recording.unit_table[:1]
    )
    assert any("two units" in line for line in missing(named(templates, "coupling").analysis, alone))


def test_the_dialog_lists_what_fits_first_and_explains_the_rest(qtbot, templates, small_recording):
    dialog = TemplateDialog(templates, small_recording)
    qtbot.addWidget(dialog)
    dialog.show()
    signs = [dialog.list.item(row).text()[0] for row in range(dialog.list.count())]
    assert signs == sorted(signs, key=lambda sign: sign == "\u26a0")
    assert {"\u2713", "\u26a0"} == set(signs)
    assert not dialog.message.isVisible()
    dialog.list.setCurrentRow(dialog.titles.index(named(templates, "decision-task").title))
    assert "stimulus" in dialog.message.text
    assert dialog.use.isEnabled()
    assert dialog.sample.isVisible()
    dialog.sample.click()
    assert dialog.trying == "decision-task"
    dialog.show()
    dialog.list.setCurrentRow(0)
    assert not dialog.sample.isVisible()


def test_a_template_is_taken_as_one_edit(window, small_recording, monkeypatch, qtbot, templates):
    window.document.open(small_recording, Analysis())
    shown = []

    def execute(dialog):
        shown.append(dialog)
        dialog.list.setCurrentRow(dialog.titles.index("Place fields while running"))
        return QDialog.DialogCode.Accepted

    monkeypatch.setattr(TemplateDialog, "exec", execute)
    window.action("template").trigger()
    qtbot.waitUntil(lambda: bool(window.document.analysis.terms), timeout=10_000)
    assert window.document.analysis.terms == named(templates, "place").analysis.terms
    assert window.document.undo_text == "Use template"
    window.document.undo()
    assert window.document.analysis == Analysis()
    monkeypatch.setattr(TemplateDialog, "exec", lambda dialog: shown.append(dialog) or 0)
    window.action("template").trigger()
    qtbot.waitUntil(lambda: len(shown) == 2, timeout=10_000)
    assert window.document.analysis == Analysis()


def test_the_page_of_a_question_is_read_from_the_dialog(window, small_recording, monkeypatch, qtbot):
    window.document.open(small_recording, Analysis())

    def execute(dialog):
        dialog.list.setCurrentRow(dialog.titles.index("Head direction"))
        assert dialog.read.isEnabled()
        dialog.read.click()
        return dialog.result()

    monkeypatch.setattr(TemplateDialog, "exec", execute)
    window.action("template").trigger()
    qtbot.waitUntil(lambda: window.guide.isVisible(), timeout=10_000)
    assert window.guide.page.source().path().endswith("analyses/head-direction/page.md")
    assert window.document.analysis == Analysis()


def test_what_does_not_fit_is_tried_on_its_sample(window, small_recording, monkeypatch, qtbot):
    window.document.open(small_recording, Analysis())
    opened, fitted = [], []

    def execute(dialog):
        dialog.trying = "head-direction"
        return QDialog.DialogCode.Rejected

    def open_sample(name, then):
        opened.append(name)
        then()

    monkeypatch.setattr(TemplateDialog, "exec", execute)
    monkeypatch.setattr(window.work.opening, "open_sample", open_sample)
    monkeypatch.setattr(window.work.fitting, "fit", lambda: fitted.append(window.document.analysis.title))
    window.action("template").trigger()
    qtbot.waitUntil(lambda: bool(fitted), timeout=60_000)
    assert opened == ["head-direction-place"]
    assert fitted == ["Head direction"]


def test_a_template_without_a_page_has_none_to_read(qtbot, templates, small_recording):
    dialog = TemplateDialog(templates, small_recording)
    qtbot.addWidget(dialog)
    dialog.list.setCurrentRow(dialog.titles.index("Place fields while running"))
    assert not dialog.read.isEnabled()
