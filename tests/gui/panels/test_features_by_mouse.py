"""Terms made by dragging, families chosen from pictures, and the design matrix as an image."""

import numpy as np
import pytest
from qtpy.QtCore import QMimeData, QPoint, QPointF, Qt
from qtpy.QtGui import QDropEvent
from qtpy.QtWidgets import QComboBox, QLabel

from glmengine.analysis import default_terms as defaults
from glmengine.analysis.analysis import Analysis, Time
from glmengine.context import SILENT
from glmengine.errors import GlmError
from glmgui.document import Document
from glmgui.jobs import Jobs
from glmgui.panels.features import FeaturesPanel
from glmgui.panels.features.design_view import design_drawing
from glmgui.panels.features.inputs import Input


@pytest.fixture
def jobs(qtbot):
    made = Jobs()
    yield made
    assert made.close()


@pytest.fixture
def panel(qtbot, jobs, small_recording):
    document = Document()
    made = FeaturesPanel(document, jobs)
    qtbot.addWidget(made)
    made.show()
    made.resize(1366, 640)
    made.document = document
    document.open(small_recording, Analysis(time=Time(bin_size=0.02)))
    return made


def drop(view, data: QMimeData, at: QPoint) -> None:
    actions, button = Qt.DropAction.CopyAction | Qt.DropAction.MoveAction, Qt.MouseButton.LeftButton
    view.dropEvent(QDropEvent(QPointF(at), actions, data, button, Qt.KeyboardModifier.NoModifier))


def labels(panel) -> list[str]:
    return [term.label for term in panel.document.analysis.terms]


def test_what_is_dropped_beside_the_cards_is_a_term_and_onto_one_an_interaction(qtbot, panel, jobs):
    view = panel.terms.view
    drop(view, Input("variable", "position.x").to_mime(), QPoint(5, 500))
    drop(view, Input("own").to_mime(), QPoint(5, 500))
    assert labels(panel) == ["position.x", "history"]
    middle = view.visualItemRect(view.item(0)).center()
    drop(view, Input("variable", "position.y").to_mime(), middle)
    assert labels(panel) == ["position.x x position.y", "history"]
    assert panel.document.undo_text == "Join position.x with position.y"
    drop(view, Input("variable", "position.y").to_mime(), middle)
    assert "in the term already" in panel.message.text
    drop(view, Input("others").to_mime(), middle)
    assert "no interaction" in panel.message.text
    assert len(labels(panel)) == 2
    qtbot.waitUntil(lambda: jobs.idle, timeout=20_000)


def test_a_card_on_another_becomes_their_interaction_and_can_be_undone(qtbot, panel, jobs):
    for name in ("position.x", "head_direction"):
        panel.edits.add(defaults.tuning_term(panel.document.recording, name))
    panel.terms.joined.emit(0, 1)
    assert labels(panel) == ["head_direction x position.x"]
    panel.document.undo()
    assert labels(panel) == ["position.x", "head_direction"]
    qtbot.waitUntil(lambda: jobs.idle, timeout=20_000)


def test_enter_on_an_input_adds_it_and_the_list_has_all_that_there_is(qtbot, panel, jobs):
    view = panel.inputs.view
    names = [view.item(at).text() for at in range(view.count())]
    assert any(name.startswith("head_direction") for name in names)
    assert names[-2:] == ["own spikes", "spikes of other units"]
    view.setCurrentRow(next(at for at, name in enumerate(names) if name.startswith("head_direction")))
    view.itemActivated.emit(view.currentItem())
    assert labels(panel) == ["head_direction"]
    assert Input.from_mime(view.mimeData([view.currentItem()])) == Input("variable", "head_direction")
    assert Input.from_mime(QMimeData()) is None
    qtbot.waitUntil(lambda: jobs.idle, timeout=20_000)


def test_every_family_has_a_picture_of_its_own_beside_its_name(qtbot, panel, jobs):
    panel.edits.add(defaults.tuning_term(panel.document.recording, "position.x"))
    box = panel.editor.findChild(QComboBox, "term_factors_0_basis_family")
    images = [box.itemIcon(at).pixmap(72, 28).toImage() for at in range(box.count())]
    pictures = {image.constBits().asstring(image.sizeInBytes()) for image in images}
    assert box.count() > 8
    assert len(pictures) >= box.count() - 1  # categories look like boxcars
    assert "variable" in panel.editor.findChild(QLabel, "term_advice").text()
    qtbot.waitUntil(lambda: jobs.idle, timeout=20_000)


def test_joined_terms_are_of_covariates_that_differ(small_recording):
    first = defaults.tuning_term(small_recording, "position.x").with_(name="x")
    made = defaults.joined(small_recording, first, "head_direction")
    assert [factor.variable for factor in made.factors] == ["position.x", "head_direction"]
    assert made.label == "position.x x head_direction"
    with pytest.raises(GlmError, match="no interaction"):
        defaults.joined(small_recording, first, defaults.history_term())


def test_the_design_matrix_has_a_block_for_each_term_and_follows_the_slider(qtbot, panel, jobs):
    recording = panel.document.recording
    joint = defaults.joined(recording, defaults.tuning_term(recording, "head_direction"), "position.x")
    for term in (joint, defaults.history_term(), defaults.coupling_term()):
        panel.edits.add(term)
    panel.pictures.setCurrentWidget(panel.design)
    qtbot.waitUntil(lambda: jobs.idle, timeout=20_000)
    shown = panel.design.plot._shown
    assert [name for name, *_ in shown.blocks] == labels(panel)
    assert not any("coupling[hd]" in label for label in shown.columns), "a unit does not drive itself"
    assert shown.times[0] < 1.0
    ticks = panel.design.plot._areas[0].getAxis("left")._names
    shown_as = ["head_direction \u00d7 position.x", *labels(panel)[1:]]
    assert list(ticks.values())[::-1] == shown_as  # cut by the room that there is when they are written
    panel.design.slider.setValue(500)
    qtbot.waitUntil(lambda: jobs.idle and panel.design.plot._shown.times[0] > 10, timeout=20_000)
    table = panel.design.plot.numbers()
    assert set(shown.columns) <= set(table)
    panel.document.edit(panel.document.analysis.with_(terms=()), "remove")
    qtbot.waitUntil(lambda: jobs.idle, timeout=20_000)


def test_a_drawing_of_many_bins_and_columns_keeps_the_largest_values(small_recording, monkeypatch):
    terms = (defaults.tuning_term(small_recording, "head_direction"), defaults.coupling_term())
    analysis = Analysis(time=Time(bin_size=0.005), terms=terms)
    monkeypatch.setattr("glmgui.panels.features.design_view._MOST_ROWS", 10)
    shown = design_drawing(analysis, small_recording, 60.0, None, "hd", SILENT)
    assert shown.values.shape[0] <= 800
    assert shown.values.shape[1] <= 12
    assert np.abs(shown.values).max(axis=0).min() > 0.3
    assert np.abs(shown.values).max() == pytest.approx(1.0)
    assert shown.blocks[0][2] == shown.values.shape[1], "the first term is on top"
    monkeypatch.setattr("glmgui.panels.features.design_view._MOST_NUMBERS", 1000)
    assert design_drawing(analysis, small_recording, 60.0, None, "hd", SILENT).seconds < 60.0
