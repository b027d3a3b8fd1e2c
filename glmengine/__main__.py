"""The command `glmengine`, as `python -m glmengine`."""

from glmengine.cli.main import main

if __name__ == "__main__":
    raise SystemExit(main())
