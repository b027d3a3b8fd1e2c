"""Terms are put into blocks, and the gains of the blocks are shown of the analysis that was asked about."""

from __future__ import annotations

import numpy as np
import pytest
from qtpy.QtCore import Qt

from glmengine.analysis.terms import CovariateTerm, Factor
from glmengine.basis import BSpline
from glmengine.context import Progress
from glmengine.results import block_gains as engine
from glmengine.results.block_gains import BlockGains
from glmgui.panels.fits.blocks_view import BlocksView


@pytest.fixture
def asked(monkeypatch):
    """What the engine was asked; it answers at once."""
    heard = []

    def answer(analysis, recording, blocks, *, context):
        heard.append(blocks)
        context.report(Progress("Comparing blocks", 0.5))
        context.check()
        names, B = tuple(blocks), len(blocks)
        scores = np.linspace(0.0, 0.3, (B + 1) * 2).reshape(B + 1, 2)
        gains = np.diff(scores, axis=0)
        return BlockGains(names, ("hd", "place"), ("constant", *names), scores, gains, gains, ("a note.",))

    monkeypatch.setattr(engine, "block_gains", answer)
    return heard


@pytest.fixture
def view(qtbot, document, jobs, small_recording, small_analysis):
    view = BlocksView(document, jobs)
    qtbot.addWidget(view)
    more = [CovariateTerm(factors=(Factor(variable=f"position.{name}", basis=BSpline(n=5)),)) for name in "xy"]
    document.open(small_recording, small_analysis.with_(terms=(*small_analysis.terms, *more)))
    view.resize(1000, 400)
    view.show()
    return view


def compared(view, qtbot):
    qtbot.mouseClick(view.ask, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: view.table.rowCount() == 2)


def test_each_term_is_a_block_until_it_is_given_the_name_of_another(view, document):
    labels = [term.label for term in document.analysis.terms]
    assert view.blocks == {label: (label,) for label in labels}
    for at in (1, 2):
        view.terms.item(at, 1).setText("where")
    assert view.blocks == {labels[0]: (labels[0],), "where": (labels[1], labels[2])}
    view.terms.item(0, 1).setText("")  # in every model
    assert list(view.blocks) == ["where"]


def test_the_gains_are_shown_in_a_table_in_words_and_as_bars(view, document, asked, qtbot):
    compared(view, qtbot)
    assert asked == [view.blocks]
    assert [view.table.horizontalHeaderItem(at).text() for at in range(3)] == ["Unit", "constant", next(iter(view.blocks))]
    assert "signed rank" in view.words.text()
    assert "a note." in view.words.text()
    assert np.isfinite(view.bars.values).all()
    picked = []
    view.picked.connect(lambda units, unit: picked.append(unit))
    view.table.selectRow(1)
    assert picked[-1] == "place"


def test_gains_of_an_earlier_question_say_so(view, document, asked, qtbot):
    compared(view, qtbot)
    assert not view.message.text
    document.edit(document.analysis.with_(seed=4), "Change seed")
    assert "compare again" in view.message.text
    document.undo()
    assert not view.message.text
    view.terms.item(0, 1).setText("other")
    assert "compare again" in view.message.text


def test_a_refusal_stands_on_the_page(view, monkeypatch, qtbot):
    def refuse(*given, **more):
        raise engine.GlmError("time cannot be split")

    monkeypatch.setattr(engine, "block_gains", refuse)
    view.compare()
    qtbot.waitUntil(lambda: "cannot be split" in view.message.text)


def test_words_and_bars_are_of_the_set_of_units_that_is_selected(view, document, asked, qtbot):
    compared(view, qtbot)
    assert "of 2 units" in view.words.text()
    whole = view.bars.values.copy()
    document.select(unit="place")
    assert view.words.text().startswith("Of 2 units; select some")
    document.select(units=("hd", "place"))
    assert view.words.text().startswith("Of the 2 selected units")
    np.testing.assert_array_equal(view.bars.values, whole)
