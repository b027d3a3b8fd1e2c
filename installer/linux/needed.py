"""What a frozen folder asks of the system: the newest symbol version of the C library, and the shared libraries it does not bring.

python installer/linux/needed.py FOLDER       prints "glibc VERSION", then one library a line
"""

import re
import subprocess
import sys
from pathlib import Path

# The platforms and styles of Qt that a workstation may do without: what they need is not asked for.
OPTIONAL = ("libqeglfs", "libqlinuxfb", "libqvkkhrdisplay", "libqvnc", "libqminimalegl", "egldeviceintegrations", "xcbglintegrations",
            "platformthemes", "printsupport", "wayland", "libqwayland", "libomp")  # fmt: skip


def main(folder: Path) -> None:
    """Print what is needed."""
    newest: tuple[int, ...] = (0,)
    present = {path.name for path in folder.rglob("*.so*")}
    wanted: set[str] = set()
    for path in sorted(folder.rglob("*")):
        if path.is_symlink() or not path.is_file() or path.read_bytes()[:4] != b"\x7fELF":
            continue
        told = subprocess.run(["objdump", "-p", str(path)], capture_output=True, text=True, check=False).stdout
        versions = [tuple(map(int, found.split("."))) for found in re.findall(r"GLIBC_(\d+(?:\.\d+)+)", told)]
        newest = max([newest, *versions])
        if not any(part in str(path) for part in OPTIONAL):
            wanted.update(re.findall(r"NEEDED\s+(\S+)", told))
    print("glibc", ".".join(map(str, newest)))
    for name in sorted(wanted - present):
        print(name)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(Path(sys.argv[1]))
