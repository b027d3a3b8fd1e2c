"""A command of `glmengine`: its name, its words of help, its options, its work."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from glmengine.cli.options import Option
from glmengine.sentences import capitalised


@dataclass(frozen=True)
class Command:
    """One command.

    Attributes
    ----------
    name : str
    what : str
        A line for the list of commands.
    more : str, or function that gives one
        What its own help says besides.
    options : tuple of Option
    work : function
        Takes the options as a `Namespace`; its exit code.
    """

    name: str
    what: str
    more: str | Callable[[], str]
    options: tuple[Option, ...]
    work: Callable[[argparse.Namespace], int]

    def add_to(self, commands: argparse._SubParsersAction[Any]) -> None:
        """Declare it among the commands of a parser."""
        more = self.more() if callable(self.more) else self.more
        parser = commands.add_parser(
            self.name,
            help=self.what,
            description=f"{capitalised(self.what)}. {more}".strip(),
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        for option in self.options:
            option.add_to(parser)
        parser.set_defaults(work=self.work)
