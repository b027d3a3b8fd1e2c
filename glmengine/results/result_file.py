"""The file of a result: labelled arrays in one NetCDF file, the analysis and the notes as JSON texts."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from glmengine.analysis.analysis import Analysis, sparse_dump
from glmengine.errors import GlmError
from glmengine.goodness.goodness import Goodness
from glmengine.io.files.netcdf import read_netcdf, write_netcdf
from glmengine.selection.shift_table import ShiftTest
from glmengine.selection.term_selection import TermSelection

if TYPE_CHECKING:
    import xarray as xr

    from glmengine.analysis.terms import AnyTerm
    from glmengine.decoding.decode import Decoded
    from glmengine.results.bootstrap_bands import BootstrapBands
    from glmengine.results.result_data import ResultData
    from glmengine.simulation.comparison import SurrogateComparison

# 2: with `goodness`; 3: with scores of each fold, the selection of terms, shift tests, bands of whole curves;
# 4: with strengths by marginal likelihood, the bootstrap; 5: with the search of settings;
# 6: with surrogates beside the data, decoding, and how each check was asked for
FORMAT_VERSION = 6
KIND = "glmengine result"

Kind = TypeVar("Kind", bound="ResultData")


def write_result(result: ResultData, path: str | Path) -> None:
    """See `Result.save`."""
    import xarray as xr

    datasets = {
        "fit": xr.Dataset(
            {
                "coefficients": result.coefficients,
                "standard_errors": result.standard_errors,
                "intercepts": result.intercepts,
                "intercept_errors": result.intercept_errors,
            }
        ),
        "scores": result.scores,
        **{f"curves:{label}": curve for label, curve in result.curves.items()},
        **{f"filters:{label}": filters for label, filters in result.filters.items()},
    }
    optional = {
        "coupling": result.coupling,
        "cv": result.cv,
        "search": result.search,
        "sessions": result.sessions,
        "tests": result.tests,
        "smoothing": result.smoothing,
        "fold_scores": result.fold_scores,
    }
    datasets |= {name: dataset for name, dataset in optional.items() if dataset is not None}
    if result.covariance is not None:
        datasets["covariance"] = result.covariance.to_dataset(name="covariance")
    if result.selection is not None:
        datasets |= {f"selection:{name}": dataset for name, dataset in result.selection.datasets().items()}
    if result.goodness_of_fit is not None:
        datasets |= {f"goodness:{name}": dataset for name, dataset in result.goodness_of_fit.datasets().items()}
    if result.shift_tests is not None:
        datasets["shift_tests"] = result.shift_tests.dataset()
    if result.bootstrap_bands is not None:
        datasets |= {f"bootstrap:{name}": dataset for name, dataset in result.bootstrap_bands.datasets().items()}
    if result.simulated is not None:
        datasets |= {f"simulated:{name}": dataset for name, dataset in result.simulated.datasets().items()}
    if result.decoded is not None:
        datasets |= {f"decoded:{name}": dataset for name, dataset in result.decoded.datasets().items()}
    texts = {
        "analysis": json.dumps(result.analysis.to_dict(), ensure_ascii=False),
        "terms": json.dumps([sparse_dump(term) for term in result.terms], ensure_ascii=False),
        "provenance": json.dumps(dict(result.provenance), ensure_ascii=False),
        "notes": json.dumps(result.notes, ensure_ascii=False),
    }
    write_netcdf(path, datasets, texts, kind=KIND, format_version=FORMAT_VERSION)


def read_result(kind: type[Kind], path: str | Path) -> Kind:
    """See `Result.load`; `kind` is the class to make."""
    datasets, texts, _ = read_netcdf(path, kind=KIND, format_version=FORMAT_VERSION)
    where = Path(path).name
    try:
        fit = datasets["fit"]
        return kind(
            analysis=Analysis.from_dict(json.loads(texts["analysis"]), where),
            terms=_terms(json.loads(texts["terms"]), where),
            coefficients=fit["coefficients"],
            standard_errors=fit["standard_errors"],
            intercepts=_per_unit(fit["intercepts"]),
            intercept_errors=_per_unit(fit["intercept_errors"]),
            scores=datasets["scores"],
            curves=_named(datasets, "curves:"),
            filters=_named(datasets, "filters:"),
            coupling=datasets.get("coupling"),
            cv=datasets.get("cv"),
            search=datasets.get("search"),
            covariance=datasets["covariance"]["covariance"] if "covariance" in datasets else None,
            sessions=datasets.get("sessions"),
            tests=datasets.get("tests"),
            smoothing=datasets.get("smoothing"),
            fold_scores=datasets.get("fold_scores"),
            selection=_selection(_named(datasets, "selection:")),
            goodness_of_fit=_goodness(_named(datasets, "goodness:")),
            shift_tests=ShiftTest.from_dataset(datasets["shift_tests"]) if "shift_tests" in datasets else None,
            bootstrap_bands=_bootstrap(_named(datasets, "bootstrap:")),
            simulated=_simulated(_named(datasets, "simulated:")),
            decoded=_decoded(_named(datasets, "decoded:")),
            provenance=json.loads(texts["provenance"]),
            notes=tuple(json.loads(texts["notes"])),
        )
    except (KeyError, json.JSONDecodeError) as error:
        raise GlmError(f"{where}: is damaged ({error}); restore a copy or run the analysis again") from error


def _named(datasets: Mapping[str, xr.Dataset], prefix: str) -> dict[str, xr.Dataset]:
    return {name.removeprefix(prefix): dataset for name, dataset in datasets.items() if name.startswith(prefix)}


def _selection(datasets: Mapping[str, xr.Dataset]) -> TermSelection | None:
    return TermSelection.from_datasets(datasets) if datasets else None


def _goodness(datasets: Mapping[str, xr.Dataset]) -> Goodness | None:
    return Goodness.from_datasets(datasets) if datasets else None


def _bootstrap(datasets: Mapping[str, xr.Dataset]) -> BootstrapBands | None:
    if not datasets:
        return None
    from glmengine.results.bootstrap_bands import BootstrapBands  # the fits come with it

    return BootstrapBands.from_datasets(datasets)


def _simulated(datasets: Mapping[str, xr.Dataset]) -> SurrogateComparison | None:
    if not datasets:
        return None
    from glmengine.simulation.comparison import SurrogateComparison  # the recursion comes with it

    return SurrogateComparison.from_datasets(datasets)


def _decoded(datasets: Mapping[str, xr.Dataset]) -> Decoded | None:
    if not datasets:
        return None
    from glmengine.decoding.decode import Decoded  # the design comes with it

    return Decoded.from_datasets(datasets)


def _per_unit(array: xr.DataArray) -> xr.DataArray:
    return array.reset_coords([name for name in array.coords if name not in array.dims], drop=True)


def _terms(data: Sequence[Any], where: str) -> tuple[AnyTerm, ...]:
    """Terms from plain data; the analysis is what knows all kinds of them."""
    return Analysis.from_dict({"terms": list(data)}, where).terms
