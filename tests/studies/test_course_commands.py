"""The commands of each page of the course, run one after another in an empty folder, and the pictures that they draw set beside those of the page.

Fonts differ from machine to machine, so that pictures are compared in blocks of eight by eight pixels, and may be a few pixels wider or narrower.
"""

from __future__ import annotations

import re
import shlex

import matplotlib.image
import numpy as np
import pytest

from glmengine.analysis.templates import course
from glmengine.cli.main import main

PAGES = {lesson.name: lesson.page for lesson in course()}
BLOCK, NEAR, WIDER = 8, 0.05, 0.03


def coarse(path) -> np.ndarray:
    """Mean grey of each block of pixels."""
    grey = matplotlib.image.imread(path)[..., :3].mean(axis=-1)
    rows, columns = (size - size % BLOCK for size in grey.shape)
    return grey[:rows, :columns].reshape(rows // BLOCK, BLOCK, columns // BLOCK, BLOCK).mean(axis=(1, 3))


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("name", PAGES)
def test_the_commands_of_a_page_run_and_draw_its_pictures(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = PAGES[name].read_text(encoding="utf-8")
    for line in re.findall(r"^ {4}(glmengine .+)$", text, re.MULTILINE):
        assert main(shlex.split(line)[1:]) == 0, line
    for picture in re.findall(r"!\[[^\]]*\]\(([^)]+)\)", text):
        drawn, shown = coarse(tmp_path / picture), coarse(PAGES[name].parent / picture)
        assert np.allclose(drawn.shape, shown.shape, rtol=WIDER, atol=1), picture
        rows, columns = np.minimum(drawn.shape, shown.shape)
        assert np.abs(drawn[:rows, :columns] - shown[:rows, :columns]).mean() < NEAR, picture
