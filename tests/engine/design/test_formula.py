"""The formula of a model, as text and for LaTeX."""

from glmengine.analysis.analysis import Analysis, Model
from glmengine.analysis.terms import ColumnsTerm, CouplingTerm, CovariateTerm, EventTerm, Factor, HistoryTerm
from glmengine.basis import BSpline, RaisedCosineLog
from glmengine.design.formula import formula_of

KERNEL = RaisedCosineLog(n=4, window=0.1)
PLACE = CovariateTerm(factors=(Factor(variable="pos_x", basis=BSpline(n=6)), Factor(variable="pos_y", basis=BSpline(n=6))))


def test_each_kind_of_term_has_its_letter_and_what_it_depends_on():
    terms = (
        PLACE,
        PLACE.with_(name="gained", gain="light"),
        EventTerm(events="cue", after=0.5, basis=KERNEL, by="trials.choice"),
        ColumnsTerm(variables=("wheel", "pupil")),
        HistoryTerm(basis=KERNEL),
        CouplingTerm(basis=KERNEL),
        HistoryTerm(basis=KERNEL, name="left out", enabled=False),
    )
    first, second = formula_of(Analysis(terms=terms)).text.split("\n")
    assert first == (
        "log rate = intercept + f(pos_x, pos_y) + f(pos_x, pos_y) \u00b7 light + g \u2217 cue for each choice"
        " + \u03b2 wheel + \u03b2 pupil + h \u2217 own spikes + c \u2217 spikes of each other unit"
    )
    assert "Poisson" in second


def test_the_left_side_is_that_of_family_and_link():
    assert formula_of(Analysis(model=Model(family="bernoulli"))).left == "logit of the probability that a bin holds a spike"
    assert formula_of(Analysis(model=Model(family="gamma", link="inverse"))).left == "1 / (expected activity in a bin)"
    assert formula_of(Analysis(model=Model(family="categorical"))).text.startswith("log of the probability of each class")


def test_latex_escapes_what_it_would_take_for_commands():
    assert formula_of(Analysis(terms=(PLACE,))).latex == (r"\mathrm{log\ rate} = \beta_0 + f(\mathrm{pos\_x},\, \mathrm{pos\_y})")
