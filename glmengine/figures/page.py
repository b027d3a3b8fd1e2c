"""The page that a figure is drawn on: its size in millimetres, its style, and what is shown."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Literal

from glmengine.errors import GlmError
from glmengine.figures.style import STANDARD, Style

Part = Literal["title", "legend", "bands", "data"]
"""What can be left out of a figure."""

SMALLEST, LARGEST = 20.0, 2000.0
"""Of a side, in mm."""


@dataclass(frozen=True)
class Page:
    """What is asked of a figure.

    Attributes
    ----------
    style : Style
    width, height : float or None
        In mm; as the figure needs it where None.
    title, legend, bands, data : bool
        Whether titles, legends, intervals, and the data beside the model are shown.
    source : str
        Recording and unit, in a line above all other titles.
    """

    style: Style = STANDARD
    width: float | None = None
    height: float | None = None
    title: bool = True
    legend: bool = True
    bands: bool = True
    data: bool = True
    source: str = ""

    def __post_init__(self) -> None:
        for side, length in (("width", self.width), ("height", self.height)):
            if length is not None and not SMALLEST <= length <= LARGEST:
                raise GlmError(
                    f"a figure cannot have a {side} of {length:g} mm; give one from {SMALLEST:g} to {LARGEST:g} mm", field=side
                )


_PAGE: ContextVar[Page] = ContextVar("page", default=Page())  # noqa: B039 - it is frozen
_PARTS: ContextVar[set[Part] | None] = ContextVar("parts", default=None)


def page() -> Page:
    """The page that is drawn on now."""
    return _PAGE.get()


def style() -> Style:
    """The style of what is drawn now."""
    return _PAGE.get().style


def shows(part: Part) -> bool:
    """Whether a part that what is drawn has is shown; asked only where it has it, so that `parts` can tell which those are."""
    had = _PARTS.get()
    if had is not None:
        had.add(part)
    return bool(getattr(page(), part))


def parts() -> frozenset[Part]:
    """The parts that what has been drawn on the page so far has, shown or not."""
    return frozenset(_PARTS.get() or ())


@contextmanager
def drawing_on(asked: Page) -> Iterator[None]:
    """Draw, or write, on this page while the block runs."""
    import matplotlib

    before, noted = _PAGE.set(asked), _PARTS.set(set())
    try:
        with matplotlib.rc_context(asked.style.settings):
            yield
    finally:
        _PAGE.reset(before)
        _PARTS.reset(noted)
