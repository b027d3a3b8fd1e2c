"""The command `glmgui`, as `python -m glmgui`."""

from glmgui.app import main

if __name__ == "__main__":
    raise SystemExit(main())
