"""Work of every kind that is cancelled at points drawn by lot: nothing half-written stays, and the next run gives the numbers of a fresh one.

CANCEL_POINTS=40 draws more points of each kind.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from dataclasses import dataclass, field, fields, is_dataclass
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
import pytest

import glmengine as ge
from glmengine.batch.many_recordings import run_batch
from glmengine.context import Context, Progress
from glmengine.export import write_outputs
from glmengine.export.nwb import write_nwb
from glmengine.export.recordings import save_recording
from glmengine.export.unit_figures import write_unit_figures
from glmengine.io.opening import open_recording
from glmengine.selection.select import select_terms

POINTS = int(os.environ.get("CANCEL_POINTS", "1"))


class CancelledAt(Context):
    """Counts reports and looks, and gives the work up at one of them and ever after."""

    def __init__(self, last: int | None = None) -> None:
        self.events, self._last, self._lock = 0, last, Lock()

    def report(self, progress: Progress) -> None:
        self.check()

    def check(self) -> None:
        with self._lock:  # some work asks from several threads
            self.events += 1
            over = self._last is not None and self.events >= self._last
        if over:
            raise ge.Cancelled


@dataclass
class Given:
    """What the works are done on, made once."""

    recording: Any
    analysis: ge.Analysis
    result: Any
    question: ge.Analysis
    files: list[str]
    X: np.ndarray = field(default_factory=lambda: np.random.default_rng(0).normal(size=(3000, 6)))

    @property
    def Y(self) -> np.ndarray:
        return np.random.default_rng(1).poisson(np.exp(0.3 * self.X[:, :2] - 1)).astype(float)


@pytest.fixture(scope="module")
def given(small_recording, small_analysis, tmp_path_factory):
    place = small_analysis.terms[0]
    quick = small_analysis.with_(
        time=small_analysis.time.with_(bin_size=0.05),
        terms=(place, small_analysis.terms[2]),
        units=small_analysis.units.with_(names=("hd", "flat")),
        validation=small_analysis.validation.with_(folds=2),
    )
    folder = tmp_path_factory.mktemp("given")
    write_nwb(small_recording, folder / "a.nwb")
    open_recording(folder / "a.nwb")  # a file that was never opened is read in another process first
    question = quick.with_(terms=quick.terms[:1])
    return Given(small_recording, quick, ge.run(quick, small_recording), question, [str(folder / "a.nwb")])


def _model(**changes: Any) -> Callable[[Given, Path, Context], Any]:
    return lambda given, folder, context: ge.run(
        given.analysis.with_(model=given.analysis.model.with_(**changes)), given.recording, context
    )


WORKS: dict[str, Callable[[Given, Path, Context], Any]] = {
    "fit": lambda given, folder, context: ge.fit(given.X, given.Y, context=context),
    "fit with reml": lambda given, folder, context: ge.fit(given.X, given.Y, strength="reml", context=context),
    "fit to classes": lambda given, folder, context: ge.fit(
        given.X, np.minimum(given.Y[:, 0], 2), family="categorical", context=context
    ),
    "path": lambda given, folder, context: ge.fit_path(given.X, given.Y, context=context),
    "cross-validation": lambda given, folder, context: ge.cross_validate(given.X, given.Y, nested=True, context=context),
    "run": _model(),
    "run with lasso": _model(penalty="lasso"),
    "run with reml": _model(strength_by="marginal_likelihood", strengths=(1e-4,)),
    "choice of terms": lambda given, folder, context: select_terms(given.question, given.recording, context=context),
    "comparison of models": lambda given, folder, context: ge.compare_models(given.analysis, given.recording, context=context),
    "path of a group lasso": lambda given, folder, context: select_terms(
        given.question, given.recording, ge.Selection(method="group_path", folds=5), context=context
    ),
    "search of settings": _model(search=({"term": "head_direction", "values": [4, 6]},)),
    "choice of terms by shifts": lambda given, folder, context: select_terms(
        given.question, given.recording, ge.Selection(steps_by="shifts", shifts=40, folds=3), context=context
    ),
    "answers": lambda given, folder, context: ge.explain(
        given.recording, given.question, shifts=40, simulations=4, out=folder, workers=1, context=context
    ),
    "answers judged by folds": lambda given, folder, context: ge.explain(
        given.recording, given.question, shifts=8, simulations=4, out=folder, workers=1, context=context
    ),
    "bootstrap": lambda given, folder, context: given.result.bootstrap(given.recording, 12, context=context),
    "shift test": lambda given, folder, context: given.result.shift_test(given.recording, shifts=6, context=context),
    "goodness": lambda given, folder, context: given.result.goodness(given.recording, context=context),
    "goodness held out": lambda given, folder, context: given.result.goodness(given.recording, held_out=True, context=context),
    "simulation": lambda given, folder, context: given.result.simulate_and_compare(given.recording, 2, context=context),
    "decoding": lambda given, folder, context: given.result.decode(given.recording, ("head_direction",), context=context),
    "score": lambda given, folder, context: given.result.score(given.recording, context=context),
    "prediction": lambda given, folder, context: given.result.predict(given.recording, context=context),
    "opening": lambda given, folder, context: open_recording(given.files[0], context=context),
    "batch": lambda given, folder, context: run_batch(
        given.question, given.files, folder, figures=False, context=context
    ),
    "outputs": lambda given, folder, context: write_outputs(
        given.result, folder / "all", given.recording, figures=False, processes=1, context=context
    ),
    "figures": lambda given, folder, context: write_unit_figures(
        given.result, folder / "in" / "figures", given.recording, units=["hd"], kinds=("polar",), processes=1, replace=True, context=context
    ),
    "saving as NWB": lambda given, folder, context: save_recording(given.recording, folder / "b.nwb", context=context),
    "saving as npz": lambda given, folder, context: save_recording(given.recording, folder / "b", context=context),
}  # fmt: skip


def _numbers(found: Any) -> list[np.ndarray]:
    """All numbers in what a work gave, but for how long it took."""
    import xarray as xr

    if isinstance(found, ge.Recording):
        return [train.t for train in found.spikes.values()] + [one.data.values for one in found.covariates.values()]
    if hasattr(found, "coef") and hasattr(found, "intercept"):
        return [found.coef, found.intercept]
    if isinstance(found, np.ndarray):
        return [found] if found.dtype.kind in "buif" else []
    if isinstance(found, xr.Dataset):
        return [array for name in found.data_vars for array in _numbers(found[name])]
    if isinstance(found, xr.DataArray):
        return _numbers(found.values)
    if isinstance(found, dict):
        return [array for key in found for array in _numbers(found[key])]
    if is_dataclass(found):
        return [array for one in fields(found) for array in _numbers(getattr(found, one.name))]
    return []


def _files(folder: Path) -> list[str]:
    return [str(path.relative_to(folder)) for path in sorted(folder.rglob("*")) if path.is_file()]


GOES_ON = {"answers", "answers judged by folds", "batch"}
"""What is finished of these is kept for the next run."""


@pytest.mark.parametrize("name", WORKS)
def test_work_that_is_cancelled_anywhere_leaves_nothing_and_can_be_done_again(name, given, tmp_path):
    work, whole, folder = WORKS[name], CancelledAt(), tmp_path / "cancelled"
    (tmp_path / "fresh").mkdir()
    folder.mkdir()
    fresh = work(given, tmp_path / "fresh", whole)
    assert whole.events >= 2, "it never asks"
    draw = random.Random(name)
    points = sorted({1, *(draw.randint(1, whole.events) for _ in range(POINTS))})
    for last in points:
        with pytest.raises(ge.Cancelled):
            work(given, folder, CancelledAt(last))
        left = [path for path in folder.rglob("*") if path.name.startswith(".") or name not in GOES_ON]
        assert not left, f"at {last} of {whole.events}"
    again = work(given, folder, Context())
    assert _numbers(fresh) or _files(folder)
    for one, other in zip(_numbers(fresh), _numbers(again), strict=True):
        np.testing.assert_array_equal(one, other)
    assert _files(folder) == _files(tmp_path / "fresh")
