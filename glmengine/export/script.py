"""Analyses as Python scripts that give the same numbers, bit for bit."""

from __future__ import annotations

import json
import os
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any

from glmengine.design.term_size import bases_of
from glmengine.export.script_checks import check_calls

if TYPE_CHECKING:
    from collections.abc import Mapping

    from glmengine.analysis.analysis import Analysis
    from glmengine.analysis.term_origin import TermOrigin
    from glmengine.results.result import Result


def script_text(
    analysis: Analysis,
    recording_path: str | Path | None = None,
    recipe: Mapping[str, Any] | None = None,
    result: Result | None = None,
    folder: str | Path | None = None,
) -> str:
    """Source of a script that opens the recording, fits the analysis and writes its results.

    Parameters
    ----------
    analysis : Analysis
        Goes into the script whole; what is at its default is left out.
    recording_path : path, optional
        That of the analysis where not given.
    recipe : mapping, optional
        Plain data of the recipe with which the recording was opened, where it needed one.
    result : Result, optional
        What the analysis gave: the checks that are kept with it are asked for again.
    folder : path, optional
        Where the script will lie: it then finds the recording from there, so that both may be moved together.
    """
    blocks = 1 if result is None else int(result.provenance.get("blocks", 1))
    in_blocks = f", blocks={blocks}" if blocks > 1 else ""  # else the last bits would be others
    selected = "    print(result.selection)\n" if analysis.selection is not None else ""
    body = f"""    result = ge.run(analysis, recording{in_blocks})
    print(result.scores.to_dataframe()[["n_spikes", "deviance_explained_heldout", "bits_per_spike_heldout", "status"]])
{selected}{check_calls(result)}    result.save("result.nc")
    ge.write_outputs(result, "results", recording)
"""
    return script_around(body, analysis, recording_path, recipe, folder)


def script_around(
    body: str,
    analysis: Analysis,
    recording_path: str | Path | None = None,
    recipe: Mapping[str, Any] | None = None,
    folder: str | Path | None = None,
) -> str:
    """Source of a script that opens the recording and reads the analysis, and then does what the lines of `body` say with both.

    Parameters are those of `script_text`.
    """
    import tomli_w

    if recipe is None and recording_path is None and analysis.recording.recipe is not None:
        recipe = analysis.recording.recipe.to_dict()
    path = str(recording_path or analysis.recording.path or "recording.nwb")
    several = bool(analysis.more_recordings) and not recording_path
    toml = _quoted(tomli_w.dumps(analysis.to_dict()))
    with_recipe = "" if recipe is None or several else f'\nRECIPE = """\n{_quoted(tomli_w.dumps(dict(recipe)))}"""\n'
    given = "" if recipe is None else ", tomllib.loads(RECIPE)"
    runs_code = any(basis.family == "custom" for term in analysis.terms for basis in bases_of(term))
    allowing = (
        "\nfrom glmengine.basis.custom import allow_code\n\nallow_code()  # the analysis names functions of your own\n"
        if runs_code
        else ""
    )
    beside = not several and _expression(path, folder).startswith("str(")
    title = _in_docstring(analysis.title or "One analysis").splitlines()[0]
    origin = "" if analysis.terms_from is None else f"\n\n{_in_docstring(_origin_words(analysis.terms_from))}\n"
    return f'''"""{title}: made by glmengine, runs with: python SCRIPT [RECORDING{" ..." if several else ""}]{origin}"""

import sys
import tomllib
{"from pathlib import Path" + chr(10) if beside else ""}
import glmengine as ge
{allowing}
ANALYSIS = """
{toml}"""
{with_recipe}
{_opening_several(analysis) if several else _opening_one(_expression(path, folder), given)}
    analysis = ge.Analysis.from_dict(tomllib.loads(ANALYSIS))
{body}

if __name__ == "__main__":
    main(*sys.argv[1:{"" if several else "2"}])
'''


def _in_docstring(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', "'")


def _origin_words(origin: TermOrigin) -> str:
    return textwrap.fill(f"The terms: {origin.words}.", 110)


def _expression(path: str, folder: str | Path | None) -> str:
    """The path as Python: from where the script lies, if it is known where that is and one leads to the other."""
    if folder is not None and os.path.isabs(path):
        try:
            way = os.path.relpath(path, Path(folder).absolute())
        except ValueError:  # on another drive
            way = path
        if not os.path.isabs(way):
            return f"str(Path(__file__).resolve().parent / {json.dumps(Path(way).as_posix(), ensure_ascii=False)})"
    return json.dumps(path, ensure_ascii=False)


def _opening_one(path: str, given: str) -> str:
    return f"""
def main(path: str = {path}) -> None:
    recording = ge.open_recording(path{given})"""


def _opening_several(analysis: Analysis) -> str:
    sources = analysis.sources
    places = ",\n    ".join(json.dumps(one.path, ensure_ascii=False) for one in sources)
    names = json.dumps([one.session for one in sources], ensure_ascii=False) if all(one.session for one in sources) else "None"
    recipes, given = "", "[ge.open_recording(path) for path in paths or PATHS]"
    if any(one.recipe is not None for one in sources):
        made = ",\n    ".join("None" if one.recipe is None else f'"""\n{_quoted(one.recipe.to_toml())}"""' for one in sources)
        recipes = f"\nRECIPES = (\n    {made},\n)"
        given = (
            "[\n        ge.open_recording(path, recipe and tomllib.loads(recipe)) for path, recipe in zip(paths or PATHS, RECIPES, strict=True)"
            "\n    ]"
        )
    return f"""
PATHS = (
    {places},
){recipes}
NAMES = {names}


def main(*paths: str) -> None:
    recordings = {given}
    recording = ge.join_recordings(recordings, NAMES)"""


def _quoted(toml: str) -> str:
    """As it stands between three quotation marks in a script."""
    return toml.replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
