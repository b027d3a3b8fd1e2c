"""The folder of results: nothing of an earlier result stays in it, units of like names keep their figures, a full disk mixes nothing."""

from __future__ import annotations

import os
from dataclasses import replace

import numpy as np
import pytest

from glmengine.cli.main import main
from glmengine.context import CallbackContext
from glmengine.errors import Cancelled, GlmError
from glmengine.export import write_outputs
from glmengine.export.tables import coefficients_csv
from glmengine.io.files.leftovers import mark
from glmengine.results.result import Result


def renamed(result, names):
    """The result with other names of its units."""
    change = {"unit": list(names)}
    return replace(
        result,
        coefficients=result.coefficients.assign_coords(change),
        standard_errors=result.standard_errors.assign_coords(change),
        intercepts=result.intercepts.assign_coords(change),
        intercept_errors=result.intercept_errors.assign_coords(change),
        scores=result.scores.assign_coords(change),
        curves={label: curve.assign_coords(change) for label, curve in result.curves.items()},
        filters={},
        coupling=None,
        cv=None,
        covariance=None,
        tests=None,
    )


def test_an_earlier_result_leaves_nothing_behind(small_result, tmp_path, empty_figures):
    first = write_outputs(small_result, tmp_path, formats=("png", "svg"))
    assert {"coupling.png", "cross_validation.svg", "unit-hd.png", "tests.csv"} <= {path.name for path in first}
    (tmp_path / "figures" / "my own.png").write_bytes(b"mine")
    (tmp_path / "notes.txt").write_text("mine")
    second = write_outputs(renamed(small_result, ["a", "b", "c"]), tmp_path, formats=("png",))
    there = {path.name for path in tmp_path.rglob("*") if path.is_file()}
    assert there == {path.name for path in second} | {"my own.png", "notes.txt"}
    assert "unit-a.png" in there
    assert not {"unit-hd.png", "coupling.png", "tests.csv", "unit-a.svg"} & there


def test_files_of_a_folder_that_holds_no_result_are_left_alone(small_result, tmp_path):
    (tmp_path / "sessions.csv").write_text("mine")
    write_outputs(small_result, tmp_path, figures=False)
    assert (tmp_path / "sessions.csv").read_text() == "mine"


def test_units_whose_names_make_the_same_file_name_have_a_figure_each(small_result, tmp_path, empty_figures):
    written = write_outputs(renamed(small_result, ["a/1", "a:1", "A_1"]), tmp_path, formats=("png",))
    figures = [path.name for path in written if path.name.startswith("unit-")]
    assert len({name.casefold() for name in figures}) == 3


def test_a_disk_without_room_for_the_result_leaves_the_earlier_one_whole(small_result, tmp_path, monkeypatch):
    write_outputs(small_result, tmp_path, figures=False)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    def full(self, path):
        raise GlmError(f"{path}: cannot be written (No space left on device)")

    other = renamed(small_result, ["a", "b", "c"])
    monkeypatch.setattr(type(small_result), "save", full)
    with pytest.raises(GlmError, match="No space left"):
        write_outputs(other, tmp_path, figures=False)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_no_column_of_the_table_of_coefficients_is_always_zero(small_result):
    heading, *rows = [line.split(",") for line in coefficients_csv(small_result).splitlines()]
    assert "lag" not in heading
    functions = {row[heading.index("function")] for row in rows}
    assert len(functions) > 2


def test_a_folder_as_target_and_a_missing_folder_are_named(small_analysis, tmp_path, capsys):
    small_analysis.save(tmp_path / "a.toml")
    for target, said in ((tmp_path, "is a folder"), (tmp_path / "no" / "s.py", "there is no folder")):
        assert main(["script", str(tmp_path / "a.toml"), "--out", str(target)]) == 1
        lines = capsys.readouterr().err.strip().splitlines()
        assert len(lines) == 1
        assert said in lines[0]


def test_another_hdf5_file_is_not_called_damaged(tmp_path, capsys):
    import h5py

    with h5py.File(tmp_path / "session.nwb", "w") as file:
        file["a"] = np.arange(3)
        file["b"] = file["a"].ref
    assert main(["predict", str(tmp_path / "session.nwb"), "--recording", "x.nwb", "--out", str(tmp_path / "o")]) == 1
    said = capsys.readouterr().err
    assert "not a saved glmengine result" in said
    assert "damaged" not in said


def test_outputs_that_are_not_finished_leave_the_earlier_ones_all_together(small_result, tmp_path, empty_figures):
    write_outputs(small_result, tmp_path, formats=("png",))
    before = {path: path.read_bytes() for path in sorted(tmp_path.rglob("*")) if path.is_file()}
    other = replace(small_result, notes=("another fit",))

    def cancelled(progress):
        if progress.stage == "Drawing figures" and progress.fraction > 0.3:
            raise Cancelled

    with pytest.raises(Cancelled):
        write_outputs(other, tmp_path, formats=("png",), context=CallbackContext(cancelled))
    assert {path: path.read_bytes() for path in sorted(tmp_path.rglob("*")) if path.is_file()} == before
    # a process that is killed meanwhile leaves one folder, which the next swept away
    left = tmp_path / f".glmengine-scratch{mark().replace(str(os.getpid()), '999999999')}x"
    left.mkdir()
    (left / "result.nc").write_bytes(b"half")
    write_outputs(other, tmp_path, formats=("png",))
    assert not left.exists()
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]
    assert Result.load(tmp_path / "result.nc").notes == ("another fit",)


def test_a_folder_in_the_way_of_one_file_keeps_all_as_they_were(small_result, tmp_path):
    write_outputs(small_result, tmp_path, figures=False)
    before = (tmp_path / "result.nc").read_bytes()
    (tmp_path / "report.html").unlink()
    (tmp_path / "report.html").mkdir()
    with pytest.raises(GlmError, match=r"report\.html: is a folder"):
        write_outputs(replace(small_result, notes=("another fit",)), tmp_path, figures=False)
    assert (tmp_path / "result.nc").read_bytes() == before


def test_files_of_others_are_not_replaced_unless_that_is_asked(small_result, tmp_path):
    (tmp_path / "analysis.toml").write_text("mine", encoding="utf-8")
    with pytest.raises(GlmError, match=r"analysis\.toml: is there already and of no earlier result"):
        write_outputs(small_result, tmp_path, figures=False)
    assert [path.name for path in tmp_path.iterdir()] == ["analysis.toml"]
    assert (tmp_path / "analysis.toml").read_text(encoding="utf-8") == "mine"
    write_outputs(small_result, tmp_path, figures=False, replace=True)
    write_outputs(small_result, tmp_path, figures=False)
    assert (tmp_path / "analysis.toml").read_text(encoding="utf-8") != "mine"


@pytest.mark.parametrize("drawn", [0, 2])
def test_outputs_that_are_stopped_hold_the_figures_that_were_drawn(small_result, tmp_path, empty_figures, drawn):
    begun = []
    context = CallbackContext(on_progress=lambda progress: begun.append(progress.stage), stopped=lambda: drawing() > drawn)

    def drawing():
        return begun.count("Drawing figures") // 2 + (not drawn)  # said before it is drawn, and before it is written

    written = write_outputs(small_result, tmp_path / "out", formats=("png",), processes=1, context=context)
    pictures = {path.stem for path in written if path.parent.name == "figures"}
    assert len(pictures) == (drawn + 1 if drawn else 0)
    assert {path.stem for path in (tmp_path / "out" / "figures").glob("*")} == pictures
    whole = write_outputs(small_result, tmp_path / "whole", formats=("png",), processes=1)
    assert pictures < {path.stem for path in whole if path.parent.name == "figures"}
    assert Result.load(tmp_path / "out" / "result.nc").units == small_result.units
    assert (tmp_path / "out" / "report.html").exists()
