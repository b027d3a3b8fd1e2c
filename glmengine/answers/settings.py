"""How much an answer sheet is checked: shifts in time, and simulations."""

from __future__ import annotations

from glmengine.spec import Spec, param


class AnswerSettings(Spec):
    """How the choice of terms and the final models of an answer sheet are checked."""

    shifts: int = param(
        200,
        title="Shifts in time",
        help="By how many shifts of the spike counts against everything else the choice of each term is tested; 0 for none. With 200 no p can be below 0.005.",
        ge=0,
        le=10_000,
    )
    simulations: int = param(
        32,
        title="Simulations",
        help="Simulated recordings of each unit's final model that the recorded spikes are compared with; 0 for none.",
        ge=0,
        le=1000,
    )
