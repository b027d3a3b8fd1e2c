"""The short names that qtpy gives Qt's enumerations for old programs (`QFrame.NoFrame`), which this one does without.

To find them, all classes of Qt are walked through: a sixth of the start of the window.
"""

from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace

_ASKED_FOR = ("Qt", "QComboBox", "QCompleter")
"""Classes of which qtpy itself and superqt use short names."""


def spare_short_names() -> None:
    """Let qtpy give them only to classes of which they are used.

    For processes that are the program's alone, before they import any of qtpy's modules: nothing else in them can use short names afterwards.
    """
    import qtpy

    if not qtpy.PYQT6 or "qtpy.QtCore" in sys.modules:
        return
    from qtpy import enums_compat

    add_short_names = enums_compat.promote_enums

    def add_to_some(module: ModuleType) -> None:
        add_short_names(SimpleNamespace(**{name: getattr(module, name) for name in _ASKED_FOR if hasattr(module, name)}))

    enums_compat.promote_enums = add_to_some
