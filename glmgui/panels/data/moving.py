"""The dialog "Only while moving": speed from position, and a threshold on it."""

from __future__ import annotations

from qtpy.QtWidgets import QDialog, QFormLayout, QWidget

from glmengine.analysis.analysis import Analysis, Condition
from glmengine.recording.derived.position import position_covariates, slowest_movement, speed_covariates
from glmengine.recording.derived.quantities import Speed
from glmengine.recording.recording import Recording
from glmgui.forms.numbers import NumberBox
from glmgui.still_fields import StillCombo
from glmgui.widgets.controls import button
from glmgui.widgets.layout import column, row
from glmgui.widgets.page import ExplainsWords
from glmgui.widgets.texts import hint


def only_while_moving(analysis: Analysis, source: str, threshold: float, smoothing: float, *, is_speed: bool) -> Analysis:
    """The analysis with speed from `source` (or `source` itself, where it is a speed) above `threshold`.

    A condition on the same speed is replaced, a speed derived from the same position is used again.
    """
    derived = analysis.derived
    name = source
    if not is_speed:
        same = [one for one in derived if isinstance(one, Speed) and one.source == source]
        taken = {one.name for one in derived if one not in same}
        name = (
            same[0].name
            if same
            else next(word for word in ("speed", *(f"speed_{n}" for n in range(2, 100))) if word not in taken)
        )
        derived = (*(one for one in derived if one not in same), Speed(name=name, source=source, smoothing=smoothing))
    kept = tuple(condition for condition in analysis.time.conditions if condition.variable != name)
    time = analysis.time.with_(conditions=(*kept, Condition(variable=name, above=threshold)))
    return analysis.with_(derived=derived, time=time)


class MovingDialog(ExplainsWords, QDialog):
    """Asks from which position, and above which speed; the answers that fit most recordings are filled in."""

    def __init__(self, recording: Recording, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("moving_dialog")
        self.setWindowTitle("Only while moving")
        self._sources = [(covariate, True) for covariate in speed_covariates(recording)]
        self._sources += [
            (covariate, False) for covariate in position_covariates(recording) if (covariate, True) not in self._sources
        ]
        self.source = StillCombo(self)
        self.source.setObjectName("moving_source")
        self.source.setAccessibleName("Where speed comes from")
        for covariate, is_speed in self._sources:
            self.source.addItem(f"{covariate.name} (a speed already)" if is_speed else f"speed of {covariate.name}")
        self.threshold = NumberBox(0.0, 1e6, self)
        self.threshold.setObjectName("moving_threshold")
        self.threshold.setAccessibleName("Speed above")
        info = Speed.model_fields["smoothing"]
        self.smoothing = NumberBox(0.0, 10.0, self)
        self.smoothing.setObjectName("moving_smoothing")
        self.smoothing.setAccessibleName(info.title)
        self.smoothing.setToolTip(info.description)
        self.smoothing.setSuffix(" s")
        self.smoothing.setValue(info.default)
        form = QFormLayout()
        form.addRow("Speed", self.source)
        form.addRow("Above", self.threshold)
        form.addRow(info.title, self.smoothing)
        use = button("Use only this time", "moving_use", "Fit only the bins in which the animal is faster", self)
        leave = button("Cancel", "moving_cancel", "Leave everything as it is", self)
        use.setDefault(True)
        use.clicked.connect(self.accept)
        leave.clicked.connect(self.reject)
        box = column(self, margins=12, spacing=10)
        box.addWidget(
            hint("Bins in which the animal is slower are left out of the fit. Their spikes still count as history.", self)
        )
        box.addLayout(form)
        box.addLayout(row(None, leave, use))
        self.source.currentIndexChanged.connect(self._offer)
        self._offer()
        self.setMinimumWidth(380)

    def _offer(self) -> None:
        covariate, is_speed = self._sources[self.source.currentIndex()]
        self.threshold.setSuffix(f" {covariate.unit if is_speed else f'{covariate.unit}/s' if covariate.unit else 'units/s'}")
        self.threshold.setValue(slowest_movement(covariate, is_speed=is_speed))
        self.smoothing.setEnabled(not is_speed)

    def applied_to(self, analysis: Analysis) -> Analysis:
        """The analysis with what was chosen."""
        covariate, is_speed = self._sources[self.source.currentIndex()]
        return only_while_moving(analysis, covariate.name, self.threshold.value(), self.smoothing.value(), is_speed=is_speed)
