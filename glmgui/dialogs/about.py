"""The program's version and licence."""

from __future__ import annotations

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QMessageBox, QWidget

from glmgui import theme


def about_box(parent: QWidget | None = None) -> QMessageBox:
    """The box, not yet shown."""
    from glmengine import __version__

    box = QMessageBox(parent)
    box.setObjectName("about_box")
    box.setWindowTitle("About glmgui")
    box.setIconPixmap(theme.icon("app").pixmap(64, 64))
    box.setTextFormat(Qt.TextFormat.RichText)
    box.setText(f"<b>glmgui {__version__}</b><br>Find out what drives a neuron: generalized linear models of neural activity.")
    box.setInformativeText(
        "Free software under the GNU General Public License, version 3 or later, without any warranty. "
        "How to cite it is said in CITATION.cff and on the guide's page about exporting."
    )
    close = box.addButton("Close", QMessageBox.ButtonRole.AcceptRole)  # Qt's own have pictures on some desktops
    close.setAccessibleDescription("Back to the window")
    return box
