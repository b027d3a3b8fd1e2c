"""The judgement on the model of a unit from its goodness of fit and, where spikes were simulated, from these too."""

from __future__ import annotations

from typing import TYPE_CHECKING

from glmengine.analysis.remedies import Advice
from glmengine.goodness.judgement import Finding, Judgement
from glmengine.simulation.likeness import LEVEL, p_of

if TYPE_CHECKING:
    from glmengine.goodness.goodness import Goodness
    from glmengine.simulation.comparison import SurrogateComparison


def joint_judgement(found: Goodness, simulated: SurrogateComparison | None, unit: str) -> Judgement:
    """What is thought of the model of one unit: none is right whose simulated spikes are unlike the recorded ones."""
    one = found.summary.sel(unit=unit)
    judgement = Judgement.from_text(str(one["judgement"].item())) if "judgement" in one else None
    if judgement is None:  # of an older file
        words = str(one["verdict"].item())
        wrong = () if bool(one["adequate"]) else (Finding("", Advice.of(str(one["try_next"].item()))),)
        judgement = Judgement(words, not words.startswith("Not judged"), False, wrong)
    p = p_of(simulated, unit)
    if not (judgement.judged and p < LEVEL):
        return judgement
    return judgement.with_finding(
        Finding(
            f"{'But its' if judgement.adequate else 'Its'} simulated spikes are unlike the recorded ones in rate, intervals and autocorrelogram together "
            f"(p {p:.2g})."
        )
    )
