"""Figures for paper: every kind is drawn, text stays text, files are written whole, and nothing global is touched."""

from __future__ import annotations

import io
import re
import zlib
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from matplotlib.image import imread

import glmengine as ge
from glmengine.errors import GlmError
from glmengine.figures import KINDS, Page, available, draw, picture, save_figure
from glmengine.figures.band_reach import height_of, seen_height
from glmengine.figures.drawing import Axis, Curve, Lines
from glmengine.figures.drawn import draw_drawing
from glmengine.figures.kinds.rates import rate_stretch
from glmengine.recording.described.occupancy import visited
from glmengine.selection.select import compare_models


@pytest.fixture(scope="module")
def whole_result(small_result, small_recording):
    """The small result with all that is drawn of checks kept in it."""
    checked = small_result.with_goodness(small_result.goodness(small_recording))
    checked = checked.with_simulated(small_result.simulate_and_compare(small_recording, 4))
    compared = compare_models(
        small_result.analysis, small_recording, {"direction": ["head_direction"], "all": ["head_direction", "place"]}
    )
    filters = {**checked.filters, "reward": _kernel(checked, "condition", ["left", "right"])}
    filters["scene"] = _kernel(checked, "channel", [f"row {i // 4}, column {i % 4}" for i in range(12)], shape=(3, 4))
    return replace(checked, selection=replace(compared, path=_group_path(result=checked)), filters=filters)


def _group_path(result):
    """Two terms of each unit that come in one after another as the penalty weakens."""
    import xarray as xr

    strengths, units = np.logspace(-1, -3, 9), list(result.units)
    norm = np.maximum(np.arange(9)[:, None] - np.array([2, 5]), 0) * np.ones((len(units), 1, 1))
    score = -1.0 - 0.01 * (np.arange(9) - 6.0) ** 2 * np.ones((len(units), 1))
    arrays = {
        "norm": (("unit", "strength", "term"), norm),
        "log_likelihood": (("unit", "strength"), score),
        "log_likelihood_error": (("unit", "strength"), np.full_like(score, 0.02)),
        "chosen_strength": ("unit", np.full(len(units), strengths[5])),
    }
    return xr.Dataset(arrays, {"unit": units, "strength": strengths, "term": ["head_direction", "place"]})


def _kernel(result, dim, names, **attributes):
    """Filters of every unit over lags for each of `names`."""
    import xarray as xr

    lags = np.arange(10) * 0.02
    values = np.sin(20 * lags)[None, None] * np.linspace(-1, 1, len(names))[None, :, None] * np.ones((len(result.units), 1, 1))
    arrays = {
        name: (("unit", dim, "lag_s"), values + shift, {"unit": "log rate per event"})
        for name, shift in (("filter", 0.0), ("low", -0.2), ("high", 0.2))
    }
    coords = {"unit": list(result.units), dim: names, "lag_s": ("lag_s", lags, {"long_name": "time since", "unit": "s"})}
    return xr.Dataset(arrays, coords, {"term": dim, **attributes})


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_in_every_format(kind, whole_result, small_recording, tmp_path):
    figure = draw(whole_result, kind, "place", recording=small_recording)
    for ending, head in {"pdf": b"%PDF", "svg": b"<?xml", "png": b"\x89PNG"}.items():
        path = tmp_path / f"figure.{ending}"
        save_figure(figure, path, dpi=60)
        assert path.read_bytes().startswith(head)
        assert path.stat().st_size > 2000


def test_text_stays_text_in_svg_and_pdf(small_result, tmp_path):
    figure = draw(small_result, "tuning", "place")
    save_figure(figure, tmp_path / "f.svg")
    assert "head_direction (rad)" in (tmp_path / "f.svg").read_text()
    save_figure(figure, tmp_path / "f.pdf")
    content = (tmp_path / "f.pdf").read_bytes()
    assert b"/Type3" not in content
    streams = list(re.findall(rb"stream\r?\n(.*?)endstream", content, re.S))
    text = b"".join(zlib.decompress(part) for part in streams if part[:1] == b"x")
    assert b"BT" in text


def test_the_same_figure_is_the_same_bytes(small_result, tmp_path):
    for name in ("a", "b"):
        for ending in ("pdf", "svg", "png"):
            save_figure(draw(small_result, "filter", "hd"), tmp_path / f"{name}.{ending}", dpi=50)
    for ending in ("pdf", "svg", "png"):
        assert (tmp_path / f"a.{ending}").read_bytes() == (tmp_path / f"b.{ending}").read_bytes()


def test_a_curve_shows_the_numbers_of_the_result(small_result):
    figure = draw(small_result, "tuning", "hd", term="head_direction")
    lines = {line.get_label(): line.get_xydata() for line in figure.axes[0].lines}
    curve = small_result.curves["head_direction"].sel(unit="hd")
    np.testing.assert_array_equal(lines["data"][:, 1], curve["data_hz"])
    np.testing.assert_array_equal(lines["model, 95 %"][:, 1], curve["tuning_hz"])


def test_a_bin_that_was_hardly_visited_does_not_flatten_a_tuning_curve(small_result):
    curve = small_result.curves["head_direction"].copy(deep=True)
    plain = draw(small_result, "tuning", "hd", term="head_direction").axes[0].get_ylim()[1]
    curve["tuning_high"][:, 0] = curve["data_hz"][:, 0] = 1000.0
    seen = draw(replace(small_result, curves={"head_direction": curve}), "tuning", "hd").axes[0].get_ylim()[1]
    assert seen > 1000
    curve["occupancy_s"][0] = 0.01
    result = replace(small_result, curves={"head_direction": curve})
    assert draw(result, "tuning", "hd").axes[0].get_ylim()[1] < 1.2 * plain
    assert draw(result, "units").axes[list(result.units).index("hd")].get_ylim()[1] < 1.2 * plain


def test_points_that_say_little_run_out_of_a_picture_only_where_they_would_flatten_it():
    x, y = np.arange(4.0), np.array([4.0, 5.0, 6.0, 33.0])
    error = np.array([1.0, 1.0, 1.0, 33.0])
    settled = np.array([True, True, True, False])

    def height(values, settled=settled, cut_bands=False):
        return height_of([Curve("", x, values, values - error, values + error, settled=settled)], cut_bands=cut_bands)

    assert height(y, None) is None
    assert height(y) == pytest.approx((0.0, 7.35))
    assert height(y, cut_bands=True) == pytest.approx((0.0, 7.35))
    error[3] = 1.0
    assert height(np.array([4.0, 5.0, 6.0, 8.0])) is None, "a little beyond the others it is seen"
    assert height(y, np.zeros(4, bool)) is None
    drawing = Lines("rate", "Rate", Axis("speed"), Axis("rate", "Hz"), [Curve("", x, y, look="steps", settled=settled)])
    ax = draw_drawing(drawing).axes[0]
    assert ax.get_ylim()[1] < 7
    sure, faint = (line.get_ydata() for line in ax.lines)
    assert np.array_equal(sure, [4, 5, 6, np.nan], equal_nan=True)
    assert np.array_equal(faint, [np.nan, np.nan, np.nan, 33], equal_nan=True)
    assert ax.lines[1].get_alpha() < 0.5


def test_bins_are_hardly_visited_that_hold_a_hundredth_of_the_time_together():
    assert visited(np.array([10.0, 30.0, 10.0, 0.2, 0.1, 0.0])).tolist() == [True, True, True, False, False, False]
    resting = np.array([500.0, *[8.0] * 20])
    assert visited(resting).all(), "an animal that rests most of the time runs all the same"
    assert visited(np.full((2, 3), 5.0)).all()
    assert not visited(np.zeros(3)).any()


def test_a_band_far_above_its_curve_runs_out_of_the_picture(small_result):
    assert seen_height([[1.0, 2.0]], [[0.5, 1.0], [3.0, 6.0]]) is None, "a usual band is seen whole"
    assert seen_height([[1.0, np.nan], [2.0]], [[0.5, np.nan], [3.0, 6e41]]) == (0.5, 6.0)
    assert seen_height([[-1.0, 0.5]], [[-np.inf], [0.7]]) == (-3.0, 0.7)
    assert seen_height([[0.0]], [[5.0]]) is None
    curve = small_result.curves["head_direction"].copy(deep=True)
    curve["tuning_high"][:, 3] = curve["effect_high"][:, 3] = 6e41
    result = replace(small_result, curves={"head_direction": curve})
    for kind, options in (("tuning", {}), ("tuning", {"effect": True}), ("polar", {}), ("units", {})):
        figure = draw(result, kind, None if kind == "units" else "hd", **options)
        middle = curve["effect_hz" if options else "tuning_hz"].sel(unit="hd")
        most = float(max(middle.max(), curve["data_hz"].sel(unit="hd").max()))
        low, high = figure.axes[list(result.units).index("hd") if kind == "units" else 0].get_ylim()
        assert low == 0.0, kind
        assert 2.9 * most < high < 5 * most, kind


def test_a_field_shows_data_and_model_on_one_scale(small_result):
    figure = draw(small_result, "tuning", "place", term="place")
    images = [ax.collections[0] for ax in figure.axes[:2]]
    assert images[0].get_clim() == images[1].get_clim()
    np.testing.assert_array_equal(
        np.ma.filled(images[1].get_array(), np.nan), small_result.curves["place"]["tuning_hz"].sel(unit="place").values.T
    )


def test_rates_keep_the_mean(small_result, small_recording):
    times, predicted, observed = rate_stretch(small_result, "hd", small_recording, start=20.0, seconds=80.0, smoothing=0.5)
    assert len(times) == len(predicted) == len(observed) == 4000
    assert np.nanmean(predicted) == pytest.approx(observed.mean(), rel=0.15)
    assert np.corrcoef(predicted[np.isfinite(predicted)], observed[np.isfinite(predicted)])[0, 1] > 0.5


def test_the_stretch_shown_is_the_busiest(small_result, small_recording):
    from glmengine.analysis.time_grid import make_grid
    from glmengine.figures.kinds.rates import busiest

    start = busiest(make_grid(small_result.analysis.time, small_recording), small_recording, "place", 10.0)
    spikes = small_recording.spikes[1].t
    found = ((spikes >= start) & (spikes < start + 10.0)).sum()
    assert found == max(((spikes >= t) & (spikes < t + 10.0)).sum() for t in np.arange(0.0, 120.0, 0.02))


def test_only_what_is_there_is_offered(small_result):
    from dataclasses import replace

    bare = replace(small_result, filters={}, coupling=None, cv=None)
    assert available(bare) == ["unit", "tuning", "polar", "rates", "scores", "units", "basis", "design", "raster"]
    for kind in ("filter", "coupling", "cross_validation"):
        with pytest.raises(GlmError, match=r"add|folds"):
            draw(bare, kind, "hd")


def test_wrong_names_are_refused(small_result, tmp_path):
    with pytest.raises(GlmError, match="kinds are"):
        draw(small_result, "pie", "hd")
    with pytest.raises(GlmError, match="no unit 'x'"):
        draw(small_result, "tuning", "x")
    with pytest.raises(GlmError, match="name it"):
        draw(small_result, "tuning")
    with pytest.raises(GlmError, match="need the recording"):
        draw(small_result, "rates", "hd")
    with pytest.raises(GlmError, match=r"\.pdf, \.svg, \.png"):
        save_figure(draw(small_result, "scores"), tmp_path / "f.bmp")
    with pytest.raises(GlmError, match="cannot be written"):
        save_figure(draw(small_result, "scores"), tmp_path / "no" / "f.pdf")


def test_drawing_leaves_matplotlib_as_it_was(small_result):
    import matplotlib as mpl

    before = dict(mpl.rcParams)
    picture(draw(small_result, "unit", "hd"))
    assert dict(mpl.rcParams) == before
    pyplot = __import__("sys").modules.get("matplotlib.pyplot")
    assert pyplot is None or not pyplot.get_fignums()


def test_a_spike_at_the_end_of_a_stretch_is_not_seen_as_going_on(small_result, small_recording):
    """The mean of the observed rate is that of the spikes, also where the stretch begins and ends with one."""
    spikes = small_recording.spikes[1].t
    start = float(spikes[len(spikes) // 2]) - 1e-4
    inside = spikes[(spikes >= start) & (spikes < start + 5.0)]
    seconds = 0.02 * np.ceil((float(inside[-1]) - start) / 0.02)
    _, _, observed = rate_stretch(small_result, "place", small_recording, start=start, seconds=seconds, smoothing=0.1)
    counts = len(inside) / seconds
    assert np.nanmean(observed) == pytest.approx(counts, rel=0.1)
    width = 0.1 / 0.02
    one = 1 / (0.02 * width * np.sqrt(2 * np.pi))  # the height of one smoothed spike
    near = (inside > inside[-1] - 0.3).sum()
    assert observed[-1] <= 2.05 * one * near


def _many(result, n):
    """The result as if it had `n` units, coupled."""
    from dataclasses import replace

    import xarray as xr

    names = [f"probe-a {number}" for number in range(n)]
    take = {"unit": np.arange(n) % len(result.units)}
    rng = np.random.default_rng(0)
    strength = rng.normal(size=(n, n))
    np.fill_diagonal(strength, np.nan)
    coupling = xr.Dataset(
        {
            "strength": (("unit", "source"), strength, {"unit": "log rate per spike"}),
            "p": (("unit", "source"), rng.random((n, n))),
        },
        {"unit": names, "source": names},
        {"term": "coupling"},
    )
    scores, coefficients = (found.isel(take).assign_coords(unit=names) for found in (result.scores, result.coefficients))
    return replace(result, scores=scores, coefficients=coefficients, coupling=coupling), names


@pytest.mark.parametrize("n", [1, 2, 100])
def test_all_units_are_named_and_no_label_is_cut_or_overlaps(n, small_result):
    result, names = _many(small_result, n)
    for kind in ("coupling", "scores"):
        figure = draw(result, kind)
        picture(figure, dpi=100)
        ax = figure.axes[0]
        labels = [label for label in ax.get_xticklabels() if label.get_text()]
        assert sorted(label.get_text() for label in labels) == sorted(names)
        boxes = sorted((label.get_window_extent() for label in labels), key=lambda box: box.x0)
        assert all(left.x1 <= right.x0 + 1.5 for left, right in pairwise(boxes))
        titles = [part for axes in figure.axes for part in (axes.title, axes.xaxis.label, axes.yaxis.label)]
        for text in (*labels, *titles, *figure.texts):
            box = text.get_window_extent()
            if text.get_text():
                assert min(box.x0, box.y0) >= -1, text
                assert box.x1 <= figure.bbox.x1 + 1, text
                assert box.y1 <= figure.bbox.y1 + 1, text


def test_what_is_not_in_the_model_does_not_look_like_zero(small_result):
    result, _ = _many(small_result, 3)
    image = draw(result, "coupling").axes[0].images[0]
    assert image.cmap(np.ma.masked_invalid([np.nan]))[0].tolist() != image.cmap(0.5)


def test_many_strengths_keep_their_labels_apart(small_result):
    from dataclasses import replace

    import xarray as xr

    strengths = np.logspace(-8, 2, 31)
    scores = xr.DataArray(
        -np.abs(np.random.default_rng(0).normal(size=(3, 31, len(small_result.units)))),
        {"fold": [0, 1, 2], "strength": strengths, "unit": list(small_result.units)},
        ("fold", "strength", "unit"),
    )
    figure = draw(replace(small_result, cv=xr.Dataset({"scores": scores})), "cross_validation")
    picture(figure)
    boxes = [label.get_window_extent() for label in figure.axes[0].get_xticklabels()]
    assert 5 <= len(boxes) <= 11
    assert all(left.x1 <= right.x0 for left, right in pairwise(boxes))


@pytest.mark.parametrize("start", [-50.0, 110.0, 119.9, 500.0])
def test_rates_are_drawn_inside_the_recording_only(start, small_result, small_recording):
    times, predicted, observed = rate_stretch(small_result, "hd", small_recording, start=start, seconds=20.0)
    assert len(times) == len(predicted) == len(observed) == 1000
    assert times[0] >= 0.0
    assert times[-1] <= 120.0
    times, _, _ = rate_stretch(small_result, "hd", small_recording, start=0.0, seconds=1e4)
    assert len(times) == 6000


def test_nothing_is_called_observed_where_nothing_was_recorded(small_result, small_recording):
    from dataclasses import replace

    import pynapple as nap

    torn = nap.IntervalSet([0.0, 60.0], [50.0, 120.0])
    recording = replace(small_recording, epochs={**small_recording.epochs, "all": torn})
    times, _, observed = rate_stretch(small_result, "hd", recording, start=45.0, seconds=20.0)
    hole = (times > 50.0) & (times < 60.0)
    assert np.isnan(observed[hole]).all()
    assert np.isfinite(observed[~hole]).all()


def test_a_narrow_page_holds_its_title_and_its_legend(small_result, small_recording):
    """One panel above the rates: the title of the page fits, and that of the rates lies beside the legend."""
    from dataclasses import replace

    curves = {"head_direction": small_result.curves["head_direction"]}
    one = replace(small_result, curves=curves, filters={}, coupling=None, cv=None)
    figure = draw(one, "unit", "hd", recording=small_recording)
    picture(figure)
    title = figure._suptitle.get_window_extent()
    assert title.x0 >= 0
    assert title.x1 <= figure.bbox.x1
    rates = figure.axes[-1]
    assert rates._left_title.get_window_extent().x1 <= rates.get_legend().get_window_extent().x0


def test_long_names_of_terms_and_categories_are_folded_not_cut(small_result):
    """Nothing written in a panel reaches into the next or beyond the page."""
    from dataclasses import replace

    long = "position.x x position.y x head_direction in Wednesday morning, a rather large open field: head_direction"
    curve = small_result.curves["head_direction"].assign_attrs(term=long)
    names = ["Monday morning, open field", "Tuesday", "Mittwoch, Länge und Höhe des Feldes im Dunkeln"]
    sessions = curve.isel(head_direction=[0, 1, 2]).rename(head_direction="session").assign_coords(session=[0.0, 1.0, 2.0])
    sessions["session"].attrs.update(unit="", long_name="session", names="\n".join(names))
    result = replace(small_result, curves={"a": curve, "b": sessions, "c": curve, "d": sessions})
    figure = draw(result, "tuning", "hd")
    picture(figure)
    titles = [axes.title.get_window_extent() for axes in figure.axes]
    assert all(box.x0 >= 0 and box.x1 <= figure.bbox.x1 and box.y1 <= figure.bbox.y1 for box in titles)
    first_row = sorted(titles[:3], key=lambda box: box.x0)
    assert all(left.x1 <= right.x0 for left, right in pairwise(first_row))
    ticks = [label.get_window_extent() for label in figure.axes[1].get_xticklabels()]
    assert len(ticks) == 3
    assert all(left.x1 <= right.x0 for left, right in pairwise(ticks))
    assert not any(line.get_linestyle() == "-" and len(line.get_xdata()) == 3 for line in figure.axes[1].lines)
    coupling = replace(small_result, coupling=small_result.coupling.assign_attrs(term=long))
    figure = draw(coupling, "coupling")
    picture(figure)
    box = figure.axes[0].title.get_window_extent()
    assert box.x0 >= 0
    assert box.x1 <= figure.bbox.x1


def test_a_group_path_shows_each_term_coming_in_and_the_strength_chosen(whole_result, small_result):
    norms, scores = draw(whole_result, "group_path", "hd").axes
    lines = {line.get_label(): line.get_ydata() for line in norms.get_lines()}
    path = whole_result.selection.path.sel(unit="hd")
    for name in ("head_direction", "place"):
        np.testing.assert_array_equal(lines[name], path["norm"].sel(term=name))
    assert norms.xaxis_inverted()
    assert scores.xaxis_inverted()
    assert float(path["chosen_strength"]) in [line.get_xdata()[0] for line in scores.get_lines()]
    assert "group_path" in available(whole_result)
    assert "group_path" not in available(small_result)
    with pytest.raises(GlmError, match="ask for the method group_path"):
        draw(small_result, "group_path", "hd")


OF_UNIT = ("unit", "tuning", "filter", "events", "receptive_field", "surrogates", "group_path")


@pytest.mark.parametrize("kind", [*OF_UNIT, "units", "basis", "coupling_graph", "comparison"])
def test_nothing_is_cut_off_in_one_column(kind, whole_result):
    figure = draw(whole_result, kind, "place" if kind in OF_UNIT else None, page=Page(width=85.0))
    picture(figure, dpi=72)
    drawn = figure.get_tightbbox()
    width, height = figure.get_size_inches()
    edge = 0.3 / 25.4
    assert drawn.x0 >= -edge
    assert drawn.y0 >= -edge
    assert drawn.x1 <= width + edge
    assert drawn.y1 <= height + edge


def test_the_labels_of_maps_to_scale_have_room_in_one_column(shared_data):
    """A map that keeps its scale is smaller than its place, and has other ticks than that would have."""
    splines, around = ge.basis.BSpline(n=8), ge.basis.CyclicBSpline(n=10)
    place = ge.CovariateTerm(factors=tuple(ge.Factor(variable=f"position.{axis}", basis=splines) for axis in "xy"))
    direction = ge.CovariateTerm(factors=(ge.Factor(variable="head_direction", basis=around),))
    analysis = ge.Analysis(time=ge.Time(bin_size=0.1), terms=(place, direction))
    result = ge.run(analysis, ge.open_recording(shared_data / "grid-cell-11207.nwb"))
    figure = draw(result, "tuning", result.units[0], page=Page(width=85.0))
    pixels = imread(io.BytesIO(picture(figure, dpi=150)))[..., :3]
    for edge in (pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]):
        assert (edge == 1.0).all(), "what stands at the edge is cut off"


def test_maps_of_one_unit_of_measure_are_to_scale_wherever_they_are_drawn(small_result):
    place = replace(
        small_result, curves={label: curve for label, curve in small_result.curves.items() if curve["data_hz"].ndim == 3}
    )
    maps = [ax for ax in draw(place, "units").axes if ax.images]
    maps += [ax for ax in draw(place, "basis").axes if ax.collections]
    assert len(maps) == len(place.units) + 1
    assert {ax.get_aspect() for ax in maps} == {1.0}
