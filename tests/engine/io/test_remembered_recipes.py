"""A recipe that opened one file is there for the next of the same shape, and goes with the results."""

from __future__ import annotations

import numpy as np
import pytest

from glmengine.cli.main import main
from glmengine.io.opening import open_recording
from glmengine.io.recipe.recipe import Recipe
from glmengine.io.recipe_assistant import assist
from glmengine.io.remembered_recipes import remember, remembered_recipe
from tests.scripts import run_without_figures

RECIPE = """\
[spikes]
times = "a"

[[covariates]]
name = "wheel"
values = ["c"]
times = "b"
unit = "deg"
kind = "continuous"
"""

ANALYSIS = """\
[time]
bin_size = 0.1

[[terms]]
kind = "covariate"

[[terms.factors]]
variable = "wheel"

[terms.factors.basis]
family = "b_spline"
n = 5

[model]
strengths = [1e-3]

[validation]
folds = 2
"""


@pytest.fixture
def files(tmp_path, monkeypatch):
    """Two files with the same arrays, whose names say nothing, and one with others."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    rng = np.random.default_rng(0)
    for name in ("one", "two"):
        np.savez(tmp_path / f"{name}.npz", a=np.sort(rng.uniform(0, 60, 300)), b=np.arange(600) / 10, c=rng.normal(size=600))
    np.savez(tmp_path / "other.npz", a=np.arange(5.0), z=np.arange(5.0))
    (tmp_path / "recipe.toml").write_text(RECIPE)
    (tmp_path / "a.toml").write_text(ANALYSIS)
    return tmp_path


def test_the_command_line_remembers_the_recipe_that_opened_a_file(files, capsys):
    assert main(["inspect", str(files / "one.npz")]) == 1
    assert "glmengine recipe" in capsys.readouterr().err
    assert main(["inspect", str(files / "one.npz"), "--recipe", str(files / "recipe.toml")]) == 0
    capsys.readouterr()
    assert main(["recipe", str(files / "two.npz")]) == 0
    text = capsys.readouterr().out
    assert text.startswith("# remembered from a file with the same arrays")
    assert Recipe.from_toml(text) == Recipe.load(files / "recipe.toml")
    (files / "again.toml").write_text(text)
    assert main(["inspect", str(files / "two.npz"), "--recipe", str(files / "again.toml")]) == 0
    # the window begins with it too
    assert assist(files / "two.npz").remembered
    assert remembered_recipe(files / "other.npz") is None
    # what a command does depends on its arguments alone
    assert main(["inspect", str(files / "two.npz")]) == 1


def test_a_recipe_that_opened_nothing_is_not_remembered(files, capsys):
    (files / "bad.toml").write_text('[spikes]\ntimes = "nothing"\n')
    assert main(["inspect", str(files / "one.npz"), "--recipe", str(files / "bad.toml")]) == 1
    assert remembered_recipe(files / "one.npz") is None


def test_a_folder_that_cannot_be_written_stops_nothing(files, monkeypatch):
    (files / "file").write_text("x")
    monkeypatch.setenv("XDG_STATE_HOME", str(files / "file"))
    assert remember(RECIPE, assist(files / "one.npz").signature) is False
    assert main(["inspect", str(files / "one.npz"), "--recipe", str(files / "recipe.toml")]) == 0


def test_results_take_the_recipe_with_them(files):
    out = files / "out"
    arguments = ["run", str(files / "a.toml"), "--recording", str(files / "one.npz"), "--recipe", str(files / "recipe.toml")]
    assert main([*arguments, "--out", str(out), "--no-figures"]) == 0
    assert Recipe.load(out / "recipe.toml") == Recipe.load(files / "recipe.toml")
    again = files / "again"
    assert (
        main(["run", str(out / "analysis.toml"), "--recipe", str(out / "recipe.toml"), "--out", str(again), "--no-figures"]) == 0
    )
    assert (again / "coefficients.csv").read_bytes() == (out / "coefficients.csv").read_bytes()
    run_without_figures(out / "script.py", files)
    assert (files / "results" / "coefficients.csv").read_bytes() == (out / "coefficients.csv").read_bytes()


def test_the_recipe_is_part_of_the_recording(files):
    recording = open_recording(files / "one.npz", files / "recipe.toml")
    assert open_recording(files / "one.npz", recording.source["recipe"]).covariates["wheel"].unit == "deg"
