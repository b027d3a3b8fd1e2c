"""Generalized linear models of neural activity: the numerics and the command line, without any window.

    import glmengine as ge
    recording = ge.open_recording("session.nwb")
    analysis = ge.Analysis.load("place.toml")
    result = ge.run(analysis, recording)
    result.save("place.nc")

Importing the package is cheap: each public name is looked up in its module when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_PLACES = {
    "glmengine.analysis": ("Analysis", "Condition", "Model", "Source", "Time", "UnitSelection", "Validation"),
    "glmengine.terms": (
        "ColumnsTerm",
        "CouplingTerm",
        "CovariateTerm",
        "EventTerm",
        "Factor",
        "FilterTerm",
        "HistoryTerm",
        "ReceptiveFieldTerm",
    ),
    "glmengine.derived": ("Speed",),
    "glmengine.context": ("CallbackContext", "Context", "Progress"),
    "glmengine.errors": ("Cancelled", "GlmError"),
    "glmengine.recording": ("Covariate", "Recording"),
    "glmengine.opening": ("open_recording",),
    "glmengine.joining": ("join_recordings",),
    "glmengine.timegrid": ("TimeGrid", "make_grid"),
    "glmengine.expand": ("build_design",),
    "glmengine.design": ("Design",),
    "glmengine.fitting": ("Fit", "fit"),
    "glmengine.validation": ("CrossValidation", "cross_validate"),
    "glmengine.pathway": ("Path", "fit_path"),
    "glmengine.estimator": ("GLM", "GLMClassifier"),
    "glmengine.models": ("ElasticNet", "GroupLasso", "Lasso", "NoPenalty", "Ridge", "Smoothness"),
    "glmengine.running": ("run",),
    "glmengine.results": ("Result",),
    "glmengine.project": ("Project", "load_project", "save_project"),
    "glmengine.simulate": ("demo_analysis", "sample"),
    "glmengine.export": ("write_outputs",),
}
# No module may have the name of a function below: importing it would put the module in the function's place.
_MODULE_OF = {name: module for module, names in _PLACES.items() for name in names}
_SUBMODULES = ("basis", "export", "figures", "models", "samples")

__all__ = ["__version__", *sorted(_MODULE_OF)]


def __getattr__(name: str) -> Any:
    if name in _MODULE_OF:
        value = getattr(import_module(_MODULE_OF[name]), name)
        globals()[name] = value
        return value
    if name in _SUBMODULES:
        return import_module(f"glmengine.{name}")
    raise AttributeError(f"module 'glmengine' has no attribute '{name}'")


def __dir__() -> list[str]:
    return sorted({*globals(), *_MODULE_OF, *_SUBMODULES})
