"""Jobs of every kind that are cancelled at points drawn by lot: the document is as before, and nothing half-written lies about."""

from __future__ import annotations

import os
import random
from dataclasses import replace

import numpy as np
import pytest

import glmengine as ge
from glmengine.analysis.selection import Selection
from glmengine.answers.settings import AnswerSettings
from glmengine.export.nwb import write_nwb
from glmgui.worker import JobContext, Worker
from tests.clock import PATIENCE_S

POINTS = int(os.environ.get("CANCEL_POINTS", "1"))


class Lot:
    """Presses Cancel at one of the reports and looks of loud jobs, and counts them.

    Work that waits for another process looks less often where that answers sooner: then it is pressed at the end of the last job, before its answer.
    """

    def __init__(self, monkeypatch) -> None:
        self.begin(None)
        for name in ("check", "report"):
            monkeypatch.setattr(JobContext, name, self._counted(getattr(JobContext, name)))
        monkeypatch.setattr(Worker, "_run", self._pressed_at_the_end(Worker._run))

    def begin(self, last: int | None, most: int = 0) -> None:
        """Press at event `last`, or at the end of the job with number `most`; nowhere where there is no `last`."""
        self.events, self.ended, self.last, self.most = 0, 0, last, most

    def _counted(self, plain):
        def counted(context, *given):
            if not context._job.quiet:
                self.events += 1
                if self.last is not None and self.events >= self.last:
                    context._job.cancel()
            return plain(context, *given)

        return counted

    def _pressed_at_the_end(self, plain):
        def run(worker, job):
            function = job.function

            def whole(context):
                value = function(context)
                self.ended += not job.quiet
                if self.last is not None and not job.quiet and self.ended >= self.most:
                    job.cancel()
                return value

            job.function = whole
            plain(worker, job)

        return run


@pytest.fixture
def lot(monkeypatch):
    return Lot(monkeypatch)


@pytest.fixture(scope="module")
def fitted(small_analysis, small_recording):
    analysis = small_analysis.with_(
        time=small_analysis.time.with_(bin_size=0.05), units=small_analysis.units.with_(names=("hd", "flat"))
    )
    return ge.run(analysis, small_recording)


@pytest.fixture(scope="module")
def recording_file(small_recording, tmp_path_factory):
    path = tmp_path_factory.mktemp("recordings") / "small.nwb"
    write_nwb(small_recording, path)
    ge.open_recording(path)  # a file that was never opened is read in another process first
    return path


@pytest.fixture
def use(settings, questions, jobs, tmp_path, monkeypatch):
    """The use cases of a window."""
    from glmgui.work.use_cases import UseCases

    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    made = UseCases(settings, questions, jobs)
    yield made
    assert made.close(1000 * PATIENCE_S)


KINDS = {
    "fit": lambda use, folder, file: use.fitting.fit(),
    "goodness": lambda use, folder, file: use.checks.check(False, None),
    "simulation": lambda use, folder, file: use.checks.simulate(4, 0, None, ""),
    "shift test": lambda use, folder, file: use.checks.shift_test(4, "cyclic"),
    "bootstrap": lambda use, folder, file: use.checks.bootstrap(10, None, ""),
    "decoding": lambda use, folder, file: use.checks.decode(
        ("head_direction",), prior="uniform", smoothing=None, window=0.1, held_out=False
    ),
    "choice of terms": lambda use, folder, file: use.answers.choose_terms(Selection(), lambda error: None),
    "answers": lambda use, folder, file: use.answers.find(),
    "figures": lambda use, folder, file: use.figures.save_all(use.figures.choice, folder),
    "opening": lambda use, folder, file: use.opening.open(file),
}  # fmt: skip


def state(document):
    """What is open and asked: things by what they are, words by what they say."""
    things = (document.recording, document.kept_result, document.answers, document.shown_fit, *document.fits)
    words = document.undo_text, document.redo_text, document.modified, document.fault, document.unit, document.project_path
    return tuple(map(id, things)), document.analysis, words


@pytest.mark.parametrize("name", KINDS)
def test_a_job_that_is_cancelled_anywhere_leaves_the_document_as_it_was(
    name, use, lot, qtbot, jobs, tmp_path, fitted, small_recording, recording_file
):
    def opened() -> tuple:
        kept = ge.keep_fit(fitted, use.recovery.fits_folder(), seconds=1.0)
        use.document.open(small_recording, fitted.analysis, fitted, fits=(kept,), shown=kept.key)
        use.document.edit(fitted.analysis.with_(title="asked"), "Title")
        if name == "answers":
            use.answers.question.ask(
                replace(use.answers.question.asking, from_features=True, settings=AnswerSettings(shifts=8, simulations=4))
            )
        qtbot.waitUntil(lambda: jobs.idle)
        return state(use.document)

    def done(last: int | None, most: int = 0) -> None:
        lot.begin(last, most)
        KINDS[name](use, folder, recording_file)
        assert jobs.busy
        qtbot.waitUntil(lambda: jobs.idle)

    folder = tmp_path / "whole"
    folder.mkdir()
    opened()
    done(None)
    whole, most, result = lot.events, lot.ended, use.document.kept_result
    assert whole >= 2, "it never asks"
    before = opened()
    folder = tmp_path / "cancelled"
    folder.mkdir()
    draw = random.Random(name)
    for last in sorted({1, *(draw.randint(1, whole) for _ in range(POINTS))}):
        done(last, most)
        where = f"at {last} of {whole}"
        assert state(use.document) == before, where
        assert not list(folder.rglob("*")), where
    done(None)
    if use.document.kept_result is not None and result is not None:
        np.testing.assert_array_equal(use.document.kept_result.coefficients.values, result.coefficients.values)
