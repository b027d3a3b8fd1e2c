"""The Depends line of the .deb, from what `needed.py` found.

python installer/linux/packages.py NEEDED       prints it; exits with 1 where a library's package is not known
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bootstrap import FONTS, PACKAGES

C_LIBRARY = (
    "libc.so",
    "libm.so",
    "libdl.so",
    "libpthread.so",
    "librt.so",
    "libutil.so",
    "ld-linux",
    "libresolv.so",
    "libcrypt.so",
)
MORE = {
    "libstdc++.so.6": "libstdc++6",
    "libgcc_s.so.1": "libgcc-s1",
    "libexpat.so.1": "libexpat1",
    "libXext.so.6": "libxext6",
    "libXrender.so.1": "libxrender1",
    "libXau.so.6": "libxau6",
    "libuuid.so.1": "libuuid1",
}


def main(needed: Path) -> int:
    """Print the line; the exit status."""
    first, *libraries = needed.read_text(encoding="utf-8").split("\n")
    packages, unknown = {f"libc6 (>= {first.split()[1]})", FONTS + " | fonts-liberation | fonts-noto-core"}, []
    for name in filter(None, libraries):
        if name.startswith(C_LIBRARY):
            continue
        package = PACKAGES.get(name) or MORE.get(name)
        if package is None:
            unknown.append(name)
        else:
            # Debian 13 and Ubuntu 24.04 renamed it with the 64-bit time
            packages.add("libglib2.0-0 | libglib2.0-0t64" if package == "libglib2.0-0" else package)
    print(", ".join(sorted(packages)))
    if unknown:
        print(f"no package is known for {', '.join(unknown)}; add it to packages.py", file=sys.stderr)
    return 1 if unknown else 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(main(Path(sys.argv[1])))
