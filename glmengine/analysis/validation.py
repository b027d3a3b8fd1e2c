"""How a model is tested on time that it was not fitted to."""

from __future__ import annotations

from typing import Literal

from pydantic import field_validator, model_validator

from glmengine.errors import GlmError
from glmengine.spec import Spec, param

GROUPED = ("trials", "odd_even")
"""Splits that may deal out the intervals of a table of trials or of an epoch."""


class Validation(Spec):
    """How the model is tested on time that it was not fitted to."""

    folds: int = param(
        5,
        title="Folds",
        help="Number of parts, each held out once; 0 for no cross-validation. Odd against even and two halves always make two, sessions one each.",
        ge=0,
        le=50,
    )
    split: Literal["blocks", "interleaved", "trials", "epochs", "sessions", "odd_even", "halves"] = param(
        "blocks",
        title="Split",
        help="What is held out together. Blocks: contiguous stretches of equal length. Interleaved: each fold holds several shorter blocks spread over the session, which slow drift spoils less. Trials: the intervals of a table of trials or of an epoch (laps), each whole. Epochs: each stretch of the time in use, whole. Sessions: one session after the other. Odd against even: every other interval or block. Halves: the first against the second.",
    )
    blocks_per_fold: int = param(
        4,
        title="Blocks per fold",
        help="How many blocks each fold holds, spread evenly over the session.",
        ge=2,
        le=1000,
        applies={"split": ("interleaved", "odd_even")},
    )
    grouped_by: str = param(
        "",
        title="Intervals of",
        help="The table of trials, or the epoch of several stretches (laps), whose intervals are held out whole. Bins outside them are always fitted, never scored.",
        choices="groupings",
        empty="blocks of equal length",
        applies={"split": GROUPED},
    )
    balanced: str = param(
        "",
        title="Balanced by",
        help="A property of the trials of which each fold gets its share of every value ('trials.choice'); the trials are then dealt out at random, by the analysis's seed.",
        choices="trial_properties",
        empty="dealt out in turn",
        advanced=True,
        applies={"split": ("trials",)},
    )
    gap: bool = param(
        False,
        title="Gap around held-out time",
        help="Leave out, wherever held-out time borders on fitted time, as much time as the longest window of the terms, so that no spike counts on both sides.",
        advanced=True,
    )
    nested: bool = param(
        False,
        title="Nested",
        help="Score each fold also at the strength that the other folds choose among themselves, so that the score is free of the choice. Takes as many further cross-validations as there are folds.",
        advanced=True,
    )
    smoothing: float = param(
        0.2,
        title="Smoothing of rates",
        help="Standard deviation of the Gaussian under which observed and predicted rates are smoothed before they are correlated; it changes no other score.",
        unit="s",
        gt=0,
        advanced=True,
    )
    fit_epochs: tuple[str, ...] = param(
        (), title="Fit on", help="Epochs to fit on; all that are used where empty.", choices="epochs"
    )
    test_epochs: tuple[str, ...] = param((), title="Test on", help="Epochs that are never fitted, only scored.", choices="epochs")

    @field_validator("folds")
    @classmethod
    def _more_than_one(cls, value: int) -> int:
        if value == 1:
            raise GlmError("one fold leaves nothing to fit; give 2 or more, or 0 for no cross-validation")
        return value

    @model_validator(mode="after")
    def _has_intervals(self) -> Validation:
        if self.folds and self.split == "trials" and not self.grouped_by:
            raise GlmError("folds of trials need the table of trials; name it, or choose blocks", field="grouped_by")
        return self
