"""Units chosen by rate, by what their table says, and by hand: as part of the analysis, against plain pandas."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from glmengine.analysis.analysis import Analysis, Time, UnitSelection
from glmengine.analysis.terms import HistoryTerm
from glmengine.analysis.units import UnitRule, chosen_units, excluded_units
from glmengine.basis import RaisedCosineLog
from glmengine.design.prepare import prepare
from glmengine.errors import GlmError
from glmengine.io.opening import open_recording


@pytest.fixture
def described(small_recording):
    table = pd.DataFrame(
        {"region": ["ADN", "CA1", None], "quality": ["good", "mua", "good"], "depth": [100.0, np.nan, 300.0], "shank": [1, 2, 1]},
        index=list(small_recording.unit_names),
    )
    return replace(small_recording, unit_table=table)


@pytest.mark.parametrize(
    ("rules", "left"),
    [
        ({"where": (UnitRule(column="region", one_of=("CA1",)),)}, ("place",)),
        ({"where": (UnitRule(column="region", one_of=("CA1", "ADN")),)}, ("hd", "place")),
        ({"where": (UnitRule(column="quality", one_of=("good",)),)}, ("hd", "flat")),
        ({"where": (UnitRule(column="depth", at_least=100.0),)}, ("hd", "flat")),  # a missing depth is never admitted
        ({"where": (UnitRule(column="depth", at_most=299.0),)}, ("hd",)),
        ({"where": (UnitRule(column="shank", one_of=("1.0",)),)}, ("hd", "flat")),  # numbers however they are written
        ({"where": (UnitRule(column="shank", at_least=1, at_most=1), UnitRule(column="depth", at_least=200))}, ("flat",)),
        ({"names": ("place", "flat"), "where": (UnitRule(column="quality", one_of=("good",)),)}, ("flat",)),
        ({}, ("hd", "place", "flat")),
    ],
)
def test_rules_leave_the_units_that_meet_all_of_them(described, rules, left):
    assert chosen_units(UnitSelection(**rules), described) == left


def test_the_rate_is_that_of_the_whole_recording(described):
    rates = np.array([len(described.spikes[at]) for at in range(3)]) / 120.0
    np.testing.assert_allclose(described.mean_rates, rates)
    middle = float(np.sort(rates)[1])
    assert chosen_units(UnitSelection(min_rate=middle), described) == tuple(
        name for name, rate in zip(described.unit_names, rates, strict=True) if rate >= middle
    )
    assert chosen_units(UnitSelection(max_rate=middle), described) == tuple(
        name for name, rate in zip(described.unit_names, rates, strict=True) if rate <= middle
    )


@pytest.mark.parametrize(
    ("rules", "field", "words"),
    [
        ({"where": (UnitRule(column="layer", one_of=("5",)),)}, "units.where.0.column", "region, quality, depth, shank"),
        ({"where": (UnitRule(column="region", at_least=3.0),)}, "units.where.0", "'ADN', which is no number"),
        ({"where": (UnitRule(column="region", one_of=("V1",)),)}, "units.where", "3: region not V1"),
        ({"min_rate": 1e4}, "units.where", "rate below 10000 Hz"),
        ({"names": ("nobody",)}, "units.names", "no unit 'nobody'"),
    ],
)
def test_what_cannot_be_met_is_said_in_one_sentence(described, rules, field, words):
    with pytest.raises(GlmError, match=words) as caught:
        chosen_units(UnitSelection(**rules), described)
    assert caught.value.field == field
    assert "\n" not in caught.value.message


def test_rules_that_say_nothing_or_can_never_hold_are_refused():
    with pytest.raises(GlmError, match="says nothing"):
        UnitRule(column="region")
    with pytest.raises(GlmError, match="never hold"):
        UnitRule(column="depth", at_least=2, at_most=1)
    with pytest.raises(GlmError, match="never hold"):
        UnitSelection(min_rate=2, max_rate=1)


def test_a_recording_without_a_table_has_no_column(described):
    with pytest.raises(GlmError, match="no column at all"):
        chosen_units(UnitSelection(where=(UnitRule(column="region", one_of=("CA1",)),)), replace(described, unit_table=None))


def test_the_rules_are_read_from_the_file_and_applied_by_a_run(described, tmp_path):
    rule = UnitRule(column="quality", one_of=("good",))
    analysis = Analysis(
        units=UnitSelection(where=(rule,), min_rate=0.1),
        time=Time(bin_size=0.02),
        terms=(HistoryTerm(basis=RaisedCosineLog(n=3, window=0.2)),),
    )
    analysis.save(tmp_path / "a.toml")
    again = Analysis.load(tmp_path / "a.toml")
    assert again == analysis
    prepared = prepare(again, described)
    assert prepared.units == ("hd", "flat")
    assert any("quality not good" in note and "place" in note for note in prepared.notes)


def test_real_units_by_region_shank_and_rate(shared_data):
    human = open_recording(shared_data / "human-mtl-task.nwb")
    table = human.unit_table.reset_index(drop=True)
    regions = table["region"].astype(str)
    wanted = sorted(set(regions))[0]
    found = chosen_units(UnitSelection(where=(UnitRule(column="region", one_of=(wanted,)),)), human)
    assert found == tuple(np.array(human.unit_names)[(regions == wanted).to_numpy()])
    rates = np.array([((s.t >= 0) & (s.t <= 1e9)).sum() for s in human.spikes.values()]) / human.duration
    both = UnitSelection(min_rate=1.0, max_rate=5.0, where=(UnitRule(column="region", one_of=(wanted,)),))
    assert chosen_units(both, human) == tuple(
        np.array(human.unit_names)[(regions == wanted).to_numpy() & (rates >= 1) & (rates <= 5)]
    )
    shanks = open_recording(shared_data / "A2929-neurosuite")
    second = chosen_units(UnitSelection(where=(UnitRule(column="shank", at_least=2),)), shanks)
    assert second == tuple(name for name in shanks.unit_names if name.startswith("2-"))
    reasons = excluded_units(UnitSelection(where=(UnitRule(column="shank", one_of=("2",)),)), shanks)
    assert set(reasons.values()) == {"shank not 2"}
    counts = open_recording(shared_data / "head-direction-npz")
    assert chosen_units(UnitSelection(min_rate=10), counts) == ("7", "16")


def test_the_command_line_applies_the_rules_and_epochs_of_a_file(shared_data, tmp_path, capsys):
    from glmengine.cli.main import main

    (tmp_path / "a.toml").write_text(
        """
format_version = 1

[units]
min_rate = 4.0

[[units.where]]
column = "shank"
one_of = ["1"]

[time]
bin_size = 0.05
epochs = ["early, without a part"]

[[derived]]
kind = "drawn_epochs"
name = "early"
intervals = [[0.0, 100.0]]

[[derived]]
kind = "drawn_epochs"
name = "a part"
intervals = [[20.0, 30.0]]

[[derived]]
kind = "combined_epochs"
name = "early, without a part"
epochs = ["early"]

[[derived.steps]]
op = "without"
epochs = ["a part"]

[[terms]]
kind = "history"
[terms.basis]
family = "raised_cosine_log"
n = 3
window = 0.5

[model]
strengths = [1e-3]

[validation]
folds = 0
"""
    )
    arguments = [
        "run",
        str(tmp_path / "a.toml"),
        "--recording",
        str(shared_data / "A2929-neurosuite"),
        "--out",
        str(tmp_path / "out"),
    ]
    assert main(arguments) == 0
    scores = pd.read_csv(tmp_path / "out" / "scores.csv")
    assert list(scores["unit"].astype(str)) == ["1-2", "1-3", "1-4", "1-5", "1-6", "1-7", "1-8"]
    assert scores["n_bins"].max() <= 1800
    bad = (tmp_path / "a.toml").read_text().replace('"shank"', '"region"')
    (tmp_path / "a.toml").write_text(bad)
    capsys.readouterr()
    assert main(arguments) == 1
    assert "the table of units has no column 'region'; it has: shank, cluster" in capsys.readouterr().err
