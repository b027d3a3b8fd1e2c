"""Preferred values, depths, field centres and information against closed forms, and the tree of coupled units."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from glmengine.results.coupling_tree import coupling_matrix, coupling_tree
from glmengine.results.tuning_numbers import goes_round, tuning_numbers
from glmengine.results.unit_numbers import unit_numbers


def curve_of(
    rates: np.ndarray, *axes: tuple[str, str, np.ndarray], seconds: np.ndarray | None = None, unit: str = "Hz"
) -> xr.Dataset:
    names = [name for name, _, _ in axes]
    coords = {name: (name, x, {"unit": measure, "long_name": name}) for name, measure, x in axes}
    seconds = np.ones(rates.shape[1:]) if seconds is None else seconds
    return xr.Dataset(
        {"tuning_hz": (("unit", *names), rates, {"unit": unit}), "occupancy_s": (tuple(names), seconds)},
        {"unit": [f"u{at}" for at in range(len(rates))], **coords},
        {"term": "t"},
    )


ANGLES = (np.arange(48) + 0.5) * 2 * np.pi / 48


def test_an_angle_has_the_mean_direction_and_length_of_its_rates():
    rates = np.stack([5 * (1 + 0.6 * np.cos(ANGLES - preferred)) for preferred in (0.1, 3.0, 6.2)])
    found = tuning_numbers(curve_of(rates, ("direction", "rad", ANGLES)))
    np.testing.assert_allclose(found["preferred"], [0.1, 3.0, 6.2], atol=1e-9)
    np.testing.assert_allclose(found["vector_length"], 0.3, atol=1e-9)  # half the modulation of a cosine
    np.testing.assert_allclose(found["depth"], 0.6, atol=0.01)
    assert found["preferred"].attrs["circular"] == 1
    assert found["preferred"].attrs["unit"] == "rad"


def test_a_line_has_its_peak_and_a_flat_or_unknown_curve_none():
    x = np.linspace(0, 90, 10)
    rates = np.stack([np.exp(-((x - 40) ** 2) / 200), np.full(10, 3.0), np.full(10, np.nan)])
    rates[0, 0] = np.nan
    found = tuning_numbers(curve_of(rates, ("speed", "cm/s", x)))
    np.testing.assert_array_equal(found["preferred"], [40.0, np.nan, np.nan])
    np.testing.assert_array_equal(found["depth"][1:], [0.0, np.nan])
    assert found["information"].values[1] == 0
    assert "vector_length" not in found


def test_information_of_a_cell_that_fires_in_one_of_four_equal_parts_is_two_bits():
    rates = np.array([[0.0, 0.0, 8.0, 0.0]])
    found = tuning_numbers(curve_of(rates, ("place", "cm", np.arange(4.0))))
    assert found["information"].item() == pytest.approx(2.0)
    uneven = tuning_numbers(curve_of(rates, ("place", "cm", np.arange(4.0)), seconds=np.array([1.0, 1.0, 2.0, 0.0])))
    assert uneven["information"].item() == pytest.approx(1.0)


def test_a_field_has_the_centre_and_size_of_its_own_bins_alone():
    x = np.arange(0.5, 20, 1.0)
    xx, yy = np.meshgrid(x, x, indexing="ij")
    main, other = 10 * np.exp(-((xx - 6) ** 2 + (yy - 8) ** 2) / 8), 8 * np.exp(-((xx - 17) ** 2 + (yy - 17) ** 2) / 2)
    found = tuning_numbers(curve_of((main + other)[None], ("x", "cm", x), ("y", "cm", x)))
    np.testing.assert_allclose([found["centre_1"].item(), found["centre_2"].item()], [6, 8], atol=0.05)
    assert found["field_size"].item() == pytest.approx(np.pi * 8 * np.log(2), rel=0.15)
    assert found["field_size"].attrs["unit"] == "cm²"


def test_a_field_across_the_end_of_the_circle_is_one():
    x = np.arange(10.0)
    rates = np.exp(2 * np.cos(ANGLES - 0.05))[None, :] * np.exp(-((x[:, None] - 4) ** 2))
    found = tuning_numbers(curve_of(rates[None], ("x", "cm", x), ("phase", "rad", ANGLES)))
    assert np.angle(np.exp(1j * (found["centre_2"].item() - 0.05))) == pytest.approx(0, abs=0.05)
    assert found["centre_1"].item() == pytest.approx(4, abs=0.05)
    assert "field_size" not in found


def test_signals_have_no_information_and_no_depth_below_zero():
    rates = np.array([[-1.0, 0.0, 2.0]])
    found = tuning_numbers(curve_of(rates, ("x", "cm", np.arange(3.0)), unit="dF/F"))
    assert "information" not in found
    assert np.isnan(found["depth"].item())
    assert found["preferred"].item() == 2


def test_half_a_circle_does_not_go_round():
    assert goes_round(curve_of(np.ones((1, 48)), ("a", "rad", ANGLES))["a"])
    assert not goes_round(curve_of(np.ones((1, 24)), ("a", "rad", ANGLES[:24]))["a"])


@pytest.fixture(scope="module")
def result(small_recording):
    import glmengine as ge

    analysis = ge.Analysis.model_validate(
        {
            "time": {"bin_size": 0.05},
            "model": {"strengths": [1e-3]},
            "validation": {"folds": 2},
            "terms": [
                {
                    "kind": "covariate",
                    "factors": [{"variable": "head_direction", "basis": {"family": "cyclic_b_spline", "n": 6}}],
                },
                {"kind": "coupling", "basis": {"family": "raised_cosine_log", "n": 2, "window": 0.2}},
            ],
        }
    )
    return ge.run(analysis, small_recording)


def test_the_table_of_a_fit_joins_scores_tuning_coupling_and_the_recording(result, small_recording):
    table = unit_numbers(result, small_recording)
    assert list(table["unit"].values) == ["hd", "place", "flat"]
    preferred = table["head_direction: preferred"]
    assert preferred.sel(unit="hd").item() == pytest.approx(np.pi, abs=0.1)
    assert list(table["region"].values) == ["ADN", "CA1", "CA1"]
    np.testing.assert_array_equal(table["rate_hz"], result.scores["rate_hz"])
    assert table["rate_hz"].attrs["unit"] == "Hz"
    assert table["log_likelihood"].attrs["unit"] == "nats"
    strength = np.abs(np.nan_to_num(result.coupling["strength"].transpose("unit", "source").values))
    np.testing.assert_allclose(table["coupling_in"], strength.sum(axis=1))
    assert all("unit" in column.attrs and "long_name" in column.attrs for column in table.data_vars.values())


def test_the_matrix_is_from_the_row_to_the_column(result):
    names, values = coupling_matrix(result.coupling)
    strength = result.coupling["strength"]
    assert values[names.index("hd"), names.index("flat")] == strength.sel(source="hd", unit="flat").item()


def test_units_that_are_coupled_alike_are_neighbours_in_the_tree():
    values = np.zeros((6, 6))
    for group in ([0, 2, 4], [1, 3, 5]):
        values[np.ix_(group, group)] = 1.0 if group[0] else -1.0
    names = [f"u{at}" for at in range(6)]
    coupling = xr.Dataset({"strength": (("unit", "source"), values)}, {"unit": names, "source": names})
    tree = coupling_tree(coupling)
    halves = {frozenset(tree.units[:3]), frozenset(tree.units[3:])}
    assert halves == {frozenset({"u0", "u2", "u4"}), frozenset({"u1", "u3", "u5"})}
    root = tree.branches[-1]
    assert (root.first, root.last) == (0, 5)
    assert [branch.height for branch in tree.branches] == sorted(branch.height for branch in tree.branches)


def test_a_tree_of_one_unit_has_no_branch():
    coupling = xr.Dataset({"strength": (("unit", "source"), [[np.nan]])}, {"unit": ["a"], "source": ["a"]})
    assert coupling_tree(coupling).units == ("a",)
    assert coupling_tree(coupling).branches == ()
