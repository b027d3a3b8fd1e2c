"""Set everything up in .venv with nothing but Python, then show the program on a fitted sample, or pass its tests.

    python3 installer/bootstrap.py          opens the window; without a screen writes results and pictures into output/
    python3 installer/bootstrap.py test     runs the tests

Only the standard library is used, and nothing newer than Python 3.6 before the version is checked, so that whoever
starts it with another Python reads one sentence and not a syntax error.
"""

import argparse
import ctypes.util
import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
VENV = PROJECT / ".venv"
STAMP = VENV / "glmgui-installed.json"
LOG = VENV / "install.log"
OUTPUT = PROJECT / "output"
SUPPORTED = ((3, 11), (3, 12), (3, 13))
GLIBC = (2, 34)
DISK_GB = 3
WINDOWS = os.name == "nt"
LINUX = sys.platform.startswith("linux")
PYTHON = VENV / ("Scripts/python.exe" if WINDOWS else "bin/python")
PARALLEL = ["-n", str(min(os.cpu_count() or 1, 4)), "--dist", "loadfile"]
EXTRAS = {"open": (), "test": ("test", "peers", "cluster", "tables")}

# Debian and Ubuntu packages of the system libraries that Qt's wheels expect to find.
PACKAGES = {
    "libGL.so.1": "libgl1",
    "libGLX.so.0": "libglx0",
    "libOpenGL.so.0": "libopengl0",
    "libEGL.so.1": "libegl1",
    "libdbus-1.so.3": "libdbus-1-3",
    "libfontconfig.so.1": "libfontconfig1",
    "libfreetype.so.6": "libfreetype6",
    "libglib-2.0.so.0": "libglib2.0-0",
    "libgthread-2.0.so.0": "libglib2.0-0",
    "libgssapi_krb5.so.2": "libgssapi-krb5-2",
    "libz.so.1": "zlib1g",
    "libzstd.so.1": "libzstd1",
    "libX11.so.6": "libx11-6",
    "libX11-xcb.so.1": "libx11-xcb1",
    "libSM.so.6": "libsm6",
    "libICE.so.6": "libice6",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
    "libxcb.so.1": "libxcb1",
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-glx.so.0": "libxcb-glx0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-image.so.0": "libxcb-image0",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-randr.so.0": "libxcb-randr0",
    "libxcb-render.so.0": "libxcb-render0",
    "libxcb-render-util.so.0": "libxcb-render-util0",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libxcb-shm.so.0": "libxcb-shm0",
    "libxcb-sync.so.1": "libxcb-sync1",
    "libxcb-util.so.1": "libxcb-util1",
    "libxcb-xfixes.so.0": "libxcb-xfixes0",
    "libxcb-xinerama.so.0": "libxcb-xinerama0",
    "libxcb-xinput.so.0": "libxcb-xinput0",
    "libxcb-xkb.so.1": "libxcb-xkb1",
    "libwayland-client.so.0": "libwayland-client0",
    "libwayland-cursor.so.0": "libwayland-cursor0",
    "libwayland-egl.so.1": "libwayland-egl1",
}
FONTS = "fonts-dejavu-core"


class Problem(Exception):
    """What is missing, and how to get it."""


def main(arguments: "list | None" = None) -> int:
    """Set up and go; the exit status."""
    parser = argparse.ArgumentParser(
        prog="bootstrap.py", description="Set everything up in .venv, then open the window on a sample session, or run the tests."
    )
    parser.add_argument("command", nargs="?", choices=sorted(EXTRAS), default="open", help="open (the default) or test")
    command = parser.parse_args(arguments).command
    try:
        check_machine()
        install(EXTRAS[command])
        screen = command == "open" and has_screen()
        provide_libraries(screen)
        if command == "test":
            return run_tests()
        if screen and screen_works():
            say("Fitting a simulated session, once")
            # where this fails the window does it, and says what is wrong
            subprocess.call([str(PYTHON), "-m", "glmgui.samples"], cwd=str(PROJECT), env=environment())
            say("Opening the window on it. Close it to come back here.")
            return subprocess.call([str(script("glmgui")), "--demo"], cwd=str(PROJECT), env=environment())
        return write_demonstration()
    except Problem as problem:
        print(f"Cannot go on: {problem}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nInterrupted; run the same command again to go on.", file=sys.stderr)
        return 130


def say(text: str) -> None:
    """One line on the terminal, at once."""
    print(text, flush=True)


def check_machine(version: tuple = sys.version_info, libc: "tuple | None" = None, free: "float | None" = None) -> None:
    """Raise `Problem` where this Python, C library or disk cannot hold the program."""
    if tuple(version[:2]) not in SUPPORTED:
        names = ["python{}.{}".format(*pair) for pair in reversed(SUPPORTED)]
        found = [name for name in names if shutil.which(name) and runs([name, "-c", ""])]
        better = (found or names[-1:])[0]
        how = "" if found else f" (get it first, on Debian or Ubuntu: sudo apt-get install {better})"
        raise Problem(
            f"Python 3.11, 3.12 or 3.13 is needed and this is {version[0]}.{version[1]}; run: {better} installer/bootstrap.py{how}"
        )
    name, number = platform.libc_ver() if libc is None else libc
    if LINUX and name == "glibc" and tuple(int(part) for part in number.split(".")[:2]) < GLIBC:
        raise Problem(
            f"this system's C library is glibc {number}, and Qt needs 2.34 or later; use Debian 12, Ubuntu 22.04 or later"
        )
    free = shutil.disk_usage(str(PROJECT)).free if free is None else free
    if not STAMP.exists() and free < DISK_GB * 1e9:
        raise Problem(f"{DISK_GB} GB are needed in {PROJECT} and {free / 1e9:.1f} GB are free; make room")


def runs(command: list) -> bool:
    """Whether `command` ends well, its output thrown away."""
    return subprocess.call(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) == 0


def environment(**extra: str) -> dict:
    """The environment of everything started from here: nothing from other Pythons, Qt's binding chosen."""
    kept = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV")}
    kept.update(PYTHONNOUSERSITE="1", QT_API="pyqt6", PYQTGRAPH_QT_LIB="PyQt6")
    kept.update(extra)
    return kept


def script(name: str) -> Path:
    """Path of an installed command."""
    return PYTHON.parent / (name + (".exe" if WINDOWS else ""))


# --- .venv


def wanted() -> str:
    """What the installation depends on, as one hash: the project's metadata, the versions, and where they lie."""
    digest = hashlib.sha256(str(PROJECT).encode())
    for path in (PROJECT / "pyproject.toml", PROJECT / "installer" / "constraints.txt"):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def installed_extras():
    """Extras of the present installation, None where there is none or it is out of date."""
    try:
        stamp = json.loads(STAMP.read_text(encoding="utf-8"))
        fits = stamp["hash"] == wanted() and PYTHON.exists() and script("glmgui").exists()
        return set(stamp["extras"]) if fits else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def install(extras: tuple) -> None:
    """Make .venv and install the project with the tested versions; nothing to do where that has been done."""
    present = installed_extras()
    if present is not None and set(extras) <= present:
        return
    if not usable_venv():
        make_venv()
    extras = sorted(set(extras) | (present or set()))
    target = ".[{}]".format(",".join(extras)) if extras else "."
    say("Installing the program and what it needs into .venv (about 2 GB, some minutes; details in .venv/install.log)")
    if STAMP.exists():
        STAMP.unlink()
    pip("install", "--constraint", str(PROJECT / "installer" / "constraints.txt"), "--editable", target)
    STAMP.write_text(json.dumps({"hash": wanted(), "extras": extras}), encoding="utf-8")


def usable_venv() -> bool:
    """Whether .venv runs, is of a supported Python and was made where it now lies."""
    if not PYTHON.exists() or not script("pip").exists():
        return False
    question = "import sys, pip; print(sys.version_info[0], sys.version_info[1]); print(sys.prefix)"
    answer = subprocess.run([str(PYTHON), "-c", question], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment())
    lines = answer.stdout.decode(errors="replace").split("\n")
    if answer.returncode or tuple(int(part) for part in lines[0].split()) not in SUPPORTED:
        return False
    # the scripts in a folder that has been moved still start the Python of the old place
    return WINDOWS or str(VENV) in script("pip").read_text(encoding="utf-8", errors="replace")


def make_venv() -> None:
    """Make .venv afresh; Debian keeps the parts of Python that this needs in a package of their own."""
    if not runs([sys.executable, "-c", "import ensurepip, venv"]):
        package = "python{}.{}-venv".format(*sys.version_info[:2])
        apt_install([package], "Python's venv module")
    say(f"Making .venv with Python {platform.python_version()}")
    made = subprocess.run(
        [sys.executable, "-m", "venv", "--clear", str(VENV)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment()
    )
    if made.returncode:
        last = (made.stdout.decode(errors="replace").strip().split("\n") or [""])[-1]
        raise Problem(f"the virtual environment could not be made in {VENV} ({last}); check that the folder is writable")


def pip(*arguments: str) -> None:
    """Run pip in .venv with the site's own settings, its words in the log, and a line that moves where there is a terminal."""
    command = [str(PYTHON), "-m", "pip", "--no-input", "--disable-pip-version-check", *arguments]
    moving, lines = sys.stdout.isatty(), []
    with LOG.open("w", encoding="utf-8") as log:
        process = subprocess.Popen(
            command,
            cwd=str(PROJECT),
            env=environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            universal_newlines=True,
        )
        for line in process.stdout:
            log.write(line)
            lines.append(line.strip())
            if moving and line.startswith(("Collecting", "  Downloading", "Installing")):
                print("\r  " + line.strip()[:70].ljust(72), end="", flush=True)
        if moving:
            print("\r" + " " * 76 + "\r", end="")
        if process.wait():
            errors = [line for line in lines if line.startswith(("ERROR", "error", "OSError"))] or lines[-2:]
            hint = "check the network, or give pip its index or proxy (PIP_INDEX_URL, HTTPS_PROXY)"
            if any("No space left" in line for line in lines):
                hint = "free some disk space"
            said = " ".join(errors[:2])
            raise Problem(f"pip could not install the packages: {said} ({hint}; then run the same command again)")


# --- system libraries and fonts


def provide_libraries(screen: bool) -> None:
    """Find what Qt lacks on this Linux, install it as root or raise `Problem` with the command."""
    if not LINUX:
        return
    missing = missing_libraries(screen)
    packages = sorted({PACKAGES[name] for name in missing if name in PACKAGES} | (set() if has_fonts() else {FONTS}))
    if packages:
        apt_install(packages, "system libraries and fonts that Qt needs ({})".format(", ".join(missing) or "no font found"))
        missing = missing_libraries(screen)
    if missing:
        raise Problem("Qt needs the system libraries {}; install the packages that hold them".format(", ".join(missing)))


def missing_libraries(screen: bool) -> list:
    """Names of shared libraries that the parts of Qt used here ask for and the system does not have."""
    answer = subprocess.run(
        [str(PYTHON), "-c", "import importlib.util as u; print(u.find_spec('PyQt6').submodule_search_locations[0])"],
        stdout=subprocess.PIPE,
        env=environment(),
    )
    folder = Path(answer.stdout.decode().strip())
    if answer.returncode or not folder.is_dir():
        raise Problem("PyQt6 is not in .venv; delete .venv and run this again")
    platforms = ["offscreen"]
    if screen:
        platforms += ["wayland"] if os.environ.get("WAYLAND_DISPLAY") and not os.environ.get("DISPLAY") else ["xcb"]
    modules = ("QtCore", "QtGui", "QtWidgets", "QtSvg", "QtPrintSupport")
    parts = [path for name in modules for path in folder.glob(name + ".abi3.so")]
    parts += [path for name in platforms for path in (folder / "Qt6/plugins/platforms").glob(f"libq{name}*.so")]
    if shutil.which("ldd") is None:
        return [name for name in ("libGL.so.1", "libEGL.so.1") if ctypes.util.find_library(name.split(".")[0][3:]) is None]
    found = subprocess.run(["ldd", *map(str, parts)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment())
    lines = found.stdout.decode(errors="replace").split("\n")
    return sorted({line.split("=>")[0].strip() for line in lines if "=> not found" in line})


def has_fonts() -> bool:
    """Whether there is any font to draw text with."""
    folders = ["/usr/share/fonts", "/usr/local/share/fonts", "~/.fonts", "~/.local/share/fonts"]
    return any(
        name.endswith((".ttf", ".otf", ".ttc"))
        for folder in folders
        for _, _, names in os.walk(os.path.expanduser(folder))
        for name in names
    )


def apt_install(packages: list, what: str) -> None:
    """Install Debian packages as root; otherwise raise `Problem` with the command that does."""
    command = "apt-get install -y --no-install-recommends " + " ".join(packages)
    if shutil.which("apt-get") is None:
        raise Problem("missing: {}; install what your system calls {}".format(what, " ".join(packages)))
    if os.geteuid() != 0:
        raise Problem(f"missing: {what}; get it with: sudo {command}")
    say("Installing {}: {}".format(what, " ".join(packages)))
    quiet = environment(DEBIAN_FRONTEND="noninteractive")
    subprocess.call(["apt-get", "update", "-qq"], env=quiet, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    done = subprocess.run(command.split(), env=quiet, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode:
        last = done.stdout.decode(errors="replace").strip().split("\n")[-1]
        raise Problem(f"missing: {what}; '{command}' failed ({last})")


# --- what is shown


def has_screen() -> bool:
    """Whether a window could be opened."""
    return not LINUX or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def screen_works() -> bool:
    """Whether Qt really reaches the screen that the environment names (a forwarded one may be gone)."""
    code = "from PyQt6.QtWidgets import QApplication; QApplication([])"
    try:
        probe = subprocess.run(
            [str(PYTHON), "-c", code], env=environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60
        )
    except subprocess.TimeoutExpired:
        probe = None
    if probe is not None and probe.returncode == 0:
        return True
    say("The screen that DISPLAY or WAYLAND_DISPLAY names cannot be reached; going on without a window.")
    return False


def run_tests() -> int:
    """Run the tests, a file at a time on each core; pytest's own exit status."""
    say("Running the tests")
    offscreen = environment(QT_QPA_PLATFORM="offscreen")
    return subprocess.call([str(PYTHON), "-m", "pytest", "tests", *PARALLEL], cwd=str(PROJECT), env=offscreen)


def write_demonstration() -> int:
    """What the window would show, without a screen: results of the sample session, figures and pictures of the window."""
    results, screenshots, made_by = OUTPUT / "results", OUTPUT / "screenshots", OUTPUT / "made-by.txt"
    if not (made_by.exists() and made_by.read_text(encoding="utf-8") == sources() and pictures(screenshots) and results.is_dir()):
        say(f"No screen here: writing the sample session's results and pictures of the window into {OUTPUT}")
        try:
            OUTPUT.mkdir(exist_ok=True)
            made_by.write_text("", encoding="utf-8")
        except OSError as error:
            raise Problem(f"{OUTPUT} cannot be written ({error.strerror}); make the project folder writable") from error
        demonstrate(results, screenshots)
        made_by.write_text(sources(), encoding="utf-8")
    else:
        say("No screen here, and the program has not changed since the results and pictures were written.")
    say(f"Results, figures and report: {results}")
    say(f"{len(pictures(screenshots))} pictures of the window: {screenshots}")
    say("On a machine with a screen the same command opens the window.")
    return 0


def demonstrate(results: Path, screenshots: Path) -> None:
    """Simulate the session, fit it and draw it, with the program's own commands."""
    session = (str(OUTPUT / "session.nwb"), str(OUTPUT / "session.toml"))
    steps = [
        ("glmengine", "sample", "session", session[0]),
        ("glmengine", "new", "session", session[1], "--force"),
        ("glmengine", "run", session[1], "--recording", session[0], "--out", str(results)),
        ("glmgui", "--screenshots", str(screenshots)),
    ]
    for name, *arguments in steps:
        said = " ".join([name, *(part.replace(str(PROJECT) + os.sep, "") for part in arguments)])
        say("  " + said)
        status = subprocess.call([str(script(name)), *arguments], cwd=str(PROJECT), env=environment(QT_QPA_PLATFORM="offscreen"))
        if status:
            raise Problem(f"'{said}' ended with exit status {status}; its own words stand above")
    if len(pictures(screenshots)) < 3:
        raise Problem(f"only {len(pictures(screenshots))} pictures were written into {screenshots}")


def pictures(folder: Path) -> list:
    """The PNG files in `folder`."""
    return sorted(folder.glob("*.png"))


def sources() -> str:
    """The program's own files as one hash."""
    digest = hashlib.sha256(wanted().encode())
    for folder in ("glmengine", "glmgui", "resources"):
        for path in sorted((PROJECT / folder).rglob("*")):
            if path.is_file() and path.suffix != ".pyc":
                digest.update(str(path).encode() + path.read_bytes())
    return digest.hexdigest()


if __name__ == "__main__":
    sys.exit(main())
