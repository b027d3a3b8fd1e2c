"""Recipes that name further files: those of the recording that is opened, never those of another one."""

from __future__ import annotations

import runpy
import sys

import numpy as np
import pytest

import glmengine as ge
from glmengine.analysis.analysis import Analysis
from glmengine.cli.main import main
from glmengine.errors import GlmError
from glmengine.io.companion_table import assist_with_companion
from glmengine.io.opening import open_recording
from glmengine.io.recipe.companions import following
from glmengine.io.recipe.recipe import Recipe
from glmengine.io.recipe_assistant import assist
from glmengine.io.remembered_recipes import remembered_recipe
from glmengine.project.project import load_project, save_project

ANALYSIS = """\
[time]
bin_size = 0.1
[[terms]]
kind = "covariate"
[[terms.factors]]
variable = "x"
[terms.factors.basis]
family = "b_spline"
n = 4
[model]
strengths = [1e-3]
[validation]
folds = 2
"""


@pytest.mark.parametrize(
    ("name", "old", "new", "becomes"),
    [
        ("track_day1.csv", "spikes_day1.csv", "spikes_day2.csv", "track_day2.csv"),
        ("day1_track.csv", "day1_spikes.csv", "day12_spikes.csv", "day12_track.csv"),
        ("m1_2024-01-01_track.npz", "m1_2024-01-01_spikes.npz", "m1_2024-01-02_spikes.npz", "m1_2024-01-02_track.npz"),
        ("alice-pos.csv", "alice.csv", "bob.csv", "bob-pos.csv"),
        ("mouse1_pos_day1.csv", "mouse1_day1.csv", "mouse2_day3.csv", "mouse2_pos_day3.csv"),
        ("track1.csv", "spikes1.csv", "spikes2.csv", "track2.csv"),
        ("track10.csv", "spikes1.csv", "spikes2.csv", None),
        ("track.csv", "spikes_day1.csv", "spikes_day2.csv", None),
        ("track.csv", "spikes.csv", "spikes.csv", "track.csv"),
    ],
)
def test_names_of_further_files_follow_the_recordings(name, old, new, becomes):
    assert following(name, old, new) == becomes


def day(folder, spikes: str, track: str, level: float) -> None:
    rng = np.random.default_rng(int(level))
    folder.mkdir(exist_ok=True)
    times = np.sort(rng.uniform(0, 60, 400))
    (folder / spikes).write_text("spike_time\n" + "".join(f"{time:.6f}\n" for time in times))
    (folder / track).write_text("t,x\n" + "".join(f"{k / 10},{level + rng.uniform():.4f}\n" for k in range(600)))


def recipe_for(track: str, **more) -> Recipe:
    covariate = {"name": "x", "values": [f"{track}:x"], "times": f"{track}:t", "unit": "cm"}
    return Recipe.parse({"spikes": {"times": "spike_time"}, "covariates": [covariate], **more})


@pytest.fixture
def days(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    day(tmp_path, "spikes_day1.csv", "track_day1.csv", 10)
    day(tmp_path, "spikes_day2.csv", "track_day2.csv", 20)
    recipe_for("track_day1.csv").save(tmp_path / "r.toml")
    (tmp_path / "a.toml").write_text(ANALYSIS)
    return tmp_path


def level(recording) -> float:
    return float(np.floor(np.nanmean(recording.covariates["x"].data.values)))


def test_a_recipe_of_day_1_opens_day_2_with_its_own_tracking(days):
    assert level(open_recording(days / "spikes_day1.csv", days / "r.toml")) == 10
    second = open_recording(days / "spikes_day2.csv", days / "r.toml")
    assert level(second) == 20
    assert any("track_day2.csv is read beside spikes_day2.csv, in place of track_day1.csv" in note for note in second.notes)
    # what it was opened with names its own files, and goes on doing so
    again = open_recording(days / "spikes_day2.csv", second.source["recipe"])
    assert level(again) == 20
    assert level(open_recording(days / "spikes_day1.csv", second.source["recipe"])) == 10


def test_where_the_other_days_tracking_is_not_there_it_is_asked_for(days):
    (days / "track_day2.csv").unlink()
    with pytest.raises(GlmError, match=r"for spikes_day2.csv that would be track_day2.csv, which is not there"):
        open_recording(days / "spikes_day2.csv", days / "r.toml")
    (days / "spikes_day1.csv").unlink()  # nor does it help that nothing else is like it
    with pytest.raises(GlmError, match=r"track_day2.csv, which is not there"):
        open_recording(days / "spikes_day2.csv", days / "r.toml")
    # who means it says so
    assert level(open_recording(days / "spikes_day2.csv", recipe_for("track_day1.csv", file="spikes_day2.csv"))) == 10


def test_names_without_numbers_are_told_by_the_files_beside(tmp_path):
    day(tmp_path, "alice_spikes.csv", "alice_track.csv", 10)
    day(tmp_path, "bob_spikes.csv", "bob_track.csv", 20)
    assert level(open_recording(tmp_path / "bob_spikes.csv", recipe_for("alice_track.csv"))) == 20
    assert level(open_recording(tmp_path / "alice_spikes.csv", recipe_for("alice_track.csv"))) == 10


def test_generic_names_are_of_the_folder_or_asked_for(tmp_path):
    for number in (1, 2):
        day(tmp_path / str(number), "spikes.csv", "track.csv", 10 * number)
    recipe = open_recording(tmp_path / "1" / "spikes.csv", recipe_for("track.csv")).source["recipe"]
    assert level(open_recording(tmp_path / "2" / "spikes.csv", recipe)) == 20
    day(tmp_path / "both", "spikes_a.csv", "track.csv", 30)
    day(tmp_path / "both", "spikes_b.csv", "track.csv", 30)
    recipe = open_recording(tmp_path / "both" / "spikes_a.csv", recipe_for("track.csv")).source["recipe"]
    with pytest.raises(GlmError, match=r"nothing says whether that belongs to spikes_b.csv"):
        open_recording(tmp_path / "both" / "spikes_b.csv", recipe)


def test_a_file_of_another_kind_beside_does_not_turn_names_round(tmp_path):
    day(tmp_path, "day1_spikes.csv", "day1_track.csv", 10)
    day(tmp_path, "day2_spikes.csv", "day2_track.csv", 20)
    (tmp_path / "day1_lfp.csv").write_text("t,lfp\n0,1\n1,2\n")
    (tmp_path / "track.csv").write_text("t,x\n0,1\n1,2\n")
    assert level(open_recording(tmp_path / "day1_spikes.csv", recipe_for("day1_track.csv"))) == 10


def test_the_hash_covers_every_file_that_was_read(days):
    recipe = recipe_for("track_day1.csv")
    before = open_recording(days / "spikes_day1.csv", recipe).sha256
    assert before == open_recording(days / "spikes_day1.csv", recipe).sha256
    day(days, "other.csv", "track_day1.csv", 30)
    changed = open_recording(days / "spikes_day1.csv", recipe)
    assert level(changed) == 30
    assert changed.sha256 != before


def test_a_remembered_recipe_follows_from_the_command_line_and_in_the_window(days, capsys):
    assert main(["inspect", str(days / "spikes_day1.csv"), "--recipe", str(days / "r.toml")]) == 0
    capsys.readouterr()
    assert main(["recipe", str(days / "spikes_day2.csv")]) == 0
    text = capsys.readouterr().out
    assert "track_day2.csv:x" in text
    assert "track_day1.csv:" not in text
    assert "track_day2.csv:x" in assist(days / "spikes_day2.csv").recipe
    assert "track_day2.csv:x" in remembered_recipe(days / "spikes_day2.csv").to_toml()
    assert main(["recipe", str(days / "spikes_day2.csv"), "--fresh"]) == 0
    assert "remembered" not in capsys.readouterr().out
    (days / "track_day2.csv").unlink()
    assert main(["recipe", str(days / "spikes_day2.csv")]) == 0
    text = assist(days / "spikes_day2.csv").recipe
    assert text in capsys.readouterr().out
    assert text.startswith("# Left out: x. spikes_day2.csv: the recipe is made for spikes_day1.csv")
    assert "track_day2.csv, which is not there" in text
    alone = open_recording(days / "spikes_day2.csv", Recipe.from_toml(text))
    assert alone.unit_names
    assert not alone.covariates


def test_an_analysis_keeps_the_recipe_of_its_recording(days, capsys):
    out = days / "out"
    given = ["run", str(days / "a.toml"), "--recording", str(days / "spikes_day1.csv"), "--recipe", str(days / "r.toml")]
    assert main([*given, "--out", str(out), "--no-figures"]) == 0
    kept = Analysis.load(out / "analysis.toml")
    assert kept.recording.recipe.covariates[0].values == ("track_day1.csv:x",)
    again = days / "again"
    assert main(["run", str(out / "analysis.toml"), "--out", str(again), "--no-figures"]) == 0
    assert (again / "coefficients.csv").read_bytes() == (out / "coefficients.csv").read_bytes()
    capsys.readouterr()
    # and for the other day
    other = days / "other"
    given = ["run", str(out / "analysis.toml"), "--recording", str(days / "spikes_day2.csv"), "--out", str(other), "--no-figures"]
    assert main(given) == 0
    assert Analysis.load(other / "analysis.toml").recording.recipe.covariates[0].values == ("track_day2.csv:x",)
    assert (other / "coefficients.csv").read_bytes() != (out / "coefficients.csv").read_bytes()
    batch = days / "batch"
    both = [str(days / f"spikes_day{number}.csv") for number in (1, 2)]
    assert main(["batch", str(out / "analysis.toml"), *both, "--out", str(batch), "--no-figures"]) == 0
    assert (batch / "spikes_day2" / "coefficients.csv").read_bytes() == (other / "coefficients.csv").read_bytes()
    assert (batch / "spikes_day1" / "coefficients.csv").read_bytes() == (out / "coefficients.csv").read_bytes()


def test_joined_sessions_are_opened_again_each_with_its_own_files(days, monkeypatch):
    out = days / "out"
    # the files have different columns, so that each needs a recipe of its own
    text = (days / "track_day2.csv").read_text().replace("t,x", "time,place", 1)
    (days / "track_day2.csv").write_text(text)
    recipe = recipe_for("track_day2.csv").to_dict()
    recipe["covariates"][0] |= {"values": ["track_day2.csv:place"], "times": "track_day2.csv:time"}
    Recipe.parse(recipe).save(days / "r2.toml")
    recordings = [f"--recording={days / f'spikes_day{number}.csv'}" for number in (1, 2)]
    recipes = ["--recipe", str(days / "r.toml"), "--recipe", str(days / "r2.toml")]
    assert main(["run", str(days / "a.toml"), *recordings, *recipes, "--out", str(out), "--no-figures"]) == 0
    kept = Analysis.load(out / "analysis.toml")
    assert kept.recording.recipe.covariates[0].values == ("track_day1.csv:x",)
    assert kept.more_recordings[0].recipe.covariates[0].values == ("track_day2.csv:place",)
    assert main(["run", str(out / "analysis.toml"), "--out", str(days / "again"), "--no-figures"]) == 0
    assert (days / "again" / "coefficients.csv").read_bytes() == (out / "coefficients.csv").read_bytes()
    # the script, too
    monkeypatch.chdir(days)
    monkeypatch.setattr(sys, "argv", ["s.py"])
    monkeypatch.setattr(ge, "write_outputs", lambda *given: None)
    runpy.run_path(str(out / "script.py"), run_name="__main__")
    assert ge.Result.load("result.nc").coefficients.identical(ge.Result.load(out / "result.nc").coefficients)
    # and a project
    result = ge.Result.load(out / "result.nc")
    joined = ge.join_recordings(
        [open_recording(days / "spikes_day1.csv", days / "r.toml"), open_recording(days / "spikes_day2.csv", days / "r2.toml")]
    )
    save_project(days / "p.glm", result.analysis, None, joined)
    assert [part.recipe.covariates[0].values[0] for part in load_project(days / "p.glm").recording.parts] == [
        "track_day1.csv:x",
        "track_day2.csv:place",
    ]
    assert main(["run", str(days / "p.glm"), "--out", str(days / "third"), "--no-figures"]) == 0
    assert (days / "third" / "coefficients.csv").read_bytes() == (out / "coefficients.csv").read_bytes()


def test_recipes_are_one_for_all_or_one_each(days, capsys):
    both = [str(days / f"spikes_day{number}.csv") for number in (1, 2)]
    one = ["--recipe", str(days / "r.toml")]
    assert main(["inspect", *both, *one]) == 0
    assert main(["inspect", *both, *one, *one, *one]) == 1
    assert "3 recipes are given for 2 recordings; give one for all, or one for each in their order" in capsys.readouterr().err


def test_columns_without_names_are_not_matched_by_their_number_alone(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    rng = np.random.default_rng(0)

    def table(name, order):
        columns = [np.sort(rng.uniform(0, 100, 500)), rng.integers(0, 5, 500), rng.uniform(0, 90, 500)]
        (tmp_path / name).write_text("".join(",".join(f"{columns[at][row]:.6g}" for at in order) + "\n" for row in range(500)))
        return tmp_path / name

    first, same, swapped = table("a.csv", (0, 1, 2)), table("b.csv", (0, 1, 2)), table("c.csv", (1, 0, 2))
    Recipe.parse({"spikes": {"times": "column1", "units": "column2"}}).save(tmp_path / "r.toml")
    assert main(["inspect", str(first), "--recipe", str(tmp_path / "r.toml")]) == 0
    assert remembered_recipe(same) is not None
    assert remembered_recipe(swapped) is None


def test_a_further_file_whose_name_says_nothing_beside_several_recordings_is_doubted(tmp_path):
    day(tmp_path, "alpha.csv", "one.csv", 10)
    day(tmp_path, "beta.csv", "two.csv", 20)
    for name, other in (("alpha.csv", "beta.csv"), ("beta.csv", "alpha.csv")):
        notes = open_recording(tmp_path / name, recipe_for("one.csv")).notes
        assert any(f"names one.csv beside {name}, and would for {other} too" in note for note in notes)
    assert not any(
        "and would for" in note for note in open_recording(tmp_path / "alpha.csv", recipe_for("one.csv", file="alpha.csv")).notes
    )


RNG = np.random.default_rng(0)
SPIKES = "spike_times,unit\n" + "".join(f"{time:.4f},{RNG.integers(1, 4)}\n" for time in np.sort(RNG.uniform(0, 60, 400)))
TRACK = "t,x,y\n" + "".join(f"{0.02 * at:.2f},{at % 50}.5,{at % 30}.5\n" for at in range(3000))


@pytest.mark.parametrize(
    ("files", "found"),
    [
        ({"spikes.csv": SPIKES, "track.csv": TRACK}, "track.csv"),
        ({"spikes.csv": SPIKES, "track.csv": TRACK, "readme.pdf": "x"}, "track.csv"),
        (
            {"rat1_spikes.csv": SPIKES, "rat1_track.csv": TRACK, "rat2_spikes.csv": SPIKES, "rat2_track.csv": TRACK},
            "rat1_track.csv",
        ),
        ({"spikes_1.csv": SPIKES, "track_2.csv": TRACK}, None),  # of another recording
        ({"spikes.csv": SPIKES, "more.csv": SPIKES, "track.csv": TRACK}, None),  # of which of the two?
        ({"spikes.csv": SPIKES, "track.csv": TRACK, "eye.csv": TRACK.replace("x,y", "pupil,gaze")}, None),
        ({"spikes.csv": SPIKES, "more.csv": SPIKES}, None),  # another session
        ({"spikes.csv": SPIKES, "track.csv": ""}, None),
        ({"all.csv": TRACK.replace("x,y", "x,unit"), "track.csv": TRACK}, None),
    ],
)
def test_the_table_beside_that_can_only_belong_to_it_is_taken_with_a_table_of_spikes(tmp_path, monkeypatch, files, found):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    first = tmp_path / next(iter(files))
    said = assist_with_companion(first)
    assert said.path == first
    assert said.files == ((first.name,) if found is None else (first.name, found))
    assert (said.alone is None) == (found is None)
    if found:
        recording = open_recording(first, Recipe.from_toml(said.recipe))
        assert list(recording.covariates) == ["position"]
        assert said.alone.recipe == assist(first).recipe
