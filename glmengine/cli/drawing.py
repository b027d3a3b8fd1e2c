"""Command that draws one figure of a result: figure."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from glmengine.cli.command import Command
from glmengine.cli.opening import opened_as
from glmengine.cli.options import CODE, FORCE, RECIPE, RESULT, SESSION, Option
from glmengine.cli.terminal import progress_bar
from glmengine.errors import GlmError


def figure(options: Namespace) -> int:
    """One figure of a result."""
    from glmengine.figures import draw, save_figure
    from glmengine.project import load_result

    path = Path(options.out)
    if path.exists() and not options.force:
        raise GlmError(f"{path}: exists already; choose another name, or replace it with --force")
    result, recording = load_result(options.result), None
    if options.recording:
        with progress_bar() as context:
            recording = opened_as(result, options, context)
    if options.effect and options.kind != "tuning":
        raise GlmError(f"--effect is of the figure 'tuning', not of '{options.kind}'; leave it out")
    more = {"effect": True} if options.effect else {}
    drawn = draw(result, options.kind, options.unit, term=options.term, recording=recording, **more)
    save_figure(drawn, path, dpi=options.dpi)
    print(f"written: {path}")
    return 0


def _kinds() -> str:
    from glmengine.figures import KINDS

    return "KIND is one of: " + "; ".join(f"{name} ({text})" for name, text in KINDS.items()) + "."


FIGURE = Command(
    "figure",
    "one figure of a result, as PDF, SVG or PNG",
    _kinds,
    (
        RESULT,
        Option("kind", metavar="KIND", help="what is drawn"),
        Option("--unit", metavar="NAME", help="of which unit"),
        Option("--term", metavar="TERM", help="only this term"),
        Option("--effect", action="store_true", help="tuning: each term by itself, the other terms at their mean"),
        Option("--recording", metavar="FILE", default="", help="the recording that was fitted, where rates are drawn"),
        Option("--out", metavar="FILE", required=True, help="the file to write; its ending says which format"),
        Option("--dpi", type=float, default=100.0, metavar="N", help="dots an inch of a PNG, 100 where not given"),
        FORCE,
        SESSION,
        RECIPE,
        CODE,
    ),
    figure,
)
