"""Errors that a user can put right, in one sentence each."""

from __future__ import annotations


class GlmError(ValueError):
    """Bad data, a bad analysis or a bad file, in one sentence that says what to do.

    Parameters
    ----------
    message : str
        One sentence: what is wrong, where (file, field, unit, column) and what to do about it.
    field : str
        Dotted path of the field at fault (``"terms.0.factors.1.basis.n"``), empty where the fault is
        not in the analysis. The window shows the message beside that field's control.
    """

    def __init__(self, message: str, *, field: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.field = field

    def __reduce__(self):  # keeps `field` when an error crosses from a child process
        return _rebuild, (type(self), self.message, self.field)


class StoppedTooSoon(GlmError):
    """The caller asked to stop and keep what there was, and there was nothing yet."""


class Cancelled(Exception):
    """The caller asked for the work to be given up; nothing was kept."""


def _rebuild(kind: type[GlmError], message: str, field: str) -> GlmError:
    return kind(message, field=field)
