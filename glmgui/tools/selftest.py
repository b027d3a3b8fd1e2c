"""The self-test: opens, fits, draws and exports in a folder of its own, and verifies what came out."""

from __future__ import annotations

import csv
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from glmgui.dialogs.export import plots_on_screen, write_figure
from glmgui.settings import Settings
from glmgui.tools.unattended import NoQuestions, settle, wait_until

if TYPE_CHECKING:
    from qtpy.QtWidgets import QApplication

    from glmgui.shell.window import MainWindow

_PATIENCE = 900.0


class _Failed(Exception):
    """A check did not hold; the message says which."""


def self_test(app: QApplication) -> int:
    """Run every check and say how each went; 0 if all held."""
    from glmgui.notices import notices
    from glmgui.shell.window import MainWindow

    faults: list[str] = []
    notices().noticed.connect(lambda notice: faults.append(notice.text) if notice.level == "error" else None)
    failed = 0
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        window = MainWindow(Settings(folder / "settings.ini"), NoQuestions())
        window.show()
        for check in (_opens, _draws_features, _fits, _draws_results, _undoes, _exports, _saves_and_opens, _closes):
            started = time.perf_counter()
            try:
                said = check(window, folder)
                if faults:
                    raise _Failed(faults.pop())
            except (_Failed, TimeoutError) as error:
                failed += 1
                print(f"FAILED  {_title(check)}: {'; '.join([str(error), *faults])}")
                break
            except Exception:  # noqa: BLE001 - whatever breaks is the answer of this command
                failed += 1
                print(f"FAILED  {_title(check)}:\n{traceback.format_exc()}")
                break
            print(f"ok      {_title(check)}: {said} ({time.perf_counter() - started:.1f} s)")
            sys.stdout.flush()
        if not window.isHidden():
            window.close()
    print("self-test failed" if failed else "self-test passed")
    return 1 if failed else 0


def _title(check: Callable[..., str]) -> str:
    return check.__name__.strip("_").replace("_", " ")


def _require(holds: bool, said: str) -> None:
    if not holds:
        raise _Failed(said)


def _opens(window: MainWindow, folder: Path) -> str:
    window.work.opening.open_sample()
    wait_until(
        lambda: window.document.recording is not None and not window.document.busy, _PATIENCE, "opening the sample session"
    )
    recording = window.document.recording
    _require(bool(window.document.analysis.terms), "the demonstration's analysis has no terms")
    return f"{recording.name}, {len(recording.unit_names)} units, {recording.duration:.0f} s"


def _draws_features(window: MainWindow, folder: Path) -> str:
    window.show_step("features")
    for number in range(len(window.document.analysis.terms)):
        window.document.select(term=number)
        settle(0.3)
    plots = plots_on_screen(window)
    _require(bool(plots), "no basis is drawn")
    return f"{len(window.document.analysis.terms)} terms"


def _fits(window: MainWindow, folder: Path) -> str:
    window.work.fitting.fit()
    wait_until(lambda: not window.document.busy, _PATIENCE, "fitting")
    settle(0.5)  # the result is shown in turns of its own after the job has ended
    result = window.document.result
    _require(result is not None, "the fit gave no result")
    explained = result.scores["deviance_explained_heldout"].values
    _require(result.converged, "not every unit reached the optimum")
    _require(not window.document.result_is_stale, "the result is taken for stale")
    _require(float(np.nanmedian(explained)) > 0, "the model explains nothing of the sample session")
    return f"{len(result.units)} units, median held-out deviance explained {np.nanmedian(explained):.3f}"


def _draws_results(window: MainWindow, folder: Path) -> str:
    window.show_step("results")
    settle(1.0)
    plots = plots_on_screen(window)
    _require(bool(plots), "no plot of the result is on the screen")
    _require(any(plot.numbers() for plot in plots), "the plots of the result are empty")
    return f"{len(plots)} plots"


def _undoes(window: MainWindow, folder: Path) -> str:
    document = window.document
    before = document.analysis
    document.edit(before.with_(seed=before.seed + 1), "Change seed")
    _require(document.result_is_stale, "a changed analysis does not make the result stale")
    document.undo()
    _require(document.analysis == before and not document.result_is_stale, "undo does not bring the analysis back")
    return "an edit makes the result stale, undo brings it back"


def _exports(window: MainWindow, folder: Path) -> str:
    from glmengine.results.result import Result

    result = window.document.result
    tables = {
        "coefficients.csv": window.work.exporting.export_coefficients,
        "result.nc": window.work.exporting.export_coefficients,
        "scores.csv": window.work.exporting.export_scores,
    }
    for name, export in tables.items():
        export(folder / name)
        wait_until(lambda: not window.document.busy, _PATIENCE, f"writing {name}")
        _require((folder / name).exists(), f"{name} was not written")
    again = Result.load(folder / "result.nc")
    _require(
        np.array_equal(again.coefficients.values, result.coefficients.values, equal_nan=True),
        "coefficients differ after saving and loading",
    )
    with open(folder / "scores.csv", encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    _require([row["unit"] for row in rows] == list(result.units), "scores.csv does not list the units")
    plot = next(plot for plot in plots_on_screen(window) if plot.numbers())
    for ending in (".svg", ".pdf", ".png", ".csv"):
        path = write_figure(plot, folder / f"figure{ending}")
        _require(path.stat().st_size > 100, f"{path.name} is empty")
    return "CSV, NetCDF, SVG, PDF and PNG"


def _saves_and_opens(window: MainWindow, folder: Path) -> str:
    document = window.document
    before, coefficients = document.analysis, document.result.coefficients.values
    window.work.questions.next_path = folder / "project.glm"
    window.work.saving.save_as()
    wait_until(lambda: not document.busy and not document.modified, _PATIENCE, "saving the project")
    window.work.opening.open(folder / "project.glm")
    wait_until(lambda: not document.busy, _PATIENCE, "opening the project")
    settle(0.3)
    _require(document.analysis == before, "the project's analysis differs after saving and opening")
    _require(
        document.result is not None and np.array_equal(document.result.coefficients.values, coefficients, equal_nan=True),
        "its result differs",
    )
    _require(document.recording is not None and not document.result_is_stale, "its recording was not found again")
    return "a project opens as it was saved"


def _closes(window: MainWindow, folder: Path) -> str:
    window.close()
    _require(window.isHidden() and not window.left_running, "the window did not close cleanly")
    return "the worker has ended"
