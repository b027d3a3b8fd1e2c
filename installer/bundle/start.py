"""The frozen program's entry: the window, or the command line where it is called `glmengine`."""

import multiprocessing
import sys
from pathlib import Path

if __name__ == "__main__":
    multiprocessing.freeze_support()  # the processes of a batch are copies of this one
    if Path(sys.argv[0]).stem == "glmengine":
        from glmengine.cli.main import main
    else:
        from glmgui.app import main
    raise SystemExit(main())
