"""Calls of a script that ask again for the checks kept with a result: goodness, shift test, bootstrap, surrogates, decoding."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from glmengine.results.check_options import asked_options

if TYPE_CHECKING:
    from collections.abc import Mapping

    import xarray as xr

    from glmengine.results.result import Result

_MARGIN = "    "


def check_calls(result: Result | None) -> str:
    """Lines of a script that put what was asked beside the fit into ``result``; empty where nothing was.

    Only options that differ from the defaults are said, seeds among them; where the analysis's own was used, it is in the analysis.
    """
    if result is None:
        return ""
    lines = []
    for method, keep, dataset in _kept(result):
        options = asked_options(dataset)
        if options is None:
            lines.append(
                f"# result.{method}(recording) was asked too, of what cannot be said here: ask again with the same options"
            )
            continue
        lines.append(f"result = result.{keep}(result.{method}({', '.join(['recording', *_arguments(options)])}))")
    return "".join(f"{_MARGIN}{line}\n" for line in lines)


def _kept(result: Result) -> list[tuple[str, str, xr.Dataset]]:
    """Method that was asked, method that keeps what it found, and the dataset that knows the options."""
    found = []
    if result.goodness_of_fit is not None:
        found.append(("goodness", "with_goodness", result.goodness_of_fit.summary))
    if result.shift_tests is not None:
        found.append(("shift_test", "with_shift_test", result.shift_tests.table))
    if result.bootstrap_bands is not None:
        found.append(("bootstrap", "with_bootstrap", result.bootstrap_bands.coefficients))
    if result.simulated is not None:
        found.append(("simulate_and_compare", "with_simulated", result.simulated.rate))
    if result.decoded is not None:
        found.append(("decode", "with_decoded", result.decoded.values))
    return found


def _arguments(options: Mapping[str, Any]) -> list[str]:
    return [f"{name}={_python(value)}" for name, value in options.items()]


def _python(value: Any) -> str:
    """The value as Python says it, texts between double quotation marks."""
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    return f"[{', '.join(map(_python, value))}]" if isinstance(value, list) else repr(value)
