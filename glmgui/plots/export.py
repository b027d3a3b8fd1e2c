"""Figures and numbers of a plot as files: vectors or pixels on white, and CSV."""

from __future__ import annotations

import csv
import io
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

import numpy as np
from pyqtgraph import GraphicsScene
from qtpy.QtCore import QMarginsF, QRectF, QSizeF, Qt
from qtpy.QtGui import QGuiApplication, QImage, QPageLayout, QPageSize, QPainter, QPdfWriter
from qtpy.QtSvg import QSvgGenerator
from qtpy.QtWidgets import QGraphicsView

from glmengine.errors import GlmError
from glmengine.io.files.whole import replacing, write_whole
from glmgui.drawings.series import Table

FIGURE_ENDINGS = (".svg", ".pdf", ".png")
PNG_DPI = 300


class Paintable(Protocol):
    """What a plot has that its figure is made of."""

    view: QGraphicsView
    scene: GraphicsScene

    @property
    def title(self) -> str:
        """What is drawn."""

    def painted_for_paper(self, scale: float = 1.0) -> AbstractContextManager[None]:
        """Black on white while the block runs."""


def save_plot(plot: Paintable, path: str | Path, dpi: int = PNG_DPI) -> Path:
    """Save what `plot` shows, on white, as its ending says: ``.svg`` and ``.pdf`` keep text as text, ``.png`` has `dpi`.

    Raises
    ------
    GlmError
        If the ending is another one, or the file cannot be written.
    """
    path = Path(path)
    ending = path.suffix.lower()
    writers = {".svg": _svg, ".pdf": _pdf, ".png": _png}
    if ending not in writers:
        raise GlmError(f"{path.name}: figures are saved as SVG, PDF or PNG; give the name one of the endings .svg, .pdf, .png")
    with replacing(path) as partial, plot.painted_for_paper(dpi / plot.view.logicalDpiX() if ending == ".png" else 1.0):
        if not writers[ending](plot, partial, dpi):
            raise GlmError(f"{path}: cannot be written; choose another folder")
    return path


def save_numbers(table: Table, path: str | Path) -> Path:
    """Save columns of equal length as CSV: a heading with units, points as decimal marks, empty where there is no number."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(table)
    writer.writerows([_cell(value) for value in row] for row in zip(*table.values(), strict=True))
    path = Path(path)
    write_whole(path, text.getvalue().encode("utf-8"))
    return path


def _cell(value: object) -> str:
    if isinstance(value, float | np.floating):
        return "" if np.isnan(value) else repr(float(value))
    return str(value)


def _source(plot: Paintable) -> QRectF:
    return QRectF(plot.view.viewport().rect())


def _paint(plot: Paintable, device: QSvgGenerator | QPdfWriter | QImage) -> bool:
    area = _source(plot)
    painter = QPainter()
    if not painter.begin(device):
        return False
    painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.TextAntialiasing)
    painter.fillRect(area, Qt.GlobalColor.white)
    plot.scene.prepareForPaint()
    plot.scene.render(painter, area, area, Qt.AspectRatioMode.IgnoreAspectRatio)
    return painter.end()


def _svg(plot: Paintable, path: Path, dpi: int) -> bool:
    area = _source(plot)
    generator = QSvgGenerator()
    generator.setFileName(str(path))
    generator.setSize(area.size().toSize())
    generator.setViewBox(area)
    # The screen's own resolution: fonts in points would otherwise grow with the ratio of the two.
    generator.setResolution(plot.view.logicalDpiX())
    generator.setTitle(plot.title)
    return _paint(plot, generator)


def _pdf(plot: Paintable, path: Path, dpi: int) -> bool:
    area, resolution = _source(plot), plot.view.logicalDpiX()
    writer = QPdfWriter(str(path))
    writer.setResolution(resolution)
    writer.setTitle(plot.title)
    size = QSizeF(area.width() * 72 / resolution, area.height() * 72 / resolution)
    page = QPageSize(size, QPageSize.Unit.Point, "", QPageSize.SizeMatchPolicy.ExactMatch)
    writer.setPageLayout(QPageLayout(page, QPageLayout.Orientation.Portrait, QMarginsF(0, 0, 0, 0)))
    return _paint(plot, writer)


def copy_plot(plot: Paintable, dpi: int = PNG_DPI) -> None:
    """Put what `plot` shows on the clipboard, on white."""
    with plot.painted_for_paper(dpi / plot.view.logicalDpiX()):
        image = _image(plot, dpi)
    if image is not None:
        QGuiApplication.clipboard().setImage(image)


def copy_numbers(table: Table) -> None:
    """Put columns of equal length on the clipboard, tab-separated below a line of headings, as a spreadsheet takes them."""
    rows = zip(*table.values(), strict=True)
    lines = ["\t".join(table), *("\t".join(map(_cell, row)) for row in rows)]
    QGuiApplication.clipboard().setText("\n".join(lines) + "\n")


def _image(plot: Paintable, dpi: int) -> QImage | None:
    area = _source(plot)
    scale = dpi / plot.view.logicalDpiX()
    image = QImage((area.size() * scale).toSize(), QImage.Format.Format_RGB32)
    image.setDevicePixelRatio(scale)
    image.fill(Qt.GlobalColor.white)
    if not _paint(plot, image):
        return None
    per_metre = round(dpi / 0.0254)
    image.setDotsPerMeterX(per_metre)
    image.setDotsPerMeterY(per_metre)
    return image


def _png(plot: Paintable, path: Path, dpi: int) -> bool:
    image = _image(plot, dpi)
    return image is not None and image.save(str(path))
