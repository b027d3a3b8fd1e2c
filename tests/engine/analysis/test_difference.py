"""What differs between two analyses is said in a few words of the user's own."""

from __future__ import annotations

import pytest

from glmengine.analysis.analysis import Analysis, Model, Source, Time, Validation
from glmengine.analysis.difference import differences
from glmengine.analysis.terms import CovariateTerm, Factor
from glmengine.basis import BSpline, CyclicBSpline, Fourier


def tuning(variable: str, basis=None, **fields) -> CovariateTerm:
    return CovariateTerm(factors=(Factor(variable=variable, basis=basis or BSpline(n=8)),), **fields)


BASE = Analysis(terms=(tuning("speed"), tuning("head_direction", CyclicBSpline(n=8))))


def test_the_same_question_has_no_difference_wherever_the_recording_lies():
    assert differences(BASE, BASE.with_(title="other", recording=Source(path="x.nwb"))) == ()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"terms": (*BASE.terms, tuning("position"))}, ("with position",)),
        ({"terms": BASE.terms[:1]}, ("without head_direction",)),
        ({"terms": (BASE.terms[0].with_(enabled=False), BASE.terms[1])}, ("without speed",)),
        ({"terms": (tuning("speed", BSpline(n=12)), BASE.terms[1])}, ("speed: functions 8 → 12",)),
        ({"terms": (tuning("speed", Fourier(n=3)), BASE.terms[1])}, ("speed: basis b spline → fourier",)),
        ({"terms": (tuning("speed", name="running"), BASE.terms[1])}, ("speed is called running",)),
        ({"terms": BASE.terms[::-1]}, ("terms in another order",)),
        ({"time": Time(bin_size=0.02)}, (f"bin size {Time().bin_size:g} s → 0.02 s",)),
        ({"model": Model(family="negative_binomial")}, ("family poisson → negative binomial",)),
        ({"model": Model(strengths=(1e-3,))}, ("strength 1e-06, 1e-05, 0.0001, 0.001, 0.01 → 0.001",)),
        ({"model": Model(standardised=True)}, ("standardised off → on",)),
        ({"validation": Validation(folds=10)}, ("folds 5 → 10",)),
        ({"seed": 4}, ("seed 0 → 4",)),
    ],
)
def test_each_change_is_said(changes, said):
    assert differences(BASE, BASE.with_(**changes)) == said


def test_several_changes_are_said_terms_first():
    after = BASE.with_(terms=(tuning("position"), BASE.terms[1]), time=Time(bin_size=0.05))
    assert differences(BASE, after)[0] == "position instead of speed"
    assert differences(BASE, after)[1].startswith("bin size")
    both = after.with_(terms=(tuning("position"), tuning("lick")))
    assert differences(BASE, both)[:4] == ("with position", "with lick", "without speed", "without head_direction")


def test_factors_of_a_joint_term_are_named():
    def field(n):
        return CovariateTerm(
            factors=(Factor(variable="x", basis=BSpline(n=8)), Factor(variable="y", basis=BSpline(n=n))), name="place"
        )

    assert differences(Analysis(terms=(field(8),)), Analysis(terms=(field(10),))) == ("place: y, functions 8 → 10",)
