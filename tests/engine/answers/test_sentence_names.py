"""Names of terms in sentences."""

from __future__ import annotations

from glmengine.answers.sentence import answer_sentence
from glmengine.sentences import as_shown


def test_names_of_terms_are_written_as_people_do_and_a_variable_called_x_stays_one():
    assert as_shown("position.x x position.y x phase") == "position.x × position.y × phase"
    assert as_shown("x") == "x"
    said = answer_sentence(
        [("x x y", 0.2), ("history", 0.1)],
        ["x", "a x b"],
        explained=0.3,
        q=0.001,
        adequate=True,
        try_next="",
        last=["history"],
        not_missed=["x x y"],
    )
    assert said.startswith("x × y (0.20 of the deviance")
    assert "x, a × b add nothing" in said
    assert "beside history, x × y adds nothing" in said
