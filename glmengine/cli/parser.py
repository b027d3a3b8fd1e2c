"""The parser of the command line, with all commands in the order in which help lists them."""

from __future__ import annotations

import argparse
from difflib import get_close_matches
from typing import NoReturn

from glmengine.cli import (
    analyses,
    checks,
    decoding,
    description,
    drawing,
    explanation,
    fits,
    methods,
    recordings,
    selection,
    simulation,
)
from glmengine.cli.terminal import say_error

WRONG_USAGE = 2

_EXAMPLES = """\
an analysis from beginning to end, on a simulated session:
  glmengine sample session session.nwb
  glmengine inspect session.nwb
  glmengine new session session.toml
  glmengine run session.toml --recording session.nwb --out results
  glmengine predict results/result.nc --recording session.nwb --out predicted

exit codes: 0 done, 1 the data or the analysis is at fault (one line says what), 2 wrong usage, 130 interrupted, 143 told to end by the system
"""

COMMANDS = (
    recordings.INSPECT,
    description.DESCRIBE,
    recordings.RECIPE_DRAFT,
    recordings.CONVERT,
    fits.RUN,
    analyses.DESIGN,
    fits.BATCH,
    fits.PREDICT,
    explanation.EXPLAIN,
    checks.CHECK,
    selection.COMPARE,
    selection.SELECT,
    checks.SHIFT_TEST,
    checks.BOOTSTRAP,
    simulation.SIMULATE,
    decoding.DECODE,
    drawing.FIGURE,
    fits.FITS,
    fits.EXPORT,
    methods.REPORT,
    methods.METHODS,
    analyses.TEMPLATES,
    analyses.NEW,
    recordings.SAMPLE,
    analyses.SCRIPT,
)
"""In the order in which help lists them."""


def build_parser() -> argparse.ArgumentParser:
    """The whole command line."""
    from glmengine import __version__

    parser = _Parser(
        prog="glmengine",
        description="Generalized linear models of neural activity: find out what drives a neuron.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"glmengine {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", title="commands", parser_class=_Parser)

    for command in COMMANDS:
        command.add_to(commands)
    return parser


class _Parser(argparse.ArgumentParser):
    """Wrong usage is told in one line, by the command that was used wrongly."""

    def parse_known_args(self, args=None, namespace=None):
        """argparse hands what a command does not know on to the program, whose help does not list it either."""
        known, unknown = super().parse_known_args(args, namespace)
        if unknown:
            given = unknown[0].partition("=")[0]
            near = get_close_matches(given, self._option_string_actions, n=1) if given.startswith("-") else []
            self.error(f"{' '.join(unknown)}: not known here" + (f"; {near[0]} is" if near else ""))
        return known, unknown

    def error(self, message: str) -> NoReturn:
        say_error(f"{message}; see {self.prog} --help")
        raise SystemExit(WRONG_USAGE)
