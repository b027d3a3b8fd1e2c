"""The manual pages of both commands, made from their own help, so that they cannot differ from it.

python installer/linux/manual.py GLMGUI GLMENGINE DIR      the two frozen commands; writes glmgui.1 and glmengine.1 into DIR
"""

import re
import subprocess
import sys
from pathlib import Path

ABOUT = {
    "glmgui": "find out what drives a neuron: generalized linear models of neural activity, in a window",
    "glmengine": "generalized linear models of neural activity on the command line",
}
FILES = r"""\fI~/.config/glmgui\fR, \fI~/.local/state/glmgui\fR
settings, recipes of how files are read, and what is kept of unsaved work"""


def main(glmgui: str, glmengine: str, folder: Path) -> None:
    """Write one page for each command."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, program in (("glmgui", glmgui), ("glmengine", glmengine)):
        version = _said(program, "--version").split()[-1]
        text = _said(program, "--help")
        sections = [
            f'.TH {name.upper()} 1 "" "glmgui {version}" "User commands"',
            f".SH NAME\n{name} \\- {ABOUT[name]}",
            f".SH DESCRIPTION\n.nf\n{_escaped(text)}\n.fi",
        ]
        for command in re.findall(r"^    (\S+)(?: {2,}|$)", text, re.MULTILINE) if name == "glmengine" else ():
            sections.append(f".SH {_escaped(command.upper())}\n.nf\n{_escaped(_said(program, command, '--help'))}\n.fi")
        sections += [f".SH FILES\n{FILES}", ".SH SEE ALSO\nThe guide: F1 in the window."]
        (folder / f"{name}.1").write_text("\n".join(sections) + "\n", encoding="utf-8")


def _said(program: str, *arguments: str) -> str:
    return subprocess.run([program, *arguments], check=True, capture_output=True, text=True, timeout=120).stdout.strip()


def _escaped(text: str) -> str:
    return re.sub(r"^([.'])", r"\\&\1", text.replace("\\", r"\e").replace("-", r"\-"), flags=re.MULTILINE)


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
