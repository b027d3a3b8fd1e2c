"""Figures for paper: each draws one labelled array of a result with matplotlib, without any global state or screen.

>>> figure = tuning(result, "unit 3", width=85, style="lab.toml")
>>> save_figure(figure, "unit3.pdf")

Each of `KINDS` is a function here: its first argument is the result, its second the unit where it is of one.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from glmengine.errors import GlmError
from glmengine.figures.page import Page, drawing_on, parts
from glmengine.figures.saving import FORMATS, picture, save_figure
from glmengine.figures.style import STANDARD, Style
from glmengine.figures.table import TABLE
from glmengine.results.origin import origin
from glmengine.results.unfinished import unfinished_note
from glmengine.sentences import capitalised, listed

if TYPE_CHECKING:
    from glmengine.figures.layout import PaperFigure
    from glmengine.recording.recording import Recording
    from glmengine.results.result import Result

__all__ = ["FORMATS", "KINDS", "Page", "Style", "available", "draw", "picture", "save_figure"]

KINDS = {kind.name: kind.text for kind in TABLE}
"""What can be drawn."""


def draw(
    result: Result,
    kind: str,
    unit: str | None = None,
    *,
    term: str | None = None,
    recording: Recording | None = None,
    page: Page | None = None,
    **options: Any,
) -> PaperFigure:
    """Draw one kind of figure.

    Parameters
    ----------
    result : Result
    kind : str
        One of `KINDS`.
    unit : str, optional
        Needed by those that are of one unit; ``cross_validation`` and ``comparison`` show all units without it.
    term : str, optional
        Only this term, by label.
    recording : Recording, optional
        Needed by ``rates``, ``path``, ``design`` and ``raster``.
    page : Page, optional
        Size, style, and what is shown.
    **options
        As the kind takes them (``start``, ``seconds`` for ``rates``).

    Raises
    ------
    GlmError
        If there is no such kind or unit, or the result has nothing of the kind.
    """
    found = next((one for one in TABLE if one.name == kind), None)
    if found is None:
        raise GlmError(f"there is no figure '{kind}'; the kinds are: {', '.join(KINDS)}")
    if unit is not None and unit not in result.units:
        raise GlmError(f"the result has no unit '{unit}'; it has: {listed(result.units)}")
    if unit is None and found.of_unit:
        raise GlmError(f"the figure '{kind}' is of one unit; name it")
    if recording is None and found.recorded and "stretch" not in options:
        raise GlmError(f"the figure '{kind}' shows what was recorded: such figures need the recording; give it")
    from glmengine.figures.marks import name_source, note_below

    function: Callable[..., PaperFigure] = import_module(f"glmengine.figures.kinds.{kind}").draw
    with drawing_on(page or Page()):
        figure = function(result, unit=unit, term=term, recording=recording, **options)
        name_source(figure)
        if found.fitted:
            note_below(figure, unfinished_note(result, unit))
        figure.parts = parts()
    figure.origin = {"figure": " of ".join([kind, *([unit] if unit else [])]), **origin(result)}
    return figure


def available(result: Result) -> list[str]:
    """The kinds that this result has something for."""
    return [kind.name for kind in TABLE if kind.has(result)]


def _figure(
    kind: str,
    result: Result,
    unit: str | None = None,
    *,
    term: str | None = None,
    recording: Recording | None = None,
    style: Style | str | Path | None = None,
    width: float | None = None,
    height: float | None = None,
    title: bool = True,
    legend: bool = True,
    bands: bool = True,
    data: bool = True,
    **options: Any,
) -> PaperFigure:
    """Draw it; `width` and `height` are in mm, `style` is a `Style` or the path of a style file, `title` to `data` say what is shown.

    The other arguments are those of `draw`.
    """
    look = STANDARD if style is None else style if isinstance(style, Style) else Style.load(style)
    page = Page(look, width, height, title, legend, bands, data)
    return draw(result, kind, unit, term=term, recording=recording, page=page, **options)


def __getattr__(name: str) -> Callable[..., PaperFigure]:
    if name not in KINDS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    function = partial(_figure, name)
    function.__doc__ = f"{capitalised(KINDS[name])}.\n\n{_figure.__doc__}"
    return function


def __dir__() -> list[str]:
    return [*__all__, *KINDS]
