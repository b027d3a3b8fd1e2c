"""The answer sheet as labelled arrays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from glmengine.argument_kinds import takes_only_its_kinds
from glmengine.errors import GlmError
from glmengine.selection.term_selection import TermSelection

if TYPE_CHECKING:
    import xarray as xr

STOPPED = "The answers were stopped: units without a verdict were not come to."


@dataclass(frozen=True, eq=False)
class AnswerSheet:
    """What drives each unit.

    Attributes
    ----------
    units : Dataset (unit)
        Best known first: ``terms`` in order, those of them that ``perhaps`` hardly matter, ``deviance_explained``, ``p`` and ``q``, spikes, the checks of the model (``ks``, ``ks_band``,
        ``ks_p``, ``adequate``, ``verdict``, ``try_next``), the shares of rate, intervals and autocorrelogram inside the 95 % band of simulations
        (``simulated_rate``, ``simulated_isi``, ``simulated_autocorrelogram``), short intervals (``burst``, ``burst_low``, ``burst_high``; up to ``burst_within`` s, beside the ``mean_interval``),
        whether it was ``finished``, and the ``sentence``.
    terms : Dataset (unit, term)
        ``order`` in which terms came in (NaN: not chosen), what each ``added`` to those before it (of a term that was not chosen: would add to
        those that were, where that was tried), what the chosen model loses without each (``missed``, ``missed_p``; of models with
        terms that are tried last), what each contributes alone, dropped, unique and shared, and ``shift_p`` and
        ``shift_q`` of those that were tested by shifts in time: at the step by which the term came in, shifted counts going through the
        same comparison of candidates (see `glmengine.selection.step_shift_test`).
    selection : TermSelection
    curves, filters : dict of str to Dataset
        Per term of the final models, by unit, with bands; smoothing by marginal likelihood where the penalty allows.
    evidence : dict of str to Dataset
        What the checks are made from, by unit: ``shifts`` has the ``gain`` of each step (unit, term) and those of the shifts (``null``,
        over ``shuffle`` too); ``ks`` the share of rescaled intervals below each quantile with its band; ``rate``, ``isi``, ``autocorrelogram`` and
        ``burst`` the data beside the mean and the 95 % band of simulations.
    notes : tuple of str
    """

    units: xr.Dataset
    terms: xr.Dataset
    selection: TermSelection
    curves: Mapping[str, xr.Dataset] = field(default_factory=dict)
    filters: Mapping[str, xr.Dataset] = field(default_factory=dict)
    evidence: Mapping[str, xr.Dataset] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def is_whole(self) -> bool:
        """Whether all units were come to before the caller wanted to stop."""
        return STOPPED not in self.notes

    def __str__(self) -> str:
        return "\n".join(
            f"{unit}: {text}" for unit, text in zip(self.units["unit"].values, self.units["sentence"].values, strict=True)
        )

    @takes_only_its_kinds
    def with_columns(self, found: xr.Dataset) -> AnswerSheet:
        """The same with further columns of the units (unit) and of their terms (unit, term): shift tests, agreement of simulations.

        Raises
        ------
        GlmError
            If one has other dimensions.
        """
        units, terms = self.units, self.terms
        for name, array in found.data_vars.items():
            if array.dims == ("unit",):
                units = units.assign({name: array.reindex(unit=units["unit"].values)})
            elif set(array.dims) == {"unit", "term"}:
                aligned = array.reindex(unit=terms["unit"].values, term=terms["term"].values)
                terms = terms.assign({name: aligned.transpose("unit", "term")})
            else:
                raise GlmError(
                    f"the column '{name}' lies along {', '.join(map(str, array.dims))}; give one number a unit, or a unit and term"
                )
        return replace(self, units=units, terms=terms)

    def datasets(self) -> dict[str, xr.Dataset]:
        """The arrays by name."""
        return {
            "answers": self.units,
            "terms": self.terms,
            **{f"curve {label}": curve for label, curve in self.curves.items()},
            **{f"filter {label}": found for label, found in self.filters.items()},
            **{f"evidence {name}": found for name, found in self.evidence.items()},
        }
