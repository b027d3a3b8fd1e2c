"""Terms around events and of precomputed columns: how many columns they are said to have, and how their kernels are drawn."""

from __future__ import annotations

import numpy as np
import pytest

from glmengine.analysis.analysis import Time, Validation
from glmengine.analysis.terms import ColumnsTerm, EventTerm
from glmengine.basis import RaisedCosineLinear
from glmengine.design.fit_size import estimate
from glmgui.document import Document
from glmgui.drawings.curves import kernels
from glmgui.jobs import Jobs
from glmgui.panels.model import ModelPanel


def around(**options) -> EventTerm:
    return EventTerm(events="choice", before=0.2, after=0.8, basis=RaisedCosineLinear(n=10), by="trials.choice", **options)


@pytest.fixture(scope="module")
def task():
    from glmengine.simulation.catalogue import sample

    return sample("decision-task")


@pytest.fixture
def document(qtbot, task):
    document = Document()
    document.set_recording(task)
    document.edit(document.analysis.with_(time=Time(bin_size=0.05), validation=Validation(folds=2)), "begin")
    yield document
    document.deleteLater()


@pytest.fixture
def jobs(qtbot):
    jobs = Jobs()
    yield jobs
    jobs.close(2000)


def test_the_model_panel_and_the_estimate_count_their_columns(qtbot, document, jobs, task):
    terms = (around(conditions=("left", "right")), ColumnsTerm(variables=("wheel",)))
    document.edit(document.analysis.with_(terms=terms), "terms")
    panel = ModelPanel(document, jobs)
    qtbot.addWidget(panel)
    assert [panel.terms.item(row, 2).text() for row in range(2)] == ["20", "1"]
    assert estimate(document.analysis, task).n_columns == 21


def test_the_kernels_of_conditions_are_lines_with_bands(document, task):
    import glmengine as ge

    term = around()
    analysis = document.analysis.with_(terms=(term,), model=document.analysis.model.with_(strengths=(1e-4,)))
    result = ge.run(analysis, task)
    drawings = kernels(term.label, result.filters[term.label], "left choice")
    assert len(drawings) == 1
    assert {curve.name for curve in drawings[0].curves} == {"left", "right"}
    assert all(np.isfinite(curve.low).all() for curve in drawings[0].curves)
