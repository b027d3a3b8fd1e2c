"""Fits of the selected units alone, and of all but them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from glmengine.sentences import numbered

if TYPE_CHECKING:
    from glmgui.document import Document


def fit_only(document: Document) -> None:
    """Fit none but the selected units from now on, as one step of undo."""
    _choose(document, document.units, f"Fit only {numbered(len(document.units), 'unit')}")


def leave_out(document: Document) -> None:
    """Fit the selected units no longer, as one step of undo."""
    _choose(document, units_left(document), f"Leave out {numbered(len(document.units), 'unit')}")


def can_fit_only(document: Document) -> bool:
    """Whether some units are selected that are not just those which are fitted."""
    return bool(document.units) and set(document.units) != set(_fitted(document))


def can_leave_out(document: Document) -> bool:
    """Whether any unit that is fitted is selected, and any would be left."""
    left = units_left(document)
    return bool(left) and len(left) < len(_fitted(document))


def units_left(document: Document) -> tuple[str, ...]:
    """The units that are fitted and not selected."""
    return tuple(name for name in _fitted(document) if name not in document.units)


def _fitted(document: Document) -> tuple[str, ...]:
    """Those that are chosen by hand, all where none is; rules on rates, which take time, play no part."""
    if document.recording is None:
        return ()
    return document.analysis.units.names or document.recording.unit_names


def _choose(document: Document, names: tuple[str, ...], text: str) -> None:
    analysis = document.analysis
    chosen = () if set(names) == set(document.recording.unit_names) else names
    document.end_merging()
    document.edit(analysis.with_(units=analysis.units.with_(names=chosen)), text)
