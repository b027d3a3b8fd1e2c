"""One figure of a result on the command line."""

from __future__ import annotations

import pytest

from glmengine.cli.main import main


@pytest.fixture(scope="module")
def result(small_result, tmp_path_factory):
    path = tmp_path_factory.mktemp("figure") / "result.nc"
    small_result.save(path)
    return str(path)


@pytest.mark.parametrize("more", [(), ("--effect",), ("--term", "place", "--effect"), ("--term", "head_direction")])
def test_a_figure_is_written_and_not_replaced(result, tmp_path, capsys, more):
    out = tmp_path / "tuning.png"
    arguments = ["figure", result, "tuning", "--unit", "place", "--out", str(out), *more]
    assert main(arguments) == 0
    assert out.read_bytes().startswith(b"\x89PNG")
    assert main(arguments) == 1
    assert "exists already" in capsys.readouterr().err
    assert main([*arguments, "--force"]) == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("nothing", "--out", "a.png"), "there is no figure 'nothing'"),
        (("tuning", "--out", "a.png"), "is of one unit"),
        (("tuning", "--unit", "u9", "--out", "a.png"), "no unit 'u9'"),
        (("tuning", "--unit", "hd", "--out", "a.gif"), "cannot be saved as '.gif'"),
        (("scores", "--effect", "--out", "a.png"), "--effect is of the figure 'tuning'"),
    ],
)
def test_what_cannot_be_drawn_is_said(result, tmp_path, monkeypatch, capsys, arguments, said):
    monkeypatch.chdir(tmp_path)
    assert main(["figure", result, *arguments]) == 1
    assert said in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_the_effect_of_a_term_is_not_its_counted_tuning(small_result):
    import numpy as np

    from glmengine.figures import draw

    drawn = draw(small_result, "tuning", "hd", term="head_direction", effect=True).axes[0]
    np.testing.assert_allclose(
        drawn.lines[0].get_ydata(), small_result.curves["head_direction"]["effect_hz"].sel(unit="hd").values
    )


def test_all_figures_are_named_and_those_of_a_result(result, capsys):
    from glmengine.figures import KINDS

    assert main(["figure", "--list"]) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == list(KINDS)
    assert main(["figure", result, "--list"]) == 0
    named = [line.split()[0] for line in capsys.readouterr().out.splitlines()]
    assert "tuning" in named
    assert "receptive_field" not in named
    assert main(["figure", result, "tuning"]) == 2


def test_a_style_file_and_sizes_in_millimetres(result, tmp_path):
    from PIL import Image

    style, out = tmp_path / "lab.toml", tmp_path / "hd.png"
    style.write_text('font_size = 9\nmodel = "#112233"\none_column = 88.0\n')
    arguments = ["figure", result, "tuning", "--unit", "hd", "--term", "head_direction", "--style", str(style), "--out", str(out)]
    assert main([*arguments, "--width", "one", "--height", "50", "--dpi", "254"]) == 0
    with Image.open(out) as image:
        assert image.size == (880, 500)
        colours = {colour for _, colour in image.convert("RGB").getcolors(1 << 20)}
    assert (0x11, 0x22, 0x33) in colours


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("model = 'greenish'", "is no colour"),
        ("font = ['Nothing Sans']", "none of the fonts Nothing Sans is installed"),
        ("line_width = -1", "line_width"),
        ("colour = 'red'", "unknown field 'colour'"),
        ("map = 'rainbows'", "no colour map"),
        ("font_size =", "not a TOML file"),
    ],
)
def test_a_wrong_style_file_says_which_field(result, tmp_path, capsys, text, said):
    style = tmp_path / "lab.toml"
    style.write_text(text)
    arguments = ["figure", result, "scores", "--style", str(style), "--out", str(tmp_path / "a.png")]
    assert main(arguments) == 1
    error = capsys.readouterr().err
    assert said in error
    assert "lab.toml" in error
    assert not (tmp_path / "a.png").exists()


@pytest.mark.parametrize("size", [("--width", "wide"), ("--width", "5"), ("--height", "99999"), ("--dpi", "0")])
def test_sizes_that_cannot_be_are_refused(result, tmp_path, capsys, size):
    assert main(["figure", result, "scores", "--out", str(tmp_path / "a.png"), *size]) == 1
    assert "give" in capsys.readouterr().err
    assert not (tmp_path / "a.png").exists()
