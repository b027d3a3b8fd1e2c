"""The choice of a ready analysis."""

from __future__ import annotations

from dataclasses import dataclass

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QDialog, QHBoxLayout, QListWidget, QListWidgetItem, QSplitter, QVBoxLayout, QWidget

from glmengine.analysis.analysis import Analysis
from glmengine.analysis.templates import template_for
from glmengine.design.term_words import kind_words
from glmengine.recording.recording import Recording
from glmgui.screen_room import resize_on_screen
from glmgui.widgets.controls import button
from glmgui.widgets.layout import column
from glmgui.widgets.messages import MessageLine
from glmgui.widgets.page import ExplainsWords
from glmgui.widgets.tables import fit_rows
from glmgui.widgets.texts import heading, hint

_FITS, _FITS_NOT = "\u2713", "\u26a0"
_WIDEST_LIST = 460  # pixels
_LACKS = "This recording lacks what the template needs:"
_AFTERWARDS = (
    "Take it nevertheless, and choose other names in the Data and Features steps: each place that needs one is marked there."
)


@dataclass(frozen=True)
class Template:
    """A ready analysis: its name as a file, what it is for in one or two sentences, the analysis, and the question and page of the course."""

    name: str
    description: str
    analysis: Analysis
    question: str = ""
    page: str = ""

    @property
    def title(self) -> str:
        return self.analysis.title or self.name


def load_templates() -> list[Template]:
    """All that come with the program; runs in the worker."""
    from glmengine.analysis.templates import (
        guide_page,
        load_template,
        template_about,
        template_description,
        template_page,
        templates,
    )

    found = []
    for name in templates():
        page = template_page(name)
        found.append(
            Template(
                name,
                template_description(name).replace("`", ""),
                load_template(name),
                template_about(name).question,
                guide_page(page) if page is not None else "",
            )
        )
    return found


class TemplateDialog(ExplainsWords, QDialog):
    """A list of templates, those that fit the recording first.

    `chosen` is the analysis taken when accepted; `reading` the page of the guide, and `trying` the template to try on its sample, that
    was asked for when it was left for that.
    """

    def __init__(self, templates: list[Template], recording: Recording, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("template_dialog")
        self.setWindowTitle("New from template")
        resize_on_screen(self, 840, 540)
        self._ready = {template.name: template_for(template.name, recording) for template in templates}
        self._templates = sorted(templates, key=lambda template: not self._ready[template.name].fits)
        self.list = QListWidget(self)
        self.list.setObjectName("template_list")
        self.list.setAccessibleName("Templates")
        fit_rows(self.list)
        for template in self._templates:
            fits = self._ready[template.name].fits
            item = QListWidgetItem(f"{_FITS if fits else _FITS_NOT}  {template.title}", self.list)
            item.setToolTip("Fits this recording" if fits else "Needs things that this recording lacks")
        self.reading, self.trying = "", ""
        self._title, self._question, self._said, self._terms = heading("", self), hint("", self), hint("", self), hint("", self)
        self.message = MessageLine("template_message", self)
        self._afterwards = hint(_AFTERWARDS, self)
        self.use = button("Use template", "template_use", "Replace the analysis by this one; undo brings the old one back", self)
        leave = button("Cancel", "template_cancel", "Leave the analysis as it is", self)
        self.sample = button(
            "Try it on its sample", "template_sample", "Simulate a session that it suits, and fit it to that", self
        )
        self.read = button("Read its page", "template_read", "The question, the model and what to look at, in the guide", self)
        self.use.setDefault(True)
        about = QWidget(self)
        words = column(about, margins=8, spacing=8)
        for part in (self._title, self._question, self._said, self._terms, self.message, self._afterwards):
            words.addWidget(part)
        words.addStretch(1)
        split = QSplitter(Qt.Orientation.Horizontal, self)
        split.setChildrenCollapsible(False)
        split.addWidget(self.list)
        split.addWidget(about)
        widest = self.list.sizeHintForColumn(0) + self.list.verticalScrollBar().sizeHint().width() + 8
        self.list.setMinimumWidth(min(widest, _WIDEST_LIST))  # a splitter divides what there is in the shares of the sizes
        split.setSizes([widest, 440])
        buttons = QHBoxLayout()
        buttons.addWidget(self.read)
        buttons.addStretch(1)
        buttons.addWidget(leave)
        buttons.addWidget(self.sample)
        buttons.addWidget(self.use)
        box = QVBoxLayout(self)
        box.setContentsMargins(12, 12, 12, 12)
        box.addWidget(hint(f"A ready analysis for {recording.name}. Those marked \u2713 can be fitted as they are.", self))
        box.addWidget(split, 1)
        box.addLayout(buttons)
        self.list.currentRowChanged.connect(self._show)
        self.list.itemDoubleClicked.connect(lambda _: self.accept())
        self.use.clicked.connect(self.accept)
        leave.clicked.connect(self.reject)
        self.read.clicked.connect(self._read)
        self.sample.clicked.connect(self._try)
        self.list.setCurrentRow(0)
        self.list.setFocus()

    @property
    def titles(self) -> list[str]:
        return [template.title for template in self._templates]

    @property
    def chosen(self) -> Analysis:
        """With the recording's own names, where it has what is needed."""
        return self._ready[self._templates[self.list.currentRow()].name].analysis

    def _read(self) -> None:
        self.reading = self._templates[self.list.currentRow()].page
        self.reject()

    def _try(self) -> None:
        self.trying = self._templates[self.list.currentRow()].name
        self.reject()

    def _show(self, at: int) -> None:
        template = self._templates[at]
        ready = self._ready[template.name]
        self._title.setText(template.title)
        self._question.setText(template.question)
        self._question.setVisible(bool(template.question))
        self.read.setEnabled(bool(template.page))
        self._said.setText(template.description)
        terms = [f"{term.label}: {kind_words(term.kind)}" for term in ready.analysis.terms]
        bins = f"bins of {ready.analysis.time.bin_size * 1000:g}\u2009ms"
        self._terms.setText("\n".join(f"\u2022 {line}" for line in (*terms, bins)))
        if not ready.fits:
            self.message.show_warning("\n".join((_LACKS, *ready.lacking)))
        else:
            self.message.clear()
        self._afterwards.setVisible(not ready.fits)
        self.sample.setVisible(not ready.fits)
