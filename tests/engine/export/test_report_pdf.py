"""The report as PDF, read by poppler: the same content as the page, fonts inside, figures as vectors, nothing beyond the margins."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import replace

import numpy as np
import pytest

from glmengine.cli.main import main
from glmengine.context import CallbackContext
from glmengine.errors import Cancelled, GlmError
from glmengine.export import write_outputs
from glmengine.export.report import report_pdf, write_report
from glmengine.export.report.contents import report_parts
from glmengine.export.report.pdf import MARGIN, texts_of
from glmengine.figures import draw
from glmengine.figures.saving import rendered

NAMES = ("<script>alert(1)</script>", "=2+2", "\u03b1-\u0436 \u2192 e\u0301")


def said_by(program, *arguments):
    """What a program of poppler says."""
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed (poppler-utils)")
    return subprocess.run([program, *map(str, arguments)], capture_output=True, text=True, check=True).stdout


def run_together(text):
    return re.sub(r"\s+", "", text)


@pytest.fixture(scope="module")
def checked(small_result):
    """Names of units that a page could mistake, and more columns than a sheet is wide."""
    coords = {"unit": list(NAMES)}
    arrays = {name: getattr(small_result, name).assign_coords(coords) for name in ("scores", "coefficients")}
    terms = [f"term {number}" for number in range(14)]
    tests = small_result.tests.isel(term=np.zeros(14, int)).assign_coords(term=terms, **coords)
    return replace(small_result, **arrays, tests=tests, cv=None, coupling=None, curves={}, filters={})


@pytest.fixture(scope="module")
def report(checked, tmp_path_factory):
    path = tmp_path_factory.mktemp("report") / "report.pdf"
    figure = rendered(draw(checked, "scores"), ".pdf", 150)
    path.write_bytes(report_pdf(checked.analysis, checked, recording_name="Mäuse & Ratten", pictures={"scores": figure}))
    return path


def test_it_says_what_the_page_says(report, checked):
    shown = run_together(said_by("pdftotext", "-layout", report, "-"))
    raw = run_together(said_by("pdftotext", "-raw", report, "-"))
    for text in texts_of(report_parts(checked.analysis, checked, "Mäuse & Ratten", ["scores"])):
        for word in text.split():
            assert word in shown or word in raw, word
    for heading in ("Scores", "Is each term needed?", "What the bands mean", "Methods", "The analysis", "Made with"):
        assert run_together(heading) in shown


def test_it_says_of_itself_and_on_each_page_whence_the_numbers_are(report, checked):
    said = said_by("pdfinfo", report)
    analysis = checked.provenance["analysis_sha256"]
    assert analysis in said
    assert f"seed {checked.analysis.seed}" in said
    assert set(re.findall(r"Page size: +(.*)", said)) == {"595.28 x 841.89 pts (A4)"}
    pages = said_by("pdftotext", report, "-").rstrip("\f").split("\f")
    assert len(pages) == int(re.search(r"Pages: +(\d+)", said)[1])
    for number, page in enumerate(pages, start=1):
        assert analysis[:12] in page
        assert f"{number}/{len(pages)}" in run_together(page)


def test_fonts_are_inside_and_figures_are_vectors(report):
    fonts = said_by("pdffonts", report).splitlines()[2:]
    assert len(fonts) >= 4, "three of the text, and that of the figure"
    for line in fonts:
        assert "TrueType" in line
        assert line.split()[-5] == "yes", "embedded"
    assert len(said_by("pdfimages", "-list", report).splitlines()) == 2, "no pixels: the head of the list alone"
    assert "deviance explained on" in said_by("pdftotext", report, "-")


def test_nothing_lies_beyond_the_margins(report):
    words = re.findall(
        r'<word xMin="([-\d.]+)" yMin="([-\d.]+)" xMax="([-\d.]+)" yMax="([-\d.]+)"', said_by("pdftotext", "-bbox", report, "-")
    )
    places = np.array(words, np.float64)
    assert len(places) > 300
    edge = MARGIN / 25.4 * 72 - 1.0
    assert places[:, 0].min() >= edge
    assert places[:, 2].max() <= 595.28 - edge
    assert places[:, 1].min() >= edge
    assert places[:, 3].max() <= 841.89


def test_the_same_result_gives_the_same_report(report, checked):
    figure = rendered(draw(checked, "scores"), ".pdf", 150)
    again = report_pdf(checked.analysis, checked, recording_name="Mäuse & Ratten", pictures={"scores": figure})
    assert again == report.read_bytes()


def test_letters_that_no_font_has_are_counted_and_others_are_sought(small_analysis, tmp_path, monkeypatch):
    monkeypatch.setattr("glmengine.export.report.pdf_fonts.other_fonts", lambda: ())
    path = tmp_path / "report.pdf"
    path.write_bytes(report_pdf(small_analysis, recording_name="\u9f20 \u8111\x07.nwb"))
    text = " ".join(said_by("pdftotext", path, "-").split())
    assert "of \ufffd \ufffd .nwb in bins" in text
    assert "\ufffd stands for 2 letters that no font of the machine has" in text


def test_the_file_is_whole_or_not_there(checked, tmp_path):
    bare = replace(checked, tests=None)
    with pytest.raises(GlmError, match=r"ends with \.html or \.pdf"):
        write_report(bare, tmp_path / "report.doc", figures=False)
    for name, begins in (("r.pdf", b"%PDF-1.7"), ("r.html", b"<!doctype html>")):
        write_report(bare, tmp_path / name, figures=False)
        assert (tmp_path / name).read_bytes().startswith(begins)
        (tmp_path / name).write_bytes(b"mine")
        with pytest.raises(GlmError, match="exists already"):
            write_report(bare, tmp_path / name, figures=False)
        with pytest.raises(Cancelled):
            write_report(bare, tmp_path / name, replace=True, processes=1, context=CallbackContext(cancelled=lambda: True))
        assert (tmp_path / name).read_bytes() == b"mine"
    assert {path.name for path in tmp_path.iterdir()} == {"r.pdf", "r.html"}


def test_the_commands(small_result, tmp_path, capsys):
    bare = replace(small_result, cv=None, coupling=None, tests=None, curves={}, filters={})
    bare.save(tmp_path / "result.nc")
    out = tmp_path / "report.pdf"
    arguments = ["report", str(tmp_path / "result.nc"), "--out", str(out)]
    assert main(arguments) == 0
    assert "deviance explained on" in said_by("pdftotext", out, "-"), "with its figures"
    assert main(arguments) == 1
    assert "exists already; choose another name, or replace it with --force" in capsys.readouterr().err
    assert main([*arguments, "--force", "--no-figures"]) == 0
    folder = tmp_path / "out"
    written = write_outputs(bare, folder, formats=("svg",), pdf=True)
    assert {folder / "report.html", folder / "report.pdf"} < set(written)
    assert {path.suffix for path in (folder / "figures").iterdir()} == {".svg"}
    write_outputs(bare, folder, figures=False)
    assert not (folder / "report.pdf").exists(), "it would be that of an earlier result"
