"""The table setting x strength of a search, and what each unit chose from it, as part of a result."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import xarray as xr

    from glmengine.analysis.search import SearchPlan
    from glmengine.fitting.setting_search import SettingSearch
    from glmengine.results.result import Result


def with_settings(result: Result, search: SettingSearch, plan: SearchPlan) -> Result:
    """The result with the table, and the setting of each unit among its scores."""
    table = _table(result, search, plan)
    about = {"unit": "", "long_name": "setting of the terms that was chosen on held-out time"}
    scores = result.scores.assign(setting=("unit", table["chosen"].values, about))
    return replace(result, scores=scores, search=table)


def _table(result: Result, search: SettingSearch, plan: SearchPlan) -> xr.Dataset:
    """Held-out scores (fold, setting, strength, unit), NaN at strengths that were not tried with a setting; the values of what was searched,
    (setting,) each; and what each unit chose, and chose without each fold."""
    import xarray as xr

    tried = len(search.found)  # the last may be missing where it was stopped
    coords: dict[str, Any] = {
        "fold": np.asarray(search.found[0].scores["fold"].values),
        "setting": [one.name for one in plan.settings[:tried]],
        "strength": search.strengths,
        "unit": list(result.units),
    }
    for number, one in enumerate(result.analysis.model.search):
        words = [setting.values[number] for setting in plan.settings[:tried]]
        coords[f"searched_{number}"] = ("setting", words, {"long_name": f"{one.parameter} of {one.term}"})
    names = np.array([one.name for one in plan.settings])
    variables: dict[str, Any] = {
        "scores": (
            ("fold", "setting", "strength", "unit"),
            search.table(),
            {"long_name": "mean held-out log-likelihood per bin"},
        ),
        "chosen": ("unit", names[search.setting], {"long_name": "setting that was chosen"}),
        "best_strength": ("unit", search.strength, {"long_name": "strength that was chosen beside it"}),
    }
    if search.nested is not None and search.nested_setting is not None:
        chosen = np.where(search.nested_setting >= 0, names[search.nested_setting], "")
        about = {"long_name": "setting that the other folds chose among themselves"}
        variables["nested_chosen"] = (("fold", "unit"), chosen, about)
    return xr.Dataset(variables, coords)
