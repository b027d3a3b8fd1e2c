"""The checks page: asked for on being looked at, the selected unit first; kept with the fit; remedies, surrogates, tests, bands, decoding."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QApplication

from glmengine.analysis.remedies import Advice, Remedy
from glmengine.design.prepare import grid_of
from glmengine.models import get_family
from glmengine.results.kept_fits import keep_fit
from glmengine.results.result import Result
from glmengine.simulation.likeness import inside
from glmengine.simulation.runaway import Runaway
from glmengine.simulation.surrogates import Surrogates
from glmgui.drawings.goodness import goodness_drawings
from glmgui.panels.checks.fields import Fields
from glmgui.panels.checks.units_table import Cell, UnitRows, UnitsTable


@pytest.fixture(scope="module")
def checked(small_result, small_recording):
    """The fit with its goodness of fit in it."""
    return small_result.with_goodness(small_result.goodness(small_recording))


def opened(window, recording, result, page: int):
    """The window with one kept fit, on a page of the checks."""
    window.document.open(recording, result.analysis)
    window.work.shelf.add(keep_fit(result, window.work.shelf.folder(), seconds=0.5), result)
    panel(window).show_page(page)
    window.show_step("checks")
    return window


@pytest.fixture
def fitted(window, small_recording, checked):
    """A window with one kept fit that was checked, on the page on simulation: that on goodness has many plots to be made."""
    return opened(window, small_recording, checked, 1)


@pytest.fixture(scope="module")
def surrogates(small_analysis, small_recording):
    """Three repeats of random counts in the place of what the model would draw, which takes seconds to compile; one unit ran away in one."""
    grid = grid_of(small_analysis, small_recording)
    rng, rows = np.random.default_rng(3), []
    for rate in (4.0, 6.0, 5.0) * 3:
        rows.append(np.flatnonzero(rng.random(grid.n_bins) < rate * grid.bin_size).astype(np.int32))
    counts = rng.poisson(0.1, (grid.n_bins, 3)).astype(float)
    runaway = Runaway(
        "place", "hd", 1, 3.5, 1.4, 7.0, 0.02, Advice("give it a refractory time"), (Remedy("refractory"), Remedy("softplus"))
    )
    return Surrogates(
        units=("hd", "place", "flat"),
        repeats=3,
        seed=0,
        grid=grid,
        stretch=np.asarray(grid.segment).copy(),
        row=np.concatenate(rows),
        count=np.ones(sum(map(len, rows)), np.int16),
        ends=np.cumsum([0, *map(len, rows)]),
        values=None,
        family=get_family("poisson"),
        gains=np.zeros((3, 3)),
        ran_away=np.array([False, False, True]),
        runaways=(runaway,),
        recording=small_recording,
        counts=counts,
        fitted=np.ones(grid.n_bins, bool),
    )


def panel(window):
    return window.panels["checks"]


def row_of(window, unit: str) -> int:
    view = panel(window).units.view
    return next(at for at in range(view.rowCount()) if view.item(at, 0).text() == unit)


def test_looking_at_it_checks_the_selected_unit_first_and_keeps_what_is_found(window, small_recording, small_result, qtbot):
    fitted = opened(window, small_recording, small_result, 0)
    page, checks = panel(fitted), fitted.work.checks
    qtbot.waitUntil(lambda: fitted.jobs.idle and checks.goodness(False) is not None)
    assert page.goodness.verdict.text().startswith("Unit hd, on the time that was fitted: yes. ")
    found = checks.goodness(False)
    assert f"passes for {int(found.summary['adequate'].sum())} of 3 units" in page.units._said.text()
    assert found.units == ("hd", "place", "flat")
    assert fitted.document.kept_result.goodness_of_fit is found
    assert fitted.document.fits[0].load().goodness_of_fit.units == found.units
    view = page.units.view
    assert [view.item(row_of(fitted, unit), 1).text() for unit in ("hd", "place")] == ["\u2713", "\u2716"]
    assert "position.x" in view.item(row_of(fitted, "place"), 3).text()
    qtbot.waitUntil(lambda: page.goodness.plots.is_complete)
    assert {"goodness_ks", "goodness_qq", "goodness_apart", "goodness_by_position.x", "pairs"} <= {
        plot.objectName() for plot in page.goodness.plots.plots
    }


def test_a_click_selects_the_unit_and_a_remedy_is_one_step_of_undo(fitted, qtbot):
    page, document = panel(fitted), fitted.document
    page.show_page(0)
    view = page.units.view
    place = view.visualItemRect(view.item(row_of(fitted, "place"), 0)).center()
    qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert document.unit == "place"
    assert page.goodness.verdict.text().startswith("Unit place, on the time that was fitted: no, something is missing. ")
    texts = [button.text() for button in page.goodness.remedies.buttons]
    assert texts == ["Add position.x", "Add the unit's own history"]
    before = document.analysis
    page.goodness.remedies.buttons[0].click()
    assert document.analysis.terms[-1].label == "position.x"
    assert document.undo_text == "Add position.x"
    assert document.result_is_stale
    assert "has changed since" in page.banner.text
    assert page.goodness.plots.plots[0].greyed
    page.goodness.remedies.buttons[0].click()  # it is in the model already
    assert len(document.analysis.terms) == 2
    document.undo()
    assert document.analysis == before
    assert not page.banner.text


def test_what_was_cancelled_or_refused_is_not_asked_again_by_itself(fitted, monkeypatch, qtbot):
    page, checks = panel(fitted), fitted.work.checks
    page.show_page(0)
    QApplication.processEvents()
    before = page.goodness.verdict.y()

    def refuse(*_, **__):
        from glmengine.errors import GlmError

        raise GlmError("it cannot be")

    monkeypatch.setattr(Result, "goodness", refuse)
    page.goodness.on.setCurrentIndex(1)
    qtbot.waitUntil(lambda: checks.error("goodness") == "it cannot be")
    assert page.goodness.run.message.text == "it cannot be"
    QApplication.processEvents()
    assert page.goodness.verdict.y() == before
    page.show_page(1)
    page.show_page(0)
    assert checks.job_of("goodness") is None
    page.goodness.again.click()
    checks.give_up("goodness")
    qtbot.waitUntil(lambda: checks.was_given_up("goodness"))
    assert "Cancelled" in page.goodness.run.message.text
    assert page.goodness.again.isEnabled()


def test_surrogates_stand_beside_the_data_and_can_be_saved(fitted, surrogates, monkeypatch, tmp_path, qtbot):
    page, checks = panel(fitted), fitted.work.checks
    monkeypatch.setattr(Result, "simulate", lambda *_, **__: surrogates)
    assert "Simulate draws spikes" in page.simulation.words.text()
    assert not page.simulation.save.isEnabled()
    page.simulation.begin.click()
    qtbot.waitUntil(lambda: fitted.jobs.idle)
    assert "recorded" in page.simulation.words.text()
    found = fitted.document.kept_result.simulated
    assert found is not None
    unit = fitted.document.unit
    n, total = inside(found.isi, unit)
    assert f"{n} of {total} values of its intervals" in page.simulation.words.text()
    assert page.simulation.rows(fitted.document.kept_result).rows[0][1][0].text == "{} of {}".format(
        *inside(found.isi, found.rate["unit"].values[0])
    )
    assert "like the simulated ones (p " in page.simulation.words.text()
    unlike = replace(found, likeness=found.likeness * 0 + 0.01)
    result = replace(fitted.document.kept_result, simulated=unlike)
    page.simulation.show_unit(result, unit)
    assert "which speaks against the model (p 0.01)" in page.simulation.words.text()
    page.goodness.show_unit(result, unit)  # the verdict knows of it
    assert "no, something is missing" in page.goodness.verdict.text()
    assert "imulated spikes are unlike the recorded ones" in page.goodness.verdict.text()
    assert page.goodness.rows(result).said.startswith("The model passes for 0 of ")
    found = page.goodness._checks.goodness(page.goodness.held_out).summary
    ks = [cells[1] for _, cells in page.goodness.rows(result).rows]
    assert ks[0].text == f"{float(found['ks'][0]):.3f} / {float(found['ks_band'][0]):.3f}", "as the answer sheet says it"
    assert ks[0].value == float(found["ks"][0] / found["ks_band"][0])
    assert "Unit place ran away" in page.simulation.runaway.text
    assert [one.text() for one in page.simulation.remedies.buttons] == [
        "Give the history a refractory time",
        "Use the softplus link",
    ]
    checks.save_surrogates(tmp_path / "all.nwb")
    qtbot.waitUntil(lambda: fitted.jobs.idle)
    assert (tmp_path / "all.nwb").stat().st_size > 1000
    assert fitted.notice_bar.isVisible()
    assert fitted.notice_bar.notice.written == tmp_path / "all.nwb"
    checks.open_surrogates(tmp_path / "one.nwb")
    qtbot.waitUntil(lambda: fitted.jobs.idle and fitted.document.recording.path == tmp_path / "one.nwb")
    assert fitted.document.recording.unit_names == ("hd", "place", "flat")


def test_that_every_repeat_ran_away_is_said_once(fitted, surrogates, monkeypatch, qtbot):
    page, checks = panel(fitted), fitted.work.checks
    gone = replace(surrogates, ran_away=np.ones_like(surrogates.ran_away))
    monkeypatch.setattr(Result, "simulate", lambda *_, **__: gone)
    page.show_page(1)
    page.simulation.begin.click()
    qtbot.waitUntil(lambda: checks.surrogates is gone and fitted.jobs.idle)
    assert "No repeat is left" in page.simulation.runaway.text
    assert not page.simulation.words.text()  # not what it would do, as before it was done
    assert not page.simulation.run.message.text
    assert page.simulation.remedies.buttons


def test_tests_and_bands_are_kept_and_drawn_with_the_results(fitted, qtbot):
    page = panel(fitted)
    page.show_page(2)
    assert page.tests.table.item(0, 2).text() == ""
    assert page.tests.table.item(0, 4).text() == "< 0.001"
    assert "71 %" in page.tests.tested.text()
    page.tests.shifts.setValue(30)
    page.tests.draws.setValue(20)
    page.tests.test.click()
    page.tests.draw.click()
    qtbot.waitUntil(lambda: fitted.jobs.idle)
    result = fitted.document.kept_result
    assert result.shift_tests is not None
    assert result.bootstrap_bands is not None
    assert result.goodness_of_fit is not None
    assert page.tests.table.item(0, 2).text() == "0.032"
    assert page.units.view.horizontalHeaderItem(1).text() == "q head_direction"
    assert len(page.units.view.selectionModel().selectedRows()) == 1
    kept = fitted.document.fits[0].load()
    assert kept.shift_tests is not None
    assert kept.bootstrap_bands is not None
    fitted.show_step("results")
    curves = fitted.panels["results"].curves
    qtbot.waitUntil(lambda: any("bootstrap bands" in plot.title for plot in curves.plots))


def test_decoding_says_its_error_and_that_the_fit_has_seen_the_time(fitted, qtbot):
    page = panel(fitted)
    page.show_page(3)
    assert page.decoding.what.currentText() == "head_direction"
    page.decoding.held_out.setChecked(False)
    page.decoding.begin.click()
    qtbot.waitUntil(lambda: fitted.jobs.idle)
    assert "median error" in page.decoding.words.text()
    assert " rad; by chance" in page.decoding.words.text()
    assert "has seen these bins" in page.decoding.words.text()
    assert [curve.name for curve in page.decoding.over_time.curves] == ["true", "decoded"]
    assert fitted.document.kept_result.decoded is not None
    confused = next(plot for plot in page.decoding.plots.plots if plot.objectName().startswith("confusion"))
    assert all(area.vb.state["aspectLocked"] for area in confused._areas), "what is right lies on the diagonal"


def test_another_recording_is_not_checked_with_the_fit(fitted, small_recording):
    page = panel(fitted)
    page.show_page(0)
    fitted.document.set_recording(replace(small_recording, name="other"))
    assert "not the one that was fitted" in page.goodness.run.message.text
    assert not page.goodness.again.isEnabled()


@pytest.mark.parametrize("earlier", [False, True])
def test_goodness_is_drawn_of_a_recording_without_covariates(checked, earlier):
    found = checked.goodness_of_fit
    none = found.covariates.isel(covariate=[], group=[])
    found = replace(found, covariates=none.drop_vars(list(none.data_vars)) if earlier else none)
    drawn = [drawing.name for drawing in goodness_drawings(found, found.units[0], {})]
    assert drawn == [name for name in drawn if "covariate" not in name]
    assert "goodness_ks" in drawn


def test_a_list_leaves_out_what_it_has_no_room_for_each_time_it_is_shown(qtbot):
    """Of a column that was left out before, the heading was taken to need no room, and its numbers were cut."""
    table = UnitsTable()
    qtbot.addWidget(table)
    table.resize(222, 300)
    table.show()
    view = table.view
    headings = ("Data (Hz)", "Model (Hz)", "Their difference")
    shown = UnitRows(headings, headings, (("hd1", (Cell("1.2", 1.2), Cell("1.3", 1.3), Cell("0.1", 0.1))),))
    for _ in range(2):
        table.show_rows(shown, "hd1")
        seen = [part for part in range(view.columnCount()) if not view.isColumnHidden(part)]
        assert len(seen) < view.columnCount()
        assert max(view.columnViewportPosition(part) + view.columnWidth(part) for part in seen) <= view.viewport().width()
    more = table._more
    assert more.fontMetrics().horizontalAdvance(more.text()) <= more.width()
    assert "Drag" in more.toolTip()


def test_a_word_in_a_field_of_a_check_is_whole(qtbot):
    fields = Fields("bands")
    qtbot.addWidget(fields)
    box = fields.add_number("&Block (s)", "block", "Length", (0.0, 10.0), 0.0, at_least="automatic")
    fields.show()
    qtbot.wait(10)
    line = box.lineEdit()
    assert line.placeholderText() == "automatic"
    assert line.fontMetrics().horizontalAdvance("automatic") <= line.width() - 2 * 2


def test_the_rail_says_that_checks_are_of_an_earlier_question(fitted):
    rail = fitted.rail.buttons["checks"]
    assert rail.text().endswith("1 made")
    fitted.document.edit(fitted.document.analysis.with_(seed=5), "Change seed")
    assert rail.text().endswith("out of date")
