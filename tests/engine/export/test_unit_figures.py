"""Figures of all units: in processes and here alike, each drawn once, all together or none."""

from __future__ import annotations

import errno
from dataclasses import replace
from pathlib import Path

import pytest

import glmengine.figures
from glmengine.context import CallbackContext
from glmengine.errors import Cancelled, GlmError
from glmengine.export import unit_figures
from glmengine.export.unit_figures import unit_kinds, write_unit_figures
from glmengine.parallel import room_beside


def test_processes_draw_what_is_drawn_here(small_result, small_recording, tmp_path):
    seen = []
    for name, processes in (("here", 1), ("there", 2)):
        context = CallbackContext(lambda progress: seen.append(progress.fraction))
        written = write_unit_figures(
            small_result, tmp_path / name, small_recording, kinds=("rates",), processes=processes, context=context
        )
        assert [path.name for path in written] == [f"rates-{unit}.pdf" for unit in small_result.units]
    for path in (tmp_path / "here").iterdir():
        assert path.read_bytes() == (tmp_path / "there" / path.name).read_bytes()
    assert sorted(path.name for path in (tmp_path / "there").iterdir()) == sorted(
        path.name for path in (tmp_path / "here").iterdir()
    )
    assert seen[-1] == 1.0


def test_no_figure_is_drawn_twice_for_two_formats(small_result, tmp_path, monkeypatch):
    drawn = []
    plain = glmengine.figures.draw
    monkeypatch.setattr(glmengine.figures, "draw", lambda *args, **more: drawn.append(args[1:3]) or plain(*args, **more))
    write_unit_figures(small_result, tmp_path, kinds=("polar",), formats=("pdf", "svg", "png"), units=("hd", "place"))
    assert drawn == [("polar", "hd"), ("polar", "place")]
    assert len(list(tmp_path.iterdir())) == 6


def renamed(result, names):
    coords = {"unit": list(names)}
    return replace(
        result,
        scores=result.scores.assign_coords(coords),
        coefficients=result.coefficients.assign_coords(coords),
        curves={label: curve.assign_coords(coords) for label, curve in result.curves.items()},
    )


def test_names_of_units_lead_nowhere_else(small_result, tmp_path):
    result = renamed(small_result, ("../x", "a/b", "A:B"))
    written = write_unit_figures(result, tmp_path / "in", kinds=("polar",))
    assert {path.parent for path in written} == {tmp_path / "in"}
    assert len({path.name.casefold() for path in written}) == 3
    assert [path.name for path in tmp_path.iterdir()] == ["in"]


def test_what_is_there_is_replaced_only_where_that_is_asked(small_result, tmp_path):
    (tmp_path / "polar-hd.pdf").write_text("mine")
    with pytest.raises(GlmError, match="exists already"):
        write_unit_figures(small_result, tmp_path, kinds=("polar",))
    assert [path.name for path in tmp_path.iterdir()] == ["polar-hd.pdf"]
    assert (tmp_path / "polar-hd.pdf").read_text() == "mine"
    write_unit_figures(small_result, tmp_path, kinds=("polar",), replace=True)
    assert (tmp_path / "polar-hd.pdf").read_bytes().startswith(b"%PDF")


@pytest.mark.parametrize("processes", [1, 2])
def test_a_cancel_in_the_middle_leaves_the_folder_as_it_was(small_result, tmp_path, processes):
    asked = []

    def cancelled():
        asked.append(1)
        return len(asked) > 2

    (tmp_path / "note.txt").write_text("kept")
    with pytest.raises(Cancelled):
        write_unit_figures(
            small_result, tmp_path, kinds=("polar", "tuning"), processes=processes, context=CallbackContext(cancelled=cancelled)
        )
    assert [path.name for path in tmp_path.iterdir()] == ["note.txt"]


def test_a_full_disk_leaves_nothing_behind(small_result, tmp_path, monkeypatch):
    plain, written = Path.write_bytes, []

    def write(self, content):
        if len(written) == 2:
            raise OSError(errno.ENOSPC, "No space left on device")
        written.append(self)
        return plain(self, content)

    monkeypatch.setattr(Path, "write_bytes", write)
    with pytest.raises(GlmError, match="No space left") as said:
        write_unit_figures(small_result, tmp_path, kinds=("polar",), processes=1)
    assert str(tmp_path) in said.value.message
    assert not list(tmp_path.iterdir())


def test_a_folder_that_cannot_be_written_to_is_said_before_anything_is_drawn(small_result, tmp_path, monkeypatch):
    monkeypatch.setattr("glmengine.export.output_folder.os.access", lambda *_: False)
    monkeypatch.setattr(glmengine.figures, "draw", lambda *_: pytest.fail("was drawn"))
    with pytest.raises(GlmError, match="cannot be written to"):
        write_unit_figures(small_result, tmp_path, kinds=("polar",))


def test_what_must_be_fitted_again_is_drawn_only_by_its_name(small_result, small_recording):
    assert "path" not in unit_kinds(small_result, small_recording)
    assert "rates" in unit_kinds(small_result, small_recording)
    assert "rates" not in unit_kinds(small_result, None)
    bare = replace(small_result, curves={}, filters={})
    with pytest.raises(GlmError, match="nothing to draw"):
        write_unit_figures(bare, "unused", kinds=("polar",))


@pytest.mark.parametrize(("held", "most"), [(0.5e9, 4), (1.9e9, 2), (2.9e9, 1)])
def test_processes_that_draw_keep_within_the_memory_setting_beside_this_one(small_result, tmp_path, monkeypatch, held, most):
    started = []
    monkeypatch.setattr(room_beside, "held_bytes", lambda: held)
    monkeypatch.setattr(unit_figures.os, "cpu_count", lambda: 4)
    monkeypatch.setattr(unit_figures, "WORK_OF_PROCESS", 0.5)
    monkeypatch.setattr(unit_figures, "_draw_in_processes", lambda desk, sheets, count, context: started.append(count))
    write_unit_figures(small_result, tmp_path, kinds=("polar", "tuning"), formats=("png",), dpi=40)
    assert started == ([most] if most > 1 else [])


@pytest.mark.parametrize("processes", [1, 2])
def test_stopping_keeps_what_is_drawn(processes, small_result, tmp_path):
    seen = []
    context = CallbackContext(lambda progress: seen.append(progress.fraction), stopped=lambda: max(seen, default=0.0) > 0.3)
    kinds = ("polar", "tuning", "filter")
    written = write_unit_figures(
        small_result, tmp_path, kinds=kinds, formats=("png",), dpi=40, processes=processes, context=context
    )
    whole = [f"{kind}-{unit}.png" for unit in small_result.units for kind in kinds]
    names = [path.name for path in written]
    assert 0 < len(names) < len(whole)
    assert set(names) <= set(whole)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(names)
