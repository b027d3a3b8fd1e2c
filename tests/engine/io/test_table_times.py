"""Times in tables that are no plain numbers: times of day, dates, one calendar in several files; and times that begin anew half-way."""

from __future__ import annotations

import datetime

import numpy as np
import pytest

from glmengine.errors import GlmError
from glmengine.io.opening import arrays_of, open_recording
from glmengine.io.raw import RawSeries
from glmengine.io.recipe.one_clock import restarts
from glmengine.io.recipe.recipe import Recipe
from glmengine.io.time_order import in_time_order

TIMES = np.arange(0, 120, 0.04)
START = datetime.datetime(2024, 3, 5, 14, 3, 22, 100_000)

RECIPE = Recipe.parse(
    {
        "spikes": {"times": "spikes.csv:t"},
        "covariates": [{"name": "x", "values": ["x"], "times": "t", "unit": "cm"}],
    }
)


def table(path, cells, values=None, separator=","):
    values = np.arange(len(cells)) if values is None else values
    path.write_text(
        f"t{separator}x\n" + "".join(f"{cell}{separator}{value}\n" for cell, value in zip(cells, values, strict=True))
    )
    return path


def moments(times, form):
    return [(START + datetime.timedelta(seconds=float(time))).strftime(form) for time in times]


def clock(time):
    return f"{int(time // 3600):02d}:{int(time // 60) % 60:02d}:{time % 60:06.3f}"


@pytest.mark.parametrize(
    ("cells", "first"),
    [
        ([clock(time) for time in TIMES], 0.0),
        ([clock(time + 50_602.1).replace(".", ",") for time in TIMES], 50_602.1),
        ([clock(time + 3_600).replace(".", ":") for time in TIMES], 3_600.0),
        ([f"{int(time // 60)}:{time % 60:05.2f}" for time in TIMES], 0.0),
        ([f"0 days {clock(time)}" for time in TIMES], 0.0),
        (moments(TIMES, "%I:%M:%S.%f %p"), 50_602.1),
    ],
)
def test_times_of_day_are_seconds(tmp_path, cells, first):
    found = arrays_of(table(tmp_path / "t.csv", cells, separator=";"))
    np.testing.assert_allclose(found["t"], first + TIMES, atol=1e-6)
    assert any("read as" in note and "'t'" in note for note in found.notes)


def test_a_clock_that_passes_midnight_goes_on(tmp_path):
    cells = [clock((86_370 + time) % 86_400) for time in TIMES]
    found = arrays_of(table(tmp_path / "t.csv", cells))
    np.testing.assert_allclose(found["t"], 86_370 + TIMES, atol=1e-6)
    assert any("midnight" in note for note in found.notes)


@pytest.mark.parametrize(
    "form",
    ["%Y-%m-%d %H:%M:%S.%f", "%Y/%m/%d %H:%M:%S.%f", "%d.%m.%Y %H:%M:%S.%f", "%m/%d/%Y %I:%M:%S.%f %p", "%d-%b-%Y %H:%M:%S.%f", "%Y-%m-%dT%H:%M:%S.%fZ"],
)  # fmt: skip
def test_dates_in_two_files_are_of_one_calendar(tmp_path, form):
    """Spikes that begin two seconds later stay two seconds later."""
    spikes = TIMES[50::7]
    table(tmp_path / "spikes.csv", moments(spikes, form))
    recording = open_recording(table(tmp_path / "track.csv", moments(TIMES, form)), RECIPE)
    np.testing.assert_allclose(recording.spikes[0].t, spikes, atol=1e-6)
    np.testing.assert_allclose(recording.covariates["x"].data.t, TIMES, atol=1e-6)
    assert any("0 s is 2024-0" in note for note in recording.notes)


def test_the_order_of_day_and_month_is_that_of_a_recording_of_hours_not_of_months(tmp_path):
    cells = [
        (datetime.datetime(2024, 5, 4, 23, 59, 58) + datetime.timedelta(seconds=k / 10)).strftime("%d/%m/%Y %H:%M:%S.%f")
        for k in range(60)
    ]
    found = arrays_of(table(tmp_path / "t.csv", cells))
    np.testing.assert_allclose(found["t"], np.arange(60) / 10, atol=1e-6)
    assert any("day first" in note for note in found.notes)


def test_odd_cells_among_times_are_missing_and_named_by_line(tmp_path):
    cells = [clock(time) for time in TIMES]
    cells[7] = "lost"
    found = arrays_of(table(tmp_path / "t.csv", cells))
    assert np.isnan(found["t"][7])
    assert np.isfinite(found["t"]).sum() == len(TIMES) - 1
    assert any("'lost' in line 9 is no moment" in note for note in found.notes)


@pytest.mark.parametrize("cells", [["12:30", "12:31", "12:32"] * 9, ["00:00:01:12", "00:00:01:13"] * 9])
def test_times_that_can_be_read_in_two_ways_are_refused(tmp_path, cells):
    (tmp_path / "spikes.csv").write_text("t,u\n1.5,1\n2.25,1\n")
    path = table(tmp_path / "t.csv", cells)
    assert any("write them as hh:mm:ss.fff" in note for note in arrays_of(path).notes)
    with pytest.raises(GlmError, match=r"t\.csv: field 'covariates\.0\.times': 't' holds texts such as"):
        open_recording(path, RECIPE)


def test_a_table_without_header_that_begins_with_a_time_keeps_its_first_row(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("".join(f"{clock(time)},{k}\n" for k, time in enumerate(TIMES)))
    np.testing.assert_allclose(arrays_of(path)["column1"], TIMES, atol=1e-6)


# --- clocks that begin anew -------------------------------------------------------------------------------------------


def test_two_recordings_in_one_table_are_refused_by_row(tmp_path):
    table(tmp_path / "spikes.csv", np.linspace(1, 100, 300))
    path = table(tmp_path / "t.csv", np.concatenate([TIMES, TIMES + 0.013]))
    with pytest.raises(GlmError, match=r"t\.csv: .*'t' begin anew in row 3,001, from 119\.96 back to 0\.013 s"):
        open_recording(path, RECIPE)


def test_spikes_of_two_recordings_in_one_table_are_refused_by_unit(tmp_path):
    times = np.sort(np.random.default_rng(0).uniform(0, 100, 200))
    path = tmp_path / "s.csv"
    rows = [(t, "a") for t in times] + [(t + 0.3, "b") for t in times] + [(t + 0.2, "b") for t in times]
    path.write_text("t,unit\n" + "".join(f"{t:.4f},{u}\n" for t, u in rows))
    recipe = Recipe.parse({"spikes": {"times": "t", "units": "unit"}})
    with pytest.raises(GlmError, match="the times 't' of unit b begin anew, from"):
        open_recording(path, recipe)
    path.write_text("t,unit\n" + "".join(f"{t:.4f},{u}\n" for t, u in rows[:400]))  # one unit below the other is no new clock
    assert [len(train) for train in open_recording(path, recipe).spikes.values()] == [200, 200]


def test_what_is_only_in_another_order_is_sorted():
    times = np.arange(1000) / 10.0
    rng = np.random.default_rng(0)
    assert not restarts(np.concatenate([times[500:], times[:500]])).size
    assert not restarts(rng.permutation(times)).size
    shaken = times.copy()
    shaken[[500, 501]] = shaken[[501, 500]]
    assert not restarts(shaken).size
    assert restarts(np.tile(times[:40], 12)).size == 11


def test_samples_in_no_order_are_sorted_and_not_said_to_begin_anew():
    times = np.arange(1000) / 10.0
    order = np.random.default_rng(0).permutation(1000)
    notes: list[str] = []
    found = in_time_order(RawSeries("x", times[order], times[order]), (0.0, 100.0), notes)
    np.testing.assert_array_equal(found.values, times)
    assert [note.startswith("x: its times went backwards in") for note in notes] == [True]
