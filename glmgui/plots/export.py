"""Figures and numbers of a plot as files: vectors or pixels on white, and CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import Protocol

import numpy as np
from pyqtgraph import GraphicsScene
from qtpy.QtCore import QBuffer, QIODevice, QMarginsF, QRectF, QSizeF, Qt
from qtpy.QtGui import QGuiApplication, QImage, QPageLayout, QPageSize, QPainter, QPdfWriter
from qtpy.QtSvg import QSvgGenerator
from qtpy.QtWidgets import QGraphicsView

from glmengine.errors import GlmError
from glmengine.io.files.whole import write_whole
from glmgui.drawings.series import Table

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
    return plot_writer(plot, path, dpi)()


def plot_writer(plot: Paintable, path: str | Path, dpi: int = PNG_DPI) -> Callable[[], Path]:
    """Take what `plot` shows, as `save_plot` does; what is given back encodes pixels and writes the file, in any thread.

    Raises
    ------
    GlmError
        If the ending is another one, or the plot cannot be painted; what is given back: if the file cannot be written.
    """
    path = Path(path)
    ending = path.suffix.lower()
    takes: dict[str, Callable[[Paintable, int], bytes | QImage | None]] = {".svg": _svg, ".pdf": _pdf, ".png": _image}
    if ending not in takes:
        raise GlmError(f"{path.name}: figures are saved as SVG, PDF or PNG; give the name one of the endings .svg, .pdf, .png")
    with plot.painted_for_paper(dpi / plot.view.logicalDpiX() if ending == ".png" else 1.0):
        taken = takes[ending](plot, dpi)
    if taken is None:
        raise GlmError(f"{path.name}: the plot cannot be painted; make it smaller, or close what needs much memory")
    return partial(_write, taken, path)


def _write(taken: bytes | QImage, path: Path) -> Path:
    if isinstance(taken, QImage):
        held = _memory()
        if not taken.save(held, "PNG"):
            raise GlmError(f"{path.name}: the picture cannot be encoded; close what needs much memory")
        taken = held.data().data()
    write_whole(path, taken)
    return path


def _memory() -> QBuffer:
    held = QBuffer()
    held.open(QIODevice.OpenModeFlag.WriteOnly)
    return held


def save_numbers(table: Table, path: str | Path) -> Path:
    """Save columns of equal length as CSV: a heading with units, points as decimal marks, empty where there is no number."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(table)
    writer.writerows([_cell(value) for value in row] for row in zip(*table.values(), strict=True))
    path = Path(path)
    write_whole(path, text.getvalue().encode("utf-8"))
    return path


def save_made_numbers(make: Callable[[], Table], path: str | Path) -> Path:
    """Make the columns, and save them as CSV."""
    return save_numbers(make(), path)


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


def _svg(plot: Paintable, dpi: int) -> bytes | None:
    area = _source(plot)
    held = _memory()
    generator = QSvgGenerator()
    generator.setOutputDevice(held)
    generator.setSize(area.size().toSize())
    generator.setViewBox(area)
    # The screen's own resolution: fonts in points would otherwise grow with the ratio of the two.
    generator.setResolution(plot.view.logicalDpiX())
    generator.setTitle(plot.title)
    return held.data().data() if _paint(plot, generator) else None


def _pdf(plot: Paintable, dpi: int) -> bytes | None:
    area, resolution = _source(plot), plot.view.logicalDpiX()
    held = _memory()
    writer = QPdfWriter(held)
    writer.setResolution(resolution)
    writer.setTitle(plot.title)
    size = QSizeF(area.width() * 72 / resolution, area.height() * 72 / resolution)
    page = QPageSize(size, QPageSize.Unit.Point, "", QPageSize.SizeMatchPolicy.ExactMatch)
    writer.setPageLayout(QPageLayout(page, QPageLayout.Orientation.Portrait, QMarginsF(0, 0, 0, 0)))
    return held.data().data() if _paint(plot, writer) else None


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
