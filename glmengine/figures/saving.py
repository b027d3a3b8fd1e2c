"""Figures as files: PDF and SVG in which text stays text, PNG and TIFF at a chosen resolution, with whence their numbers are."""

from __future__ import annotations

import io
import warnings
from collections.abc import Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from glmengine.errors import GlmError
from glmengine.figures.page import Page, drawing_on

if TYPE_CHECKING:
    from matplotlib.backend_bases import FigureCanvasBase
    from matplotlib.figure import Figure

FORMATS = (".pdf", ".svg", ".png", ".tiff")
"""Endings that a figure can be saved with."""

_SETTINGS = {"svg.fonttype": "none", "pdf.fonttype": 42, "svg.hashsalt": "glmengine"}
"""Text stays text; ids in SVG do not change from run to run."""

LEAST_DPI, MOST_DPI = 20.0, 2400.0
_DESCRIPTION_TAG = 270  # of TIFF


def save_figure(figure: Figure, path: str | Path, *, dpi: float = 300) -> None:
    """Write a figure as its ending says, whole or not at all.

    Parameters
    ----------
    figure : Figure
    path : path
        Ends with one of `FORMATS`.
    dpi : float
        Of PNG and TIFF, and of maps and dense rasters within PDF and SVG.

    Raises
    ------
    GlmError
        If the ending is another, or the folder cannot be written to.
    """
    from glmengine.io.files.whole import write_whole

    path = Path(path)
    if path.suffix.lower() not in FORMATS:
        raise GlmError(f"{path.name}: a figure cannot be saved as '{path.suffix}'; use one of {', '.join(FORMATS)}")
    write_whole(path, rendered(figure, path.suffix.lower(), dpi))


def picture(figure: Figure, dpi: float = 100) -> bytes:
    """The figure as a PNG."""
    return rendered(figure, ".png", dpi)


def rendered(figure: Figure, ending: str, dpi: float) -> bytes:
    """The content of a file with this ending.

    Raises
    ------
    GlmError
        For a resolution that is not possible, and a page that is too small for the figure.
    """
    import matplotlib

    from glmengine.figures.fonts import without_layout_tables
    from glmengine.figures.layout import check_room, trim_height

    if not LEAST_DPI <= dpi <= MOST_DPI:
        raise GlmError(f"a figure cannot have {dpi:g} dots an inch; give {LEAST_DPI:g} to {MOST_DPI:g}", field="dpi")
    stream = io.BytesIO()
    with drawing_on(getattr(figure, "page", Page())), matplotlib.rc_context(_SETTINGS), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "constrained_layout not applied")  # `check_room` says so, and of what
        engine = figure.get_layout_engine()
        if engine is not None:  # laid out once, not at each saving
            engine.execute(figure)
            if any(ax.get_aspect() != "auto" for ax in figure.axes):  # maps become smaller than their places, with other ticks
                engine.execute(figure)
                if trim_height(figure):
                    engine.execute(figure)
                    engine.execute(figure)
            check_room(figure)
            figure.set_layout_engine("none")
        figure.set_dpi(dpi)
        # by the canvas itself: `savefig` draws a figure that had a layout once more before it saves it
        with without_layout_tables() if ending == ".pdf" else nullcontext():
            kind = "tif" if ending == ".tiff" else ending.removeprefix(".")
            getattr(_canvas(kind)(figure), f"print_{kind}")(stream, **_described(kind, getattr(figure, "origin", {}), dpi))
    return stream.getvalue()


def _described(kind: str, origin: Mapping[str, str], dpi: float) -> dict[str, Any]:
    """What a file says of itself; no date but that of the result, so that the same figure is the same bytes."""
    said = "; ".join(f"{name} {value}" for name, value in origin.items() if value)
    title = origin.get("figure", "")
    if kind == "pdf":
        return {"metadata": {"CreationDate": None, "Title": title, "Keywords": said}}
    if kind == "svg":
        return {"metadata": {"Date": None, **{name: text for name, text in (("Title", title), ("Description", said)) if text}}}
    if kind == "png":
        return {"metadata": {"Title": title, "Description": said}}
    import matplotlib

    # a TIFF says what program wrote it only where it is told to
    tags = {_DESCRIPTION_TAG: said, 305: f"Matplotlib {matplotlib.__version__}"}
    return {"pil_kwargs": {"compression": "tiff_lzw", "dpi": (dpi, dpi), "tiffinfo": tags}}


def _canvas(kind: str) -> type[FigureCanvasBase]:
    """What draws figures for files of this kind."""
    if kind == "pdf":
        from matplotlib.backends.backend_pdf import FigureCanvasPdf

        return FigureCanvasPdf
    if kind == "svg":
        from matplotlib.backends.backend_svg import FigureCanvasSVG

        return FigureCanvasSVG
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    return FigureCanvasAgg
