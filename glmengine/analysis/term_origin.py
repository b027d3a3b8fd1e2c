"""Origin of an analysis's terms: the answer sheet that chose them, what it chose among, and for which unit."""

from __future__ import annotations

from collections.abc import Iterable

from glmengine.analysis.selection import Selection
from glmengine.sentences import capitalised, listed
from glmengine.spec import Spec, param

AFTER_CHOICE = "Tests of these terms on the same time do not know of the choice, so that their p are too small."
"""Said where a model is fitted to the recording that its terms were chosen on."""


class TermOrigin(Spec):
    """An answer sheet that chose the terms of an analysis."""

    unit: str = param(title="Unit", help="The unit that the terms were chosen for.")
    recording: str = param("", title="Recording", help="The name of the recording that was explained.")
    recording_sha256: str = param("", title="Hash", help="SHA-256 of that recording.")
    candidates: tuple[str, ...] = param(title="Candidates", help="The terms that were tried.", min_length=1)
    chosen: tuple[str, ...] = param(title="Chosen", help="Those that came in, in this order.", min_length=1)
    selection: Selection = param(Selection(), title="Selection", help="How they were chosen.")
    n_units: int = param(1, title="Units", help="How many units the sheet has, over which q is.", ge=1)
    explained: float | None = param(None, title="Explained", help="Held-out deviance explained by the chosen terms.")
    q: float | None = param(None, title="q", help="False discovery rate of the unit over those units.")
    shifts: int = param(0, title="Shifts", help="Shifts in time that each step was tested by; 0 for none.", ge=0)
    shift_q: float | None = param(None, title="Shift q", help="Largest false discovery rate of a step against shifts in time.")
    question_sha256: str = param("", title="Question", help="SHA-256 of the question that the sheet answers.")

    def is_of(self, name: str, sha256: str) -> bool:
        """Whether the terms were chosen on the recording of this name and hash."""
        return sha256 == self.recording_sha256 if sha256 or self.recording_sha256 else name == self.recording

    def is_whole(self, labels: Iterable[str]) -> bool:
        """Whether the terms of these labels are still those that were chosen."""
        return set(labels) == self.terms

    @property
    def terms(self) -> frozenset[str]:
        """Labels of the chosen terms, of blocks each, with those that every model had."""
        blocks = {block.name: block.terms for block in self.selection.blocks}
        own = (term for name in self.chosen for term in blocks.get(name, (name,)))
        return frozenset((*own, *self.selection.always))

    @property
    def words(self) -> str:
        """What was chosen among what for which unit, how well it does, and how sure that is; without the full stop."""
        where = f" of {self.recording}" if self.recording else ""
        text = f"an answer sheet chose {listed(self.chosen)} (in this order) for unit {self.unit}{where} among {listed(self.candidates)}"
        found = []
        if self.explained is not None:
            found.append(f"held-out deviance explained {self.explained:.2g}")
        if self.q is not None:
            over = f" over {self.n_units} units" if self.n_units > 1 else ""
            found.append(f"q {_small(self.q)}{over}")
        if self.shift_q is not None:
            found.append(f"against {self.shifts} shifts in time q {_small(self.shift_q)} at most")
        return f"{text} ({', '.join(found)})" if found else text

    def note(self, labels: Iterable[str], name: str, sha256: str) -> str:
        """What is said beside a fit of the terms with these labels to the recording of this name and hash."""
        changed = "" if self.is_whole(labels) else " The terms have been changed since."
        late = f" {AFTER_CHOICE}" if self.is_of(name, sha256) else ""
        return f"{capitalised(self.words)}.{changed}{late}"


def _small(q: float) -> str:
    return "below 0.001" if q < 0.001 else f"{q:.2g}"
