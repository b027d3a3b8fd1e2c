"""What the selection finds in real recordings, of which it is known what is in them."""

from __future__ import annotations

import numpy as np
import pytest

import glmengine as ge


def covariate(name: str, *factors: tuple[str, str, int]) -> dict:
    made = [{"variable": variable, "basis": {"family": family, "n": n}} for variable, family, n in factors]
    return {"kind": "covariate", "name": name, "factors": made}


def question(bin_size: float, *terms: dict, **parts) -> ge.Analysis:
    time = {"bin_size": bin_size, **parts.pop("time", {})}
    return ge.Analysis.from_dict({"time": time, "terms": list(terms), "model": {"strengths": [1e-4, 1e-2]}, **parts})


SPEED = {"derived": [{"kind": "speed", "source": "position"}]}


@pytest.mark.parametrize("method", ["forward", "backward"])
def test_a_conjunctive_grid_cell_needs_position_and_head_direction(shared_data, method):
    recording = ge.open_recording(shared_data / "grid-cell-11207.nwb")
    analysis = question(
        0.1,
        covariate("speed", ("speed", "b_spline", 5)),
        covariate("head direction", ("head_direction", "cyclic_b_spline", 6)),
        covariate("position", ("position.x", "b_spline", 8), ("position.y", "b_spline", 8)),
        **SPEED,
    )
    found = ge.select_terms(analysis, recording, ge.Selection(method=method))
    if method == "forward":
        assert found.terms_of("0") == ("position", "head direction")
    assert set(found.terms_of("0")) == {"position", "head direction"}
    shares = found.contributions["unique"].sel(unit="0")
    assert float(shares.sel(term="position")) > 0.3
    assert 0.05 < float(shares.sel(term="head direction")) < 0.25
    assert abs(float(shares.sel(term="speed"))) < 0.01
    assert float(found.chosen["deviance_explained"].sel(unit="0")) > 0.4


def test_of_two_cells_on_a_track_one_has_a_place(shared_data, tmp_path):
    recipe = tmp_path / "track.toml"
    recipe.write_text(
        '[spikes]\ntimes = "spiketimes"\n[[covariates]]\nname = "position"\nvalues = ["X"]\ntimes = "t"\nunit = "cm"\n'
    )
    analysis = question(
        0.05,
        covariate("position", ("position", "b_spline", 8)),
        covariate("speed", ("speed", "b_spline", 5)),
        **SPEED,
    )
    for name, terms in {"kramer-untuned-cell": (), "kramer-place-cell": ("position",)}.items():
        recording = ge.open_recording(shared_data / "mat" / f"{name}.mat", recipe)
        found = ge.select_terms(analysis, recording)
        assert found.terms_of(found.units[0]) == terms, name


def test_of_35_human_units_two_at_most_follow_the_task(shared_data):
    recording = ge.open_recording(shared_data / "human-mtl-task.nwb")
    bumps = {"family": "b_spline", "n": 4}
    analysis = question(
        0.25,
        {"kind": "event", "name": "image", "events": "recognition_table.start", "after": 1.5, "basis": bumps},
        {
            "kind": "event",
            "name": "response",
            "events": "recognition_table.response_time",
            "before": 0.75,
            "after": 0.75,
            "basis": bumps,
        },
        time={"epochs": ["recognition_table"]},
        validation={"split": "trials", "grouped_by": "recognition_table"},
        model={"strengths": [1e-3]},
    )
    found = ge.select_terms(analysis, recording, ge.Selection(folds=12))
    chosen = [unit for unit in found.units if found.terms_of(unit)]
    assert len(found.units) == 35
    assert len(chosen) <= 2
    assert found.terms_of("28") == ("image",)
    assert any("so small a p comes by chance among 35 units" in note for note in found.notes)


def test_all_head_direction_cells_follow_direction_first(shared_data):
    recording = ge.open_recording(shared_data / "head-direction-npz")
    analysis = question(
        0.2,
        {"kind": "history", "name": "history", "basis": {"family": "raised_cosine_log", "n": 2, "window": 0.8}},
        covariate("direction", ("head_direction", "cyclic_b_spline", 6)),
        model={"strengths": [1e-4]},
    )
    found = ge.select_terms(analysis, recording)
    assert [found.terms_of(unit)[0] for unit in found.units] == ["direction"] * 19
    assert (found.chosen["q"] < 0.05).all()
    # no unit was called better for a worse score
    taken = found.steps["gain"].where(found.steps["taken"])
    assert float(np.nanmin(taken)) > 0


def test_a_place_cell_of_a_track_needs_its_place_though_the_map_is_of_the_box_around_it(shared_data):
    """Most of the map is hardly visited, and some of it in one fold alone."""
    recording = ge.open_recording(shared_data / "linear-track.nwb")
    place = covariate("place", ("position.x", "b_spline", 8), ("position.y", "b_spline", 8))
    analysis = question(0.1, place, covariate("speed", ("speed", "b_spline", 10)), **SPEED, units={"names": ["20"]})
    found = ge.explain(recording, analysis, shifts=0, simulations=0)
    assert found.units["terms"].item().startswith("place")
    held_out = found.selection.models["deviance_explained"].sel(model="place", unit="20")
    assert held_out.min() > -1.0  # no fold is foretold far worse than by the mean
    assert held_out.mean() > 0.15
