"""How a ready analysis is put to a recording, and what is read off its curves."""

from __future__ import annotations

import numpy as np
import pytest


def put(name, recording, *, units=(), **changes):
    """The result of a ready analysis on a recording, filled in with the recording's names."""
    import glmengine as ge
    from glmengine.analysis.templates import template_for
    from glmengine.analysis.units import UnitSelection

    ready = template_for(name, recording)
    assert ready.fits, ready.lacking
    if units:
        changes["units"] = UnitSelection(names=units)
    return ge.run(ready.analysis.with_(**changes), recording)


@pytest.fixture(scope="session")
def ask():
    return put


@pytest.fixture(scope="session")
def swing():
    """By how much a log rate varies over what is visited for three seconds or more: the effect of a term, and as counted."""

    def of(result, term, unit):
        curve = result.curves[term].sel(unit=unit)
        visited = curve["occupancy_s"].values >= 3.0
        effect, counted = curve["effect_link"].values[visited], np.log(curve["data_hz"].values[visited] + 0.3)
        return float(np.ptp(effect)), float(np.ptp(counted))

    return of
