"""Libraries of the system that Qt needs to open a window on Linux, and the packages that hold those that are missing."""

from __future__ import annotations

import ctypes
import re
import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path

# Debian's and Fedora's package of each.
_PACKAGES = {
    "libxcb-cursor.so.0": ("libxcb-cursor0", "xcb-util-cursor"),
    "libxcb-icccm.so.4": ("libxcb-icccm4", "xcb-util-wm"),
    "libxcb-image.so.0": ("libxcb-image0", "xcb-util-image"),
    "libxcb-keysyms.so.1": ("libxcb-keysyms1", "xcb-util-keysyms"),
    "libxcb-render-util.so.0": ("libxcb-render-util0", "xcb-util-renderutil"),
    "libxcb-util.so.1": ("libxcb-util1", "xcb-util"),
    "libxcb-randr.so.0": ("libxcb-randr0", "libxcb"),
    "libxcb-render.so.0": ("libxcb-render0", "libxcb"),
    "libxcb-shape.so.0": ("libxcb-shape0", "libxcb"),
    "libxcb-shm.so.0": ("libxcb-shm0", "libxcb"),
    "libxcb-sync.so.1": ("libxcb-sync1", "libxcb"),
    "libxcb-xfixes.so.0": ("libxcb-xfixes0", "libxcb"),
    "libxcb-xkb.so.1": ("libxcb-xkb1", "libxcb"),
    "libxcb.so.1": ("libxcb1", "libxcb"),
    "libwayland-client.so.0": ("libwayland-client0", "libwayland-client"),
    "libwayland-cursor.so.0": ("libwayland-cursor0", "libwayland-cursor"),
    "libwayland-egl.so.1": ("libwayland-egl1", "libwayland-egl"),
    "libxkbcommon-x11.so.0": ("libxkbcommon-x11-0", "libxkbcommon-x11"),
    "libxkbcommon.so.0": ("libxkbcommon0", "libxkbcommon"),
    "libX11-xcb.so.1": ("libx11-xcb1", "libX11-xcb"),
    "libX11.so.6": ("libx11-6", "libX11"),
    "libEGL.so.1": ("libegl1", "libglvnd-egl"),
    "libGL.so.1": ("libgl1", "libglvnd-glx"),
    "libGLX.so.0": ("libglx0", "libglvnd-glx"),
    "libOpenGL.so.0": ("libopengl0", "libglvnd-opengl"),
    "libdbus-1.so.3": ("libdbus-1-3", "dbus-libs"),
    "libfontconfig.so.1": ("libfontconfig1", "fontconfig"),
    "libfreetype.so.6": ("libfreetype6", "freetype"),
    "libglib-2.0.so.0": ("libglib2.0-0", "glib2"),
}


def complaint(platform: str) -> str:
    """One sentence on what Qt lacks to run on this platform (``"xcb"``, ``"wayland"``), with the remedy; empty where it has all."""
    plugin = _plugin(platform)
    lacking = missing_libraries(plugin) if plugin is not None else ()
    if not lacking:
        return ""
    known = [_PACKAGES[name] for name in lacking if name in _PACKAGES]
    said = f"Qt cannot open a window, because the system lacks {', '.join(lacking)}"
    if not known:
        return f"{said}; install the packages that hold them"
    debian, fedora = (" ".join(dict.fromkeys(names)) for names in zip(*known, strict=True))
    return f"{said}; install what is missing: 'sudo apt install {debian}' (Debian, Ubuntu), 'sudo dnf install {fedora}' (Fedora)"


def missing_libraries(library: Path) -> tuple[str, ...]:
    """Names of the shared libraries that `library` needs and the system does not have; empty where it can be loaded."""
    try:
        ctypes.CDLL(str(library))
    except OSError as error:
        first = re.match(r"(\S+): (cannot open shared object file|file too short|invalid ELF header)", str(error))
        found = [Path(first[1]).name] if first else []
        return tuple(dict.fromkeys([*found, *_not_found(library)]))
    return ()


def _not_found(library: Path) -> list[str]:
    """What the system's own tool says is missing: the loader stops at the first."""
    tool = shutil.which("ldd")
    if tool is None:
        return []
    try:
        told = subprocess.run([tool, str(library)], capture_output=True, text=True, timeout=20, check=False).stdout
    except (OSError, subprocess.SubprocessError):
        return []
    return re.findall(r"^\s*(\S+) => not found", told, re.MULTILINE)


def _plugin(platform: str) -> Path | None:
    """The file of Qt's plugin for a platform; None where it lies elsewhere than PyQt's own packages put it."""
    package = find_spec("PyQt6")
    for place in (package.submodule_search_locations or ()) if package is not None else ():
        path = Path(place) / "Qt6" / "plugins" / "platforms" / f"libq{platform}.so"
        if path.exists():
            return path
    return None
