"""Units of measure of the covariates of a model, compared between recordings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from glmengine.errors import GlmError

if TYPE_CHECKING:
    from glmengine.recording.recording import Recording
    from glmengine.spec import Spec


def units_of_measure(specs: Iterable[Spec], recording: Recording) -> dict[str, str]:
    """Units of measure, where known, of the covariates that terms and conditions name; the recording has the derived ones too."""
    named = {text for spec in specs for text in _texts(spec.model_dump())}
    return {
        name: covariate.unit
        for name, covariate in recording.covariates.items()
        if covariate.unit and named & {name, *covariate.variables}
    }


def refuse_other_measures(specs: Iterable[Spec], recording: Recording, fitted: Mapping[str, str]) -> None:
    """Refuse a recording whose covariates are in other units of measure than those that were `fitted`; unknown ones are taken to be right.

    Raises
    ------
    GlmError
        Naming the covariate and both units.
    """
    for name, unit in units_of_measure(specs, recording).items():
        known = fitted.get(name, unit)
        if unit != known:
            raise GlmError(
                f"{recording.name}: '{name}' is in {unit}, but the model was fitted to it in {known}; bring it to {known} first",
                field="terms",
            )


def _texts(value: Any) -> Iterator[str]:
    """All strings in plain data."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from _texts(one)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _texts(one)
