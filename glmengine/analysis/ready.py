"""What a ready analysis needs of a recording, whether the recording has it, and the analysis with the recording's own names in it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

from glmengine.analysis.analysis import Analysis
from glmengine.analysis.variable_roles import ROLES, positions, tracks
from glmengine.errors import GlmError
from glmengine.io.files.plain_text import toml_file
from glmengine.models import get_family
from glmengine.recording.activity import activity, is_signal
from glmengine.recording.binned import count_bin_width
from glmengine.recording.recording import Recording
from glmengine.sentences import listed
from glmengine.spec import Spec

ANALYSIS, ABOUT, PAGE = "analysis.toml", "about.toml", "page.md"
_HOLE = re.compile(r'"\{([^}"]+)\}"')
_BIN_SIZE = re.compile(r"(?m)^bin_size = ([\d.e-]+)")
_UNITS = "units"
_ASKED_ANYHOW = ("variable", "activity")
"""Roles of which a file has no holes."""
_WHOLE = 1e-6
"""How far from a whole number of the recording's own bins a bin may be."""


class Need(Spec):
    """A variable that the analysis asks of the recording.

    Attributes
    ----------
    role : str
        One of `glmengine.analysis.variable_roles.ROLES`.
    hole : str
        What stands in braces in ``analysis.toml`` for it; a position in two dimensions also fills ``hole.x`` and ``hole.y``.
    name : str
        What the sample calls it; a speed without a name is computed from the position.
    words : tuple of str
        Of events, properties and signals: words by which their names are known; of variables: the names.
    """

    role: Literal[
        "position",
        "track",
        "head_direction",
        "theta",
        "speed",
        "signal",
        "stimulus",
        "event",
        "property",
        "variable",
        "activity",
        "laps",
        "units",
    ]
    hole: str = ""
    name: str = ""
    words: tuple[str, ...] = ()

    @property
    def said(self) -> str:
        """What is needed, in words."""
        of = f" such as '{self.hole}'" if self.role in ("event", "property", "laps") else ""
        exactly = f" {listed(repr(word) for word in self.words)}" if self.role == "variable" else ""
        return f"{ROLES[self.role].words}{of}{exactly}"


class About(Spec):
    """What is known of a ready analysis beside its terms.

    Attributes
    ----------
    order : int
        Its place in the course; 0 for one that has no page.
    question : str
        What it answers, as a person would ask.
    sample : str
        The simulated recording that it can be tried on.
    variant : str
        The further file in its folder that the question is put with; empty where that is the analysis itself.
    needs : tuple of Need
    """

    order: int = 0
    question: str = ""
    sample: str
    variant: str = ""
    needs: tuple[Need, ...] = ()


@dataclass(frozen=True)
class Readiness:
    """A ready analysis in front of a recording.

    Attributes
    ----------
    analysis : Analysis
        With the recording's names where it has what is needed, with the sample's where it has not.
    text : str
        The same as a file, with its comments.
    lacking : tuple of str
        What the recording lacks, one sentence each; empty where the analysis can be run.
    sample : str
        The simulated recording to try instead.
    """

    analysis: Analysis
    text: str
    lacking: tuple[str, ...]
    sample: str

    @property
    def fits(self) -> bool:
        return not self.lacking

    @property
    def instead(self) -> str:
        """What to do where it does not fit."""
        return f"Try it on the simulated recording: glmengine sample {self.sample} FILE."


@lru_cache
def about(folder: Path) -> About:
    """What the folder of a ready analysis says of it."""
    return About.parse(toml_file(folder / ABOUT), f"{folder.name}/{ABOUT}")


def needs_of(path: Path) -> tuple[Need, ...]:
    """What one file of a ready analysis needs: of what its folder names, all but that which nothing in the file asks for."""
    text = path.read_text(encoding="utf-8")
    holes = {name.partition(".")[0] for name in _HOLE.findall(text)}
    if 'kind = "coupling"' in text:
        holes.add(_UNITS)
    return tuple(need for need in about(path.parent).needs if (need.hole or need.role) in holes or need.role in _ASKED_ANYHOW)


def on_sample(path: Path) -> str:
    """The file of a ready analysis with the names of its sample in it."""
    needs, names = needs_of(path), {}
    for need in needs:
        names |= _filled(need, need.name or need.hole)
    derived = "".join(
        _speed_of(names.get("position", "position"), need.hole) for need in needs if need.role == "speed" and not need.name
    )
    return _with_names(path, names) + derived


def readiness(path: Path, name: str, recording: Recording) -> Readiness:
    """Whether a recording has what the ready analysis in `path`, called `name`, needs, and the analysis with its names.

    Of several variables that could play a role the likeliest is taken, and none plays two.
    """
    names: dict[str, str] = {}
    lacking, derived = [], ""
    for need in needs_of(path):
        role = ROLES[need.role]
        if need.role == _UNITS:  # asked for below, of every analysis with coupling
            continue
        found = [one for one in role.find(recording, need.words) if one not in names.values()]
        if need.role == "variable":
            absent = [word for word in need.words if word not in found]
            if absent:
                lacking.append(
                    f"It needs the covariate {listed(map(repr, absent))}; the recording has {role.there_is(recording)}."
                )
        elif found:
            names |= _filled(need, found[0])
            if need.role == "position":
                first, second = recording.covariates[found[0]].variables[:2]
                names |= {f"{need.hole}.x": first, f"{need.hole}.y": second}
        elif need.role == "speed" and (source := _moving(recording)):
            derived += _speed_of(source, need.hole)
            names[need.hole] = need.hole
        else:
            said = f"It needs {need.said}; the recording has {role.there_is(recording)}. {role.why_not(recording)}"
            lacking.append(said.rstrip())
    text = on_sample(path) if lacking else _in_own_bins(_with_names(path, names) + derived, recording)
    analysis = analysis_of(text, f"{name}/{path.name}")
    if get_family(analysis.model.family).of_spikes and is_signal(recording):
        lacking.append(
            f"It needs spikes or counts for its {analysis.model.family.replace('_', ' ')} family; the recording has {activity(recording)}."
        )
    if any(term.kind == "coupling" for term in analysis.terms) and len(recording.unit_names) < 2:
        lacking.append(f"It needs {ROLES[_UNITS].words}; there is {len(recording.unit_names) or 'none'}.")
    return Readiness(analysis, text, tuple(lacking), about(path.parent).sample)


def analysis_of(text: str, where: str) -> Analysis:
    """The analysis in the text of a file."""
    import tomllib

    return Analysis.from_dict(tomllib.loads(text), where)


def _moving(recording: Recording) -> str:
    """The covariate that a speed is computed from, empty where there is none."""
    places = [*positions(recording), *(name for name in tracks(recording) if name in recording.covariates)]
    return places[0] if places else ""


def _filled(need: Need, name: str) -> dict[str, str]:
    if not need.hole:
        return {}
    axes = {f"{need.hole}.{axis}": f"{name}.{axis}" for axis in "xy"} if need.role == "position" else {}
    return {need.hole: name, **axes}


def _speed_of(source: str, name: str) -> str:
    return f'\n[[derived]]\nkind = "speed"\nname = {json.dumps(name, ensure_ascii=False)}\nsource = {json.dumps(source, ensure_ascii=False)}\n'


def _in_own_bins(text: str, recording: Recording) -> str:
    """The text of a file with a bin size that the recording's counts or frames, where it came in such, can be put into."""
    own = 0.0 if recording.counts is None else count_bin_width(recording)
    if not own > 0:  # NaN where there are fewer than two
        return text

    def fitting(match: re.Match[str]) -> str:
        times = float(match[1]) / own
        whole = max(1, round(times))
        return match[0] if abs(times - whole) < _WHOLE else f"bin_size = {whole * own:.12g}"

    return _BIN_SIZE.sub(fitting, text, count=1)


def _with_names(path: Path, names: dict[str, str]) -> str:
    """The text of a file with names in its holes; a hole that none fills is a fault of the file."""

    def filled(match: re.Match[str]) -> str:
        if match[1] not in names:
            raise GlmError(
                f"{path.parent.name}/{path.name}: nothing says what fills '{{{match[1]}}}'; add it to the needs in {ABOUT}"
            )
        return json.dumps(names[match[1]], ensure_ascii=False)

    return _HOLE.sub(filled, path.read_text(encoding="utf-8"))
