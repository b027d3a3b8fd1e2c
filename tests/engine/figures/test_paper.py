"""Figures as files, read by other programs: sizes, fonts, text, maps as pixels, and whence the numbers are."""

from __future__ import annotations

import dataclasses
import re
import shutil
import subprocess
import warnings
from xml.etree import ElementTree

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text
from PIL import Image

import glmengine as ge
from glmengine.errors import GlmError
from glmengine.figures import Page, Style, draw, picture, save_figure
from glmengine.figures.drawing import RATE, Axis, Curve, Images, Lines
from glmengine.figures.drawing import Image as Field
from glmengine.figures.drawn import draw_drawing
from glmengine.figures.fonts import fonts_of_other_scripts
from glmengine.figures.marks import short_name
from glmengine.figures.style import ALWAYS_THERE

SVG = "{http://www.w3.org/2000/svg}"


def said_by(program, *arguments):
    """What a program of poppler says."""
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed (poppler-utils)")
    return subprocess.run([program, *map(str, arguments)], capture_output=True, text=True, check=True).stdout


@pytest.fixture(scope="module")
def files(small_result, small_recording, tmp_path_factory):
    """One page of a unit, 123.4 x 98.7 mm, in every format."""
    folder = tmp_path_factory.mktemp("paper")
    figure = draw(small_result, "unit", "place", recording=small_recording, page=Page(width=123.4, height=98.7))
    for ending in ("pdf", "svg", "png", "tiff"):
        save_figure(figure, folder / f"page.{ending}", dpi=200)
    return folder


def test_a_pdf_has_the_size_that_was_asked_to_a_tenth_of_a_millimetre(files):
    width, height = map(
        float, re.search(r"Page size:\s+([\d.]+) x ([\d.]+) pts", said_by("pdfinfo", files / "page.pdf")).groups()
    )
    assert width / 72 * 25.4 == pytest.approx(123.4, abs=0.1)
    assert height / 72 * 25.4 == pytest.approx(98.7, abs=0.1)


def test_fonts_of_a_pdf_are_embedded_and_its_text_is_text(files):
    lines = said_by("pdffonts", files / "page.pdf").splitlines()[2:]
    assert lines
    for line in lines:
        assert "TrueType" in line
        assert line.split()[-5] == "yes", "embedded"
    text = said_by("pdftotext", files / "page.pdf", "-")
    for word in ("head_direction (rad)", "time (s)", "predicted"):
        assert word in text


def test_maps_are_pixels_and_all_else_is_vector(files, small_result):
    tree = ElementTree.parse(files / "page.svg")
    root = tree.getroot()
    assert float(root.get("width").removesuffix("pt")) / 72 * 25.4 == pytest.approx(123.4, abs=0.1)
    assert float(root.get("height").removesuffix("pt")) / 72 * 25.4 == pytest.approx(98.7, abs=0.1)
    texts = {"".join(one.itertext()).strip() for one in tree.iter(f"{SVG}text")}
    assert "head_direction (rad)" in texts
    images = list(tree.iter(f"{SVG}image"))
    assert 2 <= len(images) <= 8, "data, model and coupling, and colour bars"
    assert len(list(tree.iter(f"{SVG}path"))) > 20


def test_pixels_have_the_resolution_that_was_asked(files):
    for ending in ("png", "tiff"):
        with Image.open(files / f"page.{ending}") as image:
            assert image.width / 200 * 25.4 == pytest.approx(123.4, abs=0.13)  # a pixel is 0.127 mm wide
            assert image.height / 200 * 25.4 == pytest.approx(98.7, abs=0.13)
            assert round(float(image.info["dpi"][0])) == 200


def test_each_file_says_whence_its_numbers_are(files, small_result):
    analysis = small_result.provenance["analysis_sha256"]
    assert analysis in said_by("pdfinfo", files / "page.pdf")
    assert analysis in (files / "page.svg").read_text(encoding="utf-8")
    with Image.open(files / "page.png") as image:
        assert analysis in image.text["Description"]
        assert "seed" in image.text["Description"]
    with Image.open(files / "page.tiff") as image:
        assert analysis in str(image.tag_v2[270])


@pytest.mark.parametrize(
    "size", [{"width": 20.0}, {"width": 30.0}, {"width": 180.0, "height": 20.0}, {"width": 20.0, "height": 300.0}]
)
def test_a_page_without_room_for_the_figure_is_refused_and_not_cut(small_result, tmp_path, size):
    with pytest.raises(GlmError, match="no room for what it shows") as caught:
        save_figure(draw(small_result, "tuning", "place", page=Page(**size)), tmp_path / "small.pdf")
    assert caught.value.field == "width"
    assert not list(tmp_path.iterdir())
    save_figure(draw(small_result, "tuning", "place", page=Page(width=60.0, height=200.0)), tmp_path / "large.pdf")


def test_text_of_a_file_is_escaped_in_svg(small_result, tmp_path):
    curve = small_result.curves["head_direction"].assign_attrs(term='<script>alert("x")</script> & $more')
    from dataclasses import replace

    figure = draw(replace(small_result, curves={"a": curve}), "tuning", "hd")
    save_figure(figure, tmp_path / "f.svg")
    texts = ["".join(one.itertext()) for one in ElementTree.parse(tmp_path / "f.svg").iter(f"{SVG}text")]
    assert any('<script>alert("x")</script>' in text for text in texts)


def test_each_figure_is_a_function(small_result, small_recording):
    figure = ge.figures.tuning(small_result, "hd", term="head_direction", width=85, height=60, bands=False, data=False)
    np.testing.assert_allclose(figure.get_size_inches() * 25.4, (85, 60))
    (ax,) = figure.axes
    assert [line.get_label() for line in ax.lines] == ["model"]
    assert not ax.collections
    with pytest.raises(AttributeError, match="no attribute 'pie'"):
        ge.figures.pie(small_result)
    with pytest.raises(GlmError, match="width of 3 mm"):
        ge.figures.scores(small_result, width=3)


def test_a_style_comes_back_as_it_was_kept(tmp_path):
    style = Style(font_size=9.5, model="#123456", lines=("#111111", "#222222"), two_columns=170.0)
    style.save(tmp_path / "lab.toml")
    assert Style.load(tmp_path / "lab.toml") == style


def test_font_sizes_and_line_widths_are_those_of_the_style(small_result):
    style = Style(font_size=10.0, line_width=2.5, model="#123456")
    (ax,) = ge.figures.tuning(small_result, "hd", term="head_direction", style=style).axes
    assert ax.xaxis.label.get_size() == pytest.approx(10.0)
    line = next(line for line in ax.lines if line.get_label().startswith("model"))
    assert (line.get_linewidth(), line.get_color()) == (2.5, "#123456")


def test_colours_are_told_apart_by_colour_blind_readers():
    """Machado, Oliveira and Fernandes (2009), severity 1: any two colours of lines stay apart, by colour or by lightness."""
    from matplotlib.colors import to_rgb

    protan = np.array([[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]])
    deutan = np.array([[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]])
    style = Style()
    colours = np.array([to_rgb(one) for one in style.lines])
    for seen in (protan, deutan):
        there = np.clip(colours @ seen.T, 0, 1)
        apart = np.linalg.norm(there[:, None] - there[None], axis=2)
        assert apart[np.triu_indices(len(there), 1)].min() > 0.1
    assert len({style.line(number) for number in range(len(style.lines))}) == len(style.lines)


def test_maps_side_by_side_have_their_own_titles_below_that_of_the_figure():
    from glmengine.figures.drawing import Axis, Images
    from glmengine.figures.drawing import Image as Map
    from glmengine.figures.drawn import draw_drawing
    from glmengine.figures.page import Page

    x = np.arange(4.0)
    maps = [Map(title, x, x, np.ones((4, 4))) for title in ("data", "model")]
    axes = (Axis("x", "cm"), Axis("y", "cm"), Axis("rate", "Hz"))
    figure = draw_drawing(Images("place", "place: data and model", *axes, maps))
    assert figure.get_suptitle() == "place: data and model"
    assert [ax.get_title() for ax in figure.axes[:2]] == ["data", "model"]
    alone = draw_drawing(Images("place", "place", *axes, maps[:1]))
    assert alone.get_suptitle() == ""
    assert alone.axes[0].get_title() == "place: data"
    assert draw_drawing(Images("place", "place", *axes, maps), Page(title=False)).get_suptitle() == ""


def maps(*names, levels=None):
    """Maps side by side, true to scale."""
    x = np.linspace(-40, 40, 9)
    images = [Field(name, x, x, np.outer(x, x)) for name in names]
    place = (Axis("position.x", "cm"), Axis("position.y", "cm"), RATE)
    return Images("map", "position.x x position.y: data and model", *place, images, equal=True, levels=levels)


def written_in(figure):
    return [text.get_text() for text in figure.findobj(Text)]


def test_a_figure_names_its_recording_and_unit_where_titles_are_shown():
    asked = Page(width=85.0, source="day 3, unit 7")
    figure = draw_drawing(maps("data", "model"), asked)
    assert figure.get_suptitle().splitlines()[0] == "day 3, unit 7"
    assert "position.x × position.y: data and model" in figure.get_suptitle().replace("\n", " ")
    curve = draw_drawing(Lines("a", "a x b: rate", RATE, RATE, [Curve("", np.arange(3.0), np.arange(3.0))]), asked)
    assert curve.get_suptitle() == "day 3, unit 7"
    assert curve.axes[0].get_title() == "a × b: rate"
    without = draw_drawing(maps("data"), Page(source="day 3, unit 7", title=False))
    assert not without.get_suptitle()


def test_a_figure_says_which_parts_it_has_shown_or_not():
    x = np.arange(4.0)
    plain, whole = Curve("", x, x), [Curve("model", x, x, x - 1, x + 1), Curve("data", x, x, colour="data")]
    for shown in (True, False):
        page = Page(legend=shown, bands=shown, data=shown)
        assert draw_drawing(Lines("a", "t", RATE, RATE, [plain]), page).parts == {"title"}
        assert draw_drawing(maps("data", "model"), page).parts == {"title"}
        assert draw_drawing(Lines("a", "t", RATE, RATE, whole), page).parts >= {"title", "bands", "data"}
    assert "legend" in draw_drawing(Lines("a", "t", RATE, RATE, whole), Page()).parts


def test_maps_have_no_empty_stripe_below_their_title():
    low, high = (
        draw_drawing(maps("data", "model"), Page(width=85.0)),
        draw_drawing(maps("data", "model"), Page(width=85.0, height=52.0)),
    )
    for figure in (low, high):
        picture(figure, 100)
    assert high.get_figheight() * 25.4 == pytest.approx(52.0)
    assert low.get_figheight() < high.get_figheight() - 0.1
    renderer = low.canvas.get_renderer()
    top = max(ax.get_tightbbox(renderer).y1 for ax in low.axes)
    title = low._suptitle.get_window_extent(renderer).y0
    assert 0 < (title - top) / low.dpi < 0.25


def test_colours_that_end_below_the_values_say_so():
    figure = draw_drawing(maps("data", "model", levels=(-1000.0, 1000.0)), Page())
    (said,) = [" ".join(text.split()) for text in written_in(figure) if "1600" in text]
    assert said.endswith("down to -1600, up to 1600"), "in the label of the bar, where it is seen whose it is"
    assert len(said) > len("down to -1600, up to 1600")
    assert not any("up to" in text for text in written_in(draw_drawing(maps("data"), Page())))


@pytest.mark.parametrize("count", [4, 2, 1])
def test_a_map_that_keeps_its_scale_has_the_same_steps_both_ways(count):
    import xarray as xr

    from glmengine.figures.kinds.rate_map import draw_rate_map
    from glmengine.figures.layout import panels

    x = np.linspace(2.0, 98.0, 25)
    about = {"unit": "cm", "kind": "continuous"}
    rate = xr.DataArray(
        np.random.default_rng(0).uniform(0, 9, (25, 25)), {"x": ("x", x, about), "y": ("y", x, about)}, ("x", "y")
    )
    figure, axes = panels(count, size=(120.0, 40.0))
    draw_rate_map(axes[0], rate, title="map", text="rate (Hz)")
    picture(figure, 100)
    assert axes[0].get_aspect() == 1
    assert len(axes[0].get_xticks()) < 6
    np.testing.assert_array_equal(axes[0].get_xticks(), axes[0].get_yticks())


@pytest.mark.skipif(not fonts_of_other_scripts(), reason="no font with Chinese, Japanese or Korean letters is installed")
def test_names_in_other_scripts_are_no_empty_boxes(tmp_path, recwarn):
    x = np.linspace(0.0, 1.0, 5)
    name = "神経細胞 клетка"
    drawing = Lines("name", name, Axis("x"), RATE, [Curve(name, x, x)])
    save_figure(draw_drawing(drawing), tmp_path / "named.pdf")
    picture(draw_drawing(drawing))
    assert not [str(one.message) for one in recwarn if "missing from" in str(one.message)]
    assert "神経細胞" in said_by("pdftotext", tmp_path / "named.pdf", "-")


def test_other_scripts_come_after_the_fonts_of_the_style():
    families = Style(font=(ALWAYS_THERE,)).settings["font.family"]
    assert families == [ALWAYS_THERE, *fonts_of_other_scripts()]


@pytest.fixture(scope="module")
def long_names(small_analysis, small_recording):
    """A recording whose units have long names, one of them with dollars, and a fit of it."""
    names = ("cell of the day before " * 12, "x_" * 140 + "$a_$ \\frac$", "flat")
    recording = dataclasses.replace(small_recording, unit_names=tuple(map(str.strip, names)))
    analysis = small_analysis.with_(
        model=small_analysis.model.with_(strengths=(1e-3,)), validation=small_analysis.validation.with_(folds=0)
    )
    return recording, ge.run(analysis, recording)


def test_a_long_name_of_a_unit_leaves_room_for_what_is_drawn(long_names):
    recording, result = long_names
    for kind in ("unit", "scores", "raster"):
        for unit in result.units[: 2 if kind == "unit" else 1]:
            figure = draw(result, kind, unit, recording=recording)
            with warnings.catch_warnings():
                warnings.simplefilter("error")  # a panel without room is a warning of Matplotlib's
                assert picture(figure, 72)
            renderer = FigureCanvasAgg(figure).get_renderer()
            titles = [figure._suptitle, *(ax.title for ax in figure.axes), *(ax._left_title for ax in figure.axes)]
            for title in filter(None, titles):
                if title.get_text():
                    box = title.get_window_extent(renderer)
                    assert box.width < 1.02 * figure.bbox.width, f"{kind}: {title.get_text()}"
            for ax in figure.axes:
                assert ax.get_position().width > 0.05, kind
                assert ax.get_position().height > 0.05, kind


def test_a_name_at_a_tick_is_cut_in_its_middle_and_keeps_its_dollars():
    assert short_name("day 12, probe 3, shank 2, unit 17 (good)", 21) == "day 12, pr\u2026 17 (good)"
    assert short_name("speed") == "speed"
    assert short_name("gain ($)") == "gain (\\$)"  # as Matplotlib wants a dollar that begins no formula
