"""Words of the field with a sentence each, from the guide's glossary, said wherever the mouse rests on one of them."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

from qtpy.QtCore import QPoint, Qt
from qtpy.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QComboBox,
    QGroupBox,
    QHeaderView,
    QLabel,
    QTabBar,
    QToolTip,
    QWidget,
)

from glmengine.resources import resource

GLOSSARY_PAGE = "glossary.md"
_ENTRY = re.compile(r"\*\*(?P<word>[^*]+)\*\*(?: \((?P<forms>[^)]+)\))?: (?P<sentence>.+?)(?= \*\*|$)")
_LINK, _LINKED = re.compile(r"\[([^\]]+)\]\([^)]+\)"), r"\1"
_MOST_WORDS = 4
_LINE = 80


@cache
def entries() -> Mapping[str, tuple[str, ...]]:
    """The other forms of each word of the glossary, as it is written there."""
    found = (entry for line in _lines() for entry in _ENTRY.finditer(line))
    return MappingProxyType({entry["word"]: tuple((entry["forms"] or "").split(", ")) for entry in found})


def _lines() -> list[str]:
    return resource(f"guide/{GLOSSARY_PAGE}").read_text(encoding="utf-8").splitlines()


@cache
def words() -> Mapping[str, str]:
    """What is said of each word of the glossary, "Word: sentence", by every form of the word in small letters."""
    found: dict[str, str] = {}
    for line in _lines():
        for entry in _ENTRY.finditer(line):
            word = entry["word"]
            said = f"{word}: {_LINK.sub(_LINKED, entry['sentence']).strip()}"
            for form in (word, *(entry["forms"] or "").split(", ")):
                if form:
                    found.setdefault(form.lower(), said)
    return MappingProxyType(found)


@cache
def _pattern() -> re.Pattern[str]:
    """Any of the words, the longest first, alone or in the plural."""
    known = sorted(words(), key=len, reverse=True)
    return re.compile(rf"(?<![\w-])({'|'.join(map(re.escape, known))})(?:s|es)?(?![\w-])", re.IGNORECASE)


def explained(text: str) -> str:
    """The sentences of the words of the glossary in a text, one a line; empty where there is none."""
    met = dict.fromkeys(words()[one[1].lower()] for one in _pattern().finditer(text.replace("&", "").replace("_", " ")))
    return "\n".join(textwrap.fill(said, _LINE) for said in list(met)[:_MOST_WORDS])


def explain_at(page: QWidget, place: QPoint) -> bool:
    """Say in a tooltip what the words mean that stand on a page at a place of the screen; whether there are any."""
    widget = page.childAt(page.mapFromGlobal(place))
    said = explained(text_at(widget, widget.mapFromGlobal(place))) if widget is not None else ""
    if said:
        QToolTip.showText(place, said, widget)
    return bool(said)


def text_at(widget: QWidget, at: QPoint) -> str:
    """What can be read at a place of a widget."""
    view = widget.parentWidget()
    if isinstance(view, QHeaderView):
        way = view.orientation()
        place = view.logicalIndexAt(at)
        return str(view.model().headerData(place, way, Qt.ItemDataRole.DisplayRole) or "") if place >= 0 else ""
    if isinstance(view, QAbstractItemView):
        return str(view.indexAt(at).data(Qt.ItemDataRole.DisplayRole) or "")
    if isinstance(widget, QTabBar):
        return widget.tabText(widget.tabAt(at)) if widget.tabAt(at) >= 0 else ""
    if isinstance(widget, QLabel | QAbstractButton):
        return widget.text()
    if isinstance(widget, QGroupBox):
        return widget.title()
    if isinstance(widget, QComboBox):
        return widget.currentText()
    while widget is not None and not widget.accessibleName():  # of a plot its title
        widget = widget.parentWidget()
    return widget.accessibleName() if widget is not None else ""
