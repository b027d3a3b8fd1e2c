"""Figures for paper: what is asked of one, its preview, its file, and the figures of all units; all drawn in the worker."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from qtpy.QtCore import QObject, Signal

from glmengine.errors import GlmError
from glmengine.sentences import numbered, unit_title
from glmengine.spec import Spec, param
from glmgui.document import Document
from glmgui.jobs import Jobs
from glmgui.notices import notices
from glmgui.settings import Settings
from glmgui.work.questions import Questions
from glmgui.worker import Job

if TYPE_CHECKING:
    from glmengine.context import Context
    from glmengine.figures import Page
    from glmengine.figures.drawing import Drawing, FigureOf
    from glmengine.figures.layout import PaperFigure
    from glmengine.recording.recording import Recording
    from glmengine.results.result import Result

FORMATS = {".pdf": "PDF", ".svg": "SVG", ".png": "PNG", ".tiff": "TIFF"}
PREVIEW_DPI = 120.0


class FigureChoice(Spec):
    """What is asked of a figure, and remembered for the next one."""

    width: float = param(85.0, title="Width", help="0: as the figure needs.", unit="mm", ge=0, le=2000)
    height: float = param(0.0, title="Height", help="0: as the figure needs.", unit="mm", ge=0, le=2000)
    font_size: float = param(0.0, title="Font size", help="0: that of the style.", unit="pt", ge=0, le=24)
    style_file: str = param("", title="Style", help="A file (.toml); empty: the program's own.")
    show_title: bool = param(True, title="Title", help="Whether titles are shown.")
    show_legend: bool = param(True, title="Legend", help="Whether legends are shown.")
    show_bands: bool = param(True, title="Intervals", help="Whether intervals are shown.")
    show_data: bool = param(True, title="Data", help="Whether the data are shown beside the model.")
    ending: Literal[".pdf", ".svg", ".png", ".tiff"] = param(".pdf", title="Format", help="Of the file.")
    dpi: float = param(300.0, title="Resolution", help="Of pixels.", unit="dpi", ge=20, le=2400)

    def page(self, source: str = "") -> Page:
        """The page that this asks for, with the recording or unit of which it is; reads the style file, where one is named."""
        from glmengine.figures import Page, Style

        style = Style.load(self.style_file) if self.style_file else Style()
        if self.font_size:
            style = style.with_(font_size=max(self.font_size, 4.0))
        shown = (self.show_title, self.show_legend, self.show_bands, self.show_data)
        return Page(style, self.width or None, self.height or None, *shown, source)


@dataclass(frozen=True, eq=False)
class Subject:
    """Something that a figure can be made of: the drawing of a plot, or a figure of the result; `whose` is the unit that a drawing is of."""

    title: str
    name: str
    drawing: Drawing | None = None
    figure: FigureOf | None = None
    whose: str = ""


@dataclass(frozen=True)
class Preview:
    """A figure as PNG, its size in mm, and which of title, legend, bands and data it has."""

    png: bytes
    width: float
    height: float
    parts: frozenset[str] = frozenset()


class FigureMaking(QObject):
    """Makes figures of the document's result and of drawings.

    Signals
    -------
    begun
        A file is being written.
    made : Path
        A file or folder was written.
    not_made : Exception or None
        A file that was begun was not written; None where it was cancelled.
    """

    begun = Signal()
    made = Signal(object)
    not_made = Signal(object)

    def __init__(
        self, document: Document, jobs: Jobs, settings: Settings, questions: Questions, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._document, self._jobs, self._settings, self._questions = document, jobs, settings, questions

    @property
    def choice(self) -> FigureChoice:
        """What was asked last; the usual where that cannot be read any more."""
        try:
            return FigureChoice.parse(json.loads(self._settings.figure))
        except (ValueError, GlmError):
            return FigureChoice()

    @choice.setter
    def choice(self, choice: FigureChoice) -> None:
        self._settings.figure = json.dumps(choice.model_dump())

    @property
    def why_none_of_all(self) -> str:
        """What has to be done before there are figures of all units; empty where there are."""
        if self._document.result is not None:
            return ""
        if self._document.answers is not None:
            return (
                "These are figures of a fitted model, and the answers have one for each unit: press 'Use this model' on the Answers page "
                "(Ctrl+7), which fits that of the selected unit, or make a model on the Features page and fit it (Ctrl+R)."
            )
        return "Nothing is fitted yet: these are figures of the result of a fit. Fit a model first (Ctrl+R)."

    def subjects(self, title: str, name: str, drawing: Drawing, whose: str = "") -> list[Subject]:
        """What can be shown for a plot: the figure of the result that it stands for, the plot as it is drawn, and every other figure of
        the result, of the unit that is selected; `whose` is the unit that the plot is of."""
        result = self._document.result
        found = []
        if drawing.figure is not None and result is not None and drawing.figure.unit in (None, *result.units):
            found.append(Subject(title, name, figure=drawing.figure))
            found.append(Subject("as the plot draws it", name, drawing=drawing, whose=whose))
        else:
            found.append(Subject(title, name, drawing=drawing, whose=whose))
        if result is None:
            return found
        from glmengine.figures.drawing import FigureOf
        from glmengine.figures.table import TABLE

        unit = drawing.figure.unit if drawing.figure and drawing.figure.unit else self._document.unit
        unit = unit if unit in result.units else result.units[0]
        for kind in TABLE:
            if kind.has(result) and (self._document.recording is not None or not kind.recorded):
                whose = unit if kind.of_unit else None
                said = (
                    f"{unit_title(whose)}: {kind.text.replace(' of a unit', '').replace(' of one unit', '')}"
                    if whose
                    else kind.text
                )
                found.append(Subject(said, f"{kind.name}-{whose}" if whose else kind.name, figure=FigureOf(kind.name, whose)))
        return found

    def preview(
        self,
        subject: Subject,
        choice: FigureChoice,
        take: Callable[[Preview], None],
        fail: Callable[[BaseException], None],
    ) -> Job:
        """Draw it as it will be printed, in the worker; a newer preview takes the place of an older one."""
        result, recording = self._document.result, self._document.recording

        def work(context: Context) -> Preview:
            from glmengine.figures import picture

            figure = _drawn(subject, choice, result, recording)
            context.check()
            png = picture(figure, PREVIEW_DPI)
            width, height = figure.get_size_inches() * 25.4
            return Preview(png, float(width), float(height), figure.parts)

        return self._jobs.submit("Drawing the figure", work, take, fail, key="figure preview", quiet=True)

    def render(
        self,
        subject: Subject,
        choice: FigureChoice,
        endings: tuple[str, ...],
        take: Callable[[dict[str, bytes]], None],
        fail: Callable[[BaseException], None],
    ) -> Job:
        """The content of files with these endings, drawn once, in the worker."""
        result, recording = self._document.result, self._document.recording

        def work(context: Context) -> dict[str, bytes]:
            from glmengine.figures.saving import rendered

            figure = _drawn(subject, choice, result, recording)
            made = {}
            for ending in endings:
                context.check()
                made[ending] = rendered(figure, ending, choice.dpi)
            return made

        return self._jobs.submit("Drawing the figure", work, take, fail, key="figure", quiet=True, urgent=True)

    def save(self, subject: Subject, choice: FigureChoice, path: Path | None = None) -> Job | None:
        """Ask for a name, where none is given, and write the figure there."""
        path = path or self._questions.save_path(
            "Save figure",
            f"{self._settings.save_folder}/{_file_name(subject.name)}{choice.ending}",
            f"{FORMATS[choice.ending]} (*{choice.ending})",
            choice.ending,
        )
        if path is None:
            return None
        self._settings.save_folder = path.parent
        result, recording = self._document.result, self._document.recording

        def work(context: Context) -> None:
            from glmengine.figures import save_figure

            save_figure(_drawn(subject, choice, result, recording), path, dpi=choice.dpi)

        return self._write(path.name, work, lambda _: self._took(path))

    @property
    def folder(self) -> Path:
        """Where a figure is saved without a question."""
        return Path(self._settings.save_folder)

    def save_in(self, subject: Subject, choice: FigureChoice, folder: Path) -> Job:
        """Write the figure into a folder, under a name that nothing has there."""
        result, recording = self._document.result, self._document.recording
        name = _file_name(subject.name)

        def work(context: Context) -> Path:
            from glmengine.export.file_names import free_name
            from glmengine.figures import save_figure

            taken = {one.stem.casefold() for one in folder.iterdir() if one.suffix.lower() == choice.ending}
            path = folder / f"{free_name(name, taken)}{choice.ending}"
            save_figure(_drawn(subject, choice, result, recording), path, dpi=choice.dpi)
            return path

        return self._write(f"{name}{choice.ending}", work, self._took)

    def _write(self, name: str, work: Callable[[Context], Any], take: Callable[[Any], None]) -> Job:
        self.begun.emit()
        return self._jobs.submit(f"Writing {name}", work, take, self.not_made.emit, on_given_up=partial(self.not_made.emit, None))

    def write_file(self, path: Path, write: Callable[[], Path]) -> Job:
        """Have the worker write what a plot showed; it does not wait there for the end of a fit."""
        self._settings.save_folder = path.parent
        return self._jobs.submit(f"Writing {path.name}", lambda context: write(), self._took, urgent=True)

    def save_all(self, choice: FigureChoice, folder: Path | None = None) -> Job | None:
        """Ask for a folder, where none is given, and write all figures of all units there, with progress."""
        result, recording = self._document.result, self._document.recording
        if result is None:
            return None
        folder = folder or self._questions.folder("All figures of all units", self._settings.save_folder)
        if folder is None:
            return None
        self._settings.save_folder = folder
        written = folder / "figures"
        if written.exists() and not self._questions.replace_files(written):
            return None

        def work(context: Context) -> tuple[int, bool]:
            from glmengine.export.unit_figures import unit_kinds, write_unit_figures

            kinds = unit_kinds(result, recording)
            page, ending = choice.page(_source_of(result, recording)), choice.ending.removeprefix(".")
            made = write_unit_figures(
                result,
                written,
                recording,
                kinds=kinds,
                formats=(ending,),
                page=page,
                dpi=choice.dpi,
                replace=True,
                context=context,
            )
            return len(made), context.stopping

        def take(found: tuple[int, bool]) -> None:
            count, stopped = found
            self._took(
                written,
                f"{numbered(count, 'figure')}, all that were drawn until it was stopped, " if stopped else f"{count} figures ",
            )

        return self._jobs.submit("Drawing all figures of all units", work, take, stoppable=True)

    def _took(self, path: Path, what: str = "") -> None:
        notices().tell("info", f"{what}written to {path}", title="Export", written=path)
        self.made.emit(path)


def _drawn(subject: Subject, choice: FigureChoice, result: Result | None, recording: Recording | None) -> PaperFigure:
    """The figure; runs in the worker."""
    from glmengine.figures import draw
    from glmengine.figures.drawn import draw_drawing
    from glmengine.results.unfinished import unfinished_note

    asked = subject.figure
    page = choice.page(", ".join(filter(None, (_source_of(result, recording), subject.whose))))
    if asked is None or result is None:
        if subject.drawing is None:
            raise GlmError("the result is gone; fit again")
        of = subject.drawing.figure
        note = unfinished_note(result, of.unit) if of is not None and result is not None else ""
        return draw_drawing(subject.drawing, page, note)
    more: dict[str, Any] = {"effect": True} if asked.effect else {}
    return draw(result, asked.kind, asked.unit, term=asked.term, recording=recording, page=page, **more)


def _source_of(result: Result | None, recording: Recording | None) -> str:
    """The recording of which a figure is."""
    of_result = str(result.provenance.get("recording_name", "")) if result is not None else ""
    return of_result or (recording.name if recording is not None else "")


def _file_name(text: str) -> str:
    from glmengine.export.file_names import file_name

    return file_name(text)
