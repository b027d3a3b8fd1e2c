"""Why a result is not that of what is open, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from glmengine.analysis.analysis import Analysis
    from glmengine.recording.recording import Recording
    from glmengine.results.result import Result

OTHER_ANALYSIS = "The analysis has changed since this fit \u2013 fit again (Ctrl+R)."


def staleness(result: Result | None, analysis: Analysis, recording: Recording | None) -> str:
    """The reason and its remedy; empty where the result answers this question put to this recording."""
    if result is None or result.is_for(analysis, recording):
        return ""
    name = result.provenance.get("recording_name", "")
    named = f" ({name})" if name else ""
    if recording is None:
        return f"The recording of this fit{named} is not open; what is shown was saved with it. Give the recording with File, Replace recording."
    if result.is_of(recording):
        return OTHER_ANALYSIS
    if name == recording.name:
        return f"The recording{named} is not as it was when this was fitted \u2013 fit again (Ctrl+R)."
    return f"This fit is of another recording{named} than is open \u2013 fit again (Ctrl+R), or give that one with File, Replace recording."
