"""The verdict on one unit in words: what speaks against the model, and what to try next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from glmengine.analysis.remedies import Advice, Remedy, longer_history, to_text
from glmengine.design.variables import variables_of
from glmengine.goodness.checks import UnitChecks
from glmengine.goodness.judgement import Finding, Judgement
from glmengine.goodness.mismatch import Grouping
from glmengine.sentences import percent

if TYPE_CHECKING:
    from glmengine.analysis.terms import AnyTerm
    from glmengine.fitting.coefficients import Coefficients
    from glmengine.models import Family

_FEWEST = 20  # spikes below which nothing is said
_SMALL_P = 1e-3
_LAG_P = 1e-3  # shared out among the bands of lags
_LAG_SIZE = 0.1  # of spikes too many or too few after a spike, as a share
_SIZE = 0.08  # mismatch of a covariate, as a share of the rate
_SHORT = 0.005  # s in which a spike that is missing means refractoriness
_BURST = 0.02  # s in which spikes too many mean bursts

ADD_HISTORY = "add the unit's own history"


@dataclass(frozen=True)
class Setting:
    """What the model has, so that what it lacks can be named."""

    family: Family
    link: str
    history_s: float
    has_coupling: bool
    in_model: frozenset[str]
    covariates: tuple[str, ...]
    spans: tuple[np.ndarray, np.ndarray]
    bin_size: float
    has_others: bool = True
    bins_can_be_narrower: bool = True

    @classmethod
    def of(
        cls,
        terms: Sequence[AnyTerm],
        model: Coefficients,
        groupings: Sequence[Grouping],
        spans: tuple[np.ndarray, np.ndarray],
        bin_size: float,
        *,
        has_others: bool,
        bins_can_be_narrower: bool = True,
    ) -> Setting:
        """That of a design's terms."""

        history = [float(np.max(term.basis.kernel(bin_size)[0])) * bin_size for term in terms if term.kind == "history"]
        return cls(
            family=model.family,
            link=model.link.name,
            history_s=max(history, default=0.0),
            has_coupling=any(term.kind == "coupling" for term in terms),
            in_model=frozenset(name for term in terms for name in variables_of(term)),
            covariates=tuple(one.name for one in groupings),
            spans=spans,
            bin_size=bin_size,
            has_others=has_others,
            bins_can_be_narrower=bins_can_be_narrower,
        )


@dataclass(frozen=True)
class Verdict:
    """One unit's row of the summary; see `glmengine.goodness.goodness.Goodness`."""

    n_spikes: float
    n_bins: int
    ks: float
    ks_band: float
    ks_p: float
    n_intervals: int
    n_cut: int
    interval_correlation: float
    pearson: float
    index: float
    index_z: float
    drift_p: float
    drift_ratio: float
    drift_change: float
    worst_covariate: str
    worst_covariate_p: float
    influential: int
    partner: str
    partner_z: float
    adequate: bool
    verdict: str
    try_next: str
    remedies: str
    judgement: str


def verdict(checks: UnitChecks, setting: Setting, pair_z: np.ndarray | None, units: Sequence[str]) -> Verdict:
    """Weigh the checks of one unit.

    Parameters
    ----------
    checks : UnitChecks
    setting : Setting
    pair_z : (M, 2 L + 1) array or None
        z-scores of its residual correlations with each unit.
    units : sequence of str
        Names of those M units.
    """
    worst, worst_p = _worst_covariate(checks)
    partner, partner_z = _partner(pair_z)
    influential = _influential(checks)
    judged = checks.n_bins > 0 and (not setting.family.of_spikes or checks.n_spikes >= _FEWEST)
    findings: list[Finding] = []
    if judged:
        slow = [*_missing(checks, setting, worst, worst_p), *_drift(checks)]
        # a variable that is missing also makes spikes follow spikes, sums vary and stretches differ
        findings = [*slow, *_history(checks, setting, bool(slow)), *_family(checks, setting, bool(slow))]
        findings += _coupling(setting, partner, partner_z, pair_z, units)
        findings += [] if findings else _calibration(checks, setting)
        findings += [] if findings else _stretch(checks, setting, influential)
    ks = checks.ks
    rejected = bool(ks.p < 0.05)
    said = f"Not judged: {checks.n_spikes:.0f} spikes in {checks.n_bins} bins are too few."
    if judged:
        said = _ks_words(ks.statistic, ks.band, rejected, setting)
    judgement = Judgement(said, judged, rejected, tuple(findings), setting.bins_can_be_narrower)
    return Verdict(
        n_spikes=checks.n_spikes,
        n_bins=checks.n_bins,
        ks=ks.statistic,
        ks_band=ks.band,
        ks_p=ks.p,
        n_intervals=ks.n,
        n_cut=ks.n_cut,
        interval_correlation=float(checks.apart[0][0]),
        pearson=checks.dispersion.pearson,
        index=checks.dispersion.index,
        index_z=checks.dispersion.index_z,
        drift_p=checks.drift.p,
        drift_ratio=checks.drift.ratio,
        drift_change=checks.drift.change,
        worst_covariate="" if worst is None else setting.covariates[worst],
        worst_covariate_p=worst_p,
        influential=-1 if influential is None else influential,
        partner="" if partner is None else units[partner],
        partner_z=partner_z,
        adequate=judgement.adequate,
        verdict=judgement.verdict,
        try_next=judgement.try_next,
        remedies=to_text(judgement.edits),
        judgement=judgement.to_text(),
    )


def _ks_words(statistic: float, band: float, rejected: bool, setting: Setting) -> str:
    what = "probability transforms" if not setting.family.of_spikes else "rescaled intervals"
    if not np.isfinite(statistic):
        return f"There are too few {what} for a test."
    verb = "leave" if rejected else "stay within"
    return f"The {what} {verb} the 95 % band (largest difference {statistic:.3f}, band {band:.3f})."


def _history(checks: UnitChecks, setting: Setting, slow: bool) -> list[Finding]:
    """The band of lags that differs most, where it differs enough; at long lags too many spikes may be what is `slow`."""
    z, ratio = checks.bands.z, checks.bands.ratio
    known = np.isfinite(z) & np.isfinite(ratio)
    if not known.any():
        return [] if slow else _signal_history(checks, setting)
    from scipy.special import ndtri

    limit = -ndtri(_LAG_P / 2 / known.sum())
    large = known & (np.abs(z) > limit) & (np.abs(ratio - 1.0) > _LAG_SIZE)
    large &= ~((ratio > 1) & (checks.bands.last * setting.bin_size > _BURST) & slow)
    if not large.any():
        return []
    place = int(np.argmax(np.where(large, np.abs(z), 0.0)))
    first, last = checks.bands.first[place] * setting.bin_size, checks.bands.last[place] * setting.bin_size
    what = f"It fires {ratio[place]:.2f} times as often as the model says {_span(first, last)} after its own spikes."
    if not setting.history_s:
        cause = "refractoriness is" if ratio[place] < 1 else "bursts are" if last <= _BURST else "what its own spikes do is"
        # what a variable does that is missing may look like bursts
        why = f"if {cause} still missing then" if slow and ratio[place] > 1 else f"{cause} missing"
        return [Finding(what, Advice(ADD_HISTORY, f" ({why})"), Remedy("add_history"))]
    if first > setting.history_s + setting.bin_size / 2:
        longer = Remedy("longer_history", seconds=float(last))
        return [Finding(what, longer_history(setting.history_s, longer.seconds), longer)]
    if ratio[place] < 1 and last <= _SHORT:
        refractory = Advice("give the history a refractory time", ", or narrower functions at its beginning")
        return [Finding(what, refractory, Remedy("refractory"))]
    return [Finding(what, Advice("give the history more functions"), Remedy("finer_history"))]


def _signal_history(checks: UnitChecks, setting: Setting) -> list[Finding]:
    if setting.family.of_spikes:
        return []
    correlation, half = checks.lags.correlation[:1], checks.lags.half[:1]
    if not np.isfinite(correlation).all() or abs(correlation[0]) < max(0.05, 2.0 * half[0]):
        return []
    longer = longer_history(setting.history_s, more=", or give it more functions")
    remedy = longer if setting.history_s else Advice(ADD_HISTORY)
    edit = Remedy("longer_history" if setting.history_s else "add_history")
    return [Finding(f"Residuals of neighbouring bins are correlated ({correlation[0]:.2f}).", remedy, edit)]


def _drift(checks: UnitChecks) -> list[Finding]:
    if not checks.drift.noticed:
        return []
    how = "rises" if checks.drift.change > 1.1 else "falls" if checks.drift.change < 0.9 else "wanders"
    return [
        Finding(
            f"Its rate {how} over the session beyond the model ({checks.drift.ratio:.3g} times from lowest to highest).",
            Advice("add a slow term over time", ", or fit a steadier stretch"),
            Remedy("slow_drift"),
        )
    ]


def _missing(checks: UnitChecks, setting: Setting, worst: int | None, p: float) -> list[Finding]:
    if worst is None or p >= _SMALL_P / max(len(setting.covariates), 1) or not checks.covariates[worst].size > _SIZE:
        return []
    name = setting.covariates[worst]
    what = f"Its rate follows '{name}' beyond the model ({percent(checks.covariates[worst].size)} off)."
    if name in setting.in_model:
        finer = Remedy("finer_covariate", name)
        return [Finding(what, Advice(f"give the term of '{name}' more functions", ", or let it interact with another"), finer)]
    return [Finding(what, Advice(f"add '{name}' as a variable"), Remedy("add_covariate", name))]


def _family(checks: UnitChecks, setting: Setting, slow: bool) -> list[Finding]:
    spread = checks.dispersion
    if not setting.family.of_spikes:
        if spread.index > 1.0 and spread.index_z > 5:
            gamma = Advice("the gamma family", ", if the signal is above 0, or a logarithm of the signal")
            other = gamma if setting.family.any_sign else Advice("another family")
            return [Finding(f"Its residuals have heavy tails (excess kurtosis {spread.index:.1f}).", other)]
        return []
    if setting.family.divisible and spread.index_z > 5 and spread.pearson > 1.1:
        return [
            Finding(
                f"Its counts vary more than the family allows ({spread.pearson:.2f} times).",
                Advice("the negative binomial family"),
                Remedy("negative_binomial"),
            )
        ]
    if setting.family.divisible and spread.index_z < -5 and spread.pearson < 0.9:
        return [
            Finding(
                f"Its counts vary less than the family allows ({spread.pearson:.2f} times).",
                _less_variable(setting),
            )
        ]
    ratio, error = checks.windows[:, 0], checks.windows[:, 1]
    large = np.isfinite(ratio) & (ratio > 1.5) & (ratio - 1.0 > 5.0 * error)
    if large.any() and not slow:
        besides = f",{' coupling to other units,' if setting.has_others else ''} or a slow term over time"
        return [
            Finding(
                f"Sums over longer windows vary up to {np.max(ratio[large]):.1f} times as much as the model says.",
                Advice("a variable that is missing", besides),
            )
        ]
    return []


def _less_variable(setting: Setting) -> Advice:
    """What to do where counts vary less than a family allows."""
    if setting.bins_can_be_narrower:
        return Advice("narrower bins", f"{'' if setting.history_s else ' with a history term'}, or the Bernoulli family")
    bernoulli = "the Bernoulli family where no bin holds more than one spike"
    return Advice(bernoulli) if setting.history_s else Advice(ADD_HISTORY, f", or {bernoulli}")


def _coupling(setting: Setting, partner: int | None, z: float, pair_z: np.ndarray | None, units: Sequence[str]) -> list[Finding]:
    if partner is None or pair_z is None:
        return []
    from scipy.special import ndtri

    if abs(z) < -ndtri(_LAG_P / 2 / max(np.isfinite(pair_z).sum(), 1)):
        return []
    lag = (int(np.nanargmax(np.abs(pair_z[partner]))) - pair_z.shape[1] // 2) * setting.bin_size
    when = "in the same bin as" if lag == 0 else f"{abs(lag):.3g} s {'after' if lag > 0 else 'before'}"
    what = f"It fires {'more' if z > 0 else 'less'} than the model says {when} unit {units[partner]} (z {z:.1f})."
    return [
        Finding(
            what,
            Advice("finer coupling functions")
            if setting.has_coupling and lag > 0
            else Advice("coupling to the other units", ", or a common input"),
            Remedy("finer_coupling") if setting.has_coupling and lag > 0 else Remedy("add_coupling"),
        )
    ]


def _calibration(checks: UnitChecks, setting: Setting) -> list[Finding]:
    if not (checks.calibration.p < _SMALL_P and checks.calibration.size > _SIZE):
        return []
    group = checks.calibration
    top = group.observed[-1] / group.expected[-1] if group.expected[-1] else np.nan
    how = f"at the highest rates it fires {top:.2f} times as often as predicted"
    what = f"Predicted rates are off by {percent(group.size)} ({how})."
    if top < 1 and setting.link == "log" and "softplus" in setting.family.links:
        return [Finding(what, Advice("the softplus link", ", or an interaction"), Remedy("softplus"))]
    return [Finding(what, Advice("more functions", ", an interaction, or a weaker penalty"))]


def _stretch(checks: UnitChecks, setting: Setting, block: int | None) -> list[Finding]:
    if block is None:
        return []
    start, stop = setting.spans[0][block], setting.spans[1][block]
    return [
        Finding(
            f"The stretch from {start:.0f} to {stop:.0f} s pulls the coefficients more than any other.",
            Advice(f"look at {start:.0f} to {stop:.0f} s", ", and fit without it"),
        )
    ]


def _worst_covariate(checks: UnitChecks) -> tuple[int | None, float]:
    p = np.array([one.p for one in checks.covariates], np.float64)
    if not np.isfinite(p).any():
        return None, float("nan")
    # where several are beyond any doubt, the one that is furthest off
    clear = np.isfinite(p) & (p < 1e-12)
    if clear.any():
        sizes = np.array([one.size for one in checks.covariates], np.float64)
        place = int(np.argmax(np.where(clear & np.isfinite(sizes), sizes, -1.0)))
    else:
        place = int(np.nanargmin(p))
    return place, float(p[place])


def _partner(pair_z: np.ndarray | None) -> tuple[int | None, float]:
    if pair_z is None or not np.isfinite(pair_z).any():
        return None, float("nan")
    place = int(np.nanargmax(np.abs(pair_z)))
    unit, lag = np.unravel_index(place, pair_z.shape)
    return int(unit), float(pair_z[unit, lag])


def _influential(checks: UnitChecks) -> int | None:
    """The block that moves the coefficients far more than the others; several times its share, and not by chance."""
    if checks.influence is None or not np.isfinite(checks.influence.distance).any():
        return None
    place = int(np.nanargmax(checks.influence.distance))
    count = len(checks.influence.distance)
    if checks.influence.p[place] < _LAG_P / count and checks.influence.distance[place] * count > 5.0:
        return place
    return None


def _span(first: float, last: float) -> str:
    scale, unit = (1000.0, "ms") if last < 1 else (1.0, "s")
    ends = f"{first * scale:.3g}" if first == last else f"{first * scale:.3g} to {last * scale:.3g}"
    return f"{ends} {unit}"
