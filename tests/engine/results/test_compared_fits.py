"""Scores of kept fits are paired by unit, tested, and refused where they were made on other held-out time."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import xarray as xr
from scipy.stats import ttest_1samp, wilcoxon

from glmengine.errors import GlmError
from glmengine.results.compared_fits import ComparedFits, compare_fits, paired_difference
from glmengine.results.kept_fits import keep_fit

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
    expected = ttest_1samp(gains, 0.0).confidence_interval(0.95)
    assert (one.mean, one.low, one.high) == pytest.approx((gains.mean(), expected.low, expected.high))
    np.testing.assert_array_equal(compared.scores, [first, second])
    assert list(compared.best) == [-1, *(gains > 0).astype(int), -1]
    np.testing.assert_allclose(compared.medians, [np.median(first[1:-1]), np.median(second[1:-1])])
    assert one.sentence.startswith(f"'rich' is better than 'plain' in {one.n_better} of 17 units; mean difference 0.0")


def test_the_same_fit_twice_differs_by_nothing(kept):
    (one,) = compare_fits([kept("a"), kept("b")]).differences
    assert (one.mean, one.p, one.n_better, one.obstacle, one.caution) == (0.0, 1.0, 0, "", "")


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
    assert plain.mean == pytest.approx(0.1)
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
    assert (one.over, one.n_units, one.n_better, one.mean) == ("fold", len(gains), len(gains), pytest.approx(0.02))
    assert f"better than 'plain' in {len(gains)} of {len(gains)} folds" in one.sentence
    assert one.least_p == min(1.0, 2 / 2 ** len(gains))
    verdict, *_, reason = compare_fits(fits).sentences
    assert verdict.startswith("Best: 'rich'")
    assert "better than 'plain': the 95 % interval of the difference is above 0" in verdict
    assert "all held-out time together" in reason
    (turned,) = compare_fits(fits[::-1]).differences  # the better one is named first whichever is compared with the other
    assert turned.mean == pytest.approx(-0.02)
    assert turned.sentence == one.sentence


def test_few_folds_limit_p_and_the_better_one_is_said_first():
    said = paired_difference("a", "b", np.array([-0.2, -0.3, -0.25, -0.31, -0.28]), over="fold")
    assert said.p == said.least_p == 2 / 2**5
    assert said.sentence.startswith("'b' is better than 'a' in 5 of 5 folds; mean difference 0.268, 95 % interval 0.1")
    assert "(widened, as folds share training data)" in said.sentence
    over_units = paired_difference("a", "b", np.array([-0.2, -0.3, -0.25, -0.31, -0.28]))
    assert (said.high - said.low) / (over_units.high - over_units.low) == pytest.approx(1.5)  # sqrt((1/5 + 1/4) / (1/5))
    assert "widened" not in over_units.sentence
    assert "p = 0.0625 (5 folds cannot give less than 0.0625)" in said.sentence
    words = ComparedFits(("a", "b"), ("u",), np.array([[0.3], [0.1]]), (said,), (said,)).sentences
    (report,) = (one for one in words if one.startswith("Report the 95 % interval over folds"))
    assert "can never be below 0.0625 with 5 folds" in report
    assert "more folds" in report
    enough = paired_difference("a", "b", np.linspace(0.1, 0.2, 12), over="fold")
    assert "Report" not in " ".join(ComparedFits(("a", "b"), ("u",), np.array([[0.3], [0.1]]), (enough,), (enough,)).sentences)
    assert "score the same" in paired_difference("a", "b", np.zeros(5)).sentence
    assert "cannot give" not in paired_difference("a", "b", np.linspace(0.1, 0.2, 12)).sentence
