"""Command that draws one figure of a result: figure."""

from __future__ import annotations

import sys
from argparse import Namespace
from typing import TYPE_CHECKING

from glmengine.cli.command import Command
from glmengine.cli.opening import opened_as
from glmengine.cli.options import CODE, FORCE, RECIPE, SESSION, Option, free_path
from glmengine.cli.terminal import progress_bar
from glmengine.errors import GlmError

if TYPE_CHECKING:
    from glmengine.figures.style import Style


def figure(options: Namespace) -> int:
    """One figure of a result, or the list of them."""
    from glmengine.figures import Page, Style, draw, save_figure
    from glmengine.project.question import load_result

    if options.list:
        return _list(options.result)
    if not (options.result and options.kind and options.out):
        print("glmengine figure: give RESULT, KIND and --out FILE, or --list", file=sys.stderr)
        return 2
    path = free_path(options.out, options.force)
    style = Style.load(options.style) if options.style else Style()
    if options.font_size is not None:
        style = style.with_(font_size=options.font_size)
    page = Page(style, *(_millimetres(given, style) for given in (options.width, options.height)))
    result, recording = load_result(options.result), None
    if options.recording:
        with progress_bar() as context:
            recording = opened_as(result, options, context)
    if options.effect and options.kind != "tuning":
        raise GlmError(f"--effect is of the figure 'tuning', not of '{options.kind}'; leave it out")
    more = {"effect": True} if options.effect else {}
    drawn = draw(result, options.kind, options.unit, term=options.term, recording=recording, page=page, **more)
    save_figure(drawn, path, dpi=options.dpi)
    print(f"written: {path}")
    return 0


def _list(result: str | None) -> int:
    """All figures, or those that a result has something for, with what each shows."""
    from glmengine.figures.table import TABLE
    from glmengine.project.question import load_result

    found = load_result(result) if result else None
    for kind in TABLE:
        if found is None or kind.has(found):
            needs = [word for word, needed in (("of one unit", kind.of_unit), ("needs --recording", kind.recorded)) if needed]
            print(f"{kind.name:18}{kind.text}" + (f" ({', '.join(needs)})" if needs else ""))
    return 0


def _millimetres(given: str | None, style: Style) -> float | None:
    """A length in mm, or the width of one or two columns by its name."""
    if given is None:
        return None
    named = {"one": style.one_column, "two": style.two_columns}
    try:
        return named[given] if given in named else float(given)
    except ValueError:
        raise GlmError(f"'{given}' is no length; give millimetres, or `one` or `two` for columns") from None


FIGURE = Command(
    "figure",
    "one figure of a result, as PDF, SVG, PNG or TIFF",
    "`glmengine figure --list` says which figures there are and what each shows; `--list RESULT` which of them a result has something for.",
    (
        Option("result", metavar="RESULT", nargs="?", help="a result.nc, or a project (.glm) that holds a result"),
        Option("kind", metavar="KIND", nargs="?", help="what is drawn"),
        Option("--list", action="store_true", help="name all figures, or with RESULT those that it has something for"),
        Option("--unit", metavar="NAME", help="of which unit"),
        Option("--term", metavar="TERM", help="only this term"),
        Option("--effect", action="store_true", help="tuning: each term by itself, the other terms at their mean"),
        Option("--recording", metavar="FILE", default="", help="the recording that was fitted, where it is drawn"),
        Option("--out", metavar="FILE", help="the file to write; its ending says which format"),
        Option("--width", metavar="MM", help="width in mm, or `one` or `two` for columns; as the figure needs where not given"),
        Option("--height", metavar="MM", help="height in mm; as the figure needs where not given"),
        Option("--font-size", type=float, metavar="PT", help="of labels, in points; that of the style where not given"),
        Option("--style", metavar="FILE", help="style file (.toml): font, sizes, line widths, colours"),
        Option(
            "--dpi",
            type=float,
            default=300.0,
            metavar="N",
            help="dots an inch of PNG and TIFF, and of maps within PDF and SVG; 300 where not given",
        ),
        FORCE,
        SESSION,
        RECIPE,
        CODE,
    ),
    figure,
)
