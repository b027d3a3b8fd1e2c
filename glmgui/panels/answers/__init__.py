"""The answers: what drives each unit, and the evidence for it."""

from glmgui.panels.answers.panel import AnswersPanel

__all__ = ["AnswersPanel"]
