"""The terms of an analysis, one class per kind."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from pydantic import Field, model_validator

from glmengine.basis import AnyBasis
from glmengine.errors import GlmError
from glmengine.sentences import listed
from glmengine.spec import Spec, param


class Term(Spec):
    """What every term has."""

    name: str = param(
        "",
        title="Name",
        help="Name of the term in plots and tables; made from its inputs where empty.",
        empty="made from its inputs",
    )
    enabled: bool = param(True, title="In the model", help="Whether the term is fitted; switched off it keeps its settings.")
    penalty: Literal["model", "none", "ridge", "lasso", "elastic_net", "group_lasso", "smoothness"] = param(
        "model", title="Penalty", help="What keeps the term's coefficients small: the model's penalty, or another.", advanced=True
    )
    penalty_weight: float = param(
        1.0,
        title="Penalty weight",
        help="The model's strength is multiplied by this for the term: 10 holds it ten times harder, 0 leaves it free.",
        ge=0,
        advanced=True,
    )
    smoothness: tuple[Annotated[float, Field(ge=0)], ...] = param(
        (),
        title="Smoothness",
        help="Strength of second differences relative to the term's other penalty: one number, or one for each variable. Empty: 1 where the penalty is smoothness, else none.",
        empty="as the penalty has it",
        advanced=True,
    )
    epochs: tuple[str, ...] = param(
        (),
        title="Only in",
        help="Epochs in which the term has its effect; in other bins its columns are zero. Everywhere where empty.",
        choices="epochs",
        advanced=True,
    )
    gain: str = param(
        "",
        title="Multiplied by",
        help="A covariate by which the term's columns are multiplied bin by bin, so that its effect grows with it; bins in which the covariate is missing are left out.",
        choices="variables",
        advanced=True,
    )

    separate: bool = param(
        False,
        title="Own in each session",
        help="Of several recordings that are analysed together each has coefficients of its own for the term; else they are shared.",
        choices="sessions",
        advanced=True,
    )
    setting: str = param("", title="Setting", help="Of a term whose settings were searched, the one that this is.", hidden=True)
    only_units: tuple[str, ...] = param(
        (), title="Only for units", help="Units that have the term, where not all do; those that chose its setting.", hidden=True
    )

    @property
    def has_own_penalty(self) -> bool:
        """Whether something penalises the term though the model has no penalty."""
        return self.penalty_weight > 0 and (self.penalty not in ("model", "none") or any(self.smoothness))

    @property
    def label(self) -> str:
        """The name of the term, made from its inputs where none is given; with its setting where units differ in that."""
        return f"{self.plain_label} ({self.setting})" if self.setting else self.plain_label

    @property
    def plain_label(self) -> str:
        """The same without the setting: what the analysis calls it."""
        times = f" times {self.gain}" if self.gain else ""
        where = f" in {', '.join(self.epochs)}" if self.epochs else ""
        return self.name or f"{self._inputs}{times}{where}"

    @property
    def _inputs(self) -> str:
        """What the term depends on, in a few words."""
        raise NotImplementedError


class Factor(Spec):
    """One variable and the basis on it; a term multiplies its factors."""

    variable: str = param(
        title="Variable", help="The covariate, or a component of it ('position.x').", choices="variables", min_length=1
    )
    basis: AnyBasis = param(title="Basis", help="The functions of the variable whose sum makes the tuning.")


class CovariateTerm(Term):
    """Tuning to one variable, or to several jointly (the product of their bases: place fields, interactions)."""

    kind: Literal["covariate"] = "covariate"
    factors: tuple[Factor, ...] = param(title="Variables", help="One for tuning, two for a two-dimensional field.", min_length=1)

    @property
    def _inputs(self) -> str:
        return " x ".join(factor.variable for factor in self.factors)


class FilterTerm(Term):
    """What a signal does to the rate some time later: a filter over its past (a stimulus, a field potential)."""

    kind: Literal["filter"] = "filter"
    variable: str = param(
        title="Variable",
        help="The signal that is filtered, or a component of it ('position.x').",
        choices="variables",
        min_length=1,
    )
    basis: AnyBasis = param(title="Basis", help="Kernels over the signal's past; the window says how far back.")

    @property
    def _inputs(self) -> str:
        return f"{self.variable} filter"


class EventTerm(Term):
    """What happens around an event: kernels from some time before it to some time after it (Park et al. 2014)."""

    kind: Literal["event"] = "event"
    events: str = param(
        title="Event",
        help="The event around which the kernel lies; or the start, the stop or a column of times of a table of trials ('trials.start').",
        choices="moments",
        min_length=1,
    )
    before: float = param(0.0, title="Before", help="How long before the event the kernel begins.", unit="s", ge=0, le=600)
    after: float = param(
        0.5,
        title="After",
        help="How long after the event the kernel ends; the event's own bin is the first after it.",
        unit="s",
        ge=0,
        le=600,
    )
    basis: AnyBasis = param(
        title="Basis", help="Functions over the time from before to after the event, in place of a window of their own."
    )
    by: str = param(
        "",
        title="For each",
        help="A property of the trials ('trials.choice'): each of its values has a kernel of its own.",
        choices="trial_properties",
    )
    conditions: tuple[str, ...] = param(
        (),
        title="Values",
        help="The values that have a kernel; all that occur where empty. Bins around events with another value, or none, are left out.",
        empty="all that occur",
        advanced=True,
        applies={"by": ()},
    )
    weight: str = param(
        "",
        title="Scaled by",
        help="A property of the trials, or a covariate, by whose value at the event the kernel is multiplied. Bins around events without a value are left out.",
        choices="trial_properties",
    )
    unscaled: bool = param(
        True,
        title="Also unscaled",
        help="Where the kernel is scaled: have one beside it that is the same after every event.",
        applies={"weight": ()},
    )
    beyond: Literal["none", "left_out"] = param(
        "none",
        title="Beyond the recorded time",
        help="Events outside the chosen epochs count as long as the recording ran. Beyond its borders: take it that there was no event, or leave out the bins whose window reaches there.",
        advanced=True,
    )

    @model_validator(mode="after")
    def _has_length(self) -> EventTerm:
        if not self.before + self.after > 0:
            raise GlmError("the kernel has no length; give a time before or after the event", field="after")
        return self

    @property
    def _inputs(self) -> str:
        by = f" by {self.by.rpartition('.')[2]}" if self.by else ""
        scaled = f" scaled by {self.weight.rpartition('.')[2]}" if self.weight else ""
        return f"{self.events}{by}{scaled}"

    def kernel(self, bin_size: float) -> tuple[np.ndarray, np.ndarray]:
        """Lags in bins (L,), 0 being the bin of the event and negative ones before it, and kernels (L, n).

        Raises
        ------
        GlmError
            If the time around the event is shorter than a bin, or the basis cannot be a kernel.
        """
        for name in ("window", "delay", "direction", "present"):
            info = type(self.basis).model_fields.get(name)
            if info is not None and getattr(self.basis, name) != info.default:
                raise GlmError(
                    f"the kernel around an event lasts from 'before' to 'after', and '{name}' of its basis is not used; take it out",
                    field=f"basis.{name}",
                )
        length = round((self.before + self.after) / bin_size)
        if length < 1:
            raise GlmError(
                f"the {self.before + self.after:g} s around the event are shorter than a bin of {bin_size:g} s; "
                "make them longer, or the bins narrower",
                field="after",
            )
        try:
            if not self.basis.convolves:
                self.basis.kernel(bin_size)
            _, values = self.basis.with_(window=length * bin_size, present=True).kernel(bin_size)
        except GlmError as error:
            raise GlmError(error.message, field=f"basis.{error.field}".rstrip(".")) from error
        return np.arange(length) - round(self.before / bin_size), values


class ReceptiveFieldTerm(Term):
    """What a stimulus of many channels does to the rate: a filter over space and time of images, videos or spectrograms."""

    kind: Literal["receptive_field"] = "receptive_field"
    variable: str = param(
        title="Stimulus",
        help="A covariate with several components: the pixels of an image, the bands of a spectrogram.",
        choices="multichannel",
        min_length=1,
    )
    basis: AnyBasis = param(title="Basis", help="Kernels over the stimulus's past; the window says how far back.")
    space: Literal["each", "separable", "pca", "sta", "given"] = param(
        "each",
        title="Space",
        help="A filter for each channel; a separable one, the product of a map and a time course, or a few of them; or time courses of the stimulus seen through its principal components, through each unit's own spike-triggered average, or through given filters.",
    )
    rank: int = param(
        1,
        title="Rank",
        help="Of a separable filter: how many products of a map and a time course are added (Pillow et al. 2008).",
        ge=1,
        le=20,
        applies={"space": ("separable",)},
    )
    components: int = param(
        5,
        title="Components",
        help="How many principal components, where space is seen through them.",
        ge=1,
        le=1000,
        applies={"space": ("pca",)},
    )
    whitened: bool = param(
        False,
        title="Whitened",
        help="Free the spike-triggered averages of the correlations among the channels, which blur them where the stimulus is not white (natural images).",
        applies={"space": ("sta",)},
    )
    whitening_ridge: float = param(
        0.01,
        title="Whitening ridge",
        help="Share of the channels' mean variance that is added to each before the averages are whitened: more of it leaves less noise and more blur.",
        gt=0,
        le=1e6,
        advanced=True,
        applies={"space": ("sta",)},
    )
    filter_file: str = param(
        "",
        title="Filter file",
        help="Where filters are given: a .npy, .npz, .csv or text file with one number a channel, or several such filters one after another. A relative path begins at the analysis's own folder, else at the current one. The numbers are kept with the result, which needs the file no more.",
        choices="file",
        applies={"space": ("given",)},
    )
    filters: tuple[float, ...] = param(
        (), title="Filters", help="Numbers of the filter file, kept so that it is not needed again.", hidden=True
    )
    filters_from: str = param("", title="Filters from", help="The file that the numbers are of.", hidden=True)
    projection: tuple[tuple[float, ...], ...] = param(
        (), title="Projection", help="What each channel that is left is of the stimulus's.", hidden=True
    )
    projected: tuple[str, ...] = param((), title="Projected", help="Names of the channels that are left.", hidden=True)

    @property
    def _inputs(self) -> str:
        return f"{self.variable} field"


class HistoryTerm(Term):
    """The unit's own spikes in the past: refractoriness, bursting, adaptation."""

    kind: Literal["history"] = "history"
    basis: AnyBasis = param(title="Basis", help="Kernels over the past; the window says how far back.")
    refractory: float = param(
        0.0,
        title="Absolutely refractory",
        help="For this long after each of its spikes the unit cannot fire: these bins are left out of its likelihood, its rate in them is 0, and the kernels begin behind them.",
        unit="s",
        ge=0,
        le=1,
        advanced=True,
    )

    @property
    def _inputs(self) -> str:
        return "history"

    def refractory_bins(self, bin_size: float) -> int:
        """Bins after a spike in which there is no other.

        Raises
        ------
        GlmError
            If there is a refractory time and it is shorter than half a bin.
        """
        bins = round(self.refractory / bin_size)
        if self.refractory > 0 and not bins:
            raise GlmError(
                f"the refractory time of {self.refractory:g} s is shorter than a bin of {bin_size:g} s; set it to 0, or make the bins narrower",
                field="refractory",
            )
        return bins

    def behind_refractory(self, bin_size: float) -> HistoryTerm:
        """The term with kernels that begin where the refractory time ends, unless they begin later anyway."""
        bins = self.refractory_bins(bin_size)
        delay = getattr(self.basis, "delay", None)
        if not bins or delay is None or self.basis.direction != "causal" or round(delay / bin_size) >= bins:
            return self
        return self.with_(basis=self.basis.with_(delay=bins * bin_size, present=False))


class CouplingTerm(Term):
    """The other units' spikes in the past."""

    kind: Literal["coupling"] = "coupling"
    basis: AnyBasis = param(title="Basis", help="Kernels over the past of each other unit.")
    sources: tuple[str, ...] = param((), title="From", help="Units that may drive; all where empty.", choices="units")
    include_self: bool = param(False, title="With the unit itself", help="Count the unit's own past among the sources.")

    @property
    def _inputs(self) -> str:
        return "coupling"


class ColumnsTerm(Term):
    """Covariates that are features already: precomputed columns, taken as they are."""

    kind: Literal["columns"] = "columns"
    variables: tuple[str, ...] = param(
        title="Columns",
        help="Covariates, or components of them, that are columns of the model; one with several components stands for all of them.",
        choices="variables",
        min_length=1,
    )
    standardised: bool = param(
        False,
        title="Standardised",
        help="Take from each its mean, and divide it by its standard deviation, over the bins that are fitted; both are kept with the model.",
    )
    means: tuple[float, ...] = param((), title="Means", help="What was taken from each column.", hidden=True)
    scales: tuple[float, ...] = param((), title="Scales", help="What each column was divided by.", hidden=True)

    @property
    def _inputs(self) -> str:
        return listed(self.variables, 3)


AnyTerm = Annotated[
    CovariateTerm | FilterTerm | EventTerm | ReceptiveFieldTerm | HistoryTerm | CouplingTerm | ColumnsTerm,
    Field(discriminator="kind"),
]
