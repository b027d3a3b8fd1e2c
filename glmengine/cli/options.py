"""Options that several commands share, each declared once."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from glmengine.errors import GlmError


class Option:
    """One argument or option of a command: what argparse's `add_argument` takes.

    Parameters
    ----------
    *names : str
    **settings
        `metavar`, `help`, `action`, `default`, ...
    """

    def __init__(self, *names: str, **settings: Any) -> None:
        self._names, self._settings = names, settings

    def saying(self, text: str) -> Option:
        """The same option with another text of help."""
        return Option(*self._names, **self._settings | {"help": text})

    def add_to(self, parser: argparse.ArgumentParser) -> None:
        """Declare it in a parser."""
        parser.add_argument(*self._names, **self._settings)


def at_least_one(text: str) -> int:
    """A whole number above 0, of an option's text."""
    number = int(text)
    if number < 1:
        raise ValueError
    return number


def free_path(name: str | Path, force: bool) -> Path:
    """The path of a file to write.

    Raises
    ------
    GlmError
        If it is a folder, or exists and is not to be replaced.
    """
    path = Path(name)
    if path.is_dir():
        raise GlmError(f"{path}: is a folder; give the name of a file")
    if path.exists() and not force:
        raise GlmError(f"{path}: exists already; choose another name, or replace it with --force")
    return path


ANALYSIS = Option("analysis", metavar="ANALYSIS", help="an analysis (.toml) or a project (.glm)")
RESULT = Option("result", metavar="RESULT", help="a result.nc, or a project (.glm) that holds a result")

SESSIONS = Option("--recording", metavar="FILE", action="append", help="the recording, or several sessions, as for run")
THE_FITTED = Option("--recording", metavar="FILE", required=True, help="the recording, as a rule the one that was fitted")
RECIPE = Option(
    "--recipe",
    metavar="FILE",
    action="append",
    help="what the arrays of a file without a standard are (.toml); of several recordings one for all, or given once for each in their order",
)
CODE = Option(
    "--allow-code",
    action="store_true",
    help="import the functions that an analysis with custom bases names: only for files you trust",
)

OUT_RESULTS = Option("--out", metavar="DIR", required=True, help="folder for the results, made where it is missing")
OUT_TABLES = OUT_RESULTS.saying("folder for the tables, made where it is missing")
FORCE = Option("--force", action="store_true", help="replace the file")
KEEP = Option("--keep", action="store_true", help="write result.nc too, with what was found in it")

EPOCH = Option("--epoch", metavar="NAME", action="append", help="only this epoch, may be repeated")
UNIT = Option("--unit", metavar="NAME", action="append", help="only this unit, may be repeated")
SESSION = Option("--session", metavar="NAME", help="take the recording as this one of the sessions that were fitted together")

SCHEDULER = Option(
    "--scheduler", metavar="ADDRESS", help="a Dask scheduler, such as tcp://host:8786, whose workers share the work"
)

HELD_OUT = Option(
    "--held-out",
    action="store_true",
    help="fit the analysis's folds again, and predict each bin by the fit that has not seen it",
)
SEED = Option("--seed", type=int, metavar="S", help="the analysis's where not given")
STEPS_BY = Option("--steps-by", choices=("folds", "shifts"), help="what judges the steps of a choice of terms")
SHIFTS = Option("--shifts", type=int, default=200, metavar="N", help="how many, 200 where not given")
