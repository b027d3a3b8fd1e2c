"""A progress bar with room for what it says."""

from __future__ import annotations

from qtpy.QtWidgets import QProgressBar, QSizePolicy, QWidget

from glmgui.shown_time import how_far
from glmgui.widgets.sizes import FollowsFont, scaled

_MARGINS = 16


class ProgressBar(QProgressBar):
    """How much is done of 1000, and how long it still takes; as wide as the longest that it says, in text of any size."""

    def __init__(self, name: str, said: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.setAccessibleName(said)
        self.setRange(0, 1000)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        _WordsWidth(self)

    def show_far(self, fraction: float, seconds_left: float | None) -> None:
        """Show how much is done, and say it."""
        self.setRange(0, 1000)
        self.setValue(round(1000 * min(max(fraction, 0.0), 1.0)))
        self.setFormat(how_far(fraction, seconds_left))


class _WordsWidth(FollowsFont):
    def __init__(self, bar: ProgressBar) -> None:
        self._bar = bar
        super().__init__(bar)

    def _fit(self) -> None:
        longest = self._bar.fontMetrics().horizontalAdvance(how_far(1.0, 88 * 60.0))
        self._bar.setMinimumWidth(longest + scaled(_MARGINS))
