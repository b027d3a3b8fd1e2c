"""Command that says how a result was made, for a paper: methods."""

from __future__ import annotations

from argparse import Namespace

from glmengine.cli.command import Command
from glmengine.cli.options import RESULT


def methods(options: Namespace) -> int:
    """The paragraph, and the works that it cites."""
    from glmengine.export.citations import bibtex
    from glmengine.export.methods import methods_text
    from glmengine.project import load_result

    result = load_result(options.result)
    print(methods_text(result))
    print()
    print(bibtex(result), end="")
    return 0


METHODS = Command(
    "methods",
    "a paragraph for the methods of a paper, and its references as BibTeX",
    "With the numbers of the result: bins, epochs, terms and their functions, penalty and how its strength was chosen, split, checks, versions, seed.",
    (RESULT,),
    methods,
)
