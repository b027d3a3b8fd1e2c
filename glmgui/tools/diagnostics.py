"""Diagnostics for a report: versions, settings of the system and what the log may tell, without data or names of data."""

from __future__ import annotations

import os
import platform
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from glmgui.notices import log_file
from glmgui.tools.diagnostics_log import without_names

_PACKAGES = (
    "glmgui", "numpy", "scipy", "jax", "jaxlib", "pynapple", "pynwb", "h5py", "xarray", "pydantic", "PyQt6", "PyQt6-Qt6", "pyqtgraph",
    "superqt", "qtpy", "matplotlib",
)  # fmt: skip
_MOST_LOG = 200_000


def versions() -> dict[str, str]:
    """Versions of what the program stands on."""
    found = {"python": sys.version.split()[0], "system": platform.platform(), "machine": platform.machine()}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found


def diagnostics_text(log_text: str = "") -> str:
    """The whole report; `log_text` is what the log panel shows."""
    from qtpy.QtGui import QGuiApplication

    lines = ["glmgui diagnostics", "", "Versions"]
    lines += [f"  {name}: {found}" for name, found in versions().items()]
    lines += ["", "System", f"  processors: {os.cpu_count()}"]
    app = QGuiApplication.instance()
    if app is not None:
        lines.append(f"  platform: {app.platformName()}")
        lines += [
            f"  screen: {screen.size().width()} x {screen.size().height()}, scale {screen.devicePixelRatio():g}"
            for screen in app.screens()
        ]
    variables = ("QT_", "JAX_", "XLA_", "OMP_", "GLMENGINE_", "LANG", "LC_")
    lines += [f"  {name}={value}" for name, value in sorted(os.environ.items()) if name.startswith(variables)]
    lines += ["", "Log of this session", *(f"  {line}" for line in without_names(log_text))]
    try:
        kept = log_file().read_text(encoding="utf-8", errors="replace")[-_MOST_LOG:]
    except OSError as error:
        lines += ["", f"Log file (cannot be read: {error.strerror})"]
    else:
        lines += ["", "Log file", *(f"  {line}" for line in without_names(kept))]
    text = "\n".join(lines) + "\n"
    try:
        home = str(Path.home())
    except RuntimeError:
        home = ""
    return text.replace(home, "~") if len(home) > 1 else text


def write_diagnostics(path: Path, log_text: str = "") -> None:
    """Write the report; runs in the worker."""
    from glmengine.io.files.whole import write_whole

    write_whole(path, diagnostics_text(log_text).encode("utf-8"))
