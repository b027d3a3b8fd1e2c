"""Licences of everything that is bundled, in one file.

python installer/bundle/licences.py TARGET FOLDER      run by the Python of the environment that the bundle in FOLDER is made from

For each distribution in it: name, version, licence as its metadata says it, and the texts that it brings. On Debian and its kin also what
the packages say from which libraries of the system were taken into the bundle. Exits with 1 where one brings neither, so that nothing goes
out without its licence.
"""

import re
import shutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path

NAMES = ("licen", "copying", "notice", "authors")
BUILD_ONLY = {"pip", "setuptools", "wheel", "pyinstaller-hooks-contrib", "altgraph"}
FROM_PYTHON = "Python"


def main(target: Path, folder: Path) -> int:
    """Write `target` for the bundle in `folder`; the exit status."""
    parts, without = [_own(), _python()], []
    for distribution in sorted(metadata.distributions(), key=lambda each: each.metadata["Name"].lower()):
        name = distribution.metadata["Name"]
        if name.lower() in BUILD_ONLY | {"glmgui"}:
            continue
        said, texts = _said(distribution), _texts(distribution)
        if not said and not texts:
            without.append(name)
        home = distribution.metadata["Home-page"] or next(iter(distribution.metadata.get_all("Project-URL") or ()), "")
        heading = f"{name} {distribution.version}\n{said or 'see below'}\n{home}".rstrip()
        parts.append("\n\n".join([heading, *texts]))
    for name, text in _of_system(folder).items():
        parts.append(f"{name}\n\n{text}")
        if not text:
            without.append(name)
    rule = "\n\n" + "=" * 100 + "\n\n"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(rule.join(parts) + "\n", encoding="utf-8")
    print(f"{target}: {len(parts)} licences")
    if without:
        print(f"no licence is known of {', '.join(without)}; look it up and add it", file=sys.stderr)
    return 1 if without else 0


def _own() -> str:
    text = (Path(__file__).resolve().parents[2] / "LICENSE").read_text(encoding="utf-8")
    return f"glmgui {metadata.version('glmgui')}\nGPL-3.0-or-later, as PyQt6, which it contains, asks for\n\n{text}"


def _python() -> str:
    version = sys.version.split()[0]
    for place in (Path(sys.base_prefix) / "LICENSE.txt", Path(sys.base_prefix) / "lib" / f"python{version[:4]}" / "LICENSE.txt"):
        if place.is_file():
            return f"{FROM_PYTHON} {version}\n\n{place.read_text(encoding='utf-8')}"
    return f"{FROM_PYTHON} {version}\nPSF-2.0, https://docs.python.org/3/license.html"


def _of_system(folder: Path) -> dict[str, str]:
    """Packages of the system whose libraries are in the bundle, with what they say of their licences."""
    if shutil.which("dpkg-query") is None:  # elsewhere all libraries come with Python or with a distribution
        return {}
    brought = {Path(file).name for each in metadata.distributions() for file in each.files or ()}
    libraries = {
        path.name
        for path in folder.rglob("*.so*")
        if not path.is_symlink()
        and path.name not in brought
        and not path.name.startswith("libpython")
        and ".cpython-" not in path.name
    }
    found: dict[str, str] = {}
    for library in sorted(libraries):
        said = subprocess.run(["dpkg-query", "-S", f"*/{library}"], capture_output=True, text=True, check=False).stdout
        owners = re.findall(rf"^([^:,\s]+)(?::\S+)?: /(?:usr/)?lib/[^/]+/{re.escape(library)}$", said, re.MULTILINE)
        name = owners[0] if owners else library
        about = Path("/usr/share/doc") / name / "copyright"
        found[name] = about.read_text(encoding="utf-8", errors="replace").strip() if about.is_file() else ""
    return found


def _said(distribution: metadata.Distribution) -> str:
    about = distribution.metadata
    short = about["License-Expression"] or ""
    if not short:
        classified = [line.rpartition(" :: ")[2] for line in about.get_all("Classifier") or () if line.startswith("License ::")]
        short = "; ".join(classified)
    if not short and about["License"]:
        short = about["License"].strip().splitlines()[0]
    return short


def _texts(distribution: metadata.Distribution) -> list[str]:
    found: list[str] = []
    for file in distribution.files or ():
        within = ".dist-info" in str(file) and any(part in file.name.lower() for part in NAMES)
        if within and file.suffix.lower() in ("", ".txt", ".md", ".rst") and file.locate().is_file():
            found.append(file.locate().read_text(encoding="utf-8", errors="replace").strip())
    return list(dict.fromkeys(text for text in found if text))


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
