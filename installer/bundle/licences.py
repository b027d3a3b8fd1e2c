"""Licences of everything that is bundled, in one file.

python installer/bundle/licences.py TARGET      run by the Python of the environment that the bundle is made from

For each distribution in it: name, version, licence as its metadata says it, and the texts that it brings. Exits with 1 where
one brings neither, so that nothing goes out without its licence.
"""

import sys
from importlib import metadata
from pathlib import Path

NAMES = ("licen", "copying", "notice", "authors")
BUILD_ONLY = {"pip", "setuptools", "wheel", "pyinstaller-hooks-contrib", "altgraph"}
FROM_PYTHON = "Python"


def main(target: Path) -> int:
    """Write `target`; the exit status."""
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
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(main(Path(sys.argv[1])))
