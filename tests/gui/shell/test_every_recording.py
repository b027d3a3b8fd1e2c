"""Every page with every kind of recording: nothing fails, nothing is blank, and what is empty says what to do."""

from __future__ import annotations

import re

import numpy as np
import pytest
from qtpy.QtGui import QImage

from glmengine import join_recordings
from glmengine.analysis.analysis import Validation
from glmengine.analysis.default_terms import tuning_term
from glmengine.recording.recording import Covariate, Recording
from glmgui.notices import notices
from glmgui.steps import STEPS
from glmgui.widgets.messages import EmptyState
from glmgui.work.opening import first_analysis

SECONDS = 20.0
STEP = 0.02
TIMES = np.arange(0, SECONDS, STEP)
COURSE = np.mod(TIMES * 1.3, 2 * np.pi)
WHAT_TO_DO = re.compile(r"\b(open|add|choose|begin|fit|drop|find|start|see)\b", re.IGNORECASE)


def covariates(values: np.ndarray, kind: str, support) -> dict[str, Covariate]:
    import pynapple as nap

    unit = "rad" if kind == "angle" else "" if kind == "category" else "cm"
    return {"seen": Covariate("seen", nap.Tsd(TIMES, values, time_support=support), unit, kind)}


def spiking(n_units: int, n_spikes: int, *, name: str, kind: str = "continuous", values: np.ndarray = COURSE) -> Recording:
    """Units that fire `n_spikes` times each in twenty seconds, and one covariate."""
    import pynapple as nap

    rng = np.random.default_rng(3)
    support = nap.IntervalSet(0.0, SECONDS)
    stamps = {unit: nap.Ts(np.sort(rng.uniform(0, SECONDS, n_spikes)), time_support=support) for unit in range(n_units)}
    return Recording(
        name=name,
        unit_names=tuple(f"unit {number}" for number in range(n_units)),
        spikes=nap.TsGroup(stamps, time_support=support),
        covariates=covariates(values, kind, support),
        epochs={"all": support},
    )


def fluorescent() -> Recording:
    """Three cells whose observations are a signal."""
    import pynapple as nap

    rng = np.random.default_rng(3)
    support = nap.IntervalSet(0.0, SECONDS)
    signal = np.cos(COURSE)[:, None] * [1.0, 0.5, 0.0] + rng.normal(0, 0.3, (TIMES.size, 3))
    return Recording(
        name="signal",
        unit_names=("a", "b", "c"),
        counts=nap.TsdFrame(TIMES, signal, time_support=support),
        covariates=covariates(COURSE, "continuous", support),
        epochs={"all": support},
    )


RECORDINGS = {
    "no spikes": lambda: spiking(2, 0, name="no spikes"),
    "no usable time": lambda: spiking(2, 40, name="no usable time", values=np.full(TIMES.size, np.nan)),
    "one unit": lambda: spiking(1, 60, name="one unit"),
    "500 units": lambda: spiking(500, 12, name="500 units"),
    "angle": lambda: spiking(3, 60, name="angle", kind="angle"),
    "category": lambda: spiking(3, 60, name="category", kind="category", values=np.floor(COURSE)),
    "signal": fluorescent,
    "sessions": lambda: join_recordings([spiking(3, 60, name="morning"), spiking(3, 60, name="evening")]),
}
CANNOT_BE_FITTED = {"no usable time": "seen"}
"""What the sentence names that says why."""

BEFORE_A_FIT = ("no usable time", "one unit")
"""Whose pages are looked at before a fit, too."""


def visit(window, at_rest, said: dict[str, list[str]]) -> None:
    """Show every page, render it, and look at it."""
    for step in STEPS:
        window.show_step(step.name)
        at_rest(window)
        panel = window.panels[step.name]
        assert panel.isVisible(), step.name
        look(window.grab().toImage(), step.name)
        look(panel.grab().toImage(), step.name)
        said[step.name] = [one.text for one in panel.findChildren(EmptyState) if one.isVisible() and one.text]
        for text in said[step.name]:
            assert WHAT_TO_DO.search(text), f"{step.name}: {text}"


def look(image: QImage, name: str) -> None:
    """A page on which something is seen is not of one colour."""
    image = image.convertToFormat(QImage.Format.Format_RGB32)
    pixels = np.frombuffer(image.constBits().asarray(image.sizeInBytes()), np.uint32).reshape(image.height(), -1)
    _, often = np.unique(pixels[:, : image.width()], return_counts=True)
    assert often.size > 20, f"{name}: {often.size} colours"
    assert pixels.size - often.max() > 1000, f"{name} is blank"


@pytest.mark.parametrize("kind", RECORDINGS)
def test_every_page_survives(window, kind, at_rest):
    failed = []
    window.jobs.failed.connect(lambda *what: failed.append(what))
    recording = RECORDINGS[kind]()
    analysis = first_analysis(recording)
    analysis = analysis.with_(
        terms=(tuning_term(recording, "seen"),),
        model=analysis.model.with_(strengths=(1.0,)),
        validation=Validation(folds=0),
    )
    window.document.open(recording, analysis)
    said: dict[str, list[str]] = {}
    if kind in BEFORE_A_FIT:
        visit(window, at_rest, said)
        for name in ("results", "checks", "fits", "population"):
            assert any("Ctrl+R" in text or "Fit" in text for text in said[name]), (name, said[name])
        assert not failed
    window.work.fitting.fit()
    at_rest(window)
    why = [text for _, text, _ in failed]
    if kind in CANNOT_BE_FITTED:
        assert window.document.kept_result is None
        assert len(why) == 1, why
        assert CANNOT_BE_FITTED[kind] in why[0], why
        assert why[0] in [one.text for one in notices().all]
        failed.clear()
    else:
        assert not why
        assert tuple(window.document.kept_result.units) == recording.unit_names
        silent = [note for note in window.document.kept_result.notes if "spike" in note and "unit 0" in note]
        assert bool(silent) == (kind == "no spikes"), window.document.kept_result.notes
    visit(window, at_rest, said)
    assert not failed
    assert not [one for one in notices().all if one.level == "error" and one.text not in why]
