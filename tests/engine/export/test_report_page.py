"""The report in a browser: nothing from outside, text of files escaped, tables that sort, wide and narrow, light and dark, on paper."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import replace

import pytest
from PIL import Image

from glmengine.export.report import report_html
from glmengine.figures import draw, picture
from tests.clock import PATIENCE_S

CHROMIUM = next((found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), None)


@pytest.fixture(scope="module")
def report(small_result, tmp_path_factory):
    """Names of units that try to be HTML."""
    coords = {"unit": ["<script>document.title='taken'</script>", "=2+2", "c"]}
    arrays = {name: getattr(small_result, name).assign_coords(coords) for name in ("scores", "coefficients")}
    result = replace(small_result, **arrays, tests=None, cv=None, coupling=None, curves={}, filters={})
    pictures = {"scores": picture(draw(result, "scores"), 60)}
    path = tmp_path_factory.mktemp("report") / "report.html"
    text = report_html(result.analysis, result, recording_name='<img src="http://nowhere/x">', pictures=pictures)
    path.write_text(text, encoding="utf-8")
    return path


def browse(tmp_path, *arguments):
    if CHROMIUM is None:
        pytest.skip("no Chromium is installed")
    command = [
        CHROMIUM,
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        f"--user-data-dir={tmp_path / 'profile'}",
        *map(str, arguments),
    ]
    return subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=True).stdout


def test_nothing_comes_from_outside_and_the_head_says_whence_the_numbers_are(report, small_result):
    text = report.read_text(encoding="utf-8")
    assert not re.search(r'(?:src|href)="(?!data:)', text)
    assert "default-src 'none'" in text
    assert f'<meta name="analysis_sha256" content="{small_result.provenance["analysis_sha256"]}">' in text
    assert '<meta name="seed"' in text
    assert "<script>document.title" not in text
    assert "&lt;script&gt;document.title" in text


def test_tables_sort_in_a_browser(report, tmp_path):
    sorting = tmp_path / "sorting.html"
    press = "<script>document.querySelectorAll('th')[2].click(); document.querySelectorAll('th')[2].click();</script></body>"
    sorting.write_text(report.read_text(encoding="utf-8").replace("</body>", press), encoding="utf-8")
    shown = browse(tmp_path, "--dump-dom", sorting.as_uri())
    assert "<title>taken" not in shown
    table = shown[shown.index("<table") : shown.index("</table>")]
    assert 'aria-sort="descending"' in table
    rates = [float(row[2]) for row in (re.findall(r"<td[^>]*>(.*?)</td>", line) for line in table.split("<tr>")) if len(row) > 2]
    assert len(rates) == 3
    assert rates == sorted(rates, reverse=True)


@pytest.mark.parametrize("width", [1280, 390])
def test_a_page_is_drawn_on_wide_and_narrow_screens(report, tmp_path, width):
    measured = tmp_path / "measured.html"
    say = "<script>document.title = document.documentElement.scrollWidth - innerWidth;</script></body>"
    measured.write_text(report.read_text(encoding="utf-8").replace("</body>", say), encoding="utf-8")
    # a window of a browser cannot be as narrow as a telephone; a frame can
    outer = tmp_path / "outer.html"
    outer.write_text(f'<iframe width="{width}" height="800" src="{measured.as_uri()}"></iframe>')
    shot = tmp_path / "shot.png"
    browse(tmp_path, f"--screenshot={shot}", f"--window-size={width + 40},900", "--allow-file-access-from-files", outer.as_uri())
    with Image.open(shot) as image:
        assert len(image.convert("RGB").getcolors(1 << 22)) > 50
    if width == 1280:
        title = re.search(r"<title>(-?\d+)</title>", browse(tmp_path, "--window-size=1280,900", "--dump-dom", measured.as_uri()))
        assert int(title[1]) <= 0, "nothing is wider than the screen"


def test_a_report_prints(report, tmp_path):
    printed = tmp_path / "report.pdf"
    browse(tmp_path, f"--print-to-pdf={printed}", "--no-pdf-header-footer", report.as_uri())
    assert printed.read_bytes().startswith(b"%PDF")
    if shutil.which("pdftotext"):
        text = subprocess.run(["pdftotext", printed, "-"], capture_output=True, text=True, check=True).stdout
        assert "deviance explained" in text
        assert "<script>document.title" in text.replace("\n", "")
