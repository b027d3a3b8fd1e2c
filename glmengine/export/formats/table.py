"""The table of formats: name, ending, what it is for, what writes it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from glmengine.errors import GlmError
from glmengine.export.output_folder import aside, moved

if TYPE_CHECKING:
    from glmengine.results.result import Result


@dataclass(frozen=True)
class Format:
    """One format.

    Attributes
    ----------
    name : str
    ending : str
        Of the file; empty where it is a folder.
    what : str
    needs : str
        A library that the program goes without, empty where none.
    beside : str
        Ending of a second file of the same name, empty where there is none.
    """

    name: str
    ending: str
    what: str
    needs: str = ""
    beside: str = ""

    @property
    def missing(self) -> bool:
        """Whether the library is not installed."""
        return bool(self.needs) and find_spec(self.needs) is None


FORMATS = (
    Format("csv", "", "a folder of tidy tables with a data dictionary"),
    Format("parquet", "", "a folder of the same tables as Parquet", "pyarrow"),
    Format("xlsx", ".xlsx", "one Excel workbook, a sheet for each table", "openpyxl"),
    Format("netcdf", ".nc", "the whole result, as `Result.load` and xarray read it"),
    Format("json", ".json", "the tables by column"),
    Format("npz", ".npz", "NumPy arrays called TABLE/COLUMN"),
    Format("mat", ".mat", "MATLAB, a struct for each table"),
    Format("nemos", ".npz", "a model that `nemos.load_model` opens", beside=".py"),
)


def export_result(result: Result, path: str | Path, name: str, *, replace: bool = False) -> list[Path]:
    """Write the numbers of a result in one of `FORMATS`, all files of it or none; the files written.

    Raises
    ------
    GlmError
        If there is no such format, its library is not installed, the file exists and is not to be replaced, or it cannot be written.
    """
    found = next((one for one in FORMATS if one.name == name), None)
    if found is None:
        raise GlmError(f"there is no format '{name}'; the formats are {', '.join(one.name for one in FORMATS)}")
    if found.missing:
        raise GlmError(f"the format '{name}' needs {found.needs}, which is not installed: pip install {found.needs}")
    path = Path(path)
    if found.ending and path.suffix.lower() != found.ending:
        raise GlmError(f"{path.name}: a file of the format '{name}' ends with {found.ending}; give it that name")
    for taken in [path, *([path.with_suffix(found.beside)] if found.beside else [])]:
        if not replace and (taken.exists() if found.ending else taken.is_dir() and any(taken.iterdir())):
            raise GlmError(f"{taken}: exists already; give another name, or replace it with --force")
    write: Callable[[Result, Path], list[Path]] = import_module(f"glmengine.export.formats.{name}").write
    folder = path.parent if found.ending else path
    with aside(folder) as place:
        made = write(result, place / path.name if found.ending else place)
        return moved([one.relative_to(place) for one in made], place, folder)
