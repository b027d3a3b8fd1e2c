"""A button that is grey says why: its tooltip is another one than while it can be pressed."""

from __future__ import annotations

from qtpy.QtWidgets import QAbstractButton

STEPS = ("data", "features", "model", "results", "checks", "fits", "answers", "population", "batch")


def test_the_tooltip_of_a_grey_button_is_not_that_of_the_same_button_when_it_can_be_pressed(
    window, small_recording, small_analysis, small_result, at_rest
):
    on: dict[str, set[str]] = {}
    off: dict[str, set[str]] = {}

    def look() -> None:
        for step in STEPS:
            window.show_step(step)
            at_rest(window)
            for button in window.findChildren(QAbstractButton):
                if button.isVisible() and button.text() and not button.objectName().startswith("qt_"):
                    kept = on if button.isEnabled() else off
                    kept.setdefault(button.objectName(), set()).add(button.toolTip())

    look()
    window.document.open(small_recording, small_analysis)
    look()
    terms = window.panels["features"].terms
    terms.view.setCurrentRow(0)
    at_rest(window)
    look()
    window.document.open(small_recording, small_analysis, small_result)
    window.document.edit(small_analysis.with_(units=small_analysis.units.with_(names=("hd",))), "Choose units")
    look()
    assert {"tool_save", "tool_undo", "tool_fit", "tool_live", "term_up"} <= set(off)
    assert not {name: said for name, said in off.items() if "" in said}
    same = {name: off[name] & on.get(name, set()) for name in off}
    assert not {name: said for name, said in same.items() if said}
    for name in ("answers_use", "answers_save"):  # nothing was answered: they have never been on
        assert all(len(said.splitlines()) == 2 for said in off[name])
