"""The frozen program in one folder, the same on every system: packages in an environment of their own, icons, PyInstaller, licences.

python installer/bundle/freeze.py WORK       writes WORK/dist/glmgui (on macOS WORK/dist/glmgui.app too), and says what it weighs

Run by any Python 3.11 to 3.13 that has venv; it leaves the environment in WORK/venv, the icons in WORK/icons and the program's version
in WORK/version.
"""

import os
import subprocess
import sys
import venv
from pathlib import Path

HERE = Path(__file__).resolve().parent
PROJECT = HERE.parents[1]


def main(work: Path) -> None:
    """Make it all below `work`."""
    work.mkdir(parents=True, exist_ok=True)
    venv.create(work / "venv", with_pip=True)
    programs = work / "venv" / ("Scripts" if os.name == "nt" else "bin")
    python = programs / "python"
    constraints = PROJECT / "installer" / "constraints.txt"
    _run(
        python,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--constraint",
        constraints,
        f"{PROJECT}[installer]",
    )
    said = subprocess.check_output([python, "-c", "from importlib.metadata import version; print(version('glmgui'))"], text=True)
    (work / "version").write_text(said, encoding="utf-8")
    _run(python, HERE / "icons.py", work / "icons")
    os.environ["GLMGUI_ICONS"] = str(work / "icons")
    places = ("--distpath", work / "dist", "--workpath", work / "build")
    _run(programs / "pyinstaller", "--noconfirm", "--log-level", "WARN", *places, HERE / "glmgui.spec")
    folder, app = work / "dist" / "glmgui", work / "dist" / "glmgui.app"
    _run(python, HERE / "licences.py", (app / "Contents" / "Resources" if app.is_dir() else folder) / "LICENCES.txt", folder)
    _run(python, HERE / "weigh.py", folder)


def _run(*command: str | Path) -> None:
    subprocess.run(list(map(str, command)), check=True)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(Path(sys.argv[1]).resolve())
