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

TYPE_CHECKING = (
    False  # `typing` itself is not imported: what takes time here is time in which Ctrl+C is answered with a traceback
)
if TYPE_CHECKING:
    from typing import Any

__version__ = "0.1.0"

_PLACES = {
    "glmengine.analysis.analysis": ("Analysis", "Condition", "Model", "Source", "Time", "UnitSelection", "Validation"),
    "glmengine.analysis.selection": ("NamedModel", "Selection", "TermBlock"),
    "glmengine.analysis.terms": (
        "ColumnsTerm",
        "CouplingTerm",
        "CovariateTerm",
        "EventTerm",
        "Factor",
        "FilterTerm",
        "HistoryTerm",
        "ReceptiveFieldTerm",
    ),
    "glmengine.recording.derived.quantities": ("Speed",),
    "glmengine.analysis.default_terms": ("with_slow_drift",),
    "glmengine.context": ("CallbackContext", "Context", "Progress", "UnitsFound"),
    "glmengine.errors": ("Cancelled", "GlmError"),
    "glmengine.recording.recording": ("Covariate", "Recording"),
    "glmengine.io.opening": ("open_recording",),
    "glmengine.recording.joining": ("join_recordings",),
    "glmengine.timegrid.grid": ("TimeGrid",),
    "glmengine.analysis.time_grid": ("make_grid",),
    "glmengine.design.build": ("build_design",),
    "glmengine.design.design": ("Design",),
    "glmengine.fitting.fit": ("Fit", "fit"),
    "glmengine.fitting.cross_validation": ("CrossValidation", "cross_validate"),
    "glmengine.selection.shift_table": ("ShiftTest",),
    "glmengine.selection.shift_test": ("shift_test",),
    "glmengine.fitting.bootstrap": ("Bootstrap", "bootstrap"),
    "glmengine.fitting.path": ("Path", "fit_path"),
    "glmengine.fitting.sklearn": ("GLM", "GLMClassifier"),
    "glmengine.models": ("ElasticNet", "GroupLasso", "Lasso", "NoPenalty", "Ridge", "Smoothness"),
    "glmengine.analysis_run": ("run",),
    "glmengine.answers.explain": ("explain",),
    "glmengine.answers.sheet": ("AnswerSheet",),
    "glmengine.results.result": ("Result",),
    "glmengine.selection.fold_scores": ("scores_against",),
    "glmengine.results.block_gains": ("BlockGains", "block_gains"),
    "glmengine.selection.select": ("compare_models", "select_terms"),
    "glmengine.results.kept_fits": ("KeptFit", "keep_fit"),
    "glmengine.project.project": ("Project", "load_fits", "load_project", "save_project"),
    "glmengine.simulation.catalogue": ("demo_analysis", "sample"),
    "glmengine.simulation.as_recording": ("surrogate_recording",),
    "glmengine.simulation.comparison": ("compare_surrogates",),
    "glmengine.export": ("write_outputs",),
    "glmengine.export.answer_files": ("write_answers",),
}
# No module may have the name of a function below: importing it would put the module in the function's place.
_MODULE_OF = {name: module for module, names in _PLACES.items() for name in names}
_SUBMODULES = {
    "basis": "glmengine.basis",
    "export": "glmengine.export",
    "figures": "glmengine.figures",
    "goodness": "glmengine.goodness",
    "models": "glmengine.models",
    "samples": "glmengine.simulation.samples",
}

__all__ = ["__version__", *sorted(_MODULE_OF)]


def __getattr__(name: str) -> Any:
    if name in _MODULE_OF:
        value = getattr(import_module(_MODULE_OF[name]), name)
        globals()[name] = value
        return value
    if name in _SUBMODULES:
        return import_module(_SUBMODULES[name])
    raise AttributeError(f"module 'glmengine' has no attribute '{name}'")


def __dir__() -> list[str]:
    return sorted({*globals(), *_MODULE_OF, *_SUBMODULES})
