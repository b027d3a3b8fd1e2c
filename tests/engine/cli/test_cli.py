"""The command line: what it writes, what it says, how it ends."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
import tomllib

import numpy as np
import pytest
import xarray as xr

from glmengine.analysis.analysis import Analysis
from glmengine.cli.main import main
from glmengine.project.project import save_project
from glmengine.results.result import Result
from tests.scripts import run_without_figures


@pytest.fixture(scope="module")
def session(tmp_path_factory, small_recording, small_analysis):
    """A folder with a recording, an analysis and its results as the command line writes them."""
    from glmengine.export.nwb import write_nwb

    folder = tmp_path_factory.mktemp("session")
    write_nwb(small_recording, folder / "small.nwb")
    small_analysis.save(folder / "a.toml")
    assert main(["run", str(folder / "a.toml"), "--recording", str(folder / "small.nwb"), "--out", str(folder / "out")]) == 0
    return folder


def rows(path):
    with open(path, encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def test_run_writes_everything_it_says(session):
    names = {path.name for path in (session / "out").iterdir()}
    tables = {"coefficients.csv", "scores.csv", "tests.csv", "fold_scores.csv"}
    texts = {"report.html", "analysis.toml", "script.py", "methods.txt", "references.bib", "csv-metadata.json"}
    assert names == tables | texts | {"result.nc", "figures"}
    figures = list((session / "out" / "figures").iterdir())
    assert {"scores.pdf", "coupling.pdf", "unit-hd.png", "unit-place.pdf"} <= {path.name for path in figures}
    assert all(path.stat().st_size > 2000 for path in figures)


def test_the_tables_hold_the_numbers_of_the_result_to_the_last_digit(session):
    result = Result.load(session / "out" / "result.nc")
    scores = {row["unit"]: row for row in rows(session / "out" / "scores.csv")}
    assert list(scores) == list(result.units)
    for unit, row in scores.items():
        assert float(row["bits_per_spike_heldout"]) == float(result.scores["bits_per_spike_heldout"].sel(unit=unit))
    for row in rows(session / "out" / "coefficients.csv"):
        if row["feature"] == "intercept":
            assert float(row["coefficient"]) == float(result.intercepts.sel(unit=row["unit"]))
        else:
            assert float(row["coefficient"]) == float(result.coefficients.sel(unit=row["unit"], feature=row["feature"]))


def test_a_unit_has_neither_anothers_history_nor_a_coupling_to_itself(session):
    table = rows(session / "out" / "coefficients.csv")
    of_place = [row for row in table if row["unit"] == "place"]
    assert {row["variable"] for row in of_place if row["kind"] == "history"} == {"place"}
    assert {row["variable"] for row in of_place if row["kind"] == "coupling"} == {"hd", "flat"}


def test_the_written_analysis_gives_the_same_numbers_bit_for_bit(session, tmp_path):
    assert main(["run", str(session / "out" / "analysis.toml"), "--out", str(tmp_path / "again"), "--no-figures"]) == 0
    for name in ("coefficients.csv", "scores.csv"):
        assert (tmp_path / "again" / name).read_bytes() == (session / "out" / name).read_bytes()
    assert not (tmp_path / "again" / "figures").exists()


def test_a_project_runs_like_its_analysis(session, tmp_path, small_analysis):
    from glmengine.io.opening import open_recording

    save_project(tmp_path / "p.glm", small_analysis, None, open_recording(session / "small.nwb"))
    assert main(["run", str(tmp_path / "p.glm"), "--out", str(tmp_path / "out"), "--no-figures"]) == 0
    assert (tmp_path / "out" / "scores.csv").read_bytes() == (session / "out" / "scores.csv").read_bytes()


def test_design_says_what_the_data_can_tell_apart(session, tmp_path, small_analysis, capsys):
    double = small_analysis.terms[0].with_(name="heading")
    small_analysis.with_(terms=(*small_analysis.terms, double)).save(tmp_path / "a.toml")
    assert main(["design", str(tmp_path / "a.toml"), "--recording", str(session / "small.nwb"), "--columns"]) == 0
    said = capsys.readouterr().out
    assert said.splitlines()[0] == "small: 3 units, 6000 bins of 0.02 s, 5994 of them usable, 52 columns"
    assert "  heading: 6 columns, covariate of head_direction\n    heading[0]\n" in said
    assert "= intercept + f(head_direction) + f(place) + f(history) + f(coupling) + f(heading); " in said
    assert "  f(place): 2-D tuning: B-spline, 5 \u00d7 5 = 25 columns\n" in said
    assert "100 % of the recording is used: 120.0\u2009s, 6,000 bins of 20\u2009ms." in said
    assert "a fit, roughly: 6,000 bins, 100 % valid" in said
    assert "The terms 'head_direction' and 'heading' carry the same information" in said
    assert "Some terms cannot be told apart" in said


def test_the_script_gives_the_same_numbers(session, tmp_path):
    assert main(["script", str(session / "out" / "analysis.toml"), "--out", str(tmp_path / "s.py")]) == 0
    run_without_figures(tmp_path / "s.py")
    assert (tmp_path / "results" / "coefficients.csv").read_bytes() == (session / "out" / "coefficients.csv").read_bytes()


def test_a_script_may_hold_any_title(tmp_path, capsys):
    Analysis.from_dict({"title": 'it\'s "quoted" \\ """ ünï'}).save(tmp_path / "a.toml")
    assert main(["script", str(tmp_path / "a.toml")]) == 0
    text = capsys.readouterr().out
    space: dict = {"__name__": "script"}
    exec(compile(text, "script", "exec"), space)
    assert Analysis.from_dict(tomllib.loads(space["ANALYSIS"])).title == 'it\'s "quoted" \\ """ ünï'


def test_predict_writes_rates_and_scores(session, tmp_path):
    arguments = [
        "predict",
        str(session / "out" / "result.nc"),
        "--recording",
        str(session / "small.nwb"),
        "--out",
        str(tmp_path),
        "--bands",
        "--epoch",
        "all",
    ]
    assert main(arguments) == 0
    rates = xr.load_dataset(tmp_path / "rates.nc", engine="h5netcdf")
    assert rates["rate"].dims == ("unit", "time")
    known = np.isfinite(rates["rate"].values)
    assert (rates["low"].values[known] <= rates["high"].values[known]).all()
    fitted = {row["unit"]: row for row in rows(session / "out" / "scores.csv")}
    for row in rows(tmp_path / "scores.csv"):
        assert float(row["deviance_explained"]) == pytest.approx(float(fitted[row["unit"]]["deviance_explained_fit"]), abs=1e-9)


def test_sample_new_inspect(tmp_path, capsys):
    assert main(["sample", "session", str(tmp_path / "s.nwb"), "--seed", "3"]) == 0
    assert main(["new", "session", str(tmp_path / "s.toml"), "--recording", str(tmp_path / "s.nwb")]) == 0
    capsys.readouterr()
    assert main(["inspect", str(tmp_path / "s.nwb")]) == 0
    first = capsys.readouterr().out.splitlines()[0]
    assert ": 12 units, 600 s" in first
    assert Analysis.load(tmp_path / "s.toml").recording.path == str(tmp_path / "s.nwb")


def test_batch_goes_on_where_one_fails(session, tmp_path, capsys):
    (tmp_path / "bad.nwb").write_text("text")
    arguments = [
        "batch",
        str(session / "a.toml"),
        str(tmp_path / "bad.nwb"),
        str(session / "small.nwb"),
        "--out",
        str(tmp_path / "out"),
        "--no-figures",
    ]
    assert main(arguments) == 1
    assert "FAILED" in capsys.readouterr().out
    assert (tmp_path / "out" / "small" / "scores.csv").read_bytes() == (session / "out" / "scores.csv").read_bytes()


def test_an_analysis_for_what_a_recording_holds_can_be_made_and_run(session, tmp_path, capsys):
    assert main(["new", "recording", str(tmp_path / "own.toml")]) == 1
    assert "give it with --recording" in capsys.readouterr().err
    recording = ["--recording", str(session / "small.nwb")]
    assert main(["new", "recording", str(tmp_path / "own.toml"), *recording]) == 0
    analysis = Analysis.load(tmp_path / "own.toml")
    assert [term.label for term in analysis.terms] == ["position.x x position.y", "head_direction", "history"]
    assert main(["design", str(tmp_path / "own.toml")]) == 0
    assert "small: 3 units, " in capsys.readouterr().out


def test_a_run_searches_settings_that_the_command_names(session, tmp_path, capsys):
    arguments = ["run", str(session / "out" / "analysis.toml"), "--out", str(tmp_path), "--no-figures"]
    assert main([*arguments, "--search", "place.functions=4,6"]) == 0
    assert "note: 2 settings of place were compared on held-out time" in capsys.readouterr().out
    assert {row["setting"] for row in rows(tmp_path / "settings.csv")} == {"place 4 functions", "place 6 functions"}
    assert "[[model.search]]" in (tmp_path / "analysis.toml").read_text()
    assert main([*arguments, "--search", "place=4,6"]) == 1
    assert "write the term, the setting and its values" in capsys.readouterr().err
    assert main([*arguments, "--search", "speed.functions=4,6"]) == 1
    assert "no term in the model" in capsys.readouterr().err


def test_templates_are_listed(capsys):
    assert main(["templates"]) == 0
    assert "head-direction" in capsys.readouterr().out


BASIS = 'family = "b_spline"\nn = 5\n'
TERM = '[[terms]]\nkind = "covariate"\n[[terms.factors]]\nvariable = "{variable}"\n[terms.factors.basis]\n{basis}'


@pytest.mark.parametrize(
    ("toml", "said"),
    [
        ("", "has no term"),
        ("[time]\nbin_sise = 1", "unknown field 'time.bin_sise'"),
        (TERM.format(variable="nothing", basis=BASIS), "no covariate 'nothing'"),
        (TERM.format(variable="position", basis=BASIS), "several components"),
        (TERM.format(variable="position.x", basis=BASIS + "bounds = [100.0, 0.0]"), "bounds"),
        (TERM.format(variable="position.x", basis=BASIS + "bounds = [0.0, 20.0]"), "half"),
        (TERM.format(variable="empty", basis=BASIS), "empty"),
        ("[time]\nepochs = ['night']\n" + TERM.format(variable="position.x", basis=BASIS), "no epoch 'night'"),
        (
            "[[time.conditions]]\nvariable = 'position.x'\nabove = 1e6\n" + TERM.format(variable="position.x", basis=BASIS),
            "no bin meets",
        ),
        ("[units]\nnames = ['u9']\n" + TERM.format(variable="position.x", basis=BASIS), "no unit 'u9'"),
        ("[units]\nmin_spikes = 1000000\n" + TERM.format(variable="position.x", basis=BASIS), "fewer than 1000000 spikes"),
        ("[time]\nbin_size = 5.0\n[validation]\nfolds = 40\n" + TERM.format(variable="position.x", basis=BASIS), "folds"),
        ("[validation]\ntest_epochs = ['all']\n" + TERM.format(variable="position.x", basis=BASIS), "leave no bin"),
    ],
)
def test_a_bad_analysis_is_one_line_and_exit_1(toml, said, tmp_path, capsys, with_empty_covariate):
    (tmp_path / "a.toml").write_text(toml)
    assert main(["run", str(tmp_path / "a.toml"), "--recording", str(with_empty_covariate), "--out", str(tmp_path / "out")]) == 1
    error = capsys.readouterr().err
    assert said in error
    assert len(error.splitlines()) == 1
    assert error.startswith("glmengine: ")


@pytest.fixture(scope="module")
def with_empty_covariate(tmp_path_factory, small_recording):
    """The small recording with a covariate that is all NaN, as a file."""
    import pynapple as nap

    from glmengine.export.nwb import write_nwb
    from glmengine.recording.recording import Covariate

    path = tmp_path_factory.mktemp("empty") / "empty.nwb"
    times = np.arange(0, 120, 0.1)
    empty = Covariate("empty", nap.Tsd(times, np.full(times.size, np.nan), time_support=small_recording.epochs["all"]), "cm")
    write_nwb(small_recording.with_covariates(empty), path)
    return path


@pytest.mark.parametrize(
    "arguments",
    [
        ["inspect", "{folder}/nowhere.nwb"],
        ["inspect", "{folder}/text.nwb"],
        ["run", "{folder}/nowhere.toml", "--out", "{folder}/out"],
        ["run", "{folder}/empty.toml", "--out", "{folder}/out"],
        ["run", "{folder}/nowhere.glm", "--out", "{folder}/out"],
        ["predict", "{folder}/text.nwb", "--recording", "{folder}/text.nwb", "--out", "{folder}/out"],
        ["sample", "nothing", "{folder}/s.nwb"],
        ["sample", "session", "{folder}/s.txt"],
        ["sample", "session", "{folder}/text.nwb/s.nwb"],
        ["new", "nothing", "{folder}/n.toml"],
        ["new", "place", "{folder}/empty.toml"],
        ["script", "{folder}/text.nwb"],
    ],
)
def test_bad_input_is_one_line_and_exit_1(arguments, tmp_path, capsys):
    (tmp_path / "text.nwb").write_text("hello")
    (tmp_path / "empty.toml").write_text("")
    assert main([argument.format(folder=tmp_path) for argument in arguments]) == 1
    error = capsys.readouterr().err
    assert len(error.splitlines()) == 1
    assert (tmp_path / "empty.toml").read_text() == ""


@pytest.mark.parametrize(
    "arguments",
    [["run"], ["nonsense"], ["inspect"], ["inspect", "a", "--wrong"], ["sample", "session", "x.nwb", "--seed", "one"]],
)
def test_wrong_usage_is_one_line_and_exit_2(arguments, capsys):
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ["inspect", "a.nwb", "--recipee", "r.toml"],
            "--recipee r.toml: not known here; --recipe is; see glmengine inspect --help",
        ),
        (["recipe", "a.csv", "--overwrite"], "--overwrite: not known here; see glmengine recipe --help"),
    ],
)
def test_an_option_that_a_command_does_not_know_is_told_by_that_command(arguments, said, capsys):
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert capsys.readouterr().err == f"glmengine: {said}\n"


def test_no_command_shows_the_help_and_exits_2(capsys):
    assert main([]) == 2
    assert "glmengine sample session" in capsys.readouterr().out


def test_an_unwritable_folder_is_told_before_any_work(session, tmp_path, capsys, monkeypatch):
    (tmp_path / "file").write_text("x")
    monkeypatch.setattr("glmengine.io.opened_sessions.open_recording", lambda *a, **k: pytest.fail("work began"))
    assert (
        main(["run", str(session / "a.toml"), "--recording", str(session / "small.nwb"), "--out", str(tmp_path / "file" / "out")])
        == 1
    )
    assert "cannot be made" in capsys.readouterr().err


def test_interrupting_ends_with_130(session, tmp_path, capsys, monkeypatch):
    def interrupted(*arguments, **keywords):
        raise KeyboardInterrupt

    monkeypatch.setattr("glmengine.io.opened_sessions.open_recording", interrupted)
    assert main(["inspect", str(session / "small.nwb")]) == 130
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_interrupting_before_any_work_ends_with_130_too(capsys, monkeypatch):
    def interrupted():
        raise KeyboardInterrupt

    monkeypatch.setattr("glmengine.cli.parser.build_parser", interrupted)
    assert main(["templates"]) == 130
    assert len(capsys.readouterr().err.strip().splitlines()) == 1


def test_a_fault_of_the_program_is_two_lines_with_a_file(session, capsys, monkeypatch):
    monkeypatch.setattr("glmengine.io.opened_sessions.open_recording", lambda *a, **k: 1 / 0)
    assert main(["inspect", str(session / "small.nwb")]) == 1
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 2
    kept = lines[1].rsplit(" ", 1)[1]
    with open(kept) as stream:
        assert "ZeroDivisionError" in stream.read()
    os.unlink(kept)


def test_functions_that_a_file_names_run_only_when_allowed(session, tmp_path, capsys, monkeypatch):
    from glmengine.basis import custom

    monkeypatch.setattr(custom, "_allowed", set())
    (tmp_path / "odd_basis.py").write_text(
        "import numpy as np\ndef functions(x):\n    return np.column_stack([np.sin(x), np.cos(x)])\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    basis = 'family = "custom"\nfunction = "odd_basis:functions"\nn = 2\n'
    (tmp_path / "a.toml").write_text(TERM.format(variable="head_direction", basis=basis))
    arguments = [
        "run",
        str(tmp_path / "a.toml"),
        "--recording",
        str(session / "small.nwb"),
        "--out",
        str(tmp_path / "out"),
        "--no-figures",
    ]
    assert main(arguments) == 1
    assert "--allow-code" in capsys.readouterr().err
    assert "odd_basis" not in sys.modules
    assert main([*arguments, "--allow-code"]) == 0
    assert "allow_code()" in (tmp_path / "out" / "script.py").read_text()


def test_progress_is_drawn_on_a_terminal_alone(capsys):
    from glmengine.cli.terminal import progress_bar
    from glmengine.context import Progress

    for show, expected in ((None, False), (True, True)):
        with progress_bar(show) as context:
            context.report(Progress("Fitting 3 units", 0.5))
        seen = capsys.readouterr()
        assert ("Fitting 3 units" in seen.err) is expected
        assert seen.out == ""


def test_importing_the_engine_loads_none_of_the_heavy_libraries():
    code = "import sys, glmengine; heavy = {'jax', 'pynapple', 'pandas', 'xarray', 'scipy', 'matplotlib', 'pynwb', 'qtpy'}; print(sorted(heavy & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"


def test_every_public_name_is_there():
    import glmengine as ge

    assert callable(ge.run)
    missing = [name for name in ge.__all__ if not hasattr(ge, name)]
    assert not missing
    with pytest.raises(AttributeError, match="nonsense"):
        ge.nonsense


@pytest.mark.parametrize(
    "arguments",
    [
        ["sample", "session", "{mine}"],
        ["script", "{session}/a.toml", "--out", "{mine}"],
        ["report", "{session}/out/result.nc", "--out", "{mine}"],
    ],
    ids=lambda arguments: arguments[0],
)
def test_a_file_that_is_there_is_not_replaced(session, tmp_path, capsys, arguments):
    mine = tmp_path / "mine.nwb"
    mine.write_bytes(b"mine")
    assert main([one.format(mine=mine, session=session) for one in arguments]) == 1
    assert f"{mine}: exists already; choose another name, or replace it with --force" in capsys.readouterr().err
    assert mine.read_bytes() == b"mine"


def test_neither_a_run_nor_a_prediction_replaces_what_is_of_others(session, tmp_path, capsys):
    (tmp_path / "analysis.toml").write_bytes((session / "a.toml").read_bytes())
    recording = ["--recording", str(session / "small.nwb")]
    assert main(["run", str(tmp_path / "analysis.toml"), *recording, "--out", str(tmp_path)]) == 1
    assert "analysis.toml: is there already and of no earlier result" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["analysis.toml"]
    scores = (session / "out" / "scores.csv").read_bytes()
    assert main(["predict", str(session / "out" / "result.nc"), *recording, "--out", str(session / "out")]) == 1
    assert "holds a result, whose scores.csv would be replaced" in capsys.readouterr().err
    assert (session / "out" / "scores.csv").read_bytes() == scores
