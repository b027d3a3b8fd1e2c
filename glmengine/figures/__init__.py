"""Figures for paper: each draws one labelled array of a result with matplotlib, without any global state or screen.

>>> figure = draw(result, "tuning", "unit 3")
>>> save_figure(figure, "unit3.pdf")
"""

from __future__ import annotations

import io
from collections.abc import Callable
from contextlib import nullcontext
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from glmengine.errors import GlmError
from glmengine.sentences import listed

if TYPE_CHECKING:
    from matplotlib.backend_bases import FigureCanvasBase
    from matplotlib.figure import Figure

    from glmengine.recording.recording import Recording
    from glmengine.results.result import Result

KINDS = {
    "unit": "everything about one unit on a page",
    "tuning": "tuning curves and fields of a unit, as counted and as predicted",
    "filter": "history and coupling filters of a unit",
    "rates": "predicted and observed rate of a unit over time",
    "cross_validation": "held-out score by strength of the penalty",
    "coupling": "who drives whom",
    "scores": "deviance explained of all units",
    "goodness": "whether the model of a unit is right: rescaled intervals, residuals, calibration",
    "surrogates": "spikes of the model beside those of a unit: intervals, autocorrelogram, around an event",
    "comparison": "deviance explained by each of the models compared",
}
"""What can be drawn."""

FORMATS = (".pdf", ".svg", ".png")


def draw(
    result: Result,
    kind: str,
    unit: str | None = None,
    *,
    term: str | None = None,
    recording: Recording | None = None,
    **options: Any,
) -> Figure:
    """Draw one kind of figure.

    Parameters
    ----------
    result : Result
    kind : str
        One of `KINDS`.
    unit : str, optional
        Needed for ``unit``, ``tuning``, ``filter``, ``rates``, ``goodness`` and ``surrogates``; ``cross_validation`` and ``comparison`` show all units without it.
    term : str, optional
        Only this term, by label.
    recording : Recording, optional
        Needed for ``rates``.
    **options
        As the kind takes them (``start``, ``seconds`` for ``rates``).

    Raises
    ------
    GlmError
        If there is no such kind or unit, or the result has nothing of the kind.
    """
    if kind not in KINDS:
        raise GlmError(f"there is no figure '{kind}'; the kinds are: {', '.join(KINDS)}")
    if unit is not None and unit not in result.units:
        raise GlmError(f"the result has no unit '{unit}'; it has: {listed(result.units)}")
    if unit is None and kind in ("unit", "tuning", "filter", "rates", "goodness", "surrogates"):
        raise GlmError(f"the figure '{kind}' is of one unit; name it")
    module: Callable[..., Figure] = import_module(f"glmengine.figures.{kind}").draw
    return module(result, unit=unit, term=term, recording=recording, **options)


def available(result: Result) -> list[str]:
    """The kinds that this result has something for."""
    has = {
        "tuning": bool(result.curves),
        "filter": bool(result.filters),
        "cross_validation": result.cv is not None and result.cv.sizes["strength"] > 1,
        "coupling": result.coupling is not None,
        "goodness": result.goodness_of_fit is not None,
        "surrogates": result.simulated is not None,
        "comparison": result.selection is not None,
    }
    return [kind for kind in KINDS if has.get(kind, True)]


def save_figure(figure: Figure, path: str | Path, *, dpi: float = 300) -> None:
    """Write a figure as PDF or SVG (text stays text) or PNG, by the ending of `path`, whole or not at all.

    Raises
    ------
    GlmError
        If the ending is another, or the folder cannot be written to.
    """
    from glmengine.io.files.whole import write_whole

    path = Path(path)
    if path.suffix.lower() not in FORMATS:
        raise GlmError(f"{path.name}: a figure cannot be saved as '{path.suffix}'; use one of {', '.join(FORMATS)}")
    write_whole(path, _rendered(figure, path.suffix.lower().removeprefix("."), dpi))


def picture(figure: Figure, dpi: float = 100) -> bytes:
    """The figure as a PNG."""
    return _rendered(figure, "png", dpi)


def _rendered(figure: Figure, ending: str, dpi: float) -> bytes:
    import matplotlib

    from glmengine.figures.fonts import without_layout_tables
    from glmengine.figures.style import SAVING

    stream = io.BytesIO()
    # no date in the file: the same figure is the same bytes
    metadata = {"pdf": {"CreationDate": None}, "svg": {"Date": None}, "png": {}}[ending]
    with matplotlib.rc_context(SAVING):
        engine = figure.get_layout_engine()
        if engine is not None:  # laid out once, not at each saving
            engine.execute(figure)
            figure.set_layout_engine("none")
        figure.set_dpi(dpi)
        # by the canvas itself: `savefig` draws a figure that had a layout once more before it saves it
        with without_layout_tables() if ending == "pdf" else nullcontext():
            getattr(_canvas(ending)(figure), f"print_{ending}")(stream, metadata=metadata)
    return stream.getvalue()


def _canvas(ending: str) -> type[FigureCanvasBase]:
    """What draws figures for files of this ending."""
    if ending == "pdf":
        from matplotlib.backends.backend_pdf import FigureCanvasPdf

        return FigureCanvasPdf
    if ending == "svg":
        from matplotlib.backends.backend_svg import FigureCanvasSVG

        return FigureCanvasSVG
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    return FigureCanvasAgg
