"""Fits that a project keeps: each with a name, its question, its score, and its result on disk."""

from __future__ import annotations

import math
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from glmengine.analysis.analysis import Analysis
from glmengine.analysis.difference import differences
from glmengine.argument_kinds import takes_only_its_kinds
from glmengine.errors import GlmError

if TYPE_CHECKING:
    from glmengine.recording.recording import Recording
    from glmengine.results.result import Result

_LONGEST_NAME = 48


@dataclass(frozen=True)
class KeptFit:
    """One fit; its result stays on disk until it is asked for.

    Attributes
    ----------
    key : str
        What it is known by, in the project and beside it.
    name : str
        What the user calls it.
    analysis : Analysis
        The question.
    created : str
        When it was fitted, ISO 8601 in UTC.
    seconds : float
        How long the fit took; NaN where not known.
    score, scored : float, str
        Median over units of the deviance explained, and on what: ``held out``, ``in the fit``; NaN and empty without one.
    n_units : int
    converged : bool
        Whether every unit reached the optimum.
    recording_name, recording_sha256 : str
        What was fitted.
    analysis_sha256 : str
        Hash of the question.
    file : Path or None
        Its result as NetCDF; None while it is in a project that was not unpacked.
    """

    key: str
    name: str
    analysis: Analysis
    created: str
    seconds: float
    score: float
    scored: str
    n_units: int
    converged: bool
    recording_name: str
    recording_sha256: str
    analysis_sha256: str
    file: Path | None = None

    @property
    def recording_key(self) -> str:
        """What tells its recording from others: the hash, or the name where that is not known."""
        return self.recording_sha256 or self.recording_name

    def is_for(self, analysis: Analysis, recording: Recording | None) -> bool:
        """Whether it answers exactly this question about exactly this recording."""
        if recording is None or self.analysis_sha256 != analysis.sha256:
            return False
        if recording.sha256 or self.recording_sha256:
            return recording.sha256 == self.recording_sha256
        return recording.name == self.recording_name

    def asks_the_same(self, other: KeptFit) -> bool:
        """Whether both are the same question to the same recording."""
        return (self.analysis_sha256, self.recording_key) == (other.analysis_sha256, other.recording_key)

    def load(self) -> Result:
        """Its result.

        Raises
        ------
        GlmError
            If the file is gone or damaged.
        """
        from glmengine.results.result import Result

        if self.file is None or not self.file.exists():
            raise GlmError(f"the result of the fit '{self.name}' is no longer on disk; fit it again")
        return Result.load(self.file)

    def renamed(self, name: str) -> KeptFit:
        """The same under another name."""
        return replace(self, name=name)

    def to_dict(self) -> dict[str, Any]:
        """Plain data for a file, without the place of the result."""
        numbers = {name: None if math.isnan(getattr(self, name)) else getattr(self, name) for name in ("seconds", "score")}
        texts = {name: getattr(self, name) for name in _TEXTS}
        return {**texts, **numbers, "n_units": self.n_units, "converged": self.converged, "analysis": self.analysis.to_dict()}

    @classmethod
    def from_dict(cls, data: Any, where: str) -> KeptFit:
        """Build from what `to_dict` gave; `where` names the file in errors.

        Raises
        ------
        GlmError
            If something is missing or of another kind.
        """
        if not isinstance(data, Mapping) or not isinstance(data.get("analysis"), dict):
            raise GlmError(f"{where}: is damaged (a fit has no analysis); restore a copy")
        texts = {name: data.get(name) for name in _TEXTS}
        numbers = {name: data.get(name) for name in ("seconds", "score")}
        right = all(isinstance(text, str) for text in texts.values()) and str(texts["key"]).isalnum()
        right = right and all(number is None or isinstance(number, int | float) for number in numbers.values())
        if not right or not isinstance(data.get("n_units"), int) or not isinstance(data.get("converged"), bool):
            raise GlmError(f"{where}: is damaged (a fit is not described as this program does it); restore a copy")
        return cls(
            **texts,
            **{name: math.nan if number is None else float(number) for name, number in numbers.items()},
            n_units=data["n_units"],
            converged=data["converged"],
            analysis=Analysis.from_dict(data["analysis"], where),
        )


_TEXTS = ("key", "name", "created", "scored", "recording_name", "recording_sha256", "analysis_sha256")


@takes_only_its_kinds
def keep_fit(result: Result, folder: Path, *, name: str = "", seconds: float = math.nan) -> KeptFit:
    """Write a result into `folder` and describe it.

    Parameters
    ----------
    result : Result
    folder : Path
    name : str
        The labels of its terms where empty.
    seconds : float
        How long the fit took.

    Returns
    -------
    KeptFit
        Its `file` is the result in `folder`.

    Raises
    ------
    GlmError
        If the folder cannot be written to.
    """
    key = uuid.uuid4().hex[:12]
    file = Path(folder) / f"{key}.nc"
    result.save(file)
    score, scored = result.median_score
    said = result.provenance
    return KeptFit(
        key=key,
        name=name or proposed_name(result.analysis),
        analysis=result.analysis,
        created=str(said.get("created", "")),
        seconds=seconds,
        score=score,
        scored=scored,
        n_units=len(result.units),
        converged=result.converged,
        recording_name=str(said.get("recording_name", "")),
        recording_sha256=str(said.get("recording_sha256", "")),
        analysis_sha256=str(said.get("analysis_sha256", "")) or result.analysis.sha256,
        file=file,
    )


def proposed_name(analysis: Analysis, taken: Iterable[str] = ()) -> str:
    """The labels of the terms in the model, with a number behind where that name is taken."""
    name = " + ".join(term.label for term in analysis.terms if term.enabled) or "no terms"
    name = name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1]}…"
    taken, number, proposed = set(taken), 2, name
    while proposed in taken:
        proposed, number = f"{name} ({number})", number + 1
    return proposed


def distinctions(fits: Sequence[KeptFit]) -> tuple[str, ...]:
    """By what each of some fits differs from the others, in a few words: what it is called where it was given a name, else the terms that not
    all of them have, and where those are the same the settings.

    Examples
    --------
    Of ``position``, ``position + speed`` and the same in other bins: ``position alone``, ``+ speed``, ``+ speed, bin size 0.02 s → 0.01 s``.
    """
    labels = [tuple(term.label for term in fit.analysis.terms if term.enabled) for fit in fits]
    common = [label for label in labels[0] if all(label in own for own in labels)] if labels else []
    said: list[str] = []
    first_with: dict[str, KeptFit] = {}
    for fit, own in zip(fits, labels, strict=True):
        more = " + ".join(label for label in own if label not in common)
        words = f"+ {more}" if more and common else more or _alone(common)
        if not fit.name.startswith(proposed_name(fit.analysis)):
            words = fit.name
        elif words in first_with:
            words = ", ".join((words, *differences(first_with[words].analysis, fit.analysis)))
        first_with.setdefault(words, fit)
        said.append(words)
    return tuple(said)


def _alone(labels: Sequence[str]) -> str:
    """Of a model that has no more than these terms."""
    return f"{labels[0]} alone" if len(labels) == 1 else " + ".join(labels) or "no terms"


def changes(fits: Sequence[KeptFit]) -> tuple[tuple[str, ...], ...]:
    """What each fit has that the one before has not, in words; nothing for the first (see `glmengine.analysis.difference`)."""
    said: list[tuple[str, ...]] = [()] if fits else []
    for before, after in pairwise(fits):
        words = list(differences(before.analysis, after.analysis))
        if before.recording_key != after.recording_key:
            words.insert(0, f"recording {before.recording_name} → {after.recording_name}")
        said.append(tuple(words) or ("the same question",))
    return tuple(said)
