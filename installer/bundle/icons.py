"""The program's icon as PNG of several sizes, ICO and ICNS, drawn from resources/icons/app.svg.

python installer/bundle/icons.py DIR
"""

import os
import sys
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("QT_API", "pyqt6")

from PIL import Image
from qtpy.QtCore import Qt
from qtpy.QtGui import QGuiApplication, QImage, QPainter
from qtpy.QtSvg import QSvgRenderer

SIZES = (16, 22, 24, 32, 48, 64, 128, 256, 512, 1024)
SOURCE = Path(__file__).resolve().parents[2] / "resources" / "icons" / "app.svg"


def main(folder: Path) -> None:
    """Write every size and format into `folder`."""
    app = QGuiApplication(["icons"])
    folder.mkdir(parents=True, exist_ok=True)
    renderer = QSvgRenderer(str(SOURCE))
    for size in SIZES:
        image = QImage(size, size, QImage.Format.Format_ARGB32)
        image.fill(Qt.GlobalColor.transparent)
        painter = QPainter(image)
        renderer.render(painter)
        painter.end()
        if not image.save(str(folder / f"glmgui-{size}.png")):
            sys.exit(f"{folder}: the icons cannot be written there")
    largest = Image.open(folder / "glmgui-1024.png")
    largest.save(folder / "glmgui.ico", sizes=[(size, size) for size in SIZES if size <= 256])
    largest.save(folder / "glmgui.icns")
    app.quit()


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(Path(sys.argv[1]))
