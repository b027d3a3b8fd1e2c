"""Sessions of one animal: recordings added, taken out and renamed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from glmengine.analysis.sources import for_recording, with_renamed_session
from glmgui.document import Document
from glmgui.jobs import Jobs
from glmgui.notices import notices
from glmgui.work.fitting import Fitting
from glmgui.work.opening import Opening
from glmgui.work.recording_files import join

if TYPE_CHECKING:
    from glmengine.analysis.analysis import Analysis
    from glmengine.recording.recording import Recording

_JOIN = "join"


class Sessions:
    """Changes which recordings are analysed together."""

    def __init__(self, document: Document, jobs: Jobs, opening: Opening, fitting: Fitting) -> None:
        self._document, self._jobs, self._opening, self._fitting = document, jobs, opening, fitting

    def add(self, path: Path) -> None:
        """Open another recording and join it to what is there; asks first what its arrays are where it has no standard."""

        def take(recording: Recording) -> None:
            names, recordings = self._parts()
            self._opening.remember_folder(path)
            self._join([*recordings, recording], names, f"Add session {recording.name}")

        self._fitting.unless_fitting(lambda: self._opening.open_or_ask(path, take, like=self._document.recording))

    def remove(self, number: int) -> None:
        """Take a session out."""
        names, recordings = self._parts()
        if not 0 <= number < len(recordings) or len(recordings) < 2:
            return
        left = [recording for at, recording in enumerate(recordings) if at != number]
        kept = [name for at, name in enumerate(names) if at != number]
        self._fitting.unless_fitting(lambda: self._join(left, kept, f"Remove session {names[number]}"))

    def rename(self, number: int, name: str) -> None:
        """Call a session otherwise; what names its epochs follows."""
        names, recordings = self._parts()
        if not 0 <= number < len(names) or names[number] == name.strip():
            return
        old, new = names[number], name.strip()
        changed = [new if at == number else one for at, one in enumerate(names)]
        self._fitting.unless_fitting(
            lambda: self._join(recordings, changed, f"Rename session {old}", lambda it: with_renamed_session(it, old, new))
        )

    def _parts(self) -> tuple[list[str], list[Recording]]:
        """Names and recordings of the sessions that are there."""
        recording = self._document.recording
        if recording is None:
            return [], []
        if not recording.sessions:
            return [recording.name], [recording]
        return [one.name for one in recording.sessions], [one.recording for one in recording.sessions]

    def _join(
        self,
        recordings: Sequence[Recording],
        names: Sequence[str],
        text: str,
        change: Callable[[Analysis], Analysis] = lambda analysis: analysis,
    ) -> None:
        document = self._document

        def take(joined: Recording) -> None:
            before = {note for one in recordings for note in one.notes} | set(document.recording.notes)
            document.edit(for_recording(change(document.analysis), joined), text, joined)
            for note in joined.notes:
                if note not in before:
                    notices().tell("info", note, title=joined.name)

        def failed(error: BaseException) -> None:
            document.say_recording_again()  # what was typed is shown as it was before

        self._jobs.submit(text, lambda context: join(recordings, names), take, failed, key=_JOIN)
