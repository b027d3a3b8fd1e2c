"""Why a result is not that of what is open, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from glmengine.analysis.analysis import Analysis
    from glmengine.recording.recording import Recording
    from glmengine.results.result import Result

_AGAIN, _ASKED = "fit again (Ctrl+R)", "the next fit is under way, see Fits"
_OTHER_ANALYSIS = "The analysis has changed since this fit \u2013 {}."
OTHER_ANALYSIS = _OTHER_ANALYSIS.format(_AGAIN)


def staleness(result: Result | None, analysis: Analysis, recording: Recording | None, asked: bool) -> str:
    """The reason and its remedy; empty where the result answers this question put to this recording.

    Where the question is `asked`, being fitted or waiting for it, it is not to be fitted again.
    """
    if result is None or result.is_for(analysis, recording):
        return ""
    again = _ASKED if asked else _AGAIN
    name = result.provenance.get("recording_name", "")
    named = f" ({name})" if name else ""
    if recording is None:
        return f"The recording of this fit{named} is not open; what is shown was saved with it. Give the recording with File, Replace recording."
    if result.is_of(recording):
        return _OTHER_ANALYSIS.format(again)
    if name == recording.name:
        return f"The recording{named} is not as it was when this was fitted \u2013 {again}."
    return f"This fit is of another recording{named} than is open \u2013 {again}, or give that one with File, Replace recording."
