"""Names that the form of a derived covariate or of derived epochs offers."""

from __future__ import annotations

import numpy as np

from glmengine.recording.derived.epochs import stretch_names
from glmengine.recording.derived.position import position_covariates
from glmengine.recording.derived.quantities import AnyDerived
from glmengine.recording.events import as_label
from glmengine.recording.recording import Recording

_MOST_VALUES = 40


def choices_for(recording: Recording, value: AnyDerived | None = None) -> dict[str, list[str]]:
    """Names by kind, and the ``span`` of the recording in s; of trials the properties of the table that `value` names, and the values of those that it asks for."""
    positions = [covariate.name for covariate in position_covariates(recording)]
    columns, values = _of_trials(recording, value)
    own = getattr(value, "name", "")
    return {
        "covariates": positions + [name for name in recording.covariates if name not in positions],
        "variables": list(recording.variables),
        "epochs": list(recording.epochs),
        "stretches": [name for name in stretch_names(recording) if name != own],
        "events": list(recording.events),
        "units": list(recording.unit_names),
        "trials": list(recording.trials),
        "span": [f"{recording.epochs['all'].start[0]:.3f}", f"{recording.epochs['all'].end[-1]:.3f}"],
        "trial_columns": columns,
        "trial_values": values,
    }


def _of_trials(recording: Recording, value: AnyDerived | None) -> tuple[list[str], list[str]]:
    if not recording.trials:
        return [], []
    name = getattr(value, "trials", "")
    table = recording.trials.get(name, next(iter(recording.trials.values())))
    columns = {str(column): column for column in table.metadata_columns}
    found = [own["trial_values"] for own in values_asked(recording, value)]
    return list(columns), list(dict.fromkeys(text for texts in found for text in texts))


def values_asked(recording: Recording, value: AnyDerived | None) -> list[dict[str, list[str]]]:
    """Of each condition on trials, the values of the property that it asks for, where these are few."""
    table = recording.trials.get(getattr(value, "trials", ""))
    columns = {str(column): column for column in table.metadata_columns} if table is not None else {}
    found = []
    for rule in getattr(value, "where", ()):
        cells = np.asarray(table.get_info(columns[rule.property]), dtype=object) if rule.property in columns else ()
        texts = sorted({as_label(cell) for cell in cells} - {""})
        few = len(texts) <= _MOST_VALUES or not all(map(_is_number, texts))  # many numbers are chosen by limits
        found.append({"trial_values": texts if few else []})
    return found


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
