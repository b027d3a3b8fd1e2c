"""Raised cosines on a logarithmic axis: fine near the present, coarse far back."""

from __future__ import annotations

from typing import Literal

import numpy as np

from glmengine.basis.base import Basis
from glmengine.spec import param


class RaisedCosineLog(Basis):
    """Raised cosine bumps on a log-stretched axis (Pillow et al. 2005, 2008), as NeMoS places them."""

    family: Literal["raised_cosine_log"] = "raised_cosine_log"
    n: int = param(8, title="Functions", help="How many bumps; the first follow the latest past closely.", ge=2, le=100)
    width: float = param(2.0, title="Width", help="Width of a bump in distances between neighbours.", gt=1, le=10, advanced=True)
    stretch: float = param(50.0, title="Stretch", help="How strongly time is stretched near the present.", gt=0, le=1e6, log=True, advanced=True)
    decays: bool = param(True, title="Ends at zero", help="Whether the last bump goes down to zero at the end of the window.", advanced=True)

    @property
    def n_functions(self) -> int:
        return self.n

    def _on_unit(self, u: np.ndarray) -> np.ndarray:
        stretched = np.log(self.stretch * u + 1) / np.log(self.stretch + 1)
        last = 1 - self.width / (self.n + self.width - 1) if self.decays else 1.0
        peaks = np.linspace(0, last, self.n)
        angle = np.pi * (stretched[:, None] - peaks) / ((peaks[1] - peaks[0]) * self.width)
        return 0.5 * (np.cos(np.clip(angle, -np.pi, np.pi)) + 1)
