"""Ready analyses in front of a recording: what plays which role, what is lacking in words, and the file that is filled in."""

from __future__ import annotations

from dataclasses import replace

import pynapple as nap
import pytest

from glmengine.analysis.analysis import Analysis
from glmengine.analysis.ready import About, Need
from glmengine.analysis.templates import (
    course,
    load_template,
    template_about,
    template_for,
    template_page,
    template_text,
    templates,
)
from glmengine.analysis.variable_roles import ROLES
from glmengine.cli.main import main
from glmengine.errors import GlmError
from glmengine.simulation.catalogue import SAMPLES, sample


@pytest.fixture(scope="module")
def renamed(small_recording):
    """The small recording with other names for its covariates."""
    covariates = small_recording.covariates
    return replace(
        small_recording,
        covariates={
            "yaw": replace(covariates["head_direction"], name="yaw"),
            'led "red"': replace(covariates["position"], name='led "red"'),
        },
    )


@pytest.fixture(scope="module")
def samples():
    """Each sample that a ready analysis is tried on, made once."""
    made = {}

    def get(name):
        if name not in made:
            made[name] = sample(name)
        return made[name]

    return get


def test_each_finds_all_it_needs_in_its_own_sample(samples):
    for name in templates():
        said = template_about(name)
        assert said.sample in SAMPLES, name
        ready = template_for(name, samples(said.sample))
        assert ready.fits, (name, ready.lacking)
        assert ready.analysis.terms == load_template(name).terms, name


def test_those_of_the_course_come_first_in_its_order_and_each_has_a_page_and_a_question():
    orders = [template_about(name).order or 1000 for name in templates()]
    assert orders == sorted(orders)
    for name in templates():
        if template_about(name).order:
            assert template_page(name) is not None, name
            assert template_about(name).question.endswith("?"), name


def test_a_question_is_put_with_the_analysis_that_answers_it(samples):
    asks = {lesson.name: lesson.asks for lesson in course()}
    assert set(asks.values()) <= set(templates())
    assert asks["head-direction"] == "head-direction/coupling"
    assert [term.kind for term in load_template(asks["head-direction"]).terms] == ["covariate", "history", "coupling"]


def test_the_recordings_own_names_stand_in_the_analysis_and_its_comments_remain(renamed):
    ready = template_for("place", renamed)
    assert ready.fits
    assert [factor.variable for factor in ready.analysis.terms[0].factors] == ['led "red".x', 'led "red".y']
    assert [(one.name, one.source) for one in ready.analysis.derived] == [("speed", 'led "red"')]
    assert ready.text.startswith("# Two-dimensional place fields")
    assert template_for("head-direction", renamed).analysis.terms[0].factors[0].variable == "yaw"


def test_a_speed_that_was_recorded_is_not_computed(samples):
    ready = template_for("speed", samples("linear-track-theta"))
    assert ready.fits
    assert ready.analysis.derived == ()


def test_what_is_lacking_is_said_with_what_there_is_and_the_sample_to_try(small_recording):
    ready = template_for("decision-task", small_recording)
    assert not ready.fits
    assert "It needs an event such as 'choice'; the recording has none." in ready.lacking
    assert ready.instead == "Try it on the simulated recording: glmengine sample decision-task FILE."
    assert ready.analysis == load_template("decision-task")
    lacking = template_for("current-injection", small_recording).lacking
    assert lacking == ("It needs a signal of one channel (a current, a stimulus); the recording has head_direction, position.",)


def test_a_variant_asks_only_for_what_stands_in_it(samples):
    track = samples("linear-track-theta")
    without = replace(track, epochs={name: one for name, one in track.epochs.items() if name != "laps"})
    assert template_for("place-theta/apart", without).fits
    lacking = template_for("place-theta/odd-even", without).lacking
    assert lacking == ("It needs an epoch of several stretches such as 'laps'; the recording has all, running.",)
    assert template_for("place-theta/odd-even", track).analysis.validation.grouped_by == "laps"


def test_coupling_needs_two_units(small_recording):
    alone = replace(
        small_recording, spikes=small_recording.spikes[[0]], unit_names=("hd",), unit_table=small_recording.unit_table[:1]
    )
    assert template_for("coupling", alone).lacking == ("It needs two units or more; there is 1.",)


def test_signals_are_no_counts_and_their_frames_are_the_bins(samples):
    calcium = samples("calcium")
    assert template_for("head-direction", calcium).lacking == (
        "It needs spikes or counts for its poisson family; the recording has signals that are 0 or less in places.",
    )
    ready = template_for("calcium/gaussian", samples("calcium-coupled"))
    assert ready.analysis.time.bin_size == 0.05
    frames = samples("calcium-coupled").counts
    slower = nap.TsdFrame(frames.t * 1.5, frames.values, columns=frames.columns)
    ready = template_for("calcium", replace(samples("calcium-coupled"), counts=slower))
    assert ready.fits
    assert ready.analysis.time.bin_size == pytest.approx(0.075)
    assert "bin_size = 0.075 # s" in ready.text


def test_roles_are_played_by_the_likeliest(samples):
    track = samples("linear-track-theta")
    assert ROLES["track"].find(track, ())[0] == "position"
    assert ROLES["theta"].find(track, ()) == ["theta_phase"]
    assert ROLES["speed"].find(track, ()) == ["speed"]
    assert ROLES["head_direction"].find(track, ()) == []
    assert ROLES["signal"].find(samples("current-injection"), ("current",)) == ["current"]


def test_a_long_narrow_area_is_a_track(small_recording):
    import numpy as np
    import pynapple as nap

    position = small_recording.covariates["position"]
    assert ROLES["track"].find(small_recording, ()) == []
    narrow = nap.TsdFrame(position.data.t, np.asarray(position.data.values) * [0.1, 1.0], columns=["x", "y"])
    long = replace(small_recording, covariates={"position": replace(position, data=narrow)})
    assert ROLES["track"].find(long, ()) == ["position.y"]


def test_a_slip_in_what_is_said_of_an_analysis_is_named(tmp_path, monkeypatch):
    with pytest.raises(GlmError, match="role"):
        About(sample="session", needs=({"role": "place"},))
    assert Need(role="variable", words=("x", "y")).said == "a covariate 'x', 'y'"
    folder = tmp_path / "analyses" / "mine"
    folder.mkdir(parents=True)
    (folder / "about.toml").write_text('sample = "coupled-network"\n')
    (folder / "analysis.toml").write_text('title = "{nothing}"\n')
    monkeypatch.setattr("glmengine.analysis.templates.resource", lambda name: tmp_path / name)
    with pytest.raises(GlmError, match=r"nothing says what fills '\{nothing\}'"):
        template_text("mine")


def test_the_command_says_what_a_recording_has_and_fills_in(tmp_path, small_recording, capsys, monkeypatch):
    from glmengine.export.nwb import write_nwb

    write_nwb(small_recording, tmp_path / "small.nwb")
    assert main(["templates", str(tmp_path / "small.nwb")]) == 0
    said = capsys.readouterr().out
    assert "small has what it needs." in said
    assert "glmengine sample decision-task FILE" in said
    monkeypatch.chdir(tmp_path)
    assert main(["new", "place", "small.nwb"]) == 0
    assert Analysis.load("place.toml").recording.path == str((tmp_path / "small.nwb").resolve())
    assert main(["new", "decision-task", "small.nwb"]) == 1
    error = capsys.readouterr().err
    assert "cannot answer 'decision-task'" in error
    assert "glmengine sample decision-task FILE" in error
    assert not (tmp_path / "decision-task.toml").exists()
