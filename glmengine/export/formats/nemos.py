"""Population GLMs that `nemos.load_model` opens."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from glmengine.errors import GlmError
from glmengine.export.tables import own_features
from glmengine.io.files.whole import write_whole
from glmengine.results.origin import origin

if TYPE_CHECKING:
    from glmengine.results.result import Result

_OBSERVATIONS = {
    "poisson": "PoissonObservations",
    "bernoulli": "BernoulliObservations",
    "gaussian": "GaussianObservations",
    "gamma": "GammaObservations",
    "negative_binomial": "NegativeBinomialObservations",
}
_INVERSE_LINKS = {"log": "jax.numpy.exp", "softplus": "jax.nn.softplus", "logit": "jax.lax.logistic"}


def write(result: Result, path: Path) -> list[Path]:
    """A ``nemos.glm.PopulationGLM`` with the coefficients of the result, as `nemos` 0.2.8 saves one.

    Its columns are those of `glmengine.build_design`; its rates are per bin. Columns that a unit does not have (the history of other units)
    are 0 and masked. The provenance is in further arrays, which nemos leaves aside. A script beside it, of the same name, predicts with it.

    Raises
    ------
    GlmError
        If nemos has no such family or link, or the script or the file cannot be written.
    """
    from glmengine.results.posterior import link_of

    family, link = result.analysis.model.family, link_of(result.analysis.model).name
    if family not in _OBSERVATIONS or link not in _INVERSE_LINKS:
        raise GlmError(f"nemos has no {family} model with a {link} link; choose another format", field="model.family")
    coefficients = np.ascontiguousarray(result.coefficients.transpose("feature", "unit").values, np.float64)
    mask = np.column_stack([own_features(result, unit) for unit in result.units]).astype(np.float64)
    dispersion = np.asarray(result.scores["dispersion"].values, np.float64)
    item = "item::strkey:"
    arrays: dict[str, Any] = {
        f"{item}feature_mask": mask,
        f"{item}inverse_link_function": _INVERSE_LINKS[link],
        f"dict::strkey:observation_model::{item}class": f"nemos.observation_models.{_OBSERVATIONS[family]}",
        f"dict::strkey:regularizer::{item}class": "nemos.regularizer.UnRegularized",
        f"{item}regularizer_strength": np.nan,
        f"{item}solver_kwargs": np.nan,
        f"{item}solver_name": "GradientDescent[optimistix]",
        f"{item}aux_": np.nan,
        f"{item}coef_": np.where(mask > 0, coefficients, 0.0),
        f"{item}dof_resid_": np.nan,
        f"{item}intercept_": np.asarray(result.intercepts.values, np.float64),
        f"{item}scale_": np.where(np.isfinite(dispersion), dispersion, 1.0),
        f"{item}model_class": "nemos.glm.glm.PopulationGLM",
        f"dict::strkey:save_metadata::{item}nemos": "0.2.8",
    }
    told = {f"dict::strkey:save_metadata::{item}glmengine_{name}": text for name, text in origin(result).items()}
    stream = io.BytesIO()
    np.savez(stream, **arrays, **told)
    write_whole(path, stream.getvalue())
    script = path.with_suffix(".py")
    write_whole(script, _script(result, path.name).encode("utf-8"))
    return [path, script]


def _script(result: Result, model: str) -> str:
    """Source that opens the recording, makes the columns, and lets the model predict with nemos."""
    import tomli_w

    toml = tomli_w.dumps(result.analysis.to_dict()).replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
    recording = str(result.provenance.get("recording_path", "")) or "recording.nwb"
    return f'''"""The same model with nemos: python SCRIPT [RECORDING] prints the mean rate of each unit."""

import sys
import tomllib
from pathlib import Path

import jax
import nemos as nmo
import numpy as np

import glmengine as ge
from glmengine.design.prepare import prepare

jax.config.update("jax_enable_x64", True)
MODEL = Path(__file__).with_name({json.dumps(model, ensure_ascii=False)})
ANALYSIS = """
{toml}"""


def rates(path: str) -> np.ndarray:
    """(T, M) rates in Hz of the bins that were fitted."""
    analysis = ge.Analysis.from_dict(tomllib.loads(ANALYSIS))
    prepared = prepare(analysis, ge.open_recording(path))
    design = prepared.design
    X = design.dense()[design.valid]
    return np.asarray(nmo.load_model(MODEL).predict(X)) / prepared.grid.bin_size


if __name__ == "__main__":
    print(rates(sys.argv[1] if len(sys.argv) > 1 else {json.dumps(recording, ensure_ascii=False)}).mean(axis=0))
'''
