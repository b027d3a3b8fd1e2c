"""Findings that speak against the model of a unit, with their remedies, and the judgement that they make together."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from glmengine.analysis.remedies import Advice, Remedy

NOTHING_ELSE = "Nothing else speaks against the model either."
"""Said of a model that all checks let pass."""

_NO_CAUSE = "No single cause stands out."


_FINER = Advice("finer functions in the terms that are there")
_FINER_OR_BINS = Advice(_FINER.step, ", or narrower bins")


def _each_once(found: Sequence[Advice]) -> tuple[Advice, ...]:
    """Less those whose step stands there already."""
    kept: dict[str, Advice] = {}
    for one in found:
        kept.setdefault(one.step, one)
    return tuple(kept.values())


@dataclass(frozen=True)
class Finding:
    """One thing that speaks against the model, what to do about it, if anything, and, where that is an edit of the analysis, the edit."""

    what: str
    remedy: Advice | None = None
    edit: Remedy | None = None

    def to_text(self) -> str:
        """As a file holds it; `from_text` reads it."""
        return json.dumps(asdict(self), ensure_ascii=False)

    @classmethod
    def from_text(cls, text: str) -> Finding | None:
        """What `to_text` wrote; None of an empty text."""
        return cls.of(json.loads(text)) if text else None

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Finding:
        """From what a file holds of it."""
        remedy = None if data["remedy"] is None else Advice.of(data["remedy"])
        return cls(data["what"], remedy, None if data["edit"] is None else Remedy(**data["edit"]))


@dataclass(frozen=True)
class Judgement:
    """What is thought of the model of one unit.

    Attributes
    ----------
    said : str
        The outcome of the test that comes first, or why there is none.
    judged : bool
        Whether there was enough to judge.
    rejected : bool
        By that test.
    findings : tuple of Finding
    bins_can_be_narrower : bool
        Whether the recording allows narrower bins than those that were fitted.
    """

    said: str
    judged: bool = True
    rejected: bool = False
    findings: tuple[Finding, ...] = ()
    bins_can_be_narrower: bool = True

    @property
    def adequate(self) -> bool:
        """Whether nothing speaks against the model."""
        return self.judged and not self.findings and not self.rejected

    @property
    def verdict(self) -> str:
        """All of it in sentences."""
        found = [finding.what for finding in self.findings]
        if self.judged and not found:
            found = [_NO_CAUSE if self.rejected else NOTHING_ELSE]
        return " ".join([self.said, *found]).strip()

    @property
    def remedies(self) -> tuple[Advice, ...]:
        """What to try next, each once."""
        found = _each_once([finding.remedy for finding in self.findings if finding.remedy is not None])
        if self.judged and self.rejected and not found:
            return (_FINER_OR_BINS if self.bins_can_be_narrower else _FINER,)
        return found

    @property
    def try_next(self) -> str:
        """The same in one text."""
        return "; ".join(map(str, self.remedies))

    @property
    def edits(self) -> tuple[Remedy, ...]:
        """Those remedies that are edits of the analysis."""
        return tuple(dict.fromkeys(finding.edit for finding in self.findings if finding.edit is not None))

    def with_finding(self, finding: Finding) -> Judgement:
        """The same with one more."""
        return replace(self, findings=(*self.findings, finding))

    def advised(self, other: Callable[[Finding], Finding]) -> Judgement:
        """The same with another remedy of each finding."""
        return replace(self, findings=tuple(map(other, self.findings)))

    def to_text(self) -> str:
        """As a file holds it; `from_text` reads it."""
        return json.dumps(asdict(self), ensure_ascii=False)

    @classmethod
    def from_text(cls, text: str) -> Judgement | None:
        """What `to_text` wrote; None of an empty text."""
        if not text:
            return None
        data = json.loads(text)
        findings = tuple(map(Finding.of, data["findings"]))
        narrower = data.get("bins_can_be_narrower", True)  # older ones lack it
        return cls(data["said"], data["judged"], data["rejected"], findings, narrower)
