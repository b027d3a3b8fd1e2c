"""Numbers of a result in each format, read back to the last bit by programs that are not ours."""

from __future__ import annotations

import json
import runpy
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import scipy.io
import xarray as xr

from glmengine.cli.main import main
from glmengine.errors import GlmError
from glmengine.export.formats import FORMATS, export_result
from glmengine.export.formats.result_tables import result_tables

HASHES = ("analysis_sha256", "recording_sha256", "seed", "version")


@pytest.fixture(scope="module")
def named_result(small_result):
    """The small result with units called as formulas are."""
    change = {"unit": ["=1+1", "@x", "-Einheit"]}
    bare = {"filters": {}, "curves": {}, "coupling": None, "cv": None, "covariance": None, "tests": None, "fold_scores": None}
    arrays = ("coefficients", "standard_errors", "intercepts", "intercept_errors", "scores")
    return replace(small_result, **bare, **{name: getattr(small_result, name).assign_coords(change) for name in arrays})


def numbers(result, table, column):
    return next(one for one in result_tables(result) if one.name == table).columns[column]


def test_csv(small_result, tmp_path):
    export_result(small_result, tmp_path / "csv", "csv")
    found = pd.read_csv(tmp_path / "csv" / "coefficients.csv")
    np.testing.assert_array_equal(found["coefficient"], numbers(small_result, "coefficients", "coefficient"))
    words = pd.read_csv(tmp_path / "csv" / "data_dictionary.csv")
    assert set(words["table"]) == {one.name for one in result_tables(small_result)}
    whence = pd.read_csv(tmp_path / "csv" / "provenance.csv", index_col="item")["value"]
    assert whence["analysis_sha256"] == small_result.analysis.sha256


def test_parquet(small_result, tmp_path):
    pq = pytest.importorskip("pyarrow.parquet")
    export_result(small_result, tmp_path / "parquet", "parquet")
    found = pq.read_table(tmp_path / "parquet" / "scores.parquet")
    np.testing.assert_array_equal(found["log_likelihood"].to_numpy(), small_result.scores["log_likelihood"].values)
    assert found.schema.metadata[b"analysis_sha256"].decode() == small_result.analysis.sha256


def test_excel_runs_no_name(named_result, tmp_path):
    openpyxl = pytest.importorskip("openpyxl")
    export_result(named_result, tmp_path / "r.xlsx", "xlsx")
    book = openpyxl.load_workbook(tmp_path / "r.xlsx")
    rows = list(book["coefficients"].iter_rows())
    place = [cell.value for cell in rows[0]].index("coefficient")
    held = numbers(named_result, "coefficients", "coefficient")
    np.testing.assert_array_equal([np.nan if row[place].value is None else row[place].value for row in rows[1:]], held)
    names = [row[0] for row in rows[1:]]
    assert {cell.value for cell in names} == {"=1+1", "@x", "-Einheit"}
    assert {cell.data_type for cell in names} == {"s"}
    assert dict(book["provenance"].iter_rows(values_only=True))["analysis_sha256"] == named_result.analysis.sha256


def test_netcdf(small_result, tmp_path):
    export_result(small_result, tmp_path / "r.nc", "netcdf")
    with xr.open_dataset(tmp_path / "r.nc", group="g0", engine="h5netcdf") as found:
        np.testing.assert_array_equal(found["coefficients"], small_result.coefficients)


def test_json(small_result, tmp_path):
    export_result(small_result, tmp_path / "r.json", "json")
    found = json.loads((tmp_path / "r.json").read_text(encoding="utf-8"))
    values = np.array(found["tables"]["coefficients"]["standard_error"], np.float64)
    np.testing.assert_array_equal(values, numbers(small_result, "coefficients", "standard_error"))
    assert set(HASHES) <= set(found["provenance"])


def test_npz(small_result, tmp_path):
    export_result(small_result, tmp_path / "r.npz", "npz")
    with np.load(tmp_path / "r.npz", allow_pickle=False) as found:
        held = numbers(small_result, "coefficients", "coefficient")
        np.testing.assert_array_equal(found["coefficients/coefficient"], held)
        assert json.loads(found["provenance"].item())["seed"] == str(small_result.analysis.seed)


def test_matlab(small_result, tmp_path):
    export_result(small_result, tmp_path / "r.mat", "mat")
    found = scipy.io.loadmat(tmp_path / "r.mat", simplify_cells=True)
    np.testing.assert_array_equal(found["coefficients"]["coefficient"], numbers(small_result, "coefficients", "coefficient"))
    assert list(found["scores"]["unit"]) == list(small_result.units)
    assert found["provenance"]["analysis_sha256"] == small_result.analysis.sha256


def test_nemos_predicts_the_same_rates(small_result, small_recording, tmp_path):
    pytest.importorskip("nemos")
    from glmengine.export.npz import write_npz

    write_npz(small_recording, tmp_path / "recording")
    export_result(small_result, tmp_path / "model.npz", "nemos")
    found = runpy.run_path(str(tmp_path / "model.py"))["rates"](str(tmp_path / "recording"))
    held = small_result.predict(small_recording).transpose("time", "unit").values
    np.testing.assert_allclose(found, held[np.isfinite(held).all(axis=1)], rtol=1e-6)


def test_the_command(small_result, tmp_path, capsys):
    small_result.save(tmp_path / "result.nc")
    arguments = ["export", str(tmp_path / "result.nc"), "--format", "json", "--out", str(tmp_path / "a.json")]
    assert main(arguments) == 0
    assert main(arguments) == 1
    assert "exists already" in capsys.readouterr().err
    assert main([*arguments, "--force"]) == 0
    assert main(["export", str(tmp_path / "result.nc")]) == 1
    assert "--format NAME" in capsys.readouterr().err


def test_a_format_that_is_not_there_and_a_library_that_is_not_are_said(small_result, tmp_path, monkeypatch):
    with pytest.raises(GlmError, match="there is no format 'doc'"):
        export_result(small_result, tmp_path / "a.doc", "doc")
    with pytest.raises(GlmError, match=r"ends with \.json"):
        export_result(small_result, tmp_path / "a.txt", "json")
    monkeypatch.setattr("glmengine.export.formats.table.find_spec", lambda name: None)
    with pytest.raises(GlmError, match="needs openpyxl, which is not installed"):
        export_result(small_result, tmp_path / "a.xlsx", "xlsx")
    assert {one.name for one in FORMATS if one.missing} == {"parquet", "xlsx"}


def test_a_single_csv_says_whence_it_is_beside_it(small_result, tmp_path):
    from glmengine.export.csv_metadata import write_csv
    from glmengine.export.tables import coefficients_csv, scores_csv

    for name, text in (("scores.csv", scores_csv(small_result)), ("coefficients.csv", coefficients_csv(small_result))):
        table, beside = write_csv(small_result, tmp_path / name, text)
        said = json.loads(beside.read_text(encoding="utf-8"))
        assert beside.name == f"{name}-metadata.json", "where the W3C's standard looks for it"
        assert said["url"] == name
        (known,) = said["notes"]
        assert known["analysis_sha256"] == small_result.provenance["analysis_sha256"]
        assert known["seed"] == str(small_result.analysis.seed)
        assert known["version"]
        titles = [column["titles"] for column in said["tableSchema"]["columns"]]
        assert titles == list(pd.read_csv(table).columns)
