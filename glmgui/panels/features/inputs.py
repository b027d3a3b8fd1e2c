"""What the rate may depend on, as a list from which terms are dragged."""

from __future__ import annotations

from dataclasses import dataclass

from qtpy.QtCore import QMimeData, Qt, Signal
from qtpy.QtWidgets import QAbstractItemView, QLineEdit, QListWidget, QListWidgetItem, QWidget

from glmengine.analysis import default_terms as defaults
from glmengine.recording.recording import Recording
from glmengine.spec import Spec
from glmgui.widgets.layout import column
from glmgui.widgets.texts import heading, hint

MIME = "application/x-glm-input"
_MOST = 400
_MANY = 12
_HELP = "Drag one onto the terms for a new term, or onto a tuning term for an interaction. Enter adds it."


@dataclass(frozen=True)
class Input:
    """One thing to depend on: ``variable``, ``moment``, ``own`` (spikes) or ``others`` (spikes of other units)."""

    kind: str
    name: str = ""

    def to_mime(self) -> QMimeData:
        data = QMimeData()
        data.setData(MIME, f"{self.kind}\n{self.name}".encode())
        return data

    @classmethod
    def from_mime(cls, data: QMimeData) -> Input | None:
        """What is dragged, None where it is something else."""
        if not data.hasFormat(MIME):
            return None
        kind, _, name = bytes(data.data(MIME)).decode().partition("\n")
        return cls(kind, name)

    def term(self, recording: Recording) -> Spec:
        """The term that it makes alone; raises `GlmError` where the recording has no such thing."""
        if self.kind == "variable":
            return defaults.tuning_term(recording, self.name)
        if self.kind == "moment":
            return defaults.event_term(self.name)
        return defaults.history_term() if self.kind == "own" else defaults.coupling_term()


class InputsList(QWidget):
    """Covariates, events and spikes; with many of them a field that searches.

    Signals
    -------
    added : Input
        A double click, or Enter: a term is to be made of it.
    """

    added = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("inputs")
        self.view = _DragList(self)
        self.view.setHorizontalScrollBarPolicy(
            Qt.ScrollBarPolicy.ScrollBarAlwaysOff
        )  # a long name ends in an ellipsis; the tooltip has it whole
        self.view.setObjectName("inputs_list")
        self.view.setAccessibleName("What the rate may depend on")
        self.view.setAccessibleDescription(_HELP)
        self.view.setDragDropMode(QAbstractItemView.DragDropMode.DragOnly)
        self.search = QLineEdit(self)
        self.search.setObjectName("inputs_search")
        self.search.setAccessibleName("Search what the rate may depend on")
        self.search.setPlaceholderText("Show only names with this text")
        self.search.setClearButtonEnabled(True)
        box = column(self, margins=0)
        box.addWidget(heading("The rate may depend on", self))
        box.addWidget(self.search)
        box.addWidget(self.view, 1)
        box.addWidget(hint(_HELP, self))
        self.search.textChanged.connect(self._filter)
        self.view.itemActivated.connect(lambda item: self.added.emit(item.data(Qt.ItemDataRole.UserRole)))

    def set_recording(self, recording: Recording | None) -> None:
        """Offer what this recording has."""
        self.view.clear()
        found = inputs_of(recording) if recording is not None else []
        for one, text, about in found:
            item = QListWidgetItem(text, self.view)
            item.setData(Qt.ItemDataRole.UserRole, one)
            item.setToolTip(about)
        self.search.setVisible(len(found) > _MANY)
        self._filter(self.search.text())

    def _filter(self, text: str) -> None:
        wanted = text.strip().lower() if not self.search.isHidden() else ""
        for at in range(self.view.count()):
            self.view.item(at).setHidden(wanted not in self.view.item(at).text().lower())


def inputs_of(recording: Recording) -> list[tuple[Input, str, str]]:
    """Inputs with what they are called and a sentence about each; of very many variables the first ones."""
    found = []
    for name in list(recording.variables)[:_MOST]:
        covariate = recording.variables[name][0]
        unit = f" ({covariate.unit})" if covariate.unit else ""
        found.append((Input("variable", name), f"{name}{unit}", f"{covariate.kind} covariate. {covariate.description}".strip()))
    for name in defaults.moments(recording):
        found.append((Input("moment", name), f"{name} (event)", "A kernel around each of these moments"))
    found.append((Input("own"), "own spikes", "What the unit's own last spikes do to its rate"))
    if len(recording.unit_names) > 1:
        found.append((Input("others"), "spikes of other units", "What the spikes of each other unit do a moment later"))
    return found


class _DragList(QListWidget):
    def mimeData(self, items: list[QListWidgetItem]) -> QMimeData:
        return items[0].data(Qt.ItemDataRole.UserRole).to_mime() if items else QMimeData()

    def mimeTypes(self) -> list[str]:
        return [MIME]
