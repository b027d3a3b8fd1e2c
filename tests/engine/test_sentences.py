"""Counts in sentences, with the verb in its number."""

from __future__ import annotations

from glmengine.sentences import of_all, plain_power


def test_one_of_several_is_and_several_are():
    assert of_all(1, 3, "units") == "1 of 3 units is"
    assert of_all(0, 3, "units") == "0 of 3 units are"
    assert of_all(2, 1200, "recordings", "were") == "2 of 1,200 recordings were"
    assert of_all(1, 2, "recordings", "have") == "1 of 2 recordings has"


def test_powers_of_ten_are_written_as_people_write_them():
    assert [plain_power(f"{value:g}") for value in (1e-5, 0.01, 1e12, -2.5e-10)] == ["1e-5", "0.01", "1e12", "-2.5e-10"]
