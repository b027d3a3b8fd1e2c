"""`python -m glmgui` is the same as the command `glmgui`."""

from glmgui.app import main

if __name__ == "__main__":
    raise SystemExit(main())
