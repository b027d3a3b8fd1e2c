"""The page that a figure is drawn on: its size in millimetres, its style, and what is shown."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from glmengine.errors import GlmError
from glmengine.figures.style import STANDARD, Style

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
    """

    style: Style = STANDARD
    width: float | None = None
    height: float | None = None
    title: bool = True
    legend: bool = True
    bands: bool = True
    data: bool = True

    def __post_init__(self) -> None:
        for side, length in (("width", self.width), ("height", self.height)):
            if length is not None and not SMALLEST <= length <= LARGEST:
                raise GlmError(
                    f"a figure cannot have a {side} of {length:g} mm; give one from {SMALLEST:g} to {LARGEST:g} mm", field=side
                )


_PAGE: ContextVar[Page] = ContextVar("page", default=Page())  # noqa: B039 - it is frozen


def page() -> Page:
    """The page that is drawn on now."""
    return _PAGE.get()


def style() -> Style:
    """The style of what is drawn now."""
    return _PAGE.get().style


@contextmanager
def drawing_on(asked: Page) -> Iterator[None]:
    """Draw, or write, on this page while the block runs."""
    import matplotlib

    before = _PAGE.set(asked)
    try:
        with matplotlib.rc_context(asked.style.settings):
            yield
    finally:
        _PAGE.reset(before)
