"""The panels as dock widgets of napari: the manifest names what is there, and all widgets stand on one document."""

from __future__ import annotations

import os
from functools import lru_cache
from importlib import import_module, resources, util
from types import SimpleNamespace

import pytest
from qtpy.QtGui import QGuiApplication
from ruamel.yaml import YAML

from glmgui import napari_panels
from glmgui.steps import STEPS


@pytest.fixture(scope="module")
def manifest() -> dict:
    return YAML(typ="safe").load((resources.files("glmgui") / "napari.yaml").read_text(encoding="utf-8"))


@pytest.fixture
def desk(qapp, settings, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    made = napari_panels.Desk(settings)
    monkeypatch.setattr(napari_panels, "desk", lru_cache(lambda: made))
    yield made
    assert made.close()
    made.deleteLater()


def _made(command: dict):
    module, _, name = command["python_name"].partition(":")
    return getattr(import_module(module), name)


def test_every_step_has_a_dock_widget_and_every_widget_a_command(manifest):
    contributed = manifest["contributions"]
    commands = {command["id"]: command for command in contributed["commands"]}
    assert [widget["command"] for widget in contributed["widgets"]] == list(commands)
    assert list(commands) == ["glmgui.control", *(f"glmgui.{step.name}" for step in STEPS)]
    for step in STEPS:
        assert commands[f"glmgui.{step.name}"]["title"] == step.about


def test_each_command_makes_a_widget_on_the_same_document(manifest, desk, qtbot, small_recording, small_analysis):
    widgets = [_made(command)() for command in manifest["contributions"]["commands"]]
    control = widgets[0]
    control.show()
    assert not control.fit.isEnabled()
    desk.work.document.open(small_recording, small_analysis)
    assert control.fit.isEnabled()
    control.fit.click()
    qtbot.waitUntil(lambda: desk.work.document.result is not None and desk.jobs.idle)
    page = widgets[1 + [step.name for step in STEPS].index("results")]
    page.show()  # it is filled when it is seen
    shown = page.widget()
    qtbot.waitUntil(lambda: shown.units.best in small_recording.unit_names)
    desk.work.document.edit(small_analysis.with_(seed=3), "Seed")
    control.undo.click()
    assert desk.work.document.analysis == small_analysis
    widgets[1].hide()
    assert napari_panels.data() is widgets[1]
    widgets[1].widget().next_steps.features.click()
    assert "panel Features" in control.message.text


def test_the_buttons_of_the_results_do_what_they_do_in_the_window(
    desk, qtbot, small_recording, small_analysis, small_result, tmp_path, monkeypatch
):
    control, page = napari_panels.control(), napari_panels.results()
    control.show()
    page.show()
    desk.work.document.open(small_recording, small_analysis, small_result)
    results = page.widget()
    monkeypatch.setattr(desk.work.questions, "choose", lambda *_: 1)
    monkeypatch.setattr(desk.work.questions, "save_path", lambda title, start, kinds, ending: tmp_path / f"made{ending}")
    for asks in (results.report, results.script):
        asks.click()
    qtbot.waitUntil(lambda: {path.name for path in tmp_path.glob("made*")} == {"made.html", "made.py"} and desk.jobs.idle)
    figures = []
    monkeypatch.setattr(napari_panels, "figure_desk", lambda: SimpleNamespace(asked=SimpleNamespace(emit=figures.append)))
    results.figure.click()
    assert figures
    assert results.isAncestorOf(figures[0])
    QGuiApplication.clipboard().clear()
    results.methods.click()
    qtbot.waitUntil(lambda: "generalized linear model" in QGuiApplication.clipboard().text())
    results.right.click()
    assert "panel Checks" in control.message.text


def test_what_goes_wrong_is_said_in_the_control(desk, qtbot, small_recording, small_analysis):
    control = napari_panels.control()
    control.show()
    time = small_analysis.time.with_(epochs=("nowhere",))
    desk.work.document.open(small_recording, small_analysis.with_(time=time))
    control.fit.click()
    qtbot.waitUntil(lambda: "nowhere" in control.message.text)


@pytest.mark.skipif(util.find_spec("npe2") is None, reason="npe2 is not installed, which checks manifests of napari")
def test_the_manifest_is_one_of_npe2():
    from npe2 import PluginManifest

    found = PluginManifest.from_file(resources.files("glmgui") / "napari.yaml")
    found.validate_imports()
    assert found.name == "glmgui"


@pytest.mark.skipif(
    util.find_spec("napari") is None or not os.environ.get("DISPLAY"),
    reason="napari is not installed, or there is no screen for it",
)
def test_a_viewer_of_napari_opens_the_widgets(qtbot):
    import napari

    viewer = napari.Viewer(show=False)
    _, control = viewer.window.add_plugin_dock_widget("glmgui", "GLM control")
    viewer.window.add_plugin_dock_widget("glmgui", "GLM results")
    control.sample.click()
    desk = napari_panels.desk()
    qtbot.waitUntil(lambda: desk.work.document.recording is not None and desk.jobs.idle)
    control.fit.click()
    qtbot.waitUntil(lambda: desk.work.document.result is not None and desk.jobs.idle)
    assert desk.close()
    viewer.close()
