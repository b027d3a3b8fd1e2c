"""The curve of a part of the time agrees with that of the whole within its band, and is of the time that it says."""

from __future__ import annotations

import numpy as np
import pytest

import glmengine as ge
from glmengine.analysis.analysis import Analysis, Condition, Model, Time, Validation
from glmengine.analysis.terms import CovariateTerm, Factor, HistoryTerm, ReceptiveFieldTerm
from glmengine.basis import CyclicBSpline, RaisedCosineLog
from glmengine.context import CallbackContext
from glmengine.errors import Cancelled
from glmengine.results.sketch import Sketches, can_be_sketched, is_short

TERM = CovariateTerm(factors=(Factor(variable="head_direction", basis=CyclicBSpline(n=8)),))
NUMBERS = 20_000  # 2500 of the 6000 bins


@pytest.fixture(scope="module")
def analysis() -> Analysis:
    return Analysis(time=Time(bin_size=0.02), terms=(TERM,), model=Model(strengths=(1e-4,)), validation=Validation(folds=0))


def test_a_sketch_is_the_fit_of_all_where_there_is_little(analysis, small_recording):
    found = Sketches(small_recording).sketch(analysis, "hd", TERM.label)
    whole = ge.run(analysis.with_(units=analysis.units.with_(names=("hd",))), small_recording)
    assert is_short(analysis, small_recording)
    assert found.seconds == pytest.approx(found.whole, abs=0.05) == pytest.approx(120.0, abs=0.05)
    for name in ("effect_hz", "tuning_hz", "tuning_low", "data_hz"):
        np.testing.assert_allclose(found.curves[TERM.label][name], whole.curves[TERM.label][name], rtol=1e-9, equal_nan=True)


def test_a_sketch_of_some_stretches_agrees_with_the_whole_within_its_band(analysis, small_recording):
    found = Sketches(small_recording).sketch(analysis, "hd", TERM.label, numbers=NUMBERS)
    assert not is_short(analysis, small_recording, numbers=NUMBERS)
    assert 45 < found.seconds <= 50.0 < found.whole
    whole = ge.run(analysis.with_(units=analysis.units.with_(names=("hd",))), small_recording).curves[TERM.label].sel(unit="hd")
    one = found.curves[TERM.label].sel(unit="hd")
    inside = (whole["effect_hz"] >= one["effect_low"]) & (whole["effect_hz"] <= one["effect_high"])
    assert float(inside.mean()) > 0.8
    assert float(one["effect_high"].mean() - one["effect_low"].mean()) > float(
        whole["effect_high"].mean() - whole["effect_low"].mean()
    )


def test_only_the_term_that_is_asked_for_is_drawn(analysis, small_recording):
    past = HistoryTerm(basis=RaisedCosineLog(n=4, window=0.2))
    both = analysis.with_(terms=(TERM, past))
    sketches = Sketches(small_recording)
    found = sketches.sketch(both, "hd", past.label, numbers=NUMBERS)
    assert not found.curves
    assert list(found.filters) == [past.label]
    assert list(sketches.sketch(both, "hd", TERM.label, numbers=NUMBERS).curves) == [TERM.label]


def test_the_score_tells_a_tuned_unit_from_another(analysis, small_recording):
    tuned, flat = (Sketches(small_recording).score(analysis, unit, numbers=2 * NUMBERS) for unit in ("hd", "flat"))
    assert tuned.deviance_explained > 0.2
    assert flat.deviance_explained < 0.02
    assert tuned.seconds == pytest.approx(50.0, rel=0.1)


def test_a_sketch_after_another_is_the_one_that_is_made_anew(analysis, small_recording):
    past = HistoryTerm(basis=RaisedCosineLog(n=4, window=0.2))
    sketches = Sketches(small_recording)
    for n, label in ((8, TERM.label), (9, TERM.label), (8, past.label), (8, TERM.label)):
        other = TERM.with_(factors=(TERM.factors[0].with_(basis=CyclicBSpline(n=n)),))
        asked = analysis.with_(terms=(other, past))
        found = sketches.sketch(asked, "hd", label, numbers=NUMBERS)
        anew = Sketches(small_recording).sketch(asked, "hd", label, numbers=NUMBERS)
        for kind, key in (("curves", "tuning_hz"), ("curves", "effect_low"), ("filters", "filter"), ("filters", "low")):
            for one, again in zip(getattr(found, kind).values(), getattr(anew, kind).values(), strict=True):
                np.testing.assert_allclose(one[key], again[key], rtol=1e-6, atol=1e-9)


def test_conditions_hold_in_the_stretches_too(analysis, small_recording):
    kept = analysis.with_(time=analysis.time.with_(conditions=(Condition(variable="position.x", above=50.0),)))
    found = Sketches(small_recording).sketch(kept, "hd", TERM.label, numbers=NUMBERS)
    assert 50 < found.whole < 70
    assert found.seconds <= 50.0


def test_what_is_not_one_convex_problem_is_not_sketched(analysis):
    assert can_be_sketched(analysis)
    assert not can_be_sketched(
        analysis.with_(terms=(ReceptiveFieldTerm(variable="stimulus", basis=RaisedCosineLog(n=4, window=0.2)),))
    )
    assert not can_be_sketched(analysis.with_(model=Model(strength_by="marginal_likelihood")))


def test_a_sketch_that_nobody_wants_is_given_up(analysis, small_recording):
    with pytest.raises(Cancelled):
        Sketches(small_recording).sketch(analysis, "hd", TERM.label, CallbackContext(cancelled=lambda: True))
