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
