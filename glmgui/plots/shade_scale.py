"""The scale of the shades of a raster, in a line: from what the palest is to what the darkest is."""

from __future__ import annotations

from qtpy.QtCore import QRectF, QSize, Qt
from qtpy.QtGui import QColor, QLinearGradient, QPainter, QPaintEvent, QPen
from qtpy.QtWidgets import QSizePolicy, QWidget

_RAMP, _APART = 48, 5  # pixels: width of the shades, and between them and the words
_HEIGHT = 0.7  # of the shades, in heights of small letters and more
_LEAST_BESIDE = 330  # pixels of a plot in which the words have room beside its title


class ShadeScale(QWidget):
    """``none ▒▓ most of each unit``; without the words where the plot is narrow, which its tooltip then has alone."""

    def __init__(self, name: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Preferred)
        self._low = self._high = ""
        self._ground, self._dark, self._ink = QColor("white"), QColor("black"), QColor("black")

    @property
    def words(self) -> tuple[str, str]:
        """What the palest and the darkest are."""
        return self._low, self._high

    def set_words(self, low: str, high: str, said: str) -> None:
        """Name both ends, and say in a sentence what is shaded."""
        if self.words != (low, high) or self.toolTip() != said:
            self._low, self._high = low, high
            self.setToolTip(said)
            self.setAccessibleName(said)
            self.updateGeometry()
            self.update()

    def set_colours(self, ground: QColor, dark: QColor, ink: QColor) -> None:
        """Of the palest, of the darkest, and of the words."""
        self._ground, self._dark, self._ink = ground, dark, ink
        self.update()

    @property
    def _says(self) -> bool:
        return self.parentWidget().width() >= _LEAST_BESIDE

    def sizeHint(self) -> QSize:
        metrics = self.fontMetrics()
        words = sum(metrics.horizontalAdvance(text) + _APART for text in self.words) if self._says else 0
        return QSize(_RAMP + words + 2, metrics.height())

    minimumSizeHint = sizeHint

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        metrics, left = self.fontMetrics(), 0.0
        painter.setPen(self._ink)
        if self._says:
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, self._low)
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, self._high)
            left = metrics.horizontalAdvance(self._low) + _APART
        height = _HEIGHT * metrics.height()
        ramp = QRectF(left + 0.5, (self.height() - height) / 2, _RAMP, height)
        shades = QLinearGradient(ramp.topLeft(), ramp.topRight())
        shades.setColorAt(0.0, self._ground)
        shades.setColorAt(1.0, self._dark)
        painter.setPen(QPen(self._ink, 1))
        painter.setBrush(shades)
        painter.drawRect(ramp)
        painter.end()
