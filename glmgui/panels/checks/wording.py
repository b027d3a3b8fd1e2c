"""Words that the pages of checks share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QLabel, QWidget

from glmgui.widgets.texts import Sentences

if TYPE_CHECKING:
    from glmgui.document import Document


def measures_of(document: Document) -> Mapping[str, str]:
    """Unit of measure of each covariate of the recording, by the names of its components."""
    recording = document.effective_recording
    if recording is None:
        return {}
    return {name: covariate.unit for name, (covariate, _) in recording.variables.items()}


def said_label(name: str, parent: QWidget) -> QLabel:
    """A paragraph that can be selected and copied."""
    label = Sentences("", parent)
    label.setObjectName(name)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard)
    return label
