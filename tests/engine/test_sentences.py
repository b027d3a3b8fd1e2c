"""Parts of sentences: counts with the verb in its number, shares, powers of ten and names of terms."""

from __future__ import annotations

from glmengine.answers.sentence import answer_sentence
from glmengine.sentences import as_shown, exact_seconds, of_all, percent, plain_power, rate_text


def test_one_of_several_is_and_several_are():
    assert of_all(1, 3, "units") == "1 of 3 units is"
    assert of_all(0, 3, "units") == "0 of 3 units are"
    assert of_all(2, 1200, "recordings", "were") == "2 of 1,200 recordings were"
    assert of_all(1, 2, "recordings", "have") == "1 of 2 recordings has"


def test_powers_of_ten_are_written_as_people_write_them():
    assert [plain_power(f"{value:g}") for value in (1e-5, 0.01, 1e12, -2.5e-10)] == ["1e-5", "0.01", "1e12", "-2.5e-10"]


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


def test_all_is_written_without_digits_and_nearly_all_with_them():
    assert [percent(share, 1) for share in (1.0, 0.9996, 0.851, 0.0)] == ["100 %", "100.0 %", "85.1 %", "0 %"]


def test_a_time_is_not_rounded_beside_its_bins():
    assert [exact_seconds(one) for one in (1200.0, 1199.98, 0.5)] == ["1,200", "1,199.98", "0.50"]
    assert [exact_seconds(one, 1) for one in (1200.0, 1199.98, 30.5)] == ["1,200.0", "1,199.98", "30.5"]


def test_a_rate_that_is_not_zero_is_not_written_so():
    assert [rate_text(rate) for rate in (12.345, 0.014, 0.0, 0.0018, 3e-6)] == ["12.35", "0.01", "0.00", "0.0018", "3e-6"]
