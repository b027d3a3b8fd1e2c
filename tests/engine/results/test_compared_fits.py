"""Scores of kept fits are paired by unit, tested, and refused where they were made on other held-out time."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import xarray as xr
from scipy.stats import wilcoxon

from glmengine.errors import GlmError
from glmengine.inference.signed_rank import shift_interval
from glmengine.results.compared_fits import compare_fits
from glmengine.results.kept_fits import keep_fit
from glmengine.results.paired_difference import difference_over_folds, difference_over_units

SCORE = "deviance_explained_heldout"


@pytest.fixture
def kept(tmp_path, small_result):
    """Keep the small result under a name, with the scores raised, or of another question, or of other bins."""

    def keep(name, *, raised=0.0, analysis=None, bins=1.0, **more):
        scores = small_result.scores.assign({SCORE: small_result.scores[SCORE] + raised})
        folds = small_result.fold_scores.assign(bins=small_result.fold_scores["bins"] * bins)
        made = replace(small_result, scores=scores, fold_scores=folds, analysis=analysis or small_result.analysis)
        return replace(keep_fit(made, tmp_path, name=name), **more)

    return keep


@pytest.fixture
def many(monkeypatch, kept):
    """Two fits with scores of 19 units, the first unit of one and the last of the other without a score."""
    rng = np.random.default_rng(0)
    first = rng.uniform(0.05, 0.3, 19)
    second = first + rng.normal(0.01, 0.02, 19)
    first[0], second[-1] = np.nan, np.nan
    fits = kept("plain"), kept("rich")
    whole = fits[0].load()

    def load(fit):
        scores = xr.Dataset({SCORE: ("unit", first if fit.name == "plain" else second)}, {"unit": [str(at) for at in range(19)]})
        return replace(whole, scores=scores, fold_scores=None)

    monkeypatch.setattr(type(fits[0]), "load", load)
    return fits, first, second


def test_scores_are_paired_by_unit_and_tested_as_other_programs_do(many):
    fits, first, second = many
    compared = compare_fits(fits)
    (one,) = compared.differences
    gains = (second - first)[1:-1]
    assert (one.n_units, one.n_better) == (17, int((gains > 0).sum()))
    assert one.p == pytest.approx(wilcoxon(gains, method="exact").pvalue)
    assert (
        wilcoxon(gains - one.low + 1e-9, method="exact").pvalue < 0.05 <= wilcoxon(gains - one.low - 1e-9, method="exact").pvalue
    )
    assert (
        wilcoxon(gains - one.high - 1e-9, method="exact").pvalue
        < 0.05
        <= wilcoxon(gains - one.high + 1e-9, method="exact").pvalue
    )
    assert (one.low > 0) == (one.p < 0.05)
    np.testing.assert_array_equal(compared.scores, [first, second])
    assert list(compared.highest) == [-1, *(gains > 0).astype(int), -1]
    assert set(compared.best) == {-1}, "without scores by fold no unit is decided"
    np.testing.assert_allclose(compared.medians, [np.median(first[1:-1]), np.median(second[1:-1])])
    said = "'rich' is better than 'plain':" if one.p < 0.05 else "'rich' and 'plain' are not told apart: 'rich' is"
    assert one.sentence.startswith(f"{said} higher in {one.n_better} of 17 units, by 0.0")


def test_the_same_fit_twice_differs_by_nothing(kept):
    (one,) = compare_fits([kept("a"), kept("b")]).differences
    assert (one.difference, one.p, one.n_better, one.obstacle, one.caution) == (0.0, 1.0, 0, "", "")


def test_scores_of_another_split_recording_or_family_are_not_compared(kept, small_result):
    analysis = small_result.analysis
    others = {
        "folds": kept("x", analysis=analysis.with_(validation=analysis.validation.with_(folds=4))),
        "bin size": kept("x", analysis=analysis.with_(time=analysis.time.with_(bin_size=0.05))),
        "bernoulli": kept("x", analysis=analysis.with_(model=analysis.model.with_(family="bernoulli"))),
        "other recordings": kept("x", recording_sha256="another"),
        "held-out bins are others": kept("x", bins=0.9),
        "no held-out score": kept("x", raised=np.nan),
    }
    compared = compare_fits([kept("first"), *others.values()])
    for word, one in zip(others, compared.differences, strict=True):
        assert word in one.obstacle
        assert "cannot be compared" in one.sentence
    assert list(compared.comparable) == [True] + [False] * 6
    assert set(compared.best) == {-1}
    assert np.isfinite(compared.medians).tolist() == [True] + [False] * 6


def test_other_terms_strengths_and_few_other_bins_are_compared(kept, small_result):
    analysis = small_result.analysis
    without = kept("x", raised=0.1, analysis=analysis.with_(terms=(), seed=5, model=analysis.model.with_(strengths=(0.5,))))
    few = kept("y", bins=0.999)
    plain, cautious = compare_fits([kept("first"), without, few]).differences
    assert plain.difference == pytest.approx(0.1)
    assert plain.caution == ""
    assert "0.10 % of the held-out bins" in cautious.sentence


def test_nothing_and_one_are_no_comparison_and_a_lost_result_is_named(kept):
    assert compare_fits([]).names == ()
    assert compare_fits([]).medians.shape == compare_fits([]).best.shape == (0,)
    alone = compare_fits([kept("alone")])
    assert alone.differences == ()
    assert set(alone.best) == {-1}
    lost = kept("lost")
    lost.file.unlink()
    with pytest.raises(GlmError, match="lost"):
        compare_fits([lost])


def test_fits_of_one_unit_are_paired_by_fold(monkeypatch, kept):
    fits = kept("plain"), kept("rich")
    whole = fits[0].load()
    unit = str(whole.fold_scores["unit"].values[0])
    gains = np.linspace(0.019, 0.021, whole.fold_scores.sizes["fold"])

    def load(fit):
        folds = whole.fold_scores.sel(unit=[unit])
        raised = folds["deviance_explained"] + (gains if fit.name == "rich" else 0.0)
        scores = whole.scores.sel(unit=[unit])
        scores = scores.assign({SCORE: scores[SCORE] + (0.01 if fit.name == "rich" else 0.0)})
        return replace(whole, scores=scores, fold_scores=folds.assign(deviance_explained=raised))

    monkeypatch.setattr(type(fits[0]), "load", load)
    (one,) = compare_fits(fits).differences
    pooled = np.average(gains, weights=whole.fold_scores["null_deviance"].sel(unit=unit))
    assert (one.over, one.n_units, one.n_better, one.difference) == ("fold", len(gains), len(gains), pytest.approx(pooled))
    assert "'rich' is better than 'plain': higher in 3 of 3 folds, by 0.020, 95 % interval 0.01" in one.sentence
    verdict, *more = compare_fits(fits).sentences
    assert verdict.startswith("Best: 'rich'")
    assert verdict.endswith("It is better than 'plain'.")
    assert len(more) == 1
    assert list(compare_fits(fits).best) == [1]
    (turned,) = compare_fits(fits[::-1]).differences  # the better one is named first whichever is compared with the other
    assert turned.difference == pytest.approx(-pooled)
    assert turned.sentence == one.sentence


@pytest.fixture
def clear_in_four(monkeypatch, kept):
    """Ten units: one fit is far better in four of them, and a little worse in six, by less than its folds vary."""
    fits = kept("position"), kept("position + head_direction")
    whole = fits[0].load()
    units = [f"grid{at}" for at in range(10)]
    noise = np.random.default_rng(1).normal(0.0, 0.01, (10, 5))
    noise -= noise.mean(axis=1, keepdims=True)
    gain = np.where(np.arange(10) < 4, 0.2, -0.001 - 1e-5 * np.arange(10))

    def load(fit):
        scores = np.full(10, 0.25) + (gain if "head" in fit.name else 0.0)
        by_fold = scores[:, None] + (noise if "head" in fit.name else 0.0 * noise)
        folds = {"deviance_explained": by_fold, "bins": np.full((10, 5), 100.0), "null_deviance": np.full((10, 5), 50.0)}
        return replace(
            whole,
            scores=xr.Dataset({SCORE: ("unit", scores)}, {"unit": units}),
            fold_scores=xr.Dataset({name: (("unit", "fold"), values) for name, values in folds.items()}, {"unit": units}),
        )

    monkeypatch.setattr(type(fits[0]), "load", load)
    return fits


def test_the_verdict_claims_no_more_than_the_test_and_says_which_units_are_decided(clear_in_four):
    compared = compare_fits(clear_in_four)
    (one,) = compared.from_best
    assert one.verdict == 0
    assert one.p > 0.05
    verdict, against, _ = compared.sentences
    assert verdict.startswith("Highest: ")
    assert "not told apart" in verdict
    assert "better than" not in verdict
    assert "over folds: 'position + head_direction' is better in 4, 6 are undecided." in against
    assert list(compared.best) == [1] * 4 + [-1] * 6, "no fit wins a unit that it is not told apart in"
    assert list(compared.highest) == [1] * 4 + [0] * 6


def test_a_unit_is_told_its_own_difference_with_the_interval_over_its_folds(clear_in_four):
    compared = compare_fits(clear_in_four)
    (clear,), (alike,) = compared.sentences_of("grid0"), compared.sentences_of("grid9")
    assert clear.startswith(
        "grid0: 'position + head_direction' is highest, 0.450. It is better than 'position': higher in 5 of 5 folds, by 0.200, 95 % "
    )
    assert "grid9: 'position' is highest, 0.250. It is not told apart from" in alike
    assert "by 0.0011, 95 % interval -0.0" in alike
    assert compared.sentences_of("none of them") == ()
    (numbered,) = replace(compared, units=tuple(map(str, range(10)))).sentences_of("0")
    assert numbered.startswith("Unit 0: ")


def test_the_interval_of_units_is_that_of_the_signed_rank_test():
    depression = np.array([1.83, 0.50, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.30]) - np.array(
        [0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29]
    )  # Hollander & Wolfe (1973), 29f, as in R's help of wilcox.test, which gives 0.46, 0.01 and 0.786
    assert shift_interval(depression) == pytest.approx((0.46, 0.01, 0.786))
    assert np.isnan(shift_interval(np.arange(1.0, 6.0))[1:]).all(), "five pairs have no 95 % interval"
    many = np.random.default_rng(0).normal(0.3, 1.0, 80)
    estimate, low, high = shift_interval(many)
    assert low < estimate < high
    assert wilcoxon(many - low + 1e-6, method="asymptotic").pvalue < 0.055
    assert wilcoxon(many - low - 0.02, method="asymptotic").pvalue > 0.049


def test_few_units_limit_p_and_the_better_one_is_said_first():
    gains = np.array([-0.2, -0.3, -0.25, -0.31, -0.28])
    said = difference_over_folds("a", "b", gains, np.ones(5))
    assert said.verdict == -1
    assert said.sentence.startswith("'b' is better than 'a': higher in 5 of 5 folds, by 0.268, 95 % interval 0.1")
    assert (said.high - said.low) / (2 * gains.std(ddof=1)) == pytest.approx(2.776 * np.sqrt(1 / 5 + 1 / 4), rel=1e-3)
    over_units = difference_over_units("a", "b", gains)
    assert over_units.verdict == 0
    assert "not told apart" in over_units.sentence
    assert "p = 0.0625 (5 units cannot give less than 0.0625)" in over_units.sentence
    assert "score the same" in difference_over_units("a", "b", np.zeros(5)).sentence
    assert "cannot give" not in difference_over_units("a", "b", np.linspace(0.1, 0.2, 12)).sentence
