"""The size of a fit is said as it is now, or as being counted; one that is large is said as the fit begins."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from glmengine.design import fit_size
from glmgui.document import Document
from glmgui.notices import notices
from glmgui.work.fit_size import FitSize


@pytest.fixture
def size(jobs, small_recording, small_analysis, qtbot):
    document = Document()
    made = FitSize(document, jobs)
    document.open(small_recording, small_analysis)
    qtbot.waitUntil(lambda: made.estimate is not None)
    yield made
    made.stop()


def finer(document: Document) -> None:
    document.edit(document.analysis.with_(time=document.analysis.time.with_(bin_size=0.001)), "Bin size")


def test_the_size_of_before_is_not_said_for_long(size, jobs, monkeypatch, qtbot):
    goes_on = threading.Event()
    real = fit_size.estimate

    def slow(*arguments):
        goes_on.wait()
        return real(*arguments)

    monkeypatch.setattr("glmgui.work.fit_size.estimate", slow)
    document, before = size._document, size.estimate
    finer(document)
    assert size.estimate is before, "an answer that comes at once leaves no gap"
    qtbot.waitUntil(lambda: size.counting)
    assert size.estimate is None
    goes_on.set()
    qtbot.waitUntil(lambda: not size.counting)
    assert size.estimate.n_bins > 10 * before.n_bins


def test_a_fit_that_is_large_is_said_with_its_remedies_as_it_begins(size):
    size.warn()
    assert not any("takes about" in notice.text for notice in notices().all)
    size.estimate = replace(size.estimate, seconds=4000.0, shorter=("5 folds do as well as 20",))
    size.warn()
    told = notices().all[-1]
    assert told.level == "warning"
    assert told.text == "This takes about 67 min. Shorter: 5 folds do as well as 20."
