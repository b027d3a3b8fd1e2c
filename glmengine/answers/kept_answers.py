"""An answer sheet that a project keeps: the question it answers, of which recording, and the file it lies in."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from glmengine.analysis.analysis import Analysis
from glmengine.answers.part import named
from glmengine.answers.settings import AnswerSettings
from glmengine.answers.sheet import AnswerSheet
from glmengine.answers.unit_model import analysis_of_unit, models_of
from glmengine.errors import GlmError
from glmengine.io.files.netcdf import read_netcdf, write_netcdf
from glmengine.selection.term_selection import TermSelection

if TYPE_CHECKING:
    from glmengine.recording.recording import Recording

KIND, FORMAT_VERSION = "kept answers", 1


@dataclass(frozen=True, eq=False)
class KeptAnswers:
    """A sheet and what it answers.

    Attributes
    ----------
    sheet : AnswerSheet
    analysis : Analysis
        The question.
    settings : AnswerSettings
    recording_name, recording_sha256 : str
        What it was put to.
    created : str
        When, ISO 8601 in UTC.
    seconds : float
        How long it took; NaN where not known.
    file : Path or None
        Where `save` wrote it.
    """

    sheet: AnswerSheet
    analysis: Analysis
    settings: AnswerSettings
    recording_name: str
    recording_sha256: str = ""
    created: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))
    seconds: float = math.nan
    file: Path | None = None

    def is_of(self, recording: Recording | None) -> bool:
        """Whether it is about exactly this recording."""
        if recording is None:
            return False
        if recording.sha256 or self.recording_sha256:
            return recording.sha256 == self.recording_sha256
        return recording.name == self.recording_name

    def is_for(self, analysis: Analysis, settings: AnswerSettings, recording: Recording | None) -> bool:
        """Whether it answers exactly this question about exactly this recording."""
        return self.is_of(recording) and self.settings == settings and self.analysis.sha256 == analysis.sha256

    def model_of(self, unit: str) -> Analysis:
        """The question with the terms of one unit alone, as of `glmengine.answers.unit_model.analysis_of_unit`."""
        return analysis_of_unit(
            self.analysis,
            self.sheet,
            unit,
            recording_name=self.recording_name,
            recording_sha256=self.recording_sha256,
        )

    @property
    def models(self) -> dict[str, Analysis]:
        """That of each unit for which terms were chosen, of the unit alone."""
        return models_of(self.analysis, self.sheet, recording_name=self.recording_name, recording_sha256=self.recording_sha256)

    def save(self, path: Path) -> None:
        """Write one NetCDF file, whole or not at all.

        Raises
        ------
        GlmError
            If the folder cannot be written to.
        """
        sheet = self.sheet
        datasets = {"units": sheet.units, "terms": sheet.terms}
        for prefix, group in (
            ("selection", sheet.selection.datasets()),
            ("curves", sheet.curves),
            ("filters", sheet.filters),
            ("evidence", sheet.evidence),
        ):
            datasets |= {f"{prefix}:{name}": one for name, one in group.items()}
        about = {
            "analysis": self.analysis.to_dict(),
            "settings": self.settings.model_dump(),
            "recording_name": self.recording_name,
            "recording_sha256": self.recording_sha256,
            "created": self.created,
            "seconds": None if math.isnan(self.seconds) else self.seconds,
            "notes": list(sheet.notes),
        }
        write_netcdf(path, datasets, {"about": json.dumps(about)}, kind=KIND, format_version=FORMAT_VERSION)

    @classmethod
    def load(cls, path: Path) -> KeptAnswers:
        """Read what `save` wrote.

        Raises
        ------
        GlmError
            If the file is absent, damaged, something else, or from a newer version of the program.
        """
        datasets, texts, _ = read_netcdf(path, kind=KIND, format_version=FORMAT_VERSION)
        about = _about(texts, path)
        try:
            sheet = AnswerSheet(
                units=datasets["units"],
                terms=datasets["terms"],
                selection=TermSelection.from_datasets(named(datasets, "selection:")),
                curves=named(datasets, "curves:"),
                filters=named(datasets, "filters:"),
                evidence=named(datasets, "evidence:"),
                notes=tuple(str(note) for note in about["notes"]),
            )
            return cls(
                sheet,
                Analysis.from_dict(about["analysis"], path.name),
                AnswerSettings.parse(about["settings"], path.name),
                str(about["recording_name"]),
                str(about["recording_sha256"]),
                str(about["created"]),
                math.nan if about["seconds"] is None else float(about["seconds"]),
                Path(path),
            )
        except (KeyError, TypeError, ValueError) as error:
            if isinstance(error, GlmError):
                raise
            raise GlmError(f"{path.name}: the answers are damaged ({error}); find them again") from error


def _about(texts: Mapping[str, str], path: Path) -> dict[str, Any]:
    try:
        found = json.loads(texts["about"])
    except (KeyError, json.JSONDecodeError) as error:
        raise GlmError(f"{path.name}: the answers are damaged ({error}); find them again") from error
    if not isinstance(found, dict):
        raise GlmError(f"{path.name}: the answers are damaged (they do not say what they answer); find them again")
    return found
